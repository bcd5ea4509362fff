"""The facts of files, computed once for each content.

The key of a content is git's own name for it, the blob id (``git hash-object``): the work tree,
the index and every commit share one cache, and for the last two the key is known without reading.

In a work tree the state of a file (size, times, inode, device) stands for its content, under git's
rule for "racily clean" entries (git docs, technical/racy-git): a state is only remembered if the
file was left alone for a while before it was read, so that any later write shows in its times.
"""

from __future__ import annotations

import os
import sys
import time
import zlib

from guard import _workers
from guard._paths import native
from guard._store import MISSING, Table, canonical, identity, source_stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from guard._workers import Content, Item, Reader, Stat
    from guard.git import Git
    from guard.rule import Extractor

MAX_BYTES = 20_000_000
"""A larger file is not Python source that someone wrote; it is reported, not read."""
QUIET_NS = 1_000_000_000
"""How long a file must have been left alone before its state is trusted."""
_COARSE_NS = 2_000_000_000
_MANY_FILES = 300
_READ_ONLY = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _READ_ONLY |= getattr(os, _flag, 0)
_MANY_BYTES = 3_000_000


def stat_of(stat: os.stat_result) -> Stat:
    """What of a file's state must be equal for its content to be taken as equal."""
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)


def is_settled(stat: Stat, now: int, quiet_ns: int = QUIET_NS) -> bool:
    """Whether any write after ``now`` must show in the state, as far as one can know."""
    _, mtime, ctime, _, _ = stat
    # Whole seconds: a file system that keeps no finer times (HFS+, FAT, some network ones).
    coarse = mtime % 1_000_000_000 == 0 and ctime % 1_000_000_000 == 0
    quiet = _COARSE_NS + quiet_ns if coarse else quiet_ns
    return max(mtime, ctime) < now - quiet


class DiskReader:
    """Reads files below ``top``; never follows a link, never waits for a pipe."""

    def __init__(self, top: str, hash_name: str = "sha1", quiet_ns: int = QUIET_NS) -> None:
        self.top = top
        self.hash_name = hash_name
        self.quiet_ns = quiet_ns

    def read(self, items: Sequence[Item]) -> Iterator[Content]:
        """The contents of ``items`` (their keys are not used: the bytes read decide)."""
        for path, _ in items:
            now = time.time_ns()
            try:
                data, stat = read_regular(os.path.join(self.top, native(path)))
            except OSError as error:
                yield path, None, reason_of(error), None, None
                continue
            except ValueError as error:
                yield path, None, str(error), None, None
                continue
            yield path, data, "", blob_key(data, self.hash_name), self._trusted(stat, now)

    def _trusted(self, stat: Stat, now: int) -> Stat | None:
        return stat if is_settled(stat, now, self.quiet_ns) else None


class BlobReader:
    """Reads contents from git by their ids, a stream of them from one process."""

    def __init__(self, git: Git) -> None:
        self.git = git

    def read(self, items: Sequence[Item]) -> Iterator[Content]:
        """The contents of ``items``; each must have its key."""
        oids = [key for _, key in items if key is not None]
        blobs = self.git.read_blobs(oids, MAX_BYTES)
        for (path, key), (_, data) in zip(items, blobs, strict=True):
            if isinstance(data, bytes):
                yield path, data, "", bytes.fromhex(key or ""), None
            elif data is None:
                yield path, None, "the object is missing from the repository", None, None
            else:
                yield path, None, too_large(data), None, None


def read_regular(name: str) -> tuple[bytes, Stat]:
    """The bytes of a regular file and its state before they were read.

    Raises ``OSError``, and ``ValueError`` with the reason for what is no regular file of sane size.
    """
    fd = os.open(name, _READ_ONLY)
    try:
        stat = os.fstat(fd)
        if stat.st_mode & 0o170000 != 0o100000:
            raise ValueError("not a regular file")
        if stat.st_size > MAX_BYTES:
            raise ValueError(too_large(stat.st_size))
        parts = []
        left = MAX_BYTES + 1
        while left > 0 and (part := os.read(fd, min(left, stat.st_size + 1))):
            parts.append(part)
            left -= len(part)
            if len(part) == stat.st_size:
                break  # one byte more was asked for: this is the end
        if left <= 0:
            raise ValueError(too_large(MAX_BYTES + 1))
        return parts[0] if len(parts) == 1 else b"".join(parts), stat_of(stat)
    finally:
        os.close(fd)


def too_large(size: int) -> str:
    """The reason for a file that is not read."""
    return f"too large: {size / 1e6:.0f} MB, the limit is {MAX_BYTES // 1_000_000} MB"


def reason_of(error: OSError) -> str:
    """A short phrase for the report."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "vanished during the check"
    if isinstance(error, PermissionError):
        return "permission denied"
    return f"cannot be read: {error.strerror or type(error).__name__}"


def blob_key(data: bytes, hash_name: str = "sha1") -> bytes:
    """Git's id of a blob with this content, as bytes."""
    hasher = _hasher(hash_name)(b"blob %d\0" % len(data))
    hasher.update(data)
    digest: bytes = hasher.digest()
    return digest


