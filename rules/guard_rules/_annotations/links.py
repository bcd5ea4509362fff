"""Where names lead, by imports and by what the bytes of the files show: no parsing.

Errs on one side: what may lead to a library that resolves annotations, or to a class or function
that is annotated with guarded names, is taken to do so.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator

from guard.rule import Extractor, Project
from guard_rules._annotations import lines
from guard_rules._annotations.frameworks import Table
from guard_rules._annotations.imports import Imports, library
from guard_rules._annotations.lines import Classes, Values

Owners = Callable[[str], frozenset[str] | None]
"""Of a file, the names of functions and classes that it defines; ``None``: any name."""

_BUILTIN = frozenset(dir(builtins))
_NOBODY: frozenset[str] = frozenset()
ANY = "*"
DISPATCHER = "()"
"""Stands for a function whose ``register`` resolves annotations."""


def _nobody(path: str) -> frozenset[str]:
    del path
    return _NOBODY


class Links:
    """Follows names from file to file."""

    def __init__(self, project: Project, table: Table, imports: Imports) -> None:
        self.project = project
        self.table = table
        self.imports = imports
        self.hot_names: frozenset[str] = frozenset()
        """Names of the project's own functions and classes that resolve annotations."""
        self.dispatching: frozenset[str] = frozenset()
        """Files with functions whose ``register`` does."""
        self.records: Owners = _nobody
        """By file, the classes with fields that may need guarded names."""
        self._classes: dict[str, Classes] = {}
        self._values: dict[str, Values] = {}
        self._hot: dict[tuple[str, str], bool] = {}
        self._reached: dict[tuple[str, str, str], bool] = {}

    def classes(self, path: str) -> Classes:
        """The class heads of one file."""
        if path not in self._classes:
            self.ahead([path])
        return self._classes[path]

    def ahead(self, paths: Iterable[str]) -> None:
        """Read the class heads of many files at once."""
        missing = [path for path in paths if path not in self._classes]
        extractor: Extractor[Classes] = Extractor("annotation-classes", "1", lines.classes)
        found = self.project.facts(extractor, missing)
        self._classes.update((path, found.get(path, {})) for path in missing)

    def values(self, path: str) -> Values:
        """What the variables and functions of one file may give."""
        if path not in self._values:
            extractor: Extractor[Values] = Extractor("annotation-values", "1", lines.values)
            self._values[path] = self.project.facts(extractor, [path]).get(path, {})
        return self._values[path]

    # to what resolves annotations

    def leads_on(self, path: str, name: str) -> bool:
        """Whether a dotted name that stands in ``path`` may resolve annotations."""
        start = (path, name)
        if start not in self._hot:
            seen = {start}
            todo = [start]
            while todo:
                item = todo.pop()
                if self._hot.get(item) or self._resolves(*item):
                    self._hot[start] = True
                    return True
                new = {more for more in self._next(*item) if more not in seen}
                seen |= new
                todo += [more for more in new if more not in self._hot]
                if any(self._hot.get(more) for more in new):
                    self._hot[start] = True
                    return True
            self._hot.update((item, False) for item in seen)
        return self._hot[start]

    def is_unknown(self, path: str, name: str) -> bool:
        """Whether the text of a file does not show where a name comes from."""
        first, _, rest = name.partition(".")
        if self.imports.binds(path, first) or first in _BUILTIN or first in self.classes(path):
            return False
        known = self.values(path)
        return first not in known and rest.partition(".")[0] not in known

    def _resolves(self, path: str, name: str) -> bool:
        """Whether a name says by itself that it does."""
        first, _, rest = name.partition(".")
        last = rest.rpartition(".")[2]
        if first in self.hot_names or (rest and last in self.hot_names) or name == DISPATCHER:
            return True
        for source in self.imports.libraries(path):
            known = self.table.words[library(source)]
            names = source[2]
            if not names and first == library(source) and (last in known or not rest):
                return True
            for original, bound in names:
                if original == ANY and (first in known or last in known):
                    return True
                if bound == first and (
                    original in known or last in known or not (original or rest)
                ):
                    return True
        # the project may be such a library itself
        own = self.imports.modules.module_of(path)[0].partition(".")[0]
        return first in self.table.words.get(own, ())

    def _next(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        """What a name may stand for: the names behind it, here or in another file."""
        first, _, rest = name.partition(".")
        for target, original in self.imports.origins(path, first):
            if original or rest:
                yield target, ".".join(part for part in (original, rest) if part)
        if self.imports.binds(path, first) or first in _BUILTIN:
            return
        heads = self.classes(path)
        if first in heads:
            for word in heads[first]:
                yield path, word
            return
        if path in self.dispatching:
            yield path, DISPATCHER
        known = self.values(path)
        last = rest.rpartition(".")[2]
        if first not in known:  # ``self.app.get``
            first, _, rest = rest.partition(".")
        for word in known.get(first, ()):
            yield path, word
            if last and not word.endswith(f".{last}"):
                yield path, f"{word}.{last}"

    # to what is annotated with guarded names

    def reaches(self, path: str, owners: Owners, names: Iterable[str]) -> bool:
        """Whether one of the names that stand in a file is an owner, or a class that derives from

        one, here or in another file.
        """
        return any(self._reaches(path, owners, name) for name in names)

    def _reaches(self, path: str, owners: Owners, name: str) -> bool:
        key = (owners.__name__, path, name)
        if key not in self._reached:
            self._reached[key] = self._search(path, owners, name)
        return self._reached[key]

    def _search(self, path: str, owners: Owners, name: str) -> bool:
        seen = {(path, name)}
        todo = [(path, name)]
        while todo:
            current, wanted = todo.pop()
            if self._is_owner(current, wanted, owners(current)):
                return True
            for item in (*self._behind(current, wanted), *self._origins(current, wanted)):
                if item[1] == "":
                    if owners(item[0]) != _NOBODY:
                        return True
                elif item not in seen:
                    seen.add(item)
                    todo.append(item)
        return False

    def _behind(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        """The bases of a class, and what a variable is made by."""
        if self.imports.binds(path, name):
            return  # most names are imported: nothing to read
        for word in self.classes(path).get(name, ()):
            yield path, word.partition(".")[0]
        if name in _BUILTIN:
            return
        for word in self.values(path).get(name, ()):
            yield path, word.partition(".")[0]

    def _origins(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        """The files that ``name`` may come from; "" for the module itself."""
        imports = self.imports
        for dots, module, items in imports.sources(path):
            for original, bound in items or (("", ""),):
                head = bound or module.partition(".")[0]
                if name not in (ANY, head) and original != ANY:
                    continue
                target = imports.module(path, dots, module)
                inner = imports.inner(path, dots, module, original) if original else target
                if inner is not None:
                    yield inner, ""
                if original and target is not None:
                    yield target, name if original == ANY else original

    def _is_owner(self, path: str, name: str, owners: frozenset[str] | None) -> bool:
        """Whether what a file calls ``name`` may be annotated with guarded names."""
        if owners is None or (name == ANY and owners) or name in owners:
            return True
        # a class may derive from an owner or hold one
        return bool(owners) and self.records(path) != _NOBODY and name in self.classes(path)
