"""What the files of a project import, as written: known of every file, and read from none here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate

from guard.rule import Project
from guard_rules._names.screen import scans

Source = tuple[int, str, tuple[tuple[str, str], ...]]
"""Dots, module, names as the module has them and as they are bound; none for ``import module``."""


class Imports:
    """The imports of all files."""

    def __init__(self, project: Project, libraries: frozenset[str]) -> None:
        self.modules = project.modules
        self.scans = scans(project)
        self.library_names = libraries
        self._sources: dict[str, tuple[Source, ...]] = {}
        self._libraries: dict[str, tuple[Source, ...]] = {}
        self._bound: dict[str, frozenset[str]] = {}
        self._indices: dict[str, dict[str, list[tuple[int, str, str]]]] = {}

    @cached_property
    def texts(self) -> _Texts:
        """The text of all imports of a file, with the names that its guards bind."""
        return _Texts(
            {
                path: b"\n".join(
                    [*facts[2], *(b"%b\n%b\n%b" % entry for entry in facts[1]), _bound(facts[4])]
                )
                for path, facts in self.scans.items()
            }
        )

    @cached_property
    def names(self) -> _Texts:
        """The same without the modules that ``from`` takes names from."""
        return _Texts(
            {
                path: b"\n".join(
                    [*facts[2], *(names or more for _, names, more in facts[1]), _bound(facts[4])]
                )
                for path, facts in self.scans.items()
            }
        )

    def mentioning(self, words: Iterable[bytes]) -> set[str]:
        """The files in whose imports one of the words stands, perhaps as a part of another."""
        return self.texts.holding(words)

    def naming(self, words: Iterable[bytes]) -> set[str]:
        """The files that import something so called, perhaps with a longer name."""
        return self.names.holding(words)

    def module_words(self, paths: Iterable[str]) -> set[bytes]:
        """The last names of modules, by which an import must call them."""
        names = {self.modules.module_of(path)[0].rpartition(".")[2] for path in paths}
        return {name.encode("utf-8", "replace") for name in names if name}

    @cached_property
    def users(self) -> frozenset[str]:
        """The files that import a library of the table."""
        words = [name.encode() for name in self.library_names]
        return frozenset(path for path in self.mentioning(words) if self.libraries(path))

    def libraries(self, path: str) -> tuple[Source, ...]:
        """The imports of such libraries in one file."""
        if path not in self._libraries:
            self._libraries[path] = tuple(
                source
                for source in self.sources(path)
                if not source[0] and library(source) in self.library_names
            )
        return self._libraries[path]

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

    def bound(self, path: str) -> frozenset[str]:
        """The names that the imports of one file bind; ``*`` among them for unknown ones."""
        if path not in self._bound:
            items = [source[2] or (("", library(source)),) for source in self.sources(path)]
            self._bound[path] = frozenset(bound for names in items for _, bound in names)
        return self._bound[path]

    def binds(self, path: str, name: str) -> bool:
        """Whether an import says that it binds ``name``."""
        return name in self.bound(path)

    def stars(self, path: str) -> Iterator[str]:
        """The files of the project that one file takes all names from."""
        for dots, module, items in self.sources(path):
            if any(original == "*" for original, _ in items):
                target = self.module(path, dots, module)
                if target is not None:
                    yield target

    def origins(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        """The files of the project that ``name`` may come from, each with its name there; "" for

        the module itself.
        """
        index = self._index(path)
        for dots, module, original in (*index.get(name, ()), *index.get("*", ())):
            target = self.module(path, dots, module)
            if target is not None:
                yield target, name if original == "*" else original
            inner = self.inner(path, dots, module, original) if original else None
            if inner is not None:
                yield inner, ""

    def _index(self, path: str) -> dict[str, list[tuple[int, str, str]]]:
        """By name, the modules that it may come from, with its name there.

        ``import a.b`` may mean a and b: both are parts of longer names.
        """
        if path not in self._indices:
            index: dict[str, list[tuple[int, str, str]]] = {}
            for dots, module, items in self.sources(path):
                for original, bound in items:
                    index.setdefault(bound, []).append((dots, module, original))
                for part in module.split(".") if not items else ():
                    index.setdefault(part, []).append((dots, module, ""))
            self._indices[path] = index
        return self._indices[path]

    def module(self, path: str, dots: int, module: str) -> str | None:
        """The file that an import statement of ``path`` names."""
        if dots:
            return self.modules.relative(path, dots, module)
        return self.modules.find(module, path)

    def inner(self, path: str, dots: int, module: str, name: str) -> str | None:
        """The submodule that ``from module import name`` may fetch."""
        if dots:
            return self.modules.relative(path, dots, f"{module}.{name}" if module else name)
        return self.modules.find(f"{module}.{name}", path)


def library(source: Source) -> str:
    """The top-level module of an import."""
    return source[1].partition(".")[0]


def _bound(names: Iterable[str]) -> bytes:
    return " ".join(names).encode("utf-8", "replace")


class _Texts:
    """One text for each file, all in a row: to search thousands one by one takes too long."""

    def __init__(self, texts: dict[str, bytes]) -> None:
        self._paths = list(texts)
        self._all = b"\n".join(texts.values())
        self._starts = [0, *accumulate(len(text) + 1 for text in texts.values())]

    def holding(self, words: Iterable[bytes]) -> set[str]:
        """The files in whose text one of the words stands; the word ``b""`` stands in all."""
        found: set[int] = set()
        for word in set(words):
            if not word:
                return set(self._paths)
            at = self._all.find(word)
            while at >= 0:
                number = bisect_right(self._starts, at) - 1
                found.add(number)
                at = self._all.find(word, self._starts[number + 1])
        return {self._paths[number] for number in found}


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
