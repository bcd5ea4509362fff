"""What a file's bytes and the interpreter's own compiler say of it, without a syntax tree.

Most files hold no guard and cannot break by one. Of those that do, the compiler tells in C which
names the file loads at run time: it is given the text with the guard's test replaced by ``0``, so
that it drops the guarded code by itself. Everything here errs on one side: a file that may hold a
defect is a candidate, and the abstract run decides. No heavy import: this runs on every file.
"""

from __future__ import annotations

import re
from opcode import opmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

VERSION = "1"

# ``from a.b import (c, d)``: the module, the names in parentheses, the names on the line. The
# first pattern starts with plain letters, which the regex engine finds ten times faster.
_NAMES = (
    rb"import\b[ \t\f]*(?:\(([^)#]*(?:#[^\n]*[^)#]*)*)\)"
    rb"|([^\n;#\\(]*(?:\\\r?\n[^\n;#\\]*)*))"
)
_FROM = re.compile(rb"from([ \t.][\w. \t]*?)" + _NAMES)
_FROM_CONTINUED = re.compile(rb"from((?:[\w. \t\f]|\\\r?\n)*?)" + _NAMES)
_CONTINUED = re.compile(rb"(?:from|import)[\w. \t]*\\\r?\n")
_IMPORT = re.compile(rb"\n[ \t\f]*import[ \t\\]([^\n;#]*)")
_INLINE_IMPORT = re.compile(rb"[;:][ \t]*import[ \t\\]([^\n;#]*)")
_PREFIX = re.compile(rb"(?:\b\w+[ \t]*\.[ \t]*)+$")
_WORD_BYTES = frozenset(bytes((b,)) for b in range(256) if chr(b).isalnum() or b in b"_")
_PLAIN_TEST = re.compile(rb"[ \t]*(?:if|elif)[ \t]+(?:not[ \t]+)?$")
_FALSE_NAME = re.compile(rb"(\w+)[ \t]*(?::[^=\n]*)?=[ \t]*$")
_ATTRIBUTE = re.compile(rb"\.[ \t\r\n\\]*(\w+)")
_QUOTED = re.compile(rb"[\"'](\w+)[\"']")
_STAR = re.compile(rb"\bimport[ \t(]*\*")
_REPLACED = re.compile(rb"sys\.modules\[[^\]\n]*\][ \t]*=[^=]")
_NEVER = re.compile(rb"\b(?:if|while)[ \t]+(?:not[ \t]+True|False|0)[ \t]*:")
_WORD = re.compile(rb"[^\W\d]\w*")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_DOTTED_IMPORT = re.compile(rb"\bimport[ \t]+[\w., \t]*\w\.\w")
_ASCII_BASED = re.compile(
    rb"(?i)utf[-_]?8(?:[-_]sig)?|ascii|us-ascii|latin[-_]?1|l1|iso[-_]?8859[-_]?\d+|cp125\d|"
    rb"windows[-_]125\d|koi8[-_][ru]|mac[-_]?roman|euc[-_]?(?:jp|kr)|gbk|gb2312|gb18030|big5|shift[-_]?jis|cp932"
)
_FUTURE_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag

_LOADS_BY_NAME = frozenset(
    opmap[name]
    for name in (
        "LOAD_NAME",
        "LOAD_GLOBAL",
        "LOAD_FROM_DICT_OR_GLOBALS",
        "DELETE_NAME",
        "DELETE_GLOBAL",
    )
    if name in opmap
)
_DELETES = frozenset(opmap[name] for name in ("DELETE_NAME", "DELETE_GLOBAL"))
_LOAD_GLOBAL = opmap["LOAD_GLOBAL"]
_STORE_NAME = opmap["STORE_NAME"]
_STORE_GLOBAL = opmap["STORE_GLOBAL"]
_EXTENDED_ARG = opmap["EXTENDED_ARG"]

_MODULE_NAMES = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __file__ __path__ __builtins__ "
    "__annotations__ __dict__ __module__ __qualname__".split()
)

Scan = tuple[bool, list[tuple[bytes, bytes, bytes]], list[bytes], bool, tuple[str, ...], str]
"""``(has a guard, from-imports, imports, is a candidate, names that may be guarded, problem)``.

A from-import is ``(module, names in parentheses, names on the line)`` as written, an import the
text behind the keyword.
"""


