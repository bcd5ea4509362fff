"""Whose annotations may need a name that only type checkers see, file by file."""

from __future__ import annotations

from collections.abc import Iterable

from guard.rule import Extractor
from guard_rules._annotations.files import Files
from guard_rules._annotations.sites import Site
from guard_rules._annotations.sites import sites as read_sites


class Needs:
    """The owners of such annotations, by what may look at them; ``None`` stands for any name."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._sites: dict[str, tuple[Site, ...] | None] = {}
        self._owner_names: dict[str, frozenset[str] | None] = {}
        self._class_names: dict[str, frozenset[str] | None] = {}
        self._record_names: dict[str, frozenset[str] | None] = {}

    def sites(self, path: str) -> tuple[Site, ...] | None:
        """Where annotations of a file may need the names that it guards; ``None``: anywhere."""
        if path not in self.files.guarded:
            return ()
        if path not in self._sites:
            self.ahead([path])
        return self._sites[path]

    def ahead(self, paths: Iterable[str]) -> None:
        """Read the sites of many files at once."""
        missing = [path for path in paths if path not in self._sites]
        extractor: Extractor[tuple[Site, ...] | None] = Extractor(
            "annotation-sites", "2", read_sites
        )
        found = self.files.project.facts(extractor, missing)
        self._sites.update((path, found.get(path, ())) for path in missing)

    def owners(self, path: str) -> frozenset[str] | None:
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
                    if name == owner or owner.startswith("__") or self.files.asking
                )
            )
        return self._owner_names[path]

    def made_of(self, path: str) -> frozenset[str] | None:
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

    def anyone(self, path: str) -> frozenset[str] | None:
        """All functions of a file that may need guarded names, and all classes around them."""
        places = self.sites(path)
        if places is None:
            return None
        return frozenset(name for _, *names, _ in places for name in names if name)

    def records(self, path: str) -> frozenset[str] | None:
        """The classes of a file with fields that may need guarded names; ``None``: any name."""
        if path not in self._record_names:
            places = self.sites(path)
            self._record_names[path] = (
                None
                if places is None
                else frozenset(owner for kind, owner, _, _ in places if kind == "class")
            )
        return self._record_names[path]
