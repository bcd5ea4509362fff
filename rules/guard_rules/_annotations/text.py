"""What the bytes of a file say of annotations that something may resolve: no parsing.

Errs on one side: a file that may matter is kept, the shapes decide.
"""

from __future__ import annotations

import re

from guard_rules._names.guards import flag_names, has_never, read_guards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

RESOLVES = 1
"""The file names a function that resolves the annotations of what it is given."""
REBUILDS = 2
"""The file supplies names to models after the fact."""
DISPATCHES = 8
"""The file has functions whose ``register`` resolves annotations."""
CLAW = 4
"""The file installs an import hook that checks a whole package."""

_RESOLVERS = (
    b"get_type_hints",
    b"get_annotations",
    b"eval_str",
    b"singledispatch",
    b"resolve_types",
)
_LAZY_RESOLVERS = (b"inspect", b"annotationlib")
_REBUILDS = (b"model_rebuild", b"update_forward_refs", b"rebuild_dataclass")

Classes = dict[str, frozenset[str]]
"""By name, the dotted names in the heads and the decorators of the classes of that name."""
Heads = tuple[Classes, dict[str, str]]
"""The classes; the variables that a call makes, each with the dotted name of what is called."""
Site = tuple[str, str, str, frozenset[str]]
"""A place where an annotation may need a guarded name: ``def`` or ``class``, its name, the class

around a function (or ""), and the dotted names of its decorators and, for a class, of its bases.
"""


def screen(data: bytes, lazy: bool, extra: tuple[bytes, ...] = ()) -> int:
    """The flags of a file. ``lazy``: the target is Python 3.14 or later, where asking for a

    signature can evaluate annotations. ``extra`` are words that the policy adds as resolvers.
    """
    flags = 0
    if (
        any(token in data for token in _RESOLVERS)
        or (lazy and any(token in data for token in _LAZY_RESOLVERS))
        or any(word in data for word in extra)
    ):
        flags |= RESOLVES
    if any(token in data for token in _REBUILDS):
        flags |= REBUILDS
    if b"beartype.claw" in data:
        flags |= CLAW
    if flags & RESOLVES and b"singledispatch" in data:
        flags |= DISPATCHES
    return flags


def names_any(data: bytes, names: tuple[bytes, ...]) -> bool:
    """Whether one of the names stands in the file."""
    return any(name in data for name in names)


Given = tuple[dict[str, frozenset[str]], frozenset[str]]
"""For the last names of certain calls, the names in their arguments and before them; the names of

the functions and classes of the file.
"""


def arguments(data: bytes, words: tuple[bytes, ...]) -> Given:
    """What is given to functions whose last name is one of the words."""
    data = _lines(data)
    given: dict[str, set[str]] = {}
    pattern = re.compile(rb"\b(" + b"|".join(map(re.escape, words)) + rb")[ \t]*\(")
    for match in pattern.finditer(data):
        depth, at = 1, match.end()
        while depth and (bracket := _BRACKET.search(data, at)):
            depth += 1 if bracket[0] == b"(" else -1
            at = bracket.end()
        inside = _STRING.sub(b"", _COMMENT.sub(b"", data[match.end() : at].rpartition(b")")[0]))
        names = given.setdefault(_text(match[1]), set())
        names.update(_text(name) for name in _NAME.findall(inside))
        if not inside.strip():
            names.add("*")  # an annotation says what is meant
        before = _BEFORE.search(data[max(match.start() - 80, 0) : match.start()])
        if before is not None:
            names.add(_text(before[1]))
    defined = frozenset(_text(name) for name in _DEFINED.findall(data))
    return {word: frozenset(names) for word, names in given.items()}, defined


_STRING = re.compile(rb"\"[^\"\n]*\"|'[^'\n]*'")
_BEFORE = re.compile(rb"(\w+)(?:\([^()\n]*\))?(?:\.\w+)*\.$")
_BRACKET = re.compile(rb"[()]")
_NAME = re.compile(rb"(?<![\w.\"'])[^\W\d]\w*(?![ \t]*=[^=])")
_DEFINED = re.compile(rb"\n[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)")
_CLASS = re.compile(
    rb"\n([ \t]*)class[ \t]+(\w+)[ \t]*(?:\[[^\n]*?\][ \t]*)?(?:\(([^:]*?)\)[ \t]*)?:"
)
_MADE = re.compile(rb"\n[ \t]*(?:self\.)?(\w+)[ \t]*(?::[^\n=]*)?=[ \t]*([\w.]+)[ \t]*\(")
_DECORATOR = re.compile(rb"(?:^|\n)[ \t]*@[ \t]*([\w.]+)")
_COMMENT = re.compile(rb"#[^\n]*")
_DOTTED = re.compile(rb"[^\W\d][\w.]*")
_END = re.compile(rb"\)\s*(?:->[^:]*)?:")
_DEF = re.compile(rb"\n([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)")
_FIELD = re.compile(rb"[ \t]+\w+[ \t]*:")
_OPEN = re.compile(rb"[\[(,|\\][ \t]*(?:#[^\n]*)?$")