def scan(data: bytes, lazy_annotations: bool) -> Scan:
    """Look at one file. ``lazy_annotations``: the target is Python 3.14 or later (PEP 649)."""
    data, problem = _readable(data)
    froms, plains = _imports(data)
    flags = _flag_names(data)
    if not flags and not _never(data):
        return False, froms, plains, False, (), problem
    reduced = _reduce(data, flags)
    words = _guarded_words(data, flags)
    if reduced is None or words is None or problem:
        return True, froms, plains, True, _words(data), problem
    try:
        code = compile(
            reduced,
            "<scan>",
            "exec",
            flags=_FUTURE_ANNOTATIONS if lazy_annotations else 0,
            dont_inherit=True,
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        # Perhaps newer syntax than this interpreter's; the abstract run will tell.
        return True, froms, plains, True, _words(data), problem
    names, inner = words
    compiled = _Compiled(code)
    exports = tuple(sorted(names - (compiled.stored - compiled.deleted)))
    if _REPLACED.search(data):
        exports = ()  # the module puts another object in its place: its names are not these
    candidate = (
        compiled.is_candidate(names, inner)
        or (b"version_info" in data and bool(names & compiled.stored))
        or (b"__all__" in data and compiled.lists(exports))
        or (b"*" in data and _STAR.search(data) is not None and compiled.has_unknown())
        or (_DOTTED_IMPORT.search(data) is not None and compiled.reads_guarded_submodule(data))
    )
    if b"version_info" in data:
        exports = tuple(sorted(names))
    return True, froms, plains, candidate, exports, problem


def builtin_names() -> frozenset[str]:
    """What is there without a binding: the interpreter's built-ins and a module's own names."""
    import builtins

    return frozenset(dir(builtins)) | _MODULE_NAMES


def _readable(data: bytes) -> tuple[bytes, str]:
    """The bytes with ASCII where the program has it; a problem where they cannot be had."""
    if b"\0" in data:
        return data, "contains NUL bytes"
    head = data[:200].split(b"\n", 2)[:2]
    for line in head:
        coding = _CODING.match(line)
        if coding is not None and _ASCII_BASED.fullmatch(coding[1]) is None:
            try:
                return data.decode(coding[1].decode("ascii")).encode("utf-8"), ""
            except (LookupError, ValueError) as error:
                return data, f"not text in its declared encoding: {error}"
    return data, ""


def _imports(data: bytes) -> tuple[list[tuple[bytes, bytes, bytes]], list[bytes]]:
    """All that look like import statements, ``from`` ones and plain ones; some may be prose."""
    if b"import" not in data:
        return [], []
    continued = b"\\" in data and _CONTINUED.search(data) is not None
    froms = (_FROM_CONTINUED if continued else _FROM).findall(data)
    plains = _IMPORT.findall(data)
    if data.lstrip(b"\xef\xbb\xbf \t").startswith(b"import"):
        plains += _IMPORT.findall(b"\n" + data[: data.find(b"\n") + 1].lstrip(b"\xef\xbb\xbf"))
    if b"; import" in data or b": import" in data or b";import" in data or b":import" in data:
        plains += _INLINE_IMPORT.findall(data)
    return froms, plains


def _flag_names(data: bytes) -> frozenset[bytes]:
    """The names that may stand for a flag that is false at run time."""
    names = set()
    if b"TYPE_CHECKING" in data:
        names.add(b"TYPE_CHECKING")
    at = data.find(b"False")
    while at >= 0:
        line = data[data.rfind(b"\n", 0, at) + 1 : at]
        name = _FALSE_NAME.match(line) if line[-1:] in b"= \t" and line[:1] not in b" \t" else None
        if name is not None and _tested(data, name[1]):
            names.add(name[1])
        at = data.find(b"False", at + 5)
    return frozenset(names)


def _tested(data: bytes, name: bytes) -> bool:
    """Whether a condition may rest on ``name``."""
    test = rb"\b(?:if|while|and|or|not|assert|match)\b[^\n]*\b%b\b" % name
    return re.search(test, data) is not None


def _never(data: bytes) -> bool:
    """``if False:`` and the like, the oldest spelling of the guard."""
    if not any(end in data for end in (b"False:", b" 0:", b"True:", b"False :", b"0 :")):
        return False
    return _NEVER.search(data) is not None


def _flags(data: bytes) -> list[tuple[int, int]]:
    """Where the flag stands, its dotted prefix (``typing.``) included."""
    found = []
    at = data.find(b"TYPE_CHECKING")
    while at >= 0:
        end = at + len(b"TYPE_CHECKING")
        start = at
        line = data.rfind(b"\n", 0, at) + 1
        prefix = _PREFIX.search(data, line, at)
        if prefix is not None:
            start = prefix.start()
        if data[end : end + 1] not in _WORD_BYTES and data[start - 1 : start] not in _WORD_BYTES:
            found.append((start, end))
        at = data.find(b"TYPE_CHECKING", end)
    return found


def _reduce(data: bytes, flags: frozenset[bytes]) -> bytes | None:
    """The text with each plain test of ``TYPE_CHECKING`` replaced by ``0``; None for other uses."""
    if flags - {b"TYPE_CHECKING"}:
        return None
    imports = [match.span() for match in _FROM.finditer(data) if b"TYPE_CHECKING" in match[0]]
    if b"TYPE_CHECKING as" in data:
        return None
    parts, at = [], 0
    for start, end in _flags(data):
        if any(first <= start < last for first, last in imports):
            continue
        line_start = data.rfind(b"\n", 0, start) + 1
        before = data[line_start:start]
        after = data[end : end + 40].lstrip(b" \t")
        if b"#" in before:
            continue
        if _PLAIN_TEST.match(before) and after[:1] == b":":
            parts += [data[at:start], b"0".ljust(end - start)]
            at = end
        elif before or not re.match(rb"(?::[ \t]*\w+[ \t]*)?=[ \t]*False\b", after):
            return None
    return b"".join([*parts, data[at:]])


def _guarded_words(
    data: bytes, flags: frozenset[bytes]
) -> tuple[frozenset[str], frozenset[str]] | None:
    """The identifiers in guarded blocks: in all of them, and in those that are indented.

    None where the text does not show the block: ``if not TYPE_CHECKING: ... else: ...``.
    """
    names: set[bytes] = set()
    inner: set[bytes] = set()
    for start, end in _flags(data):
        line_start = data.rfind(b"\n", 0, start) + 1
        before = data[line_start:start]
        if not _PLAIN_TEST.match(before):
            continue
        if b"not" in before:
            return None
        block = _block(data, end, len(before) - len(before.lstrip(b" \t")))
        if b'"""' in block or b"'''" in block or b"\\" in block or b"\f" in block:
            return None
        words = set(_WORD.findall(block))
        if b"*" in block:
            words.add(b"*")
        names |= words
        if before[:1] in b" \t":
            inner |= words
    if _never(data):
        return None
    return _decoded(names), _decoded(inner)


def _block(data: bytes, start: int, indent: int) -> bytes:
    """The lines below a test that are indented deeper than it; brackets may hold any line."""
    end = data.find(b"\n", start)
    first = data[start : end if end >= 0 else len(data)]
    if first.strip(b" \t:\r").split(b"#")[0].strip():
        return first
    at = end + 1
    depth = 0
    while 0 < at < len(data):
        end = data.find(b"\n", at)
        line = data[at : end if end >= 0 else len(data)]
        body = line.strip()
        if body and not depth and not body.startswith(b"#"):
            if len(line) - len(line.lstrip(b" \t")) <= indent:
                break
        text = body.split(b"#")[0]
        depth += sum(map(text.count, (b"(", b"[", b"{")))
        depth -= sum(map(text.count, (b")", b"]", b"}")))
        if end < 0:
            return data[start:]
        at = end + 1
    return data[start:at]


def _decoded(words: set[bytes]) -> frozenset[str]:
    return frozenset(word.decode("utf-8", "replace") for word in words)


def _words(data: bytes) -> tuple[str, ...]:
    return tuple(sorted(_decoded(set(_WORD.findall(data)))))


class _Compiled:
    """The compiled module: what it stores and loads, in the order of its instructions."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.codes = list(_walk(code))
        self.events = list(_events(code))
        self.deleted = frozenset(name for kind, name, _ in self.events if kind == "delete")
        self.stored = frozenset(
            name for kind, name, _ in self.events if kind == "store"
        ) | frozenset(
            name
            for inner in self.codes[1:]
            if _STORE_GLOBAL in inner.co_code[::2]
            for kind, name, _ in _events(inner)
            if kind == "store global"
        )

    def has_unknown(self) -> bool:
        """Whether a name is loaded that nothing binds: a star import may have meant to."""
        known = self.stored | builtin_names()
        return any(
            kind == "load" and name not in known
            for code in self.codes
            for kind, name, _ in _events(code)
        )

    def lists(self, exports: tuple[str, ...]) -> bool:
        """Whether a literal names one of ``exports``, as ``__all__`` does."""
        wanted = set(exports)
        pending: list[object] = list(self.code.co_consts)
        while pending:
            const = pending.pop()
            if isinstance(const, (tuple, frozenset)):
                pending.extend(const)
            elif isinstance(const, str) and const in wanted:
                return True
        return False

    def reads_guarded_submodule(self, data: bytes) -> bool:
        """``import a`` with a guarded ``import a.b``: whether any attribute ``b`` is read."""
        attributes = {name for inner in self.codes for name in inner.co_names}
        for text in _imports(data)[1]:
            for part in text.split(b","):
                name = part.split(b" as ")[0].strip().decode("utf-8", "replace")
                root, _, rest = name.partition(".")
                if rest and root in self.stored and attributes & set(rest.split(".")):
                    return True
        return False

    def is_candidate(self, names: frozenset[str], inner: frozenset[str]) -> bool:
        """Whether a name of a guarded block may be loaded before anything binds it."""
        for code in self.codes:
            for name in names.intersection(code.co_names):
                if name not in self.stored:
                    if self._loads(code, name) and not self._stored_before(code, name):
                        return True
                elif code is self.code and self._loaded_first(name):
                    return True
            if code is not self.code and inner:
                local = inner.intersection(code.co_varnames + code.co_cellvars)
                if local - set(code.co_varnames[: _argument_count(code)]):
                    return True
                if inner.intersection(code.co_freevars):
                    return True
        return False

    @staticmethod
    def _loads(code: CodeType, name: str) -> bool:
        return any(kind in ("load", "delete") and at == name for kind, at, _ in _events(code))

    @staticmethod
    def _stored_before(code: CodeType, name: str) -> bool:
        """A class body that binds the name itself before it loads it."""
        for kind, at, _ in _events(code):
            if at == name:
                return kind == "store"
        return False

    def _loaded_first(self, name: str) -> bool:
        """The module itself binds the name: whether something may load it before."""
        functions: set[str] = set()  # functions that load the name, once they have a name
        pending = False
        for kind, at, inner in self.events:
            if at == name and kind == "store":
                break
            if at == name and kind in ("load", "delete"):
                return True
            if inner is not None and any(name in part.co_names for part in _walk(inner)):
                pending = True
                if not inner.co_flags & 0x2:  # not CO_NEWLOCALS: a class body runs at once
                    return True
            elif kind == "store" and pending:
                functions.add(at)
                pending = False
            elif kind == "load" and at in functions:
                return True
        return any(kind == "delete" and at == name for kind, at, _ in self.events)


def _argument_count(code: CodeType) -> int:
    count = code.co_argcount + code.co_kwonlyargcount
    return count + bool(code.co_flags & 0x4) + bool(code.co_flags & 0x8)


def attribute_words(data: bytes) -> frozenset[str]:
    """The names that are read as attributes anywhere in the text, ``getattr`` included."""
    found = set(_ATTRIBUTE.findall(data))
    if b"getattr" in data:
        found.update(_QUOTED.findall(data))
    return _decoded(found)


def _walk(code: CodeType) -> list[CodeType]:
    found = [code]
    for inner in found:
        found.extend(const for const in inner.co_consts if hasattr(const, "co_code"))
    return found


def _events(code: CodeType) -> list[tuple[str, str, CodeType | None]]:
    """The instructions that store, load or delete names, and the nested code that is made."""
    found: list[tuple[str, str, CodeType | None]] = []
    raw = code.co_code
    names, consts = code.co_names, code.co_consts
    load_const = opmap["LOAD_CONST"]
    extended = 0
    for at in range(0, len(raw), 2):
        operation, argument = raw[at], raw[at + 1] | extended
        extended = 0
        if operation == _EXTENDED_ARG:
            extended = argument << 8
        elif operation == _STORE_NAME:
            found.append(("store", names[argument], None))
        elif operation == _STORE_GLOBAL:
            kind = "store" if code.co_name == "<module>" else "store global"
            found.append((kind, names[argument], None))
        elif operation in _LOADS_BY_NAME:
            index = argument >> 1 if operation == _LOAD_GLOBAL else argument
            kind = "delete" if operation in _DELETES else "load"
            found.append((kind, names[index], None))
        elif operation == load_const and hasattr(consts[argument], "co_code"):
            found.append(("code", "", consts[argument]))
    return found
