"""A chain of records: each is a commit with one JSON file, and its parent is the record before.

So that a record cannot be changed without changing the id of all that follow, and ``git log`` reads
them. A chain grows by compare-and-swap: who loses the race reads again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from guard.errors import GuardError
from guard.refs import Refs, give_way
from guard.repository import FILE, Repository

RECORD = "record.json"
_PAGE = 256
_TRIES = 50


class Contended(GuardError):
    """Others moved the reference each time. Nothing was written; the same call may go through."""

    exit_code = 3


class Broken(GuardError):
    """The chain cannot be read: a record is missing, is no JSON, or hangs on two others."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Link:
    """One record of a chain. ``value`` is what ``json.loads`` makes of it."""

    oid: str
    value: object


@dataclass(frozen=True, slots=True)
class Entry:
    """A record to append: its JSON value, the commit's message, time and author."""

    value: object
    message: str
    at: int
    by: str = ""


def newest_first(git: Repository, tip: str | None) -> Iterator[Link]:
    """The records from ``tip`` back, read a page at a time. Raises ``Broken``."""
    while tip is not None:
        asked = ("rev-list", "--parents", f"--max-count={_PAGE}", "--end-of-options", tip)
        lines = [line.split() for line in git.run(*asked).decode("ascii").splitlines()]
        names = [f"{oids[0]}:{RECORD}" for oids in lines]
        for oids, data in zip(lines, git.read_names(names), strict=True):
            if len(oids) > 2:
                raise Broken(f"record {oids[0]} has {len(oids) - 1} parents; a chain has one")
            yield Link(oids[0], _value(oids[0], data))
        tip = lines[-1][1] if len(lines[-1]) > 1 else None


def append(
    git: Repository,
    refs: Refs,
    ref: str,
    make: Callable[[str | None], Sequence[Entry]],
    tries: int = _TRIES,
) -> str | None:
    """Append what ``make`` says of the chain's tip; the new tip.

    ``make`` is asked again after each race that is lost, with the tip of then; no entries end it.
    Raises ``Contended`` after ``tries`` of them.
    """
    for lost in range(tries):
        tip = refs.read(ref)
        entries = make(tip)
        if not entries:
            return tip
        new = tip
        for entry in entries:
            new = _write(git, entry, new)
        if refs.swap(ref, tip, new):
            return new
        give_way(lost)
    raise Contended(f"{ref}: lost the race for it {tries} times; run the command again")


def encode(value: object) -> bytes:
    """The one text of a JSON value: keys sorted, a line feed at the end, ASCII."""
    return (json.dumps(value, sort_keys=True, indent=1) + "\n").encode("ascii")


def _write(git: Repository, entry: Entry, parent: str | None) -> str:
    blob = git.write_blob(encode(entry.value))
    (tree,) = git.write_trees([[(FILE, blob, RECORD)]])
    parents = [parent] if parent else []
    return git.write_commit(tree, parents, entry.message + "\n", at=entry.at, by=entry.by)


def _value(oid: str, data: bytes | None) -> object:
    if data is None:
        raise Broken(f"commit {oid} holds no {RECORD}: it is none of the guard's records")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Broken(f"the record {oid} is no JSON: {error}") from error
