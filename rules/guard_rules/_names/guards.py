"""Guarded blocks, read from the text alone: where they stand and which names they bind.

Where the text does not show it plainly, CPython's parser is asked (``trees``); ``None`` means that
it does not tell either, and the abstract run must look.
"""

from __future__ import annotations

import re

from guard_rules._names.instructions import events, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ast import Module
    from typing import NamedTuple

    class Guards(NamedTuple):
        """What the guarded blocks of a file say."""

        reduced: bytes | Module
        """The program with each test that a flag decides replaced by a constant."""
        names: frozenset[str]
        """The names that guarded blocks bind; ``*`` for a star import."""
        inner: tuple[tuple[int, frozenset[str]], ...]
        """For blocks in a function or a class: the line of the test, and what the block binds."""
        submodules: frozenset[str]
        """``a.b`` of a guarded ``import a.b``."""
        running: bytes
        """The text without the guarded blocks: not a program, but all the imports that run."""
else:
    from collections import namedtuple

    Guards = namedtuple("Guards", "reduced names inner submodules running")

_PREFIX = re.compile(rb"(?:\b\w+[ \t]*\.[ \t]*)+$")
_WORD_BYTES = frozenset(bytes((b,)) for b in range(256) if chr(b).isalnum() or b in b"_")
_PLAIN_TEST = re.compile(rb"[ \t]*(?:if|elif)[ \t]+(not[ \t]+)?$")
_TESTING = re.compile(rb"(?:\b(?:if|elif|while|and|or|not|assert|match)|\(|:=)[ \t]*$")
_HARMLESS = re.compile(rb"[ \t]*(?:assert[ \t]+not[ \t]+$|del[ \t]+)")
_LONG_LINE = 5000  # no formatter leaves one; looking for its start again and again costs too much
_FALSE_NAME = re.compile(rb"(\w+)[ \t]*(?::[^=\n]*)?=[ \t]*$")
_NEVER = re.compile(rb"\b(?:if|while)[ \t]+(?:False|0)[ \t]*:")
_LEAVES = re.compile(
    rb"(?:(?:return|raise|continue|break)\b|[\w.]*(?:exit|_exit|abort|quit|skip)\()"
)
_DEFINES = re.compile(rb"\b(?:def|class)\b")
_DECLARED = re.compile(rb"(?m)^[ \t]*([^\W\d]\w*)[ \t]*:(?!=)")
_SUBMODULE = re.compile(rb"\bimport[ \t]+([^\n;#]+)")
_FLAG = b"TYPE_CHECKING"


def flag_names(data: bytes) -> frozenset[bytes]:
    """The names that may stand for a flag that is false at run time."""
    names = {_FLAG} if _FLAG in data else set()
    seen = set(names)
    at = data.find(b"False")
    while at >= 0:
        line = data[data.rfind(b"\n", 0, at) + 1 : at]
        if line[-1:] in (b"=", b" ", b"\t") and line[:1] not in (b" ", b"\t"):
            name = _FALSE_NAME.match(line)
            if name is not None and name[1] not in seen:
                seen.add(name[1])
                if _is_flag(data, name[1]):
                    names.add(name[1])
        at = data.find(b"False", at + 5)
    return frozenset(names)


def has_never(data: bytes) -> bool:
    """``if False:`` and the like, the oldest spelling of the guard."""
    if b"if 0" in data or b"while 0" in data or (b"False" in data and b" False:" in data):
        return _NEVER.search(data) is not None
    return False


def read_guards(data: bytes, flags: frozenset[bytes]) -> Guards | None:
    """The guards of a file whose ``flag_names`` or ``has_never`` found any."""
    guards = _read_guards(data, flags)
    if guards is None:
        from guard_rules._names import trees  # rare, and slow to import

        guards = trees.read_guards(data, flags)
    return guards


def _read_guards(data: bytes, flags: frozenset[bytes]) -> Guards | None:
    if has_never(data) or (_FLAG in flags and re.search(rb"TYPE_CHECKING[ \t]+as\b", data)):
        return None
    parts: list[bytes] = []
    at = 0
    names: set[str] = set()
    inner: list[tuple[int, frozenset[str]]] = []
    submodules: set[str] = set()
    blocks: list[bytes] = []
    for flag in flags:
        if flag != _FLAG and at:
            return None  # two kinds of flag in one file: too rare to be worth it
        for start, end in _occurrences(data, flag):
            line_start = data.rfind(b"\n", 0, start) + 1
            if start - line_start > _LONG_LINE:
                return None
            before, after = data[line_start:start], data[end : end + 40].lstrip(b" \t")
            test = _PLAIN_TEST.match(before)
            if test is None or after[:1] != b":":
                if flag in data[start:end] and _may_decide(data, flag, line_start, before, after):
                    return None
                continue
            parts += [data[at:start], b"0".ljust(end - start)]
            at = end
            if data[:line_start].rstrip().endswith(b"try:"):
                return None  # what the handlers bind may never be bound
            block = _guarded_block(data, end, len(before) - len(before.lstrip(b" \t")), test[1])
            if block is None:
                return None
            found = _bound(block)
            if found is None:
                return None
            names |= found
            if found and before[:1] in (b" ", b"\t"):
                inner.append((data.count(b"\n", 0, start) + 1, frozenset(found)))
            submodules |= _submodules(block)
            blocks.append(block)
    reduced = b"".join([*parts, data[at:]])
    running = data
    for block in blocks:
        if b"import" in block:
            running = running.replace(block, b"\n", 1)
    return Guards(reduced, frozenset(names), tuple(inner), frozenset(submodules), running)


