"""Where the annotations of a file may need a name that a guard binds: no parsing."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from guard_rules._annotations import lines
from guard_rules._names.guards import flag_names, has_never, read_guards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

Site = tuple[str, str, str, frozenset[str]]
"""A place where an annotation may need a guarded name: ``def`` or ``class``, its name, the class

around a function (or ""), and the dotted names of its decorators and, for a class, of its bases.
"""

_END = re.compile(rb"\)\s*(?:->[^:]*)?:")
_FIELD = re.compile(rb"[ \t]+\w+[ \t]*:")
_OPEN = re.compile(rb"[\[(,|\\][ \t]*(?:#[^\n]*)?$")


def sites(data: bytes) -> tuple[Site, ...] | None:
    """The sites of a file; ``None``: anywhere."""
    flags = flag_names(data)
    if not flags and not has_never(data):
        return ()
    guards = read_guards(data, flags)
    if guards is None:
        return None
    if not guards.names:
        return ()
    finder = _Finder(lines.normal(guards.running))
    return tuple(finder.find(name.encode() for name in guards.names if name != "*"))


class _Finder:
    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def classes(self) -> list[lines.Class]:
        return lines.class_list(self.data)

    @cached_property
    def functions(self) -> list[tuple[int, int, int, str]]:
        return lines.functions(self.data)

    @cached_property
    def starts(self) -> list[int]:
        return [start for start, *_ in self.functions]

    def find(self, names: Iterable[bytes]) -> list[Site]:
        """The sites of all names, in order of the text, each once."""
        found: dict[Site, None] = {}
        end = 0
        for at in sorted(at for name in names for at in lines.places(self.data, name)):
            if at < end:
                continue  # in the same head
            site: Site | None
            index = bisect_right(self.starts, at) - 1
            close = self._head_end(index) if index >= 0 else 0
            if at < close:
                end = close
                site = self._function(index)
            else:
                site = self._field(at)
            if site is not None:
                found[site] = None
        return list(found)

    def _head_end(self, index: int) -> int:
        close = _END.search(self.data, self.functions[index][2])
        return close.end() if close is not None else len(self.data)

    def _function(self, index: int) -> Site:
        start, indent, _, name = self.functions[index]
        around = self._class(start, indent)
        return "def", name, around[2] if around else "", lines.decorators(self.data, start)

    def _field(self, at: int) -> Site | None:
        start = self.data.rfind(b"\n", 0, at) + 1
        for _ in range(40):
            line = self.data[start : self.data.find(b"\n", start)]
            if _FIELD.match(line) is not None:
                indent = len(line) - len(line.lstrip(b" \t"))
                around = self._class(start, indent)
                if around is None or any(
                    around[0] < define < start and depth < indent
                    for define, depth, _, _ in self.functions
                ):
                    return None  # a local variable of a function
                return "class", around[2], "", around[3]
            before = self.data.rfind(b"\n", 0, start - 1) + 1
            if before >= start or _OPEN.search(self.data[before : start - 1]) is None:
                return None
            start = before
        return None

    def _class(self, at: int, indent: int) -> lines.Class | None:
        """The class that a line of this indent stands in."""
        for found in reversed(self.classes):
            if found[0] < at and found[1] < indent:
                return found
        return None
