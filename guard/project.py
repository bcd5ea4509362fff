"""The files of a working tree, of the index or of a commit, read alike and read-only.

A *tree* knows which files there are and how to read them: ``WorkTree``, ``Index``, ``Commit``.
``SourceProject`` makes one of them the ``guard.rule.Project`` that rules ask.
"""

from __future__ import annotations

import os
import sys

from guard import _tell
from guard import facts as _facts
from guard._recorded import Commit, Index
from guard._store import Table, cache_root, identity, project_folder, source_stamp
from guard._worktree import WorkTree
from guard.errors import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Protocol, TypeVar

    from guard._declared import Declared
    from guard._workers import Reader, Stat
    from guard.layout import Layout
    from guard.modules import Modules
    from guard.rule import Extractor

    T = TypeVar("T")

    class Tree(Protocol):
        """Which files there are, and how to read them."""

        label: str
        top: str
        reader: Reader
        unreadable: dict[str, str]
        notes: list[str]

        def load(self, states: Mapping[str, Any], selection: Iterable[str]) -> tuple[str, ...]:
            """The Python files, sorted. ``states`` are those remembered from an earlier run."""

        def add(self, path: str) -> tuple[str, ...]:
            """What the user names: the file itself, or the Python files of a folder."""

        def key(self, path: str, states: Mapping[str, Any]) -> bytes | None:
            """The key of the file's content if that is known without reading it."""

        def size(self, path: str) -> int: ...

        def read_file(self, path: str) -> bytes | None:
            """The content of any file; ``None`` where there is none."""


_MANY = 300

__all__ = ["Commit", "Index", "SourceProject", "WorkTree"]


