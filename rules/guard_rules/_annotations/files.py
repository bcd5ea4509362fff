"""Which files can matter to the rule: the others never reach a parser."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from guard.rule import Extractor, Project
from guard_rules._annotations import text as light
from guard_rules._annotations.frameworks import STANDARD, Table
from guard_rules._annotations.handed import ANY, CALLED, Given
from guard_rules._annotations.handed import handed as read_handed
from guard_rules._annotations.imports import Imports, library
from guard_rules._annotations.lines import Classes, held
from guard_rules._annotations.links import Links
from guard_rules._annotations.sites import Site, sites

Words = Mapping[str, frozenset[str]]
Handed = tuple[frozenset[str], bool]
"""The names that a file hands to what resolves annotations, and whether it hands a parameter on."""

_BUILTIN = frozenset(dir(builtins))
_FEW = 30


class Files:
    """Chooses the files of a project whose shapes are needed."""

    def __init__(self, project: Project, table: Table, extra: tuple[bytes, ...]) -> None:
        self.project = project
        self.table = table
        self.imports = Imports(project, table.libraries)
        self.links = Links(project, table, self.imports)
        self.guarded = {
            path: frozenset(facts[4]) for path, facts in self.imports.scans.items() if facts[4]
        }
        """The files with names that may exist only for type checkers, and these names."""
        self._extra = extra
        self._given: dict[str, Given] = {}
        self._asked: dict[str, frozenset[str]] = {}
        self._sites: dict[str, tuple[Site, ...] | None] = {}
        self._owner_names: dict[str, frozenset[str] | None] = {}
        self._class_names: dict[str, frozenset[str] | None] = {}
        self._record_names: dict[str, frozenset[str] | None] = {}

    # what the bytes say

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
            offering = self._module_words(p for p, f in new.items() if f & light.RESOLVES)
            ask = self.imports.naming(offering) - asked
        return found

    def _module_words(self, paths: Iterable[str]) -> set[bytes]:
        """The last names of modules, by which an import must call them."""
        modules = self.project.modules
        names = {modules.module_of(path)[0].rpartition(".")[2] for path in paths}
        return {name.encode() for name in names if name}

    @cached_property
    def resolving(self) -> frozenset[str]:
        """The files that import what resolves annotations from a library of the table."""
        return frozenset(self._importing(self.table.words))

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

    def sites(self, path: str) -> tuple[Site, ...] | None:
        """Where annotations of a file may need the names that it guards; ``None``: anywhere."""
        if path not in self.guarded:
            return ()
        if path not in self._sites:
            self._look([path])
        return self._sites[path]

    def _look(self, paths: Iterable[str]) -> None:
        missing = [path for path in paths if path not in self._sites]
        extractor: Extractor[tuple[Site, ...] | None] = Extractor("annotation-sites", "2", sites)
        found = self.project.facts(extractor, missing)
        self._sites.update((path, found.get(path, ())) for path in missing)

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
            ask = self.imports.mentioning(self._module_words(new)) - asked
        return found

    def _standing(self, paths: Iterable[str], names: Iterable[str]) -> dict[str, frozenset[str]]:
        known = tuple(sorted(name.encode() for name in names if name))
        extractor: Extractor[frozenset[str]] = Extractor(
            "annotation-words", "2", light.words_in, (known,)
        )
        asked = list(paths) if known else []
        found = self.project.facts(extractor, asked) if asked else {}
        return {path: found.get(path, frozenset()) for path in paths}

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

    def handing_on(self, paths: Iterable[str], names: frozenset[str]) -> set[str]:
        """Those of the files in which a function may hand a parameter of its own on."""
        found = self.handed(paths, names, self.table.general_last_names)
        return {path for path, (_, on) in found.items() if on}

    # the choice

    def wanted(self, callers: Collection[str], names: set[str], hooks: set[str]) -> list[str]:
        """The files to be linked: those whose guarded names something may resolve, and those that

        may resolve what the former define. ``callers`` are files that call what resolves
        annotations, ``names`` functions of the project that do so for others, ``hooks`` classes
        that do so for their subclasses.
        """
        links = self.links
        links.hot_names = frozenset(names | hooks)
        links.dispatching = frozenset(p for p, f in self.flags.items() if f & light.DISPATCHES)
        links.records = self._records
        found: set[str] = set()
        near = self._near(callers if links.hot_names else ())
        self._look(path for path in self.guarded if path in near)
        annotated = [path for path in self.guarded if path in near and self._sites[path] != ()]
        links.ahead(annotated)
        found.update(path for path in annotated if self._resolved_here(path))
        calling = {*callers, *self.callers(self.table.callables)}
        handed = self.handed(calling, frozenset(names), self.table.last_names)
        for path, (given, _) in handed.items():
            called = {name.removesuffix(CALLED) for name in given if name.endswith(CALLED)}
            if links.reaches(path, self._owners, given) or links.reaches(
                path, self._made_of, called
            ):
                found.add(path)
        using = sorted(self.imports.users)
        links.ahead(using)
        found.update(self._holding([path for path in using if path not in found]))
        return sorted(found)

    def _near(self, callers: Iterable[str]) -> Collection[str]:
        """The files in which a base or a decorator may resolve annotations: those that import what

        does so, from a library or from ``callers``, then those that import what these make of it.
        """
        if self.own_libraries:
            return self.imports.scans
        offers: dict[str, set[str]] = {}
        ask = {*self.resolving, *self.links.dispatching, *callers}
        while ask:
            if len(offers.keys() | ask) > _FEW:
                return self.imports.scans  # to look everywhere is cheaper than to go on
            self.links.ahead(ask)
            more: dict[str, set[str]] = {}
            for path in sorted(ask):
                names = self._offered(path, offers)
                more[path] = names - offers.get(path, set())
                offers[path] = names
            ask = self._taking(more)
        return offers

    def _taking(self, offered: Mapping[str, set[str]]) -> set[str]:
        """The files that may import one of the names that other files offer."""
        imports = self.imports
        offered = {path: names for path, names in offered.items() if names}
        modules = self._module_words(offered)
        words = {name.encode() for names in offered.values() for name in names}  # b"": any
        found = imports.mentioning(modules) & imports.naming({*words, *modules, b"*"})
        inside = [path for path in offered if path.endswith("__init__.py")]
        if inside:  # ``from . import name`` does not say the name of the package
            found |= imports.naming(name.encode() for path in inside for name in offered[path])
        return found

    def _offered(self, path: str, offers: Mapping[str, set[str]]) -> set[str]:
        """The names of a file that resolve annotations, as bases or decorators, and those of the

        modules that ``offers`` such names; "" for any name.
        """
        links = self.links
        if path in links.dispatching:
            return {""}  # each of its functions may have a ``register``
        defined = {*links.classes(path), *links.values(path)}
        bound = self.imports.bound(path) - {ANY}
        found = {name for name in defined | bound if links.leads_on(path, name)}
        for name in bound - found:
            if any(
                not original and offers.get(t) for t, original in self.imports.origins(path, name)
            ):
                found.add(name)
        for target in self.imports.stars(path):
            found |= offers.get(target, set())
        return found

    def may_matter(self, path: str, names: Collection[str]) -> bool:
        """Whether one of the names in a file may be annotated with guarded names, or lead there."""
        return self.links.reaches(path, self._anyone, names)

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
        found = self.project.facts(extractor, list(derived))
        return [
            path
            for path, names in derived.items()
            if any(links.reaches(path, self._records, found[path].get(name, ())) for name in names)
        ]

    @cached_property
    def _asking(self) -> bool:
        return any(flags & light.RESOLVES for flags in self.flags.values())

    def _owners(self, path: str) -> frozenset[str] | None:
        """The functions and classes of a file that may need guarded names; ``None``: any name."""
        if path not in self._owner_names:
            places = self.sites(path)
            self._owner_names[path] = (
                None
                if places is None
                else frozenset(
                    name
                    for _, owner, around, _ in places
                    for name in (owner, around)
                    if name == owner or owner.startswith("__") or self._asking
                )
            )
        return self._owner_names[path]

    def _made_of(self, path: str) -> frozenset[str] | None:
        """The classes of a file whose instances may need guarded names, as types or when called."""
        if path not in self._class_names:
            places = self.sites(path)
            self._class_names[path] = (
                None
                if places is None
                else frozenset(
                    owner if kind == "class" else around
                    for kind, owner, around, _ in places
                    if kind == "class" or owner == "__call__"
                )
            )
        return self._class_names[path]

    def _anyone(self, path: str) -> frozenset[str] | None:
        """All functions of a file that may need guarded names, and all classes around them."""
        places = self.sites(path)
        if places is None:
            return None
        return frozenset(name for _, *names, _ in places for name in names if name)

    def _records(self, path: str) -> frozenset[str] | None:
        """The classes of a file with fields that may need guarded names; ``None``: any name."""
        if path not in self._record_names:
            places = self.sites(path)
            self._record_names[path] = (
                None
                if places is None
                else frozenset(owner for kind, owner, _, _ in places if kind == "class")
            )
        return self._record_names[path]

    def _resolved_here(self, path: str) -> bool:
        """Whether a base or a decorator in the file may resolve an annotation in question."""
        leads_on = self.links.leads_on
        places = self.sites(path)
        libraries = self.imports.libraries(path)
        if places is None:
            return bool(libraries) or any(
                leads_on(path, bound)
                for _, _, items in self.imports.sources(path)
                for _, bound in items
            )
        if any(library(source) in self.table.by_method for source in libraries):
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
