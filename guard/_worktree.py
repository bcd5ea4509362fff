"""The files of a working tree, as they are on disk."""

from __future__ import annotations

import os

from guard import facts as _facts
from guard import git as _git
from guard._paths import MARKERS, SUFFIXES, from_native, judge_target, native
from guard._tell import files, probe, unsure
from guard.errors import Unreadable, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from guard._workers import Reader, Stat

_LINK, _REGULAR, _FOLDER = 0o120000, 0o100000, 0o040000
_FORMAT = 0o170000
# Folders with other people's code or none at all; skipped unless git tracks what they hold. Those
# of the second kind are ordinary words: with an `__init__.py` they are packages.
# fmt: off
_SKIPPED = frozenset((
    ".git", ".hg", ".svn", ".bzr", ".direnv", ".eggs", ".ipynb_checkpoints", ".mypy_cache", ".nox",
    ".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".tox", ".venv", ".vscode",
    "__pycache__", "__pypackages__", "buck-out", "node_modules", "site-packages",
))
# fmt: on
_SKIPPED_NO_PACKAGE = frozenset(("_build", "build", "dist", "venv", "env"))


class WorkTree:
    """The files on disk below ``top``: what git tracks, and what it neither tracks nor ignores.

    Outside of git a walk of the folder, without hidden ones and those that hold other people's
    code. Links are never followed. git starts to list at once, while the caller goes on.
    """

    label = "working tree"

    def __init__(self, top: str, quiet_ns: int = _facts.QUIET_NS) -> None:
        self.top = os.path.abspath(top)
        self.unreadable: dict[str, str] = {}
        self.notes: list[str] = []
        self._stats: dict[str, Stat] = {}
        self._git = None
        self._listing = None
        hash_name = "sha1"
        if _git.find_top(self.top) is not None:
            self._git = _git.Git(self.top)
            self._listing = self._git.start_ls_files()
            hash_name = self._git.object_format()
        self.hash_name = hash_name
        self.reader: Reader = _facts.DiskReader(self.top, hash_name, quiet_ns)

    def load(self, states: Mapping[str, Any], selection: Iterable[str]) -> tuple[str, ...]:
        stats: dict[str, os.stat_result] = {}
        folders: dict[str, bool] = {}
        if self._git is not None and self._listing is not None:
            # While git lists, look at what there was last time: it will mostly be the same.
            self._look(states, stats, folders, final=False)
            names = self._from_git()
        else:
            names = list(self._walk_project(tuple(selection)))
        found = []
        links = []
        self._look(names, stats, folders)
        for path in names:
            stat = stats.get(path)
            if stat is None:
                probe(self._on_disk(path))
                continue  # tracked, but deleted; or below a link, which is not followed
            kind = stat.st_mode & _FORMAT
            if kind == _REGULAR:
                found.append(path)
                self._stats[path] = _facts.stat_of(stat)
            elif kind == _LINK:
                links.append(path)
            elif kind != _FOLDER:  # a folder is a submodule, which has its own guard
                self.unreadable[path] = "not a regular file"
            else:
                probe(self._on_disk(path))
        found.sort()
        for path in links:
            reason = self._judge_link(path, self._stats)
            if reason:
                self.unreadable[path] = reason
        for path in (*self.unreadable, *links):
            unsure(path)
        files(self._all_on_disk)
        return tuple(found)

    def add(self, path: str) -> tuple[str, ...]:
        try:
            stat = os.lstat(self._on_disk(path))
        except OSError as error:
            raise UsageError(f"{path or '.'}: {error.strerror}") from error
        if stat.st_mode & _FORMAT == _FOLDER:
            names = tuple(self._walk((path,)))
        else:
            names = (path,)
        stats: dict[str, os.stat_result] = {}
        self._look(names, stats, {})
        found = []
        for name in names:
            if name not in stats or stats[name].st_mode & _FORMAT != _REGULAR:
                reason = "not a regular file, and links are not followed"
                self.unreadable.setdefault(name, reason)
            else:
                found.append(name)
                self._stats[name] = _facts.stat_of(stats[name])
        for name in self.unreadable:
            unsure(name)
        files(self._all_on_disk)
        return tuple(sorted(found))

    def key(self, path: str, states: Mapping[str, Any]) -> bytes | None:
        known = states.get(path)
        if known is not None and known[1:] == self._stats[path]:
            found: bytes = known[0]
            return found
        return None

    def size(self, path: str) -> int:
        return self._stats[path][0]

    def _all_on_disk(self) -> list[str]:
        return [self._on_disk(path) for path in self._stats]

    def read_file(self, path: str) -> bytes | None:
        try:
            return _facts.read_regular(self._on_disk(path))[0]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unreadable(path, _facts.reason_of(error)) from error
        except ValueError as error:
            raise Unreadable(path, str(error)) from error

    def _on_disk(self, path: str) -> str:
        return os.path.join(self.top, native(path))

    def _look(
        self,
        names: Iterable[str],
        stats: dict[str, os.stat_result],
        folders: dict[str, bool],
        final: bool = True,
    ) -> None:
        """Fill ``stats`` with the state of each file that is not reached through a link."""
        lstat = os.lstat
        prefix = self.top.rstrip(os.sep) + os.sep
        for path in names:
            if path in stats:
                continue
            folder = path.rpartition("/")[0]
            sound = folders.get(folder)
            if sound is None:
                sound = self._is_own(folder, folders)
            if sound:
                try:
                    stats[path] = lstat(prefix + native(path))
                except (FileNotFoundError, NotADirectoryError):
                    pass
                except OSError as error:
                    if final:
                        self.unreadable[path] = _facts.reason_of(error)

    def _is_own(self, folder: str, folders: dict[str, bool]) -> bool:
        """Whether ``folder`` is a real one all the way, or one that cannot be looked at."""
        if not folder:
            return True
        known = folders.get(folder)
        if known is None:
            known = self._is_own(folder.rpartition("/")[0], folders)
            if known:
                try:
                    mode = os.lstat(self._on_disk(folder)).st_mode
                    known = mode & _FORMAT == _FOLDER
                    if not known:
                        probe(self._on_disk(folder))
                except (FileNotFoundError, NotADirectoryError):
                    probe(self._on_disk(folder))
                    known = False
                except OSError:
                    pass  # the files in it will have the reason
            folders[folder] = known
        return known

    def _from_git(self) -> list[str]:
        assert self._git is not None
        listed, said = self._git.ls_files(self._listing, (*SUFFIXES, ".gitmodules", "/"))
        self._listing = None
        for line in said.splitlines():
            _, closed, folder = line.partition("could not open directory '")
            if closed:
                folder, _, reason = folder.rpartition("': ")
                self.unreadable[folder.strip("/") or "."] = "folder: " + reason.lower()
            else:
                self.notes.append("git: " + line)
        names: dict[str, None] = {}
        for tag, path in listed:
            if path.endswith(".gitmodules"):
                if path == ".gitmodules":
                    self.notes.append("submodules are not checked: run the guard in each of them")
            elif path.endswith("/"):
                self.notes.append(f"{path} is a repository of its own and is not checked")
            elif tag != "?" or not self._is_foreign(path):
                names[path] = None
        return list(names)

    def _is_foreign(self, path: str) -> bool:
        folder = path.rpartition("/")[0]
        while folder:
            if self._is_skipped(folder.rpartition("/")[2], self._on_disk(folder)):
                return True
            folder = folder.rpartition("/")[0]
        return False

    def _is_skipped(self, name: str, folder: str) -> bool:
        if name in _SKIPPED:
            return True
        if os.path.lexists(probe(os.path.join(folder, "pyvenv.cfg"))):  # a virtual environment
            return True
        return name in _SKIPPED_NO_PACKAGE and not os.path.lexists(
            probe(os.path.join(folder, "__init__.py"))
        )

    def _walk_project(self, selection: tuple[str, ...]) -> Iterator[str]:
        """The whole folder, or what belongs to the selection where nothing says that the folder

        is one project: installed packages, say, or a home folder.
        """
        marked = any(os.path.lexists(probe(os.path.join(self.top, name))) for name in MARKERS)
        if marked or not selection or "" in selection:
            yield from self._walk(("",))
            return
        for name in dict.fromkeys(path.partition("/")[0] for path in selection):
            if os.path.isdir(probe(self._on_disk(name))):
                yield from self._walk((name,))
            else:
                with os.scandir(self.top) as entries:
                    found = [entry.name for entry in entries if entry.name.endswith(SUFFIXES)]
                yield from map(from_native, found)

    def _walk(self, starts: Iterable[str]) -> Iterator[str]:
        stack = list(starts)
        while stack:
            folder = stack.pop()
            try:
                with os.scandir(self._on_disk(folder)) as entries:
                    for entry in entries:
                        name = from_native(entry.name)
                        path = f"{folder}/{name}" if folder else name
                        if entry.is_dir(follow_symlinks=False):
                            if name[0] != "." and not self._is_skipped(name, entry.path):
                                stack.append(path)
                        elif name.endswith(SUFFIXES):
                            yield path
            except OSError as error:
                self.unreadable[folder or "."] = "folder: " + _facts.reason_of(error)

    def _judge_link(self, path: str, checked: Mapping[str, Any]) -> str:
        try:
            target = os.path.realpath(self._on_disk(path), strict=True)
        except FileNotFoundError:
            return "broken symbolic link"
        except (OSError, RuntimeError):
            return "symbolic link in a loop"
        inner = os.path.relpath(target, os.path.realpath(self.top)).replace(os.sep, "/")
        return judge_target(from_native(inner), os.path.isdir(target), checked)