def heads(data: bytes) -> Heads:
    """The class heads of one file and the variables that are made by calls, as written."""
    data = _lines(data)
    made = {_text(name): _text(callee) for name, callee in _MADE.findall(data)}
    found: Classes = {}
    for _, _, name, words in _classes(data):
        found[name] = found.get(name, frozenset()) | words
    return found, made


def sites(data: bytes) -> tuple[Site, ...] | None:
    """Where annotations of a file may need a name that a guard binds; ``None``: anywhere."""
    flags = flag_names(data)
    if not flags and not has_never(data):
        return ()
    guards = read_guards(data, flags)
    if guards is None:
        return None
    if not guards.names:
        return ()
    words = b"|".join(re.escape(name.encode()) for name in sorted(guards.names))
    return tuple(_Finder(_lines(guards.running)).find(re.compile(rb"\b(?:" + words + rb")\b")))


class _Finder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.classes = [
            (at, len(indent), name, words) for at, indent, name, words in _classes(data)
        ]
        self.defs = [(m.start(), len(m[1]), m) for m in _DEF.finditer(data)]

    def find(self, pattern: re.Pattern[bytes]) -> Iterator[Site]:
        """The sites of all occurrences, each once."""
        seen: set[Site] = set()
        at = 0
        index = -1
        end = 0
        while match := pattern.search(self.data, at):
            at = match.end()
            while index + 1 < len(self.defs) and self.defs[index + 1][0] < at:
                index += 1
                close = _END.search(self.data, self.defs[index][2].end())
                end = close.end() if close is not None else len(self.data)
            if index >= 0 and at <= end:
                at = end
                site = self._function(*self.defs[index])
            else:
                found = self._field(match.start())
                if found is None:
                    continue
                site = found
            if site not in seen:
                seen.add(site)
                yield site

    def _function(self, start: int, indent: int, match: re.Match[bytes]) -> Site:
        around = self._class(start, indent)
        name = around[0] if around else ""
        return "def", _text(match[2]), name, _decorators(self.data, start)

    def _field(self, at: int) -> Site | None:
        start = self.data.rfind(b"\n", 0, at) + 1
        for _ in range(40):
            line = self.data[start : self.data.find(b"\n", start)]
            match = _FIELD.match(line)
            if match is not None:
                indent = len(line) - len(line.lstrip(b" \t"))
                around = self._class(start, indent)
                if around and any(
                    around[2] < define < start and depth < indent for define, depth, _ in self.defs
                ):
                    return None  # a local variable of a method
                return ("class", around[0], "", around[1]) if around else None
            before = self.data.rfind(b"\n", 0, start - 1) + 1
            if before >= start or _OPEN.search(self.data[before : start - 1]) is None:
                return None
            start = before
        return None

    def _class(self, at: int, indent: int) -> tuple[str, frozenset[str], int] | None:
        """The class that a line of this indent stands in."""
        for start, depth, name, words in reversed(self.classes):
            if start < at and depth < indent:
                return name, words, start
        return None


def _classes(data: bytes) -> Iterator[tuple[int, bytes, str, frozenset[str]]]:
    for match in _CLASS.finditer(data):
        inside = _COMMENT.sub(b"", match[3] or b"")
        words = frozenset(_text(word) for word in _DOTTED.findall(inside))
        yield match.start(), match[1], _text(match[2]), words | _decorators(data, match.start())


def _decorators(data: bytes, start: int) -> frozenset[str]:
    """The dotted names of the decorators above a definition, perhaps of some more."""
    before = data[data.rfind(b"\n", 0, start) + 1 : start].strip()
    if before[:1] not in (b"@", b"#") and b")" not in before:
        return frozenset()
    chunk = data[max(data.rfind(b"\n\n", 0, start), 0) : start]
    return frozenset(_text(name) for name in _DECORATOR.findall(chunk))


def _lines(data: bytes) -> bytes:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"\n" + data + b"\n"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
