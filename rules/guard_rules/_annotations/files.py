"""Which files can matter to the rule: the others never reach a parser."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from guard.rule import Extractor, Project
from guard_rules._annotations import text as light
from guard_rules._annotations.frameworks import STANDARD, Table
from guard_rules._annotations.text import Given, Heads, Site
from guard_rules._names.screen import scans

_BUILTIN = frozenset(dir(builtins))
Owners = Mapping[str, frozenset[str] | None]
Words = Mapping[str, frozenset[str]]
Source = tuple[int, str, tuple[tuple[str, str], ...]]
"""Dots, module, names as the module has them and as they are bound; none for ``import module``."""


class Files:
    """Chooses the files of a project whose shapes are needed."""

    def __init__(self, project: Project, table: Table, extra: tuple[bytes, ...]) -> None:
        self.project = project
        self.modules = project.modules
        self.scans = scans(project)
        self.guarded = {path: frozenset(facts[4]) for path, facts in self.scans.items() if facts[4]}
        """The files with names that may exist only for type checkers, and these names."""
        self.table = table
        self._extra = extra
        self._flags: dict[str, int] | None = None
        self._sites: dict[str, tuple[Site, ...] | None] | None = None
        self._heads: dict[str, Heads] = {}
        self._hot: dict[tuple[str, str], bool] = {}
        self._sources: dict[str, tuple[Source, ...]] = {}
        self._hot_names: frozenset[str] = frozenset()

    @property
    def flags(self) -> dict[str, int]:
        """The flags of every file."""
        if self._flags is None:
            lazy = self.project.target >= (3, 14)
            screen: Extractor[int] = Extractor(
                "annotation-screen", "2", light.screen, (lazy, self._extra)
            )
            self._flags = self.project.facts(screen, list(self.scans))
        return self._flags

    @property
    def sites(self) -> dict[str, tuple[Site, ...] | None]:
        """For the files with guarded names, where their annotations may need them."""
        if self._sites is None:
            extractor: Extractor[tuple[Site, ...] | None] = Extractor(
                "annotation-sites", "1", light.sites
            )
            found = self.project.facts(extractor, list(self.guarded))
            self._sites = {path: sites for path, sites in found.items() if sites != ()}
        return self._sites

    def callers(self, words: Words) -> list[str]:
        """The files that can call what resolves annotations and is reached by one of the words,

        which are given by library.
        """
        found: set[str] = set()
        whole: dict[str, set[str]] = {}
        for path, flags in self.flags.items():
            if flags & light.RESOLVES:
                found.add(path)
                continue
            for library, _, names in self._libraries(path):
                known = words.get(library, frozenset())
                if any(name in known or name == "*" for name, _ in names):
                    found.add(path)
                elif known and (not names or any(name.islower() for name, _ in names)):
                    whole.setdefault(library, set()).add(path)  # its members stand in the text
        for library, paths in whole.items():
            found.update(self._naming(sorted(paths - found), words[library]))
        return sorted(found)

    def naming(self, names: Iterable[str]) -> list[str]:
        """The files in whose text one of the names stands."""
        return self._naming(list(self.scans), names)

    def _naming(self, paths: list[str], names: Iterable[str]) -> list[str]:
        known = tuple(sorted(name.encode() for name in names if name))
        extractor: Extractor[bool] = Extractor("annotation-words", "1", light.names_any, (known,))
        found = self.project.facts(extractor, paths) if paths and known else {}
        return [path for path, named in found.items() if named]

    def wanted(self, callers: Iterable[str], names: set[str], hooks: set[str]) -> list[str]:
        """The files to be linked: those whose guarded names something may resolve, and those that

        may resolve what the former define. ``callers`` are files that call what resolves
        annotations, ``names`` functions of the project that do so for others, ``hooks`` classes
        that do so for their subclasses.
        """
        if not self.sites:
            return []
        self._hot_names = frozenset(names | hooks)
        calling = {*callers, *self.callers(self.table.callables)}
        given = self._given(calling, names)
        found = {path for path in self.sites if self._resolved_here(path)}
        for path, handed in given.items():
            if (path in self.sites and self._may_need_any(path, handed)) or self._reaches(
                path, self._owners, handed
            ):
                found.add(path)
        if any(owners != frozenset() for owners in self._records.values()):
            everything = frozenset({"*"})
            found.update(
                path
                for path in self.scans
                if any(self._libraries(path))
                and self._reaches(path, self._records, everything)
                and self._derives(path)
            )
        return sorted(found)

    def _given(self, paths: set[str], names: set[str]) -> dict[str, frozenset[str]]:
        """The names that are handed to what resolves annotations; ``*`` where that is not plain."""
        callables = self.table.callables
        words = names.union(*callables.values()) - {""}
        extractor: Extractor[Given] = Extractor(
            "annotation-arguments",
            "1",
            light.arguments,
            (tuple(sorted(w.encode() for w in words)),),
        )
        found: dict[str, frozenset[str]] = {}
        for path, (given, defined) in self.project.facts(extractor, sorted(paths)).items():
            known = names.union(*(callables.get(library, ()) for library in STANDARD))
            known |= {
                w for library, _, _ in self._libraries(path) for w in callables.get(library, ())
            }
            handed = frozenset[str]().union(*(given[word] for word in given.keys() & known))
            bound = {(name, alias) for _, _, items in self.sources(path) for name, alias in items}
            plain = defined | {alias for _, alias in bound} | self._plain_names(path)
            if not handed <= plain:
                made = self.heads(path)[1]
                handed = frozenset(made.get(name, name).partition(".")[0] for name in handed)
            renamed = any(name in known and alias != name for name, alias in bound)
            found[path] = handed if handed <= plain and not renamed else frozenset({"*"})
        return found

    def _plain_names(self, path: str) -> frozenset[str]:
        modules = {module.partition(".")[0] for _, module, items in self.sources(path) if not items}
        return _BUILTIN | modules

    def _may_need_any(self, path: str, names: frozenset[str]) -> bool:
        owners = self._owners[path]
        return (
            owners is None
            or "*" in names
            or any(self._may_need(path, name, owners) for name in names)
        )

    def _derives(self, path: str) -> bool:
        """Whether a class of the file may be looked at."""
        classes = self.heads(path)[0]
        return any(self._leads_on(path, word) for words in classes.values() for word in words)

    @cached_property
    def _owners(self) -> Owners:
        """By file, the functions and classes that may need guarded names; ``None``: any name."""
        asking = any(flags & light.RESOLVES for flags in self.flags.values())
        return {
            path: None
            if sites is None
            else frozenset(
                name
                for _, owner, around, _ in sites
                for name in (owner, around)
                if name == owner or owner.startswith("__") or asking
            )
            for path, sites in self.sites.items()
        }

    @cached_property
    def _records(self) -> Owners:
        """By file, the classes with fields that may need guarded names; ``None``: any name."""
        return {
            path: None
            if sites is None
            else frozenset(owner for kind, owner, _, _ in sites if kind == "class")
            for path, sites in self.sites.items()
        }

    def _resolved_here(self, path: str) -> bool:
        """Whether a base or a decorator in the file may resolve an annotation in question."""
        sites = self.sites[path]
        if sites is None:
            return any(self._libraries(path)) or any(
                self._leads_on(path, bound)
                for _, _, items in self.sources(path)
                for _, bound in items
            )
        if any(library in self.table.by_method for library, _, _ in self._libraries(path)):
            return True
        if self.flags.get(path, 0) & light.DISPATCHES:
            return True
        for kind, owner, _, words in sites:
            if any(self._leads_on(path, word) for word in words):
                return True
            if kind == "class" and self._is_part(path, owner):
                return True
        return False

    def _is_part(self, path: str, name: str) -> bool:
        """Whether something looks at another class, which may derive from this one or hold it."""
        classes = self.heads(path)[0]
        others = [words for other, words in classes.items() if other != name]
        return any(self._leads_on(path, word) for words in others for word in words)

    def rebuilding(self) -> list[str]:
        """The files that supply names to models."""
        return [path for path, flags in self.flags.items() if flags & light.REBUILDS]

    def hooking(self) -> list[str]:
        """The files that install an import hook which checks a whole package."""
        return [path for path, flags in self.flags.items() if flags & light.CLAW]

    # imports and heads, as written

    def sources(self, path: str) -> tuple[Source, ...]:
        """The imports of one file."""
        if path not in self._sources:
            facts = self.scans.get(path)
            found = [_from_import(*entry) for entry in facts[1]] if facts else []
            for text in facts[2] if facts else ():
                for name, bound in _items(text):
                    found.append((0, name, (("", bound),) if bound != name else ()))
            self._sources[path] = tuple(found)
        return self._sources[path]

    def _libraries(self, path: str) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
        """The imports of libraries that resolve annotations: library, module, names."""
        for dots, module, names in self.sources(path):
            library = module.partition(".")[0]
            if not dots and library in self.table.libraries:
                yield library, module, names

    def heads(self, path: str) -> Heads:
        """The heads of one file."""
        if path not in self._heads:
            extractor: Extractor[Heads] = Extractor("annotation-heads", "2", light.heads)
            self._heads[path] = self.project.facts(extractor, [path]).get(path, ({}, {}))
        return self._heads[path]

    # links

    def _leads_on(self, path: str, name: str) -> bool:
        """Whether a dotted name that stands in ``path`` may resolve annotations."""
        first, _, rest = name.partition(".")
        if first in self._hot_names or (rest and rest.rpartition(".")[2] in self._hot_names):
            return True
        key = (path, name)
        if key not in self._hot:
            self._hot[key] = False  # a cycle adds nothing
            self._hot[key] = self._from_library(path, first, rest) or self._from_project(
                path, first, rest
            )
        return self._hot[key]

    def _from_library(self, path: str, first: str, rest: str) -> bool:
        last = rest.rpartition(".")[2]
        for library, module, names in self._libraries(path):
            known = self.table.words[library]
            if not names and first == module.partition(".")[0] and last in known:
                return True
            for original, bound in names:
                if original == "*" and (first in known or last in known):
                    return True
                if bound == first and (original in known or last in known):
                    return True
        return False

    def _from_project(self, path: str, first: str, rest: str) -> bool:
        library = self.modules.module_of(path)[0].partition(".")[0]
        if first in self.table.words.get(library, ()):
            return True  # the project is such a library itself
        for target, original in self._origins(path, first):
            if self._leads_on(target, original or rest or "."):
                return True
        if any(bound == first for _, _, names in self.sources(path) for _, bound in names):
            return False
        classes, made = self.heads(path)
        if first in classes:
            return any(self._leads_on(path, word) for word in classes[first] if word != first)
        if first in made:
            return self._leads_on(path, made[first])
        # other functions that resolve something are known by name already
        return bool(self.flags.get(path, 0) & light.DISPATCHES)

    def _origins(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        for dots, module, items in self.sources(path):
            for original, bound in items:
                if bound in (name, "*"):
                    target = self._module(path, dots, module)
                    if target is not None:
                        yield target, name if original == "*" else original
                    inner = self._inner(path, dots, module, original) if original else None
                    if inner is not None:
                        yield inner, ""
            if not items and name in module.split("."):
                target = self._module(path, dots, module)
                if target is not None:
                    yield target, ""

    def _module(self, path: str, dots: int, module: str) -> str | None:
        if dots:
            return self.modules.relative(path, dots, module)
        return self.modules.find(module, path)

    def _inner(self, path: str, dots: int, module: str, name: str) -> str | None:
        """The submodule that ``from module import name`` may fetch."""
        if dots:
            return self.modules.relative(path, dots, f"{module}.{name}" if module else name)
        return self.modules.find(f"{module}.{name}", path)

    def _reaches(self, path: str, owners: Owners, names: frozenset[str]) -> bool:
        """Whether one of the names (``*``: any) is an owner that another file defines."""
        seen: set[tuple[str, str]] = set()
        todo = [(path, name) for name in names]
        while todo:
            current, wanted = todo.pop()
            for dots, module, items in self.sources(current):
                for original, bound in items or (("", ""),):
                    head = bound or module.partition(".")[0]
                    if wanted not in ("*", head) and original != "*":
                        continue
                    target = self._module(current, dots, module)
                    inner = self._inner(current, dots, module, original) if original else None
                    whole = inner if original else target
                    if whole is not None and owners.get(whole, frozenset()) != frozenset():
                        return True
                    if target is None or (target, original) in seen:
                        continue
                    seen.add((target, original))
                    if target in owners and self._may_need(target, original, owners[target]):
                        return True
                    if original:
                        todo.append((target, original))
        return False

    def _may_need(self, path: str, name: str, owners: frozenset[str] | None) -> bool:
        """Whether what a file calls ``name`` may be annotated with guarded names."""
        if owners is None or (name == "*" and owners) or name in owners:
            return True
        if not owners:
            return False
        classes, made = self.heads(path)
        if name in made:
            return made[name] in owners
        # a class may derive from an owner or hold one
        return name in classes and self._records.get(path, owners) != frozenset()


def _from_import(module: bytes, inside: bytes, line: bytes) -> Source:
    name = b"".join(module.replace(b"\\", b" ").split()).decode("utf-8", "replace")
    dotted = name.lstrip(".")
    return len(name) - len(dotted), dotted, tuple(_items(inside or line))


def _items(listed: bytes) -> Iterator[tuple[str, str]]:
    if b"#" in listed:
        listed = b"\n".join(line.split(b"#")[0] for line in listed.split(b"\n"))
    for item in listed.replace(b"\\", b" ").split(b","):
        words = [word.decode("utf-8", "replace") for word in item.split()]
        if words:
            yield words[0], words[2] if len(words) > 2 and words[1] == "as" else words[0]