def _hasher(name: str) -> Callable[[bytes], Any]:
    # hashlib loads OpenSSL, 3 ms; for many files, where it is the faster one, it is there already.
    if name == "sha1" and "hashlib" not in sys.modules:
        try:
            from _sha1 import sha1  # type: ignore[import-not-found]
        except ImportError:
            pass
        else:
            return lambda data: sha1(data, usedforsecurity=False)
    import hashlib

    return lambda data: hashlib.new(name, data, usedforsecurity=False)


class Facts:
    """The facts store of one project: one table for each extractor.

    ``folder=None`` keeps everything in memory. ``jobs`` is the number of processes, by default as
    many as processors when there is much to do.
    """

    def __init__(
        self,
        reader: Reader,
        folder: str | None,
        jobs: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._reader = reader
        self._folder = folder
        self._jobs = jobs
        self._progress = progress
        self._tables: dict[tuple[str, str, str], Table] = {}

    def of(
        self,
        extractor: Extractor[Any],
        keys: Mapping[str, bytes | None],
        sizes: Mapping[str, int],
        room: int,
        learn: Callable[[str, bytes, Stat | None], None],
        also: Extractor[Any] | None = None,
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        """The facts of the paths in ``keys``, and the reasons of those that have none: first where

        the content could not be had, then where the extractor failed.

        ``keys`` has ``None`` where a file must be read to know; ``learn(path, key, state)`` is told
        what it was. ``room`` limits how many entries that nobody used now stay on disk. The facts
        of ``also`` are kept for later, for the files that are read now: they are read once.
        """
        table = self._table(extractor)
        entries = table.entries
        found: dict[str, Any] = {}
        missing: list[Item] = []
        for path, key in keys.items():
            value = entries.get(key, MISSING) if key is not None else MISSING
            if value is MISSING:
                missing.append((path, key.hex() if key is not None else None))
            else:
                found[path] = value
        unreadable: dict[str, str] = {}
        failed: dict[str, str] = {}
        if not missing:
            return found, unreadable, failed
        weights = [sizes.get(path, 1 << 13) for path, _ in missing]
        extract, params = extractor.extract, extractor.params
        if also is not None:
            extract, params = _both, (extract, params, also.extract, also.params)
        job = _workers.Job(self._reader, extractor.name, extract, params, entries)
        new: dict[bytes, Any] = {}
        more: dict[bytes, Any] = {}
        actual: dict[str, bytes] = {}
        facts = _workers.run(job, missing, weights, self._processes(weights), self._progress)
        try:
            for path, key, stat, good, value in facts:
                if key is None:
                    unreadable[path] = value
                    continue
                if not good:
                    failed[path] = value
                    continue
                if also is not None and value is not None:
                    value, beside = value
                    more.update((key, item) for item in beside)
                if key not in entries:
                    new[key] = value
                actual[path] = key
                found[path] = entries.get(key, value)
                learn(path, key, stat)
        finally:
            facts.close()  # an interrupt must end the workers now, not when a traceback goes
        used = [actual.get(path) or keys[path] for path in found]
        table.add(new, used, room)
        if also is not None:
            self._table(also).add(more, used, room)
        return found, unreadable, failed

    def _processes(self, weights: Sequence[int]) -> int:
        if self._jobs is not None:
            return self._jobs
        many = 1 if _workers.can_fork() else 5  # a process that is not forked takes long to start
        if len(weights) <= _MANY_FILES * many and sum(weights) <= _MANY_BYTES * many:
            return 1
        import hashlib  # noqa: F401 - for ``_hasher`` in this process and its children

        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def _table(self, extractor: Extractor[Any]) -> Table:
        params = canonical(extractor.params)
        key = (extractor.name, extractor.version, params)
        if key not in self._tables:
            module = sys.modules.get(extractor.extract.__module__)
            stamp = source_stamp((__file__, getattr(module, "__file__", None)))
            self._tables[key] = Table(
                self._folder, table_name(extractor.name, params), identity("facts", *key, stamp)
            )
        return self._tables[key]


def _both(
    data: bytes,
    extract: Callable[..., Any],
    params: tuple[Any, ...],
    other: Callable[..., Any],
    other_params: tuple[Any, ...],
) -> tuple[Any, tuple[Any, ...]]:
    """Two facts of one content; the second in a tuple, which is empty where it cannot be had."""
    beside: tuple[Any, ...]
    try:
        beside = (other(data, *other_params),)
    except Exception:  # noqa: BLE001 - who asks for it will get the error
        beside = ()
    return extract(data, *params), beside


def table_name(name: str, params: str) -> str:
    """A file name for each extractor, each set of parameters and each Python version."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)
    return f"{safe[:80]}-{zlib.crc32(params.encode()):08x}-{sys.implementation.cache_tag}"
