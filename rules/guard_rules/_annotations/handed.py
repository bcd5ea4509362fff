"""What a file hands to certain functions, read from its bytes. Errs on one side: too many names."""

from __future__ import annotations

import re
from functools import cached_property
from keyword import kwlist

from guard_rules._annotations import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Given = dict[str, tuple[frozenset[str], bool]]
"""For the last names of certain calls, the names that may stand behind their arguments and before

them, and whether a parameter of a function is among these. ``name()`` is what calling it gives.
"""

_CALLED = re.compile(rb"[ \t]*\(")
_ALIASED = re.compile(rb"=[ \t]*(?:\w+\.)*$")
_LITERAL = re.compile(  # a comment or a string; only long strings are left out
    rb"#[^\n]*|\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    rb"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'",
    re.DOTALL,
)
_STRING = re.compile(rb"\"[^\"\n]*\"|'[^'\n]*'")
_BEFORE = re.compile(rb"(\w+(?:\.\w+)*)(?:\([^()\n]*\))?(?:\.\w+)*\.$")
_BRACKET = re.compile(rb"[()]")
_DOTTED = re.compile(rb"(?<![\w.\"'])([^\W\d]\w*+(?:\.\w++)*+)[ \t]*+(\(|=(?!=))?")
_PARAMETER = re.compile(rb"[(,*][ \t\n]*([^\W\d]\w*)[ \t]*(?=[,:=)\n])")
_HEAD = re.compile(rb"def[ \t]+\w+[^\n(]*\(")
_WORD = re.compile(rb"[^\W\d]\w*")
_BOUND = re.compile(rb"[ \t]*(?::(?!=)|:?=(?!=))")
_BINDING = re.compile(rb"\b([^\W\d]\w*+)[ \t]*+(?::(?!=)|:?=(?!=))")
_AS = re.compile(rb" as[ \t]++(\w++)")
_FOR = re.compile(rb"for [^\n]*+")
_KEYWORDS = frozenset(kwlist) | {f"{word}()" for word in kwlist}
_MANY = 400
ANY = "*"
CALLED = "()"


def handed(data: bytes, words: tuple[bytes, ...]) -> Given:
    """What is given to functions whose last name is one of the words; ``*`` for anything."""
    if not any(word in data for word in words):
        return {}
    if b'"""' in data or b"'''" in data:
        data = _LITERAL.sub(_without_text, data)
    return _Reader(lines.normal(data)).given(words)