def _is_flag(data: bytes, name: bytes) -> bool:
    """Whether a module constant is tested and never set again."""
    word = re.escape(name)
    if not re.search(rb"\b(?:if|elif|while|and|or|not|assert)\b[^\n]*\b%b\b" % word, data):
        return False
    if re.search(rb"\bglobal\b[^\n]*\b%b\b" % word, data):
        return False
    return len(re.findall(rb"(?m)^[ \t]*%b[ \t]*(?::[^=\n]*)?=[^=]" % word, data)) == 1


def _occurrences(data: bytes, flag: bytes) -> list[tuple[int, int]]:
    """Where the flag stands, its dotted prefix (``typing.``) included."""
    found = []
    at = data.find(flag)
    while at >= 0:
        start, end = at, at + len(flag)
        if data[at - 1 : at] in (b".", b" ", b"\t"):
            prefix = _PREFIX.search(data, max(data.rfind(b"\n", 0, at) + 1, at - 200), at)
            start = at if prefix is None else prefix.start()
        if data[end : end + 1] not in _WORD_BYTES and data[start - 1 : start] not in _WORD_BYTES:
            found.append((start, end))
        at = data.find(flag, end)
    return found


def _may_decide(data: bytes, flag: bytes, line_start: int, before: bytes, after: bytes) -> bool:
    """Whether an occurrence that is no plain test may still decide what runs or what is bound."""
    if b"#" in before:
        return False
    if not before.strip() and re.match(rb"(?::[^=\n]*)?=[ \t]*False\b", after):
        return False
    if _HARMLESS.match(before) and (before.lstrip().startswith(b"del") or after[:3] == b"or "):
        return False
    if flag != _FLAG:
        return _TESTING.search(before) is not None
    # The names of ``from typing import ...``, on one line or in parentheses.
    if re.match(rb"[ \t]*from\b[^\n]*\bimport\b", before):
        return False
    opening = data.rfind(b"(", 0, line_start)
    if opening < 0:
        return True
    line = data[data.rfind(b"\n", 0, opening) + 1 : opening]
    closed = b")" in data[opening:line_start]
    return closed or not re.match(rb"[ \t]*from\b[^\n]*\bimport\b", line)


def _guarded_block(data: bytes, end: int, indent: int, negated: bytes | None) -> bytes | None:
    """The lines that only the type checker sees, for a test that ends at ``end``."""
    block, after = _block(data, end, indent)
    if negated is None:
        return block
    line_end = data.find(b"\n", after)
    line = data[after : line_end if line_end >= 0 else len(data)].strip()
    if line.startswith(b"elif") or _always_leaves(block):
        return None
    if not line.startswith(b"else"):
        return b": pass"
    return _block(data, data.index(b"else", after) + 4, indent)[0]


def _always_leaves(block: bytes) -> bool:
    """Whether what follows a block ``if not TYPE_CHECKING:`` may be for the type checker alone."""
    lines = [line for line in block.split(b"\n")[1:] if line.split(b"#")[0].strip()]
    if not lines:
        return _LEAVES.search(block) is not None
    first = len(lines[0]) - len(lines[0].lstrip())
    if any(
        _LEAVES.match(line.strip()) and len(line) - len(line.lstrip()) == first for line in lines
    ):
        return True
    last = [line.strip() for line in lines if len(line) - len(line.lstrip()) == first][-1]
    if last.startswith((b"if ", b"if(", b"elif ", b"for ")):
        return False  # it may be passed over
    return _LEAVES.match(lines[-1].strip()) is not None and not _DEFINES.search(block)


def _block(data: bytes, start: int, indent: int) -> tuple[bytes, int]:
    """From behind a test to the last line that is indented deeper; and where that ends.

    Brackets may hold any line. A string over several lines may end it too early: then the block
    does not compile, and the text did not show it.
    """
    end = data.find(b"\n", start)
    first = data[start : end if end >= 0 else len(data)]
    if first.split(b"#")[0].strip(b" \t:\r"):
        return first, end + 1 if end >= 0 else len(data)
    at, depth = end + 1, 0
    while 0 < at < len(data):
        end = data.find(b"\n", at)
        line = data[at : end if end >= 0 else len(data)]
        text = line.split(b"#")[0]
        if text.strip() and not depth and len(line) - len(line.lstrip(b" \t")) <= indent:
            break
        depth += sum(map(text.count, (b"(", b"[", b"{")))
        depth -= sum(map(text.count, (b")", b"]", b"}")))
        at = end + 1 if end >= 0 else len(data)
    return data[start:at], at


def _bound(block: bytes) -> set[str] | None:
    """The names that a block binds when it runs."""
    text = block.lstrip(b" \t")
    names = {"*"} if b"*" in text and re.search(rb"\bimport[ \t(]*\*", text) else set()
    for head in (b"if 1", b"def block():\n if 1", b"async def block():\n if 1"):
        try:
            code = compile(head + text, "<block>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue  # ``return`` or ``await``: it must stand in a function
        if head != b"if 1":
            inner = walk(code)[1]
            names.update(inner.co_varnames, inner.co_cellvars)
        else:
            names.update(name for kind, name, _ in events(code) if kind.startswith("store"))
        for inner in walk(code)[1:]:  # ``global`` in a function, a walrus in a comprehension
            names.update(name for kind, name, _ in events(inner) if kind == "store global")
        # A declaration without a value binds nothing, but the type checker believes in it.
        declared = _DECLARED.findall(text)
        return names | {name.decode("utf-8", "replace") for name in declared}
    return None


def _submodules(block: bytes) -> set[str]:
    found = set()
    if b"." in block:
        for match in _SUBMODULE.finditer(block):
            for part in match[1].split(b","):
                words = part.split()
                if len(words) == 1 and b"." in words[0]:
                    found.add(words[0].decode("utf-8", "replace"))
    return found