class SourceProject:
    """A tree as the ``guard.rule.Project`` that rules ask.

    ``exclude`` are patterns as in ``guard.globs``; ``selection`` are the files and folders that the
    user names: ``paths()`` remains the whole project, for a rule links across files, and
    ``selected`` tells what to report. A file that the user names is part of the project even where
    git ignores it or its name has no suffix. ``roots`` and ``target`` override what is found.
    ``together`` is an extractor that will be asked of all files: whoever reads many of them first
    computes it as well. ``cache=False`` neither reads nor writes ``cache_dir``, which is found by
    itself if not given.
    """

    def __init__(  # noqa: PLR0913 - all by name, each with a default
        self,
        tree: Tree,
        *,
        exclude: Iterable[str] = (),
        selection: Iterable[str] = (),
        roots: Iterable[str] | None = None,
        target: tuple[int, int] | None = None,
        cache: bool = True,
        cache_dir: str | None = None,
        jobs: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        together: Extractor[Any] | None = None,
    ) -> None:
        self._tree = tree
        self._together = together
        self._exclude = tuple(exclude)
        self._selection = tuple(dict.fromkeys(path.strip("/") for path in selection))
        self._roots = None if roots is None else tuple(root.strip("/") for root in roots)
        self._target = target
        folder = (cache_dir or cache_root(os.environ)) if cache else None
        self._folder = None if folder is None else project_folder(folder, tree.top)
        self._store = _facts.Facts(tree.reader, self._folder, jobs, progress)
        self._paths: tuple[str, ...] | None = None
        self._layout: Layout | None = None
        self._modules: Modules | None = None
        self._states: Table | None = None
        self._known: dict[str, bytes] = {}
        self._failed: dict[str, str] = {}
        self._crashed: dict[str, dict[str, str]] = {}
        self._memo: dict[tuple[str, str, object], dict[str, Any]] = {}
        self._shared: dict[str, Any] = {}

    @property
    def label(self) -> str:
        return self._tree.label

    @property
    def top(self) -> str:
        """The absolute path of the project's top."""
        return self._tree.top

    @property
    def target(self) -> tuple[int, int]:
        return self._target or self.layout.target

    @property
    def roots(self) -> tuple[str, ...]:
        return self.layout.roots if self._roots is None else self._roots

    @property
    def has_selection(self) -> bool:
        """Whether the user named some paths."""
        return bool(self._selection) and "" not in self._selection

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user must know about what was found, and what was not."""
        self.paths()
        return (*self._tree.notes, *self.layout.notes)

    @property
    def layout(self) -> Layout:
        """The roots and the target version, each with where it was found."""
        if self._layout is None:
            from guard.layout import find_layout

            self._layout = find_layout(self.paths(), self._read_or_none, declared=self._declared)
        return self._layout

    @property
    def modules(self) -> Modules:
        """Which file is which module."""
        if self._modules is None:
            from guard.modules import Modules

            self._modules = Modules(self.paths(), self.roots)
        return self._modules

    def paths(self) -> tuple[str, ...]:
        if self._paths is None:
            found = self._tree.load(self._state_table().entries, self._selection)
            covered = None
            if self._exclude:
                from guard.globs import Globs

                covered = Globs(self._exclude)
                found = tuple(path for path in found if not covered.matches(path))
            for path in list(self._tree.unreadable):
                if covered is not None and covered.matches(path):
                    del self._tree.unreadable[path]
            self._paths = self._with_selection(found)
        return self._paths

    def read(self, path: str) -> bytes:
        self.paths()
        try:
            data = self._tree.read_file(path)
        except Unreadable as error:
            self._note_failure(path, error.reason)
            raise
        if data is None:
            self._note_failure(path, "vanished during the check")
            raise Unreadable(path, "no such file")
        return data

    def _note_failure(self, path: str, reason: str) -> None:
        if path in self.paths():  # else someone asks whether there is such a file
            self._failed[path] = reason
            _tell.unsure(reason)

    def read_file(self, path: str) -> bytes | None:
        """The content of any file of the subject; ``None`` where there is none."""
        return self._tree.read_file(path)

    def facts(self, extractor: Extractor[T], paths: Iterable[str] | None = None) -> dict[str, T]:
        memo = self._memo.setdefault((extractor.name, extractor.version, extractor.params), {})
        wanted = self.paths() if paths is None else tuple(paths)
        _tell.facts(self._folder, extractor, None if paths is None else wanted)
        ask = [path for path in wanted if path not in memo and self._may_have(path, extractor)]
        if ask:
            self._compute(extractor, ask, memo)
        if paths is None and len(memo) == len(self.paths()):
            return dict(memo)
        return {path: memo[path] for path in wanted if path in memo}

    def _may_have(self, path: str, extractor: Extractor[Any]) -> bool:
        """Whether asking is not in vain, as it was the first time."""
        return path not in self._failed and extractor.name not in self._crashed.get(path, ())

    def unreadable(self) -> Mapping[str, str]:
        self.paths()
        crashed = {path: "; ".join(found.values()) for path, found in self._crashed.items()}
        return {**self._tree.unreadable, **crashed, **self._failed}

    def shared(self, key: str, make: Callable[[], T]) -> T:
        if key not in self._shared:
            self._shared[key] = make()
        found: T = self._shared[key]
        return found

    def selected(self, path: str) -> bool:
        """Whether what is found in ``path`` is to be reported."""
        if not self.has_selection:
            return True
        while path not in self._selection:
            if not path:
                return False
            path = path.rpartition("/")[0]
        return True

    def keys(self) -> dict[str, str]:
        """The id of each file's content, as git names it. Reads files that changed."""
        keys = self._keys(self.paths())
        if None in keys.values():
            self._compute(_Hashing, [path for path, key in keys.items() if key is None], {})
            keys = self._keys(self.paths())
        return {path: key.hex() for path, key in keys.items() if key is not None}

    def fingerprint(self) -> str:
        """A text that is equal for equal contents of all files under equal paths."""
        import hashlib

        seen = hashlib.sha256()
        for path, key in self.keys().items():
            seen.update(f"{path}\0{key}\0".encode("utf-8", "surrogateescape"))
        for path, reason in sorted(self.unreadable().items()):
            seen.update(f"{path}\0{reason}\0".encode("utf-8", "surrogateescape"))
        return seen.hexdigest()

    def _keys(self, paths: Iterable[str]) -> dict[str, bytes | None]:
        known = self._known
        states = self._state_table().entries
        key = self._tree.key
        return {path: known.get(path) or key(path, states) for path in paths}

    def _compute(self, extractor: Any, ask: Sequence[str], memo: dict[str, Any]) -> None:
        import gc

        states: dict[str, tuple[Any, ...]] = {}

        def learn(path: str, key: bytes, state: Stat | None) -> None:
            self._known[path] = key
            if state is not None:
                states[path] = (key, *state)

        self.paths()
        table = self._state_table()
        # Thousands of small tuples are about to be made and none freed: collecting is in vain.
        collecting = gc.isenabled()
        gc.disable()
        try:
            keys = self._keys(ask)
            sizes = {path: self._tree.size(path) for path, key in keys.items() if key is None}
            room = 2 * len(self.paths()) + 1000
            also = self._together if len(ask) > _MANY and extractor != self._together else None
            found, failed, crashed = self._store.of(extractor, keys, sizes, room, learn, also)
            memo.update(found)
            self._failed.update(failed)
            for path, reason in crashed.items():
                self._crashed.setdefault(path, {})[extractor.name] = reason
            for reason in (*failed.values(), *crashed.values()):
                _tell.unsure(reason)
            table.add(states, self.paths(), 0)
        finally:
            if collecting:
                gc.enable()

    def _state_table(self) -> Table:
        if self._states is None:
            name = f"states-{sys.implementation.cache_tag}"
            hash_name = getattr(self._tree, "hash_name", "")
            folder = self._folder if hash_name else None
            self._states = Table(folder, name, identity("states", hash_name, self._tree.top))
        return self._states

    def _with_selection(self, found: tuple[str, ...]) -> tuple[str, ...]:
        if not self.has_selection:
            return found
        held = set(found)
        for path in found:
            folder = path.rpartition("/")[0]
            while folder and folder not in held:
                held.add(folder)
                folder = folder.rpartition("/")[0]
        extra = [
            path
            for named in self._selection
            if named not in held and named not in self._tree.unreadable
            for path in self._tree.add(named)
        ]
        return tuple(sorted({*found, *extra})) if extra else found

    def _read_or_none(self, path: str) -> bytes | None:
        try:
            return self._tree.read_file(path)
        except Unreadable as error:
            self._tree.notes.append(str(error))
            _tell.unsure(str(error))
            return None

    def _declared(self, name: str, data: bytes) -> Declared:
        """``guard._declared.declared_in``, remembered: reading TOML takes longer than the rest."""
        ident = identity("declared", source_stamp((__file__,)))
        table = Table(self._folder, _facts.table_name("declared", ""), ident)
        key = (name, _facts.blob_key(data))
        found: Declared | None = table.entries.get(key)
        if found is None:
            from guard._declared import declared_in

            found = declared_in(name, data)
            table.add({key: found}, (key,), 50)
        return found


class _Hashing:
    """The extractor of keys alone. Not a ``guard.rule.Extractor``, which is slow to import."""

    name = "guard-key"
    version = "1"
    params = ()

    @staticmethod
    def extract(data: bytes) -> None:
        del data
