"""Which files can matter to the rule: the others never reach a parser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from guard.rule import Extractor, Project
from guard_rules._names import shapes_screen as light
from guard_rules._names.frameworks import Table
from guard_rules._names.screen import scans
from guard_rules._names.shapes_screen import Contexts, Heads

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
                "annotation-screen", "1", light.screen, (lazy, self._extra)
            )
            self._flags = self.project.facts(screen, list(self.scans))
        return self._flags

    def callers(self, words: Words) -> list[str]:
        """The files that can call what resolves annotations and is reached by one of the words,

        which are given by library.
        """
        found: set[str] = set()
        whole: set[str] = set()
        for path, flags in self.flags.items():
            if flags & light.RESOLVES:
                found.add(path)
                continue
            for _, module, names in self._libraries(path):
                known = words.get(module.partition(".")[0], frozenset())
                if any(name in known or name == "*" for name, _ in names):
                    found.add(path)
                elif known and (not names or any(name.islower() for name, _ in names)):
                    whole.add(path)  # a module, whose members are named in the text
        every = frozenset[bytes](word.encode() for known in words.values() for word in known)
        found.update(self._naming(sorted(whole - found), every))
        return sorted(found)

    def naming(self, names: Iterable[str]) -> list[str]:
        """The files in whose text one of the names stands."""
        return self._naming(list(self.scans), (name.encode() for name in names))

    def _naming(self, paths: list[str], words: Iterable[bytes]) -> list[str]:
        known = tuple(sorted(words))
        extractor: Extractor[bool] = Extractor("annotation-words", "1", light.names_any, (known,))
        found = self.project.facts(extractor, paths) if paths and known else {}
        return [path for path, named in found.items() if named]

    def wanted(self, callers: Iterable[str], names: set[str], hooks: set[str]) -> list[str]:
        """The files to be linked: those whose guarded names something may resolve, and those that

        may resolve what the former define. ``callers`` are files that call what resolves
        annotations, ``names`` functions of the project that do so for others, ``hooks`` classes
        that do so for their subclasses.
        """
        self._hot_names = frozenset(names | hooks)
        calling = {*callers, *self.callers(self.table.callables)}
        found = {path for path in calling if path in self.guarded and self._uses_them(path)}
        by_method = self.table.by_method
        found.update(
            path
            for path in self.guarded
            if any(module.partition(".")[0] in by_method for _, module, _ in self._libraries(path))
            and self._uses_them(path)
        )
        rest = sorted(self._prospects() - found)
        self._ask(rest)
        found.update(path for path in rest if any(self._libraries(path)) or self._linked(path))
        found.update(path for path in calling if self._reaches(path))
        return sorted(found)

    @cached_property
    def _contexts(self) -> dict[str, Contexts]:
        extractor: Extractor[Contexts] = Extractor("annotation-contexts", "1", light.contexts)
        return self.project.facts(extractor, list(self.guarded))

    def _prospects(self) -> set[str]:
        """Files in which a guarded name may stand in an annotation that a library looks at."""
        return {
            path
            for path, (fields, decorated, _, _) in self._contexts.items()
            if "*" in self.guarded[path] or not self.guarded[path].isdisjoint(fields | decorated)
        }

    def _may_need(self, path: str, name: str) -> bool:
        """Whether what a file with guarded names calls ``name`` may be annotated with them."""
        if path not in self._contexts or "*" in self.guarded[path]:
            return True
        fields, _, functions, classes = self._contexts[path]
        guarded = self.guarded[path]
        if name in classes:
            words = fields.union(*functions.values())
        elif name in functions:
            words = functions[name]
        else:
            return True  # passed on, or a variable
        return not guarded.isdisjoint(words)

    def _uses_them(self, path: str) -> bool:
        """Whether a guarded name stands in any annotation of a file, or the file looks further."""
        if path not in self._contexts or "*" in self.guarded[path]:
            return True
        fields, _, functions, _ = self._contexts[path]
        words = fields.union(*functions.values())
        return not self.guarded[path].isdisjoint(words) or self._reaches(path)

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
                found += [(0, name, ()) for name, _ in _items(text)]
            self._sources[path] = tuple(found)
        return self._sources[path]

    def _libraries(self, path: str) -> Iterator[Source]:
        """The imports of libraries that resolve annotations."""
        for source in self.sources(path):
            if not source[0] and source[1].partition(".")[0] in self.table.libraries:
                yield source

    def _ask(self, paths: list[str]) -> None:
        missing = [path for path in paths if path not in self._heads]
        if missing:
            extractor: Extractor[Heads] = Extractor("annotation-heads", "1", light.heads)
            self._heads.update(self.project.facts(extractor, missing))

    def heads(self, path: str) -> Heads:
        """The heads of one file."""
        self._ask([path])
        return self._heads.get(path, ((), frozenset()))

    # links

    def _linked(self, path: str) -> bool:
        """Whether a base or a decorator in the file leads to a file that resolves annotations."""
        classes, decorators = self.heads(path)
        names = {name for _, inside in classes for name in inside} | decorators
        return any(name in self._hot_names or self._is_hot(path, name) for name in names)

    def _is_hot(self, path: str, name: str) -> bool:
        """Whether ``name``, used in ``path``, comes from a file that may resolve annotations."""
        key = (path, name)
        if key not in self._hot:
            self._hot[key] = False  # a cycle adds nothing
            self._hot[key] = any(self._gives(*found) for found in self._origins(path, name))
        return self._hot[key]

    def _gives(self, path: str, name: str) -> bool:
        """Whether what a file calls ``name`` may resolve annotations."""
        if name in self._hot_names:
            return True
        classes = self.heads(path)[0]
        bases = {base for klass, inside in classes if klass == name for base in inside}
        if bases:
            return any(self._leads_on(path, base) for base in bases if base != name)
        if any(bound == name for _, _, items in self.sources(path) for _, bound in items):
            return self._leads_on(path, name)
        # a variable, perhaps an application or a base that a library made; or a whole module
        return any(self._libraries(path)) and all(klass != name for klass, _ in classes)

    def _leads_on(self, path: str, name: str) -> bool:
        """Whether a name in ``path`` comes from a library, or from a file that is hot for it."""
        key = (path, "." + name)
        if key not in self._hot:
            self._hot[key] = False
            self._hot[key] = (
                name in self._hot_names
                or any(
                    not items or any(bound in (name, "*") for _, bound in items)
                    for _, _, items in self._libraries(path)
                )
                or self._is_hot(path, name)
                or (
                    any(klass == name for klass, _ in self.heads(path)[0])
                    and self._gives(path, name)
                )
            )
        return self._hot[key]

    def _origins(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        for dots, module, items in self.sources(path):
            for original, bound in items:
                if bound in (name, "*"):
                    target = self._module(path, dots, module)
                    if target is not None:
                        yield target, name if original == "*" else original
                    inner = self._inner(path, dots, module, original)
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

    def _reaches(self, path: str) -> bool:
        """Whether a file imports from a file with guarded names, packages' re-exports included."""
        seen: set[str] = set()
        todo = [path]
        while todo:
            current = todo.pop()
            for dots, module, items in self.sources(current):
                target = self._module(current, dots, module)
                if target in self.guarded:
                    if not items or any(self._may_need(target, name) for name, _ in items):
                        return True
                elif target is not None and target.endswith("__init__.py") and target not in seen:
                    seen.add(target)
                    todo.append(target)
                inner = (self._inner(current, dots, module, name) for name, _ in items)
                if any(path in self.guarded for path in inner if path is not None):
                    return True
        return False


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
