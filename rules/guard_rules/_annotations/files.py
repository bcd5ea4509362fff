"""What the bytes and the imports of a project's files say of annotations that are resolved.

The other files never reach a parser.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from guard.rule import Extractor, Project
from guard_rules._annotations import text as light
from guard_rules._annotations.frameworks import Table
from guard_rules._annotations.imports import Imports, library

Words = Mapping[str, frozenset[str]]
"""Words by library."""


class Files:
    """The files of a project, by what stands in them."""

    def __init__(self, project: Project, table: Table, extra: tuple[bytes, ...]) -> None:
        self.project = project
        self.table = table
        self.imports = Imports(project, table.libraries)
        self.guarded = {
            path: frozenset(facts[4]) for path, facts in self.imports.scans.items() if facts[4]
        }
        """The files with names that may exist only for type checkers, and these names."""
        self._extra = extra

    @cached_property
    def flags(self) -> dict[str, int]:
        """The flags of the files that have any."""
        lazy = self.project.target >= (3, 14)
        words = {*light.RESOLVERS, *light.HOLDERS, *(light.LAZY_RESOLVERS if lazy else ())}
        found: dict[str, int] = {}
        asked: set[str] = set()
        extractor: Extractor[int] = Extractor(
            "annotation-screen", "3", light.screen, (lazy, self._extra)
        )
        ask = self.imports.naming(words) | self.imports.mentioning([b"claw"])
        if self._extra:
            ask = set(self.imports.scans)
        while ask:
            asked |= ask
            new = {p: f for p, f in self.project.facts(extractor, sorted(ask)).items() if f}
            found |= new
            # another module may take such a function from there: ``compat.get_type_hints``
            offering = self.imports.module_words(p for p, f in new.items() if f & light.RESOLVES)
            ask = self.imports.naming(offering) - asked
        return found

    @cached_property
    def resolving(self) -> frozenset[str]:
        """The files that import what resolves annotations from a library of the table."""
        return frozenset(self._importing(self.table.words))

    @cached_property
    def own_libraries(self) -> tuple[str, ...]:
        """The libraries of the table that the project is itself."""
        return tuple(name for name in self.table.libraries if self.project.modules.find(name))

    def is_hopeless(self) -> bool:
        """Whether no annotation of the project can need a guarded name at run time."""
        return not self.guarded or not (self.flags or self.resolving or self.own_libraries)

    def rebuilding(self) -> list[str]:
        """The files that supply names to models."""
        extractor: Extractor[frozenset[str]] = Extractor(
            "annotation-words", "2", light.words_in, (light.REBUILDERS,)
        )
        found = self.project.facts(extractor, list(self.imports.scans))
        return [path for path, words in found.items() if words]

    def hooking(self) -> list[str]:
        """The files that install an import hook which checks a whole package."""
        return [path for path, flags in self.flags.items() if flags & light.CLAW]

    @cached_property
    def asking(self) -> bool:
        """Whether the project itself names a function that resolves annotations."""
        return any(flags & light.RESOLVES for flags in self.flags.values())

    # who calls what resolves annotations

    def callers(self, words: Words) -> list[str]:
        """The files that can call what resolves annotations and is reached by one of the words,

        which are given by library.
        """
        found = {path for path, flags in self.flags.items() if flags & light.RESOLVES}
        return sorted(found | self._importing(words))

    def naming(self, names: Collection[str], hosts: Iterable[str]) -> set[str]:
        """The files in whose text a name stands that is defined in one of the ``hosts``, and that

        can know it: by its import, or by that of a module that names it.
        """
        found: set[str] = set()
        asked: set[str] = set()
        ask = {*hosts, *self.imports.mentioning(name.encode() for name in names)}
        while ask:
            asked |= ask
            stand = self._standing(sorted(ask), names)
            new = {path for path in ask if stand[path]}
            found |= new
            ask = self.imports.mentioning(self.imports.module_words(new)) - asked
        return found

    def _importing(self, words: Words) -> set[str]:
        """The files that import one of the words, given by library, or name it by its module."""
        found: set[str] = set()
        whole: dict[str, set[str]] = {}
        for path in self.imports.users:
            for source in self.imports.libraries(path):
                known = words.get(library(source), frozenset())
                modules = self.table.modules.get(library(source), frozenset())
                names = [name for name, _ in source[2] if name]
                if any(name in known or name == "*" for name in names):
                    found.add(path)
                elif known and (not names or not modules.isdisjoint(names)):
                    whole.setdefault(path, set()).update(known)  # members stand in the text
        asked = {path: known for path, known in whole.items() if path not in found}
        stand = self._standing(asked, frozenset[str]().union(*asked.values()))
        found.update(path for path, known in asked.items() if not known.isdisjoint(stand[path]))
        return found

    def _standing(self, paths: Iterable[str], names: Iterable[str]) -> dict[str, frozenset[str]]:
        known = tuple(sorted(name.encode() for name in names if name))
        extractor: Extractor[frozenset[str]] = Extractor(
            "annotation-words", "2", light.words_in, (known,)
        )
        asked = list(paths) if known else []
        found = self.project.facts(extractor, asked) if asked else {}
        return {path: found.get(path, frozenset()) for path in paths}
