"""The files that git has recorded: in the index, or in a commit."""

from __future__ import annotations

import os

from guard import _tell
from guard import facts as _facts
from guard import git as _git
from guard._paths import SUFFIXES, join_target, judge_target
from guard.errors import Unreadable, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from guard._listing import TreeListing
    from guard._workers import Reader


class _Recorded:
    """What git has recorded: the common part of the index and of a commit."""

    def __init__(self, top: str, label: str) -> None:
        self.top = os.path.abspath(top)
        self.label = label
        self.unreadable: dict[str, str] = {}
        self.notes: list[str] = []
        self.git = _git.Git(self.top)
        self.reader: Reader = _facts.BlobReader(self.git)
        self._listed: TreeListing | None = None
        self._keys: dict[str, bytes] = {}

    def _list(self) -> TreeListing:
        raise NotImplementedError

    @property
    def _listing(self) -> TreeListing:
        if self._listed is None:
            self._listed = self._list()
        return self._listed

    def load(self, states: Mapping[str, Any], selection: Iterable[str]) -> tuple[str, ...]:
        del states, selection
        found = []
        links = []
        for path in self._listing.submodules():
            self.notes.append(f"submodule {path} is not checked: run the guard in it")
        for mode, oid, path in self._listing.entries(SUFFIXES):
            if mode in _git.FILES:
                found.append(path)
                self._keys[path] = bytes.fromhex(oid)
            elif mode == _git.SYMLINK:
                links.append((path, oid))
            elif mode != _git.SUBMODULE:
                self.unreadable[path] = f"unknown file mode {mode}"
        found.sort()
        checked = frozenset(found)
        targets = self.git.read_blobs([oid for _, oid in links], 1 << 16)
        for (path, _), (_, data) in zip(links, targets, strict=True):
            reason = "broken symbolic link"
            if isinstance(data, bytes):
                text = data.decode("utf-8", "surrogateescape")
                reason = judge_target(join_target(path, text), False, checked)
            if reason:
                self.unreadable[path] = reason
        return tuple(found)

    def add(self, path: str) -> tuple[str, ...]:
        entry = self._listing.get(path)
        if entry is None:
            if path and not self._listing.has_folder(path):
                raise UsageError(f"{path}: no such file or folder in the {self.label}")
            return ()
        if entry[0] not in _git.FILES:
            self.unreadable[path] = "not a regular file, and links are not followed"
            return ()
        self._keys[path] = bytes.fromhex(entry[1])
        return (path,)

    def key(self, path: str, states: Mapping[str, Any]) -> bytes | None:
        del states
        return self._keys[path]

    def size(self, path: str) -> int:
        del path
        return 1 << 13  # git would have to be asked; this only steers how work is shared out

    def read_file(self, path: str) -> bytes | None:
        _tell.read(path)
        entry = self._listing.get(path)
        if entry is None:
            return None
        mode, oid = entry
        if mode not in _git.FILES:
            raise Unreadable(path, "not a regular file, and links are not followed")
        for _, data in self.git.read_blobs([oid], _facts.MAX_BYTES):
            if isinstance(data, bytes):
                return data
            if data is not None:
                raise Unreadable(path, _facts.too_large(data))
        raise Unreadable(path, "the object is missing from the repository")


class Index(_Recorded):
    """What ``git commit`` would record now; inside a hook, the index of that very commit."""

    def __init__(self, top: str) -> None:
        super().__init__(top, "index")
        self._running = self.git.start_ls_index()

    def _list(self) -> TreeListing:
        return self.git.index_listing(self._running)


class Commit(_Recorded):
    """The files of any commit, without a checkout. ``commit`` is its full id."""

    def __init__(self, top: str, rev: str) -> None:
        super().__init__(top, "")
        self.commit = self.git.resolve(rev)
        self.label = f"commit {self.commit[:12]}"

    def _list(self) -> TreeListing:
        return self.git.tree_listing(self.commit)
