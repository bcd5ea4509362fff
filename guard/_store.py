"""Tables on disk for what can be computed again: read fast, trusted only when whole and ours.

A table is one ``marshal`` blob under a checksum and an identity (everything that its content
depends on). A file that is damaged, foreign or of another identity is as good as absent; so is a
folder that cannot be written. New files replace old ones by ``os.replace``: concurrent runs and
killed ones leave a whole table, never half of one.

The folder lies outside of any repository: a change under review cannot bring its own cache.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib

import guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_MAGIC = b"premerge-guard-1"
_MAX_FILE = 1 << 28
_MAX_AGE = 30 * 86400
_HOUR = 3600
_PROJECTS = "projects"
_OURS = (".table", ".table+", ".tmp")
MISSING = object()


def cache_root(environ: Mapping[str, str]) -> str | None:
    """The folder for all caches; ``None`` when the environment names no absolute one."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    if environ.get("GUARD_CACHE_DIR"):
        root = os.path.abspath(environ["GUARD_CACHE_DIR"])
    elif environ.get("XDG_CACHE_HOME"):
        root = os.path.join(environ["XDG_CACHE_HOME"], "premerge-guard")
    elif sys.platform == "darwin":
        root = os.path.join(home, "Library", "Caches", "premerge-guard")
    elif os.name == "nt":
        root = os.path.join(environ.get("LOCALAPPDATA", ""), "premerge-guard", "cache")
    else:
        root = os.path.join(home, ".cache", "premerge-guard")
    return root if os.path.isabs(root) else None


def project_folder(root: str, top: str) -> str:
    """The folder for the project at ``top``. Two projects may meet in one: that does no harm."""
    text = os.path.realpath(top).encode("utf-8", "surrogateescape")
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in os.path.basename(top))
    return os.path.join(
        root, _PROJECTS, f"{name[:32]}-{zlib.crc32(text):08x}{zlib.adler32(text):08x}"
    )


def identity(*parts: object) -> bytes:
    """Everything that a table depends on, as bytes: the interpreter, the guard, and ``parts``."""
    tag = sys.implementation.cache_tag
    whole = (tag, sys.version, marshal.version, guard.__version__, *parts)
    return canonical(whole).encode("utf-8", "backslashreplace")


def canonical(value: object) -> str:
    """A text that is equal for equal values, in every process (sets have no order of their own)."""
    if isinstance(value, tuple | list):
        return "(" + ",".join(map(canonical, value)) + ",)"
    if isinstance(value, set | frozenset):
        return "{" + ",".join(sorted(map(canonical, value))) + "}"
    if isinstance(value, dict):
        pairs = (f"{canonical(key)}:{canonical(item)}" for key, item in value.items())
        return "{" + ",".join(sorted(pairs)) + "}"
    return f"{type(value).__name__} {value!r}"


def source_stamp(files: Iterable[str | None]) -> str:
    """Changes when a module next to one of ``files`` does: a cache outlives no edit of the code."""
    lines = []
    for folder in sorted({os.path.dirname(file) for file in files if file}):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith(".py"):
                        stat = entry.stat()
                        lines.append(f"{entry.name} {stat.st_size} {stat.st_mtime_ns}")
        except OSError:  # in a zip file: the guard's version has to do
            continue
    return f"{zlib.crc32(repr(sorted(lines)).encode()):08x}{len(lines)}"


