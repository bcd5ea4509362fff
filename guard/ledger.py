"""A set of records in the tree of a reference: ``<kind>/<k1>/<key>/<digest>.json``.

A file is named by the digest of its content, so two versions of a ledger are merged by taking the
files of both: writers on several machines lose nothing, whoever is first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from guard.chain import Broken, Contended, encode
from guard.git import records
from guard.refs import Refs, give_way
from guard.repository import FILE, TREE, Repository

_TRIES = 50
_KEY = re.compile(r"[0-9a-f]{8,64}")
_KIND = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Item:
    """One record: ``key``, of hexadecimal digits, is what it is looked up by."""

    kind: str
    key: str
    value: object

    @property
    def path(self) -> str:
        """Where it stands in the tree."""
        if not _KIND.fullmatch(self.kind) or not _KEY.fullmatch(self.key):
            raise ValueError(f"no place in a ledger: {self.kind!r}, {self.key!r}")
        digest = blake2b(encode(self.value), digest_size=16).hexdigest()
        return f"{self.kind}/{self.key[:2]}/{self.key}/{digest}.json"


def key_of(text: str) -> str:
    """The key for a text that is no object name, such as the name of an environment."""
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()


def find(git: Repository, tip: str | None, kind: str, key: str) -> tuple[object, ...]:
    """The records of one key, in the order of their digests. Raises ``Broken``."""
    return _read(git, tip, f"{kind}/{key[:2]}/{key}/")


def everything(git: Repository, tip: str | None, kind: str) -> tuple[object, ...]:
    """All records of one kind."""
    return _read(git, tip, f"{kind}/")


def add(
    git: Repository, refs: Refs, ref: str, items: Iterable[Item], message: str, at: int
) -> str | None:
    """Put ``items`` into the ledger; what is there stays. The new tip, or the old one if all are.

    Raises ``Contended`` when others moved the reference each time.
    """
    files = {item.path: git.write_blob(encode(item.value)) for item in items}
    return _change(git, refs, ref, files, (), (message, at))


def remove(
    git: Repository, refs: Refs, ref: str, paths: Sequence[str], message: str, at: int
) -> str | None:
    """Take the files at ``paths`` out of the ledger. Raises ``Contended``."""
    return _change(git, refs, ref, {}, tuple(paths), (message, at))


def contents(
    git: Repository, tip: str | None, below: str = "", since: str | None = None
) -> Iterator[tuple[str, object]]:
    """All records with their paths, or those of one kind (``evidence/``). Raises ``Broken``.

    With ``since`` those alone that an older version of the ledger has not.
    """
    files = _files(git, tip, below) if since is None else _added(git, since, tip)
    for (path, _), data in zip(files, git.read_names([oid for _, oid in files]), strict=True):
        try:
            yield path, json.loads(data or b"")
        except (ValueError, RecursionError) as error:
            raise Broken(f"{path}: the record is no JSON: {error}") from error


def paths(git: Repository, tip: str | None, kind: str) -> tuple[str, ...]:
    """Where all records of one kind stand."""
    return tuple(path for path, _ in _files(git, tip, f"{kind}/"))


def faults(git: Repository, tip: str | None, since: str | None = None) -> tuple[str, ...]:
    """What in the ledger is not as the guard writes it: each a line.

    With ``since`` only what an older version of the ledger has not is read.
    """
    found = []
    files = _files(git, tip, "") if since is None else _added(git, since, tip)
    for (path, oid), data in zip(files, git.read_names([oid for _, oid in files]), strict=True):
        kind, _, rest = path.partition("/")
        parts = rest.split("/")
        try:
            if data is None or len(parts) != 3:
                raise ValueError(f"{oid} is no record")
            wanted = Item(kind, parts[1], json.loads(data)).path
        except (ValueError, RecursionError) as error:
            found.append(f"{path}: not a record of the guard: {error}")
            continue
        if wanted != path:
            found.append(f"{path}: the content belongs to {wanted}: it was changed")
    return tuple(found)


def _read(git: Repository, tip: str | None, below: str) -> tuple[object, ...]:
    return tuple(value for _, value in contents(git, tip, below))


def _files(git: Repository, tip: str | None, below: str) -> list[tuple[str, str]]:
    """Paths and blobs."""
    if tip is None:
        return []
    where = [below] if below else []
    out = git.run("ls-tree", "-r", "-z", "--full-tree", tip, "--", *where)
    lines = out.decode("utf-8", "surrogateescape").split("\0")
    heads = (line.partition("\t") for line in lines if line)
    return [(path, head.split(" ")[2]) for head, _, path in heads]


def _added(git: Repository, old: str, new: str | None) -> list[tuple[str, str]]:
    """Paths and blobs that ``new`` has and ``old`` has not, or has otherwise."""
    if new is None:
        return []
    found = records(
        git.run("diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", old, new)
    )
    return [(path, oids[1]) for _, oids, status, path in found if status != "D"]


def _change(
    git: Repository,
    refs: Refs,
    ref: str,
    files: Mapping[str, str],
    gone: tuple[str, ...],
    said: tuple[str, int],
) -> str | None:
    message, at = said
    for lost in range(_TRIES):
        tip = refs.read(ref)
        tree = _tree(git, tip, files, gone)
        if tip is not None and tree == git.tree_of(tip):
            return tip
        parents = [tip] if tip else []
        new = git.write_commit(tree, parents, message + "\n", at=at)
        if refs.swap(ref, tip, new):
            return new
        give_way(lost)
    raise Contended(f"{ref}: lost the race for it {_TRIES} times; run the command again")


def _tree(git: Repository, tip: str | None, files: Mapping[str, str], gone: Sequence[str]) -> str:
    """The tree of ``tip`` with ``files`` and without ``gone``; only what changes is read."""
    folders: dict[str, dict[str, tuple[str, str]]] = {"": {}}
    for path in (*files, *gone):
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folders.setdefault("/".join(parts[:depth]), {})
    if tip is not None:
        wanted = [f"{folder}/" for folder in folders if folder]
        for where in ([], wanted) if wanted else ([],):
            out = git.run("ls-tree", "-z", "--full-tree", tip, "--", *where)
            for record in out.decode("utf-8", "surrogateescape").split("\0"):
                head, _, path = record.partition("\t")
                folder, _, name = path.rpartition("/")
                if record and folder in folders:
                    mode, _, oid = head.split(" ")
                    folders[folder][name] = (mode, oid)
    for path, oid in files.items():
        folder, _, name = path.rpartition("/")
        folders[folder][name] = (FILE, oid)
    for path in gone:
        folder, _, name = path.rpartition("/")
        folders[folder].pop(name, None)
    for depth in (3, 2, 1):
        level = [f for f in folders if f and f.count("/") + 1 == depth]
        filled = [f for f in level if folders[f]]
        oids = git.write_trees([_entries(folders[f]) for f in filled])
        for folder in level:
            above, _, name = folder.rpartition("/")
            folders[above].pop(name, None)
        for folder, oid in zip(filled, oids, strict=True):
            above, _, name = folder.rpartition("/")
            folders[above][name] = (TREE, oid)
    (top,) = git.write_trees([_entries(folders[""])])
    return top


def _entries(folder: Mapping[str, tuple[str, str]]) -> list[tuple[str, str, str]]:
    return [(mode, oid, name) for name, (mode, oid) in folder.items()]
