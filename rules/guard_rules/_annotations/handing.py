"""What the files of a project hand to what may resolve annotations."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping

from guard.rule import Extractor
from guard_rules._annotations.files import Files, Words
from guard_rules._annotations.frameworks import STANDARD
from guard_rules._annotations.handed import Given
from guard_rules._annotations.handed import handed as read_handed
from guard_rules._annotations.imports import library

Handed = tuple[frozenset[str], bool]
"""The names that a file hands to what resolves annotations, and whether it hands a parameter on."""

_BUILTIN = frozenset(dir(builtins))


class Handing:
    """Reads the arguments of calls from the text, each function's once."""

    def __init__(self, files: Files) -> None:
        self.project = files.project
        self.table = files.table
        self.imports = files.imports
        self._given: dict[str, Given] = {}
        self._asked: dict[str, frozenset[str]] = {}

    def handed(
        self, paths: Iterable[str], names: frozenset[str], hands: Words
    ) -> dict[str, Handed]:
        """What files hand to functions of libraries and to those of the project."""
        paths = sorted(paths)
        standard = names.union(*(hands.get(name, ()) for name in STANDARD))
        by_path: dict[str, frozenset[str]] = {}
        for path in paths:
            libraries = {library(source) for source in self.imports.libraries(path)}
            known = standard.union(*(hands.get(name, ()) for name in libraries))
            known |= {
                alias
                for _, _, items in self.imports.sources(path)
                for name, alias in items
                if name in known
            }
            by_path[path] = known
        self._read_handed(by_path)
        found: dict[str, Handed] = {}
        for path in paths:
            given = self._given.get(path, {})
            parts = [given[word] for word in given.keys() & by_path[path]]
            everything = frozenset[str]().union(*(part[0] for part in parts)) - _BUILTIN
            found[path] = (everything, any(part[1] for part in parts))
        return found

    def handing_on(self, paths: Iterable[str], names: frozenset[str]) -> set[str]:
        """Those of the files in which a function may hand a parameter of its own on."""
        found = self.handed(paths, names, self.table.general_last_names)
        return {path for path, (_, on) in found.items() if on}

    def _read_handed(self, by_path: Mapping[str, frozenset[str]]) -> None:
        """Read what files hand to the functions given, but for what is known already."""
        nothing: frozenset[str] = frozenset({""})
        new = {path: words - self._asked.get(path, nothing) for path, words in by_path.items()}
        words = frozenset[str]().union(*new.values()) - {""}
        extractor: Extractor[Given] = Extractor(
            "annotation-handed", "2", read_handed, (tuple(sorted(w.encode() for w in words)),)
        )
        paths = [path for path, missing in new.items() if missing - {""}]
        for path, given in self.project.facts(extractor, paths).items() if paths else ():
            self._given.setdefault(path, {}).update(given)
            self._asked[path] = self._asked.get(path, nothing) | words
