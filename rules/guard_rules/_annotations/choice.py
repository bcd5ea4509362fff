"""Which files are linked: those whose guarded names something may resolve, and what leads there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from guard.rule import Extractor
from guard_rules._annotations import text as light
from guard_rules._annotations.files import Files
from guard_rules._annotations.handed import CALLED
from guard_rules._annotations.handing import Handing
from guard_rules._annotations.imports import library
from guard_rules._annotations.lines import Classes, held
from guard_rules._annotations.links import Links
from guard_rules._annotations.nearness import Nearness
from guard_rules._annotations.needs import Needs


class Choice:
    """Chooses the files of a project whose shapes are needed."""

    def __init__(self, files: Files, handing: Handing) -> None:
        self.files = files
        self.handing = handing
        self.links = Links(files.project, files.table, files.imports)
        self.needs = Needs(files)

    def wanted(self, callers: Collection[str], names: set[str], hooks: set[str]) -> list[str]:
        """The files to be linked: those whose guarded names something may resolve, and those that

        may resolve what the former define. ``callers`` are files that call what resolves
        annotations, ``names`` functions of the project that do so for others, ``hooks`` classes
        that do so for their subclasses.
        """
        links, guarded = self.links, self.files.guarded
        links.hot_names = frozenset(names | hooks)
        links.dispatching = frozenset(
            p for p, f in self.files.flags.items() if f & light.DISPATCHES
        )
        links.records = self.needs.records
        found: set[str] = set()
        near = Nearness(self.files, links).near(callers if links.hot_names else ())
        self.needs.ahead(path for path in guarded if path in near)
        annotated = [path for path in guarded if path in near and self.needs.sites(path) != ()]
        links.ahead(annotated)
        found.update(path for path in annotated if self._resolved_here(path))
        calling = {*callers, *self.files.callers(self.files.table.callables)}
        handed = self.handing.handed(calling, frozenset(names), self.files.table.last_names)
        for path, (given, _) in handed.items():
            called = {name.removesuffix(CALLED) for name in given if name.endswith(CALLED)}
            if links.reaches(path, self.needs.owners, given) or links.reaches(
                path, self.needs.made_of, called
            ):
                found.add(path)
        using = sorted(self.files.imports.users)
        links.ahead(using)
        found.update(self._holding([path for path in using if path not in found]))
        return sorted(found)

    def may_matter(self, path: str, names: Collection[str]) -> bool:
        """Whether one of the names in a file may be annotated with guarded names, or lead there."""
        return self.links.reaches(path, self.needs.anyone, names)

    def may_resolve(self, path: str, names: Iterable[str]) -> bool:
        """Whether one of the dotted names in a file may resolve annotations, or lead there."""
        links = self.links
        return any(links.leads_on(path, name) or links.is_unknown(path, name) for name in names)

    def _holding(self, paths: list[str]) -> list[str]:
        """The files with a class that is looked at and that derives from a record, or holds one."""
        links = self.links
        derived = {
            path: names
            for path in paths
            if (
                names := [
                    name
                    for name, words in links.classes(path).items()
                    if any(links.leads_on(path, word) for word in words)
                ]
            )
        }
        extractor: Extractor[Classes] = Extractor("annotation-held", "1", held)
        found = self.files.project.facts(extractor, list(derived))
        return [
            path
            for path, names in derived.items()
            if any(
                links.reaches(path, self.needs.records, found[path].get(name, ())) for name in names
            )
        ]

    def _resolved_here(self, path: str) -> bool:
        """Whether a base or a decorator in the file may resolve an annotation in question."""
        leads_on = self.links.leads_on
        places = self.needs.sites(path)
        libraries = self.files.imports.libraries(path)
        if places is None:
            return bool(libraries) or any(
                leads_on(path, bound)
                for _, _, items in self.files.imports.sources(path)
                for _, bound in items
            )
        if any(library(source) in self.files.table.by_method for source in libraries):
            return True
        if path in self.links.dispatching:
            return True
        for kind, owner, around, words in places:
            if owner in self.links.hot_names or around in self.links.hot_names:
                return True
            if any(leads_on(path, word) for word in words):
                return True
            if kind == "class" and self._is_part(path, owner):
                return True
        return False

    def _is_part(self, path: str, name: str) -> bool:
        """Whether something looks at another class, which may derive from this one or hold it."""
        heads = self.links.classes(path)
        others = [words for other, words in heads.items() if other != name]
        return any(self.links.leads_on(path, word) for words in others for word in words)