def _without_text(match: re.Match[bytes]) -> bytes:
    return b'""' if match[0][:3] in (b'"""', b"'''") else match[0]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self._parameters: frozenset[str] | None = None
        self._known: dict[str, frozenset[str]] = {}

    def given(self, words: tuple[bytes, ...]) -> Given:
        """See ``handed``."""
        found: Given = {}
        for word in words:
            names: set[str] | None = None
            for at in lines.places(self.data, word):
                end = at + len(word)
                opening = _CALLED.match(self.data, end)
                if opening is not None:
                    names = (names or set()) | self._call(at, opening.end())
                elif self._is_alias(at, end):
                    names = (names or set()) | {ANY}
            if names is not None:
                found[lines.text(word)] = self._behind_all(names)
        return found

    def _is_alias(self, at: int, end: int) -> bool:
        """Whether the function gets another name: ``hints = typing.get_type_hints``."""
        start = self.data.rfind(b"\n", 0, at) + 1
        after = self.data[end : self.data.find(b"\n", end)].split(b"#")[0].strip()
        return not after and _ALIASED.search(self.data, start, at) is not None

    def _call(self, start: int, inside: int) -> set[str]:
        depth, at = 1, inside
        while depth and (bracket := _BRACKET.search(self.data, at)):
            depth += 1 if bracket[0] == b"(" else -1
            at = bracket.end()
        given = self.data[inside : at - 1]
        names = _dotted(given)
        if not given.strip():  # ``item: Item = Depends()``: the annotation says what is meant
            written = self.data[max(self.data.rfind(b"def ", 0, start), 0) : start]
            names = {lines.text(word) for word in _WORD.findall(written)}
        before = _BEFORE.search(self.data[max(start - 80, 0) : start])
        if before is not None:
            names.add(lines.text(before[1]))
        return names

    def _behind_all(self, names: set[str]) -> tuple[frozenset[str], bool]:
        """The names and those behind them: what is assigned to them, how they are annotated."""
        seen: set[tuple[str, bool]] = set()
        todo = [(name, True) for name in names]
        hands_on = ANY in names
        while todo:
            item = todo.pop()
            if item in seen:
                continue
            if len(seen) > _MANY:
                return frozenset({ANY}), True
            seen.add(item)
            written, whole = item
            name = written.removesuffix(CALLED)
            called = CALLED if name != written else ""
            first, _, rest = name.partition(".")
            if rest:  # an attribute of a parameter is not the parameter, but for ``x.__class__``
                inside = whole and all(part.startswith("__") for part in rest.split("."))
                todo.append((first + called, inside))
            elif whole and not hands_on:
                hands_on = name in self.parameters
            others = self._bindings(name)
            if called:
                others = frozenset(other.removesuffix(CALLED) + called for other in others)
            todo += [(other, whole) for other in others]
        return frozenset(name for name, _ in seen if "." not in name), hands_on

    def _bindings(self, name: str) -> frozenset[str]:
        if name not in self._known:
            found: set[str] = set()
            word = name.encode()
            for at in self._places(word):
                found |= self._binding(at, at + len(word))
            self._known[name] = frozenset(found)
        return self._known[name]

    def _places(self, word: bytes) -> Iterator[int]:
        """Where a name may be bound: to search a long file for every name takes too long."""
        if not word.isascii():
            yield from lines.places(self.data, word)
            return
        last = word.rpartition(b".")[2]
        for at in self.bindings.get(last, ()):
            start = at + len(last) - len(word)
            if (
                self.data.startswith(word, start)
                and self.data[start - 1 : start] not in lines.WORD_BYTES
            ):
                yield start

    @cached_property
    def bindings(self) -> dict[bytes, list[int]]:
        """Where the words of the file stand as if they were bound."""
        data = self.data
        found: dict[bytes, list[int]] = {}
        for pattern in (_BINDING, _AS):
            for match in pattern.finditer(data):
                found.setdefault(match[1], []).append(match.start(1))
        for loop in _FOR.finditer(data):
            for match in _WORD.finditer(data, loop.start() + 4, loop.end()):
                found.setdefault(match[0], []).append(match.start())
        return found

    def _binding(self, start: int, end: int) -> set[str]:
        """The names that stand behind a binding of what stands here, if it is one."""
        bound = _BOUND.match(self.data, end)
        if bound is not None:
            return _dotted(self.data[bound.end() : lines.logical_end(self.data, bound.end())])
        line_start = self.data.rfind(b"\n", 0, start) + 1
        before = self.data[line_start:start]
        if before.rstrip().endswith(b" as"):
            return _dotted(before)
        if b"for " in before:
            _, within, after = self.data[end : lines.logical_end(self.data, end)].partition(b" in ")
            return _dotted(after) if within else set()
        return set()

    @property
    def parameters(self) -> frozenset[str]:
        """The parameters of all functions of the file."""
        if self._parameters is None:
            found: set[bytes] = set()
            for match in _HEAD.finditer(self.data):
                end = lines.logical_end(self.data, match.end() - 1)
                found.update(_PARAMETER.findall(self.data, match.end() - 1, end + 1))
            self._parameters = frozenset(map(lines.text, found))
        return self._parameters


def _dotted(data: bytes) -> set[str]:
    plain = _STRING.sub(b"", lines.COMMENT.sub(b"", data))
    return {
        lines.text(name) + (CALLED if after else "")
        for name, after in _DOTTED.findall(plain)
        if after != b"="
    } - _KEYWORDS