class Table:
    """A mapping kept on disk. ``folder=None`` keeps it in memory only.

    Two files: the bulk, and what was added since, so that a run with few changes writes little.
    """

    def __init__(self, folder: str | None, name: str, ident: bytes) -> None:
        self._path = None if folder is None else os.path.join(folder, name + ".table")
        self._ident = ident
        self._added: dict[Any, Any] = {}
        self.entries: dict[Any, Any] = {}
        if self._path is not None:
            self.entries = load(self._path, ident)
            self._added = load(self._path + "+", ident)
        self._bulk = len(self.entries)
        self.entries.update(self._added)

    def add(self, new: dict[Any, Any], used: Iterable[Any], room: int) -> None:
        """Keep ``new``, and write it. At most ``room`` entries that are not ``used`` stay."""
        if not new:
            return
        self.entries.update(new)
        self._added.update(new)
        if self._path is None:
            return
        if len(self._added) <= max(64, self._bulk // 8):
            save(self._path + "+", self._ident, self._added)
            return
        kept = {key: self.entries[key] for key in used if key in self.entries}
        kept.update((key, value) for key, value in new.items() if key not in kept)
        for key, value in self.entries.items():  # the last used come first, the oldest go
            if room <= 0:
                break
            if key not in kept:
                kept[key] = value
                room -= 1
        if save(self._path, self._ident, kept):
            self._bulk = len(kept)
            self._added = {}
            _remove(self._path + "+")


def load(path: str, ident: bytes) -> dict[Any, Any]:
    """What ``save`` wrote there for the same ``ident``; empty when that is not so."""
    data = _read_own(path)
    head = len(_MAGIC) + 12
    if data[: len(_MAGIC)] != _MAGIC or len(data) < head:
        return {}
    check = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 4], "little")
    size = int.from_bytes(data[len(_MAGIC) + 4 : head], "little")
    body = memoryview(data)[head:]
    if size != len(body) or zlib.crc32(body) != check or body[: len(ident)] != ident:
        return {}
    try:
        found = marshal.loads(body[len(ident) :])
    except (EOFError, ValueError, TypeError):
        return {}
    return found if type(found) is dict else {}


def _read_own(path: str) -> bytes:
    """The file's bytes; empty unless it is a plain file of this very user."""
    try:
        flags = os.O_RDONLY
        for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
            flags |= getattr(os, flag, 0)
        fd = os.open(path, flags)
    except OSError:
        return b""
    try:
        stat = os.fstat(fd)
        mine = not hasattr(os, "geteuid") or stat.st_uid == os.geteuid()
        if not mine or stat.st_mode & 0o170000 != 0o100000 or stat.st_size > _MAX_FILE:
            return b""
        parts = []
        while part := os.read(fd, 1 << 24):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(fd)


def save(path: str, ident: bytes, entries: Mapping[Any, Any]) -> bool:
    """Replace the file at once and whole. False when it cannot be written."""
    plain: Any = entries
    body = ident + marshal.dumps(plain)
    check = zlib.crc32(body).to_bytes(4, "little")
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            _tidy(os.path.dirname(folder))
        _remove(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(_MAGIC + check + len(body).to_bytes(8, "little"))
            file.write(body)
        os.replace(temporary, path)
        _tidy(folder)
    except OSError:  # read-only, full, gone: the cache is a convenience
        _remove(temporary)
        return False
    return True


def forget(folder: str, prefix: str, keep: int) -> None:
    """Remove all but the newest ``keep`` tables whose names begin with ``prefix``."""
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.stat(follow_symlinks=False).st_mtime_ns, entry.path)
                for entry in entries
                if entry.name.startswith(prefix)
            ]
    except OSError:
        return
    for _, path in sorted(found, reverse=True)[keep:]:
        _remove(path)


def _tidy(folder: str) -> None:
    """Remove what no run has used for a month, and what killed runs have left behind."""
    import time

    now = time.time()
    with os.scandir(folder) as entries:
        for entry in entries:
            age = now - entry.stat(follow_symlinks=False).st_mtime
            if entry.is_dir(follow_symlinks=False):
                if age > _MAX_AGE and os.path.basename(folder) == _PROJECTS:
                    _remove_folder(entry.path)
            elif not entry.name.endswith(_OURS):
                continue
            elif age > _MAX_AGE or (age > _HOUR and entry.name.endswith(".tmp")):
                _remove(entry.path)


def _remove_folder(folder: str) -> None:
    try:
        for name in os.listdir(folder):
            if name.endswith(_OURS):
                _remove(os.path.join(folder, name))
        os.rmdir(folder)
    except OSError:
        pass


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
