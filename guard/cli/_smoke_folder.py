"""A temporary folder with the files of a commit or of the index, gone on every way out."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from guard.errors import GitError
from guard.git import Git

PREFIX = "guard-smoke-"
_TREE, _LOCK = "tree", "lock"
_YOUNG = 60.0
"""Seconds in which a folder may be there and not locked yet."""
# What no import reads, or what the interpreter makes again.
_NOT_CARRIED = frozenset(
    (".git", "__pycache__", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox")
)


@contextmanager
def commit_folder(repository: Git, commit: str) -> Iterator[str]:
    """The files of ``commit`` as a linked worktree. ``repository.top`` is the work tree's top."""
    with _folder() as folder:
        forget_gone(repository)
        tree = os.path.join(folder, _TREE)
        try:
            repository.add_worktree(tree, commit)
            yield tree
        finally:
            try:
                remove(tree)
            finally:
                if tree in repository.worktrees():
                    repository.remove_worktree(tree)


@contextmanager
def index_folder(repository: Git) -> Iterator[str]:
    """The files of the index, and beside them what git ignores, as links to where it is.

    The project may need what is built in place. What is neither staged nor ignored is not there:
    it will not be in the commit.
    """
    with _folder() as folder:
        tree = os.path.join(folder, _TREE)
        os.mkdir(tree)
        repository.export_index(tree)
        for path in repository.ignored():
            name = path.rstrip("/")
            target = os.path.join(tree, *name.split("/"))
            if name.rpartition("/")[2] in _NOT_CARRIED or os.path.lexists(target):
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(os.path.join(repository.top, *name.split("/")), target)
        yield tree


@contextmanager
def _folder() -> Iterator[str]:
    sweep(tempfile.gettempdir())
    folder = os.path.realpath(tempfile.mkdtemp(prefix=PREFIX))
    lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock)
        yield folder
    finally:
        os.close(lock)
        remove(folder)


def remove(folder: str) -> None:
    """Delete ``folder`` with all that the imported code left in it, write-protected or not."""
    if not os.path.lexists(folder):
        return
    try:
        shutil.rmtree(folder)
    except PermissionError:
        os.chmod(folder, stat.S_IRWXU)
        for parent, names, _ in os.walk(folder):  # what is made readable here is entered next
            for name in names:
                inner = os.path.join(parent, name)
                if not os.path.islink(inner):
                    os.chmod(inner, stat.S_IRWXU)
        shutil.rmtree(folder)


def sweep(parent: str) -> None:
    """Remove the folders of runs that were killed before they could: nobody holds their lock."""
    try:
        entries = [entry for entry in os.scandir(parent) if entry.name.startswith(PREFIX)]
    except OSError:
        return
    for entry in entries:
        try:
            state = entry.stat(follow_symlinks=False)
            mine = not hasattr(os, "geteuid") or state.st_uid == os.geteuid()
            old = time.time() - state.st_mtime > _YOUNG
            if mine and old and entry.is_dir(follow_symlinks=False) and _is_left(entry.path):
                remove(entry.path)
        except OSError:  # another run sweeps as well
            continue


def _is_left(folder: str) -> bool:
    try:
        lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        return _take(lock)
    finally:
        os.close(lock)


def _take(lock: int) -> bool:
    """Lock the file, for as long as the process lives. Whether nobody else has it."""
    try:
        import fcntl
    except ImportError:  # Windows: an open file cannot be removed, which is lock enough
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def forget_gone(repository: Git) -> None:
    """Take worktrees of killed runs, whose folders are swept, off the repository's list."""
    for folder in repository.worktrees():
        parent, name = os.path.split(folder)
        ours = name == _TREE and os.path.basename(parent).startswith(PREFIX)
        if ours and not os.path.lexists(folder):
            try:
                repository.remove_worktree(folder)
            except GitError:  # another run was faster
                continue
