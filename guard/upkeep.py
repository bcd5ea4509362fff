"""Upkeep of the ledgers: what in them is not as the guard writes it, and what is no longer needed.

Records are taken out of what readers find. The ledger's history keeps them: it only ever grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from guard import ledger
from guard._wire import WireError, load
from guard.chain import Broken
from guard.change import Arrival, Deployment, Evidence
from guard.git import is_oid
from guard.records import ARRIVALS, EVIDENCE, VERSION, Records, lane_ref
from guard.refs import NAMESPACE
from guard.repository import Repository

T = TypeVar("T")

_KINDS = {EVIDENCE: ("evidence", "deployment"), ARRIVALS: ("arrival",)}
_OWN = ("lane", "log", "evidence", "arrivals")
"""What below ``refs/guard/`` holds records, and no history of the project."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What came of it, in numbers of records of evidence."""

    removed: int
    kept: int
    needed: int
    """Of those kept, what would have gone but for a lane."""


def faults(records: Records) -> tuple[str, ...]:
    """Each a line: a digest that is wrong, no JSON, an unknown key or kind, a tree that is missing.

    Reads both ledgers whole.
    """
    found: list[str] = []
    for ref in _KINDS:
        tip = records.tip(ref)
        found += faults_of(records.git, ref, tip)
        if ref == EVIDENCE:
            found += _without_tree(records.git, tip)
    return tuple(found)


def faults_of(
    git: Repository, ref: str, tip: str | None, since: str | None = None
) -> tuple[str, ...]:
    """What in one ledger is no record of its kind, in its place; with ``since`` only what is new.

    Whether the trees are there is another matter: who runs a check may be the first to know one.
    """
    broken = ledger.faults(git, tip, since)
    return broken or tuple(_untyped(git, tip, since, _KINDS[ref]))


def _untyped(
    git: Repository, tip: str | None, since: str | None, kinds: tuple[str, ...]
) -> Iterator[str]:
    for path, value in ledger.contents(git, tip, since=since):
        kind, _, key, _ = path.split("/")
        try:
            if kind not in kinds:
                raise WireError(f"{kind!r} is none of {', '.join(kinds)}")
            if kind == "evidence":
                evidence = typed(value, Evidence)
                if evidence.tree != key:
                    raise WireError(f"it is about the tree {evidence.tree}")
            elif kind == "deployment":
                _belongs(typed(value, Deployment).environment, key)
            else:
                _belongs(typed(value, Arrival).ref, key)
        except WireError as error:
            yield f"{path}: {error}"


def _without_tree(git: Repository, tip: str | None) -> Iterator[str]:
    places = ((path, path.split("/")) for path in reversed(ledger.paths(git, tip, "evidence")))
    first = {parts[2]: path for path, parts in places if len(parts) == 4 and is_oid(parts[2])}
    there = git.kinds(list(first))
    for key, path in first.items():
        if there.get(key) != "tree":
            yield f"{path}: no tree {key} is in this repository"


def _belongs(name: str, key: str) -> None:
    if ledger.key_of(name) != key:
        raise WireError(f"it is about {name!r}, and stands elsewhere")


def typed(value: object, kind: type[T]) -> T:
    """One record's value. Raises ``WireError``."""
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise WireError(f"not of version {VERSION}")
    rest = {key: each for key, each in value.items() if key != "version"}
    return load(rest, kind, kind.__name__)


def older_than(records: Records, time: int, now: int) -> Pruned:
    """Take out the evidence from before ``time``, but what a lane needs.

    Raises ``Broken``: what cannot be read is not thrown away.
    """
    return _prune(records, lambda evidence: evidence.at < time, f"before {time}", now)


def unreachable(records: Records, now: int) -> Pruned:
    """Take out the evidence of trees that no commit of any branch, tag or approval has."""
    history = _trees(records, ("--exclude=" + NAMESPACE + each + "*" for each in _OWN), "--all")
    return _prune(records, lambda evidence: evidence.tree not in history, "of no commit", now)


def _prune(records: Records, goes: Callable[[Evidence], bool], which: str, now: int) -> Pruned:
    needed: frozenset[str] | None = None
    gone: list[str] = []
    total = spared = 0
    for path, value in ledger.contents(records.git, records.tip(EVIDENCE), "evidence/"):
        try:
            evidence = typed(value, Evidence)
        except WireError as error:
            raise Broken(f"{path}: {error}") from error
        total += 1
        if goes(evidence):
            if needed is None:
                needed = _needed(records)
            if evidence.tree in needed:
                spared += 1
            else:
                gone.append(path)
    if gone:
        message = f"evidence: {len(gone)} records {which} taken out"
        ledger.remove(records.git, records.refs, EVIDENCE, gone, message, now)
    return Pruned(len(gone), total - len(gone), spared)


def _needed(records: Records) -> frozenset[str]:
    """The trees that a lane may ask for, and those that the tips of all branches have.

    That is: all from the newest settled record to the target's tip, and each that a record names.
    """
    needed = set(_trees(records, ("--no-walk", f"--exclude={NAMESPACE}*"), "--all"))
    prefix = lane_ref("")
    for ref in records.git.refs(prefix):
        target = ref.removeprefix(prefix)
        tip = records.git.ref(f"refs/heads/{target}")
        open_ = records.lane(target)
        revs = {rev for record in open_ for rev in (record.base, record.rev) if rev}
        needed |= _trees(records, ("--no-walk",), *revs) if revs else set()
        if tip is not None and open_:
            needed |= _trees(records, (), f"^{open_[0].rev}", tip)
        for _, record in records.lane_history(target):
            needed.update(record.proof)
    return frozenset(needed)


def _trees(records: Records, options: Iterator[str] | tuple[str, ...], *revs: str) -> set[str]:
    asked = ("rev-list", "--no-commit-header", "--format=%T", *options, *revs, "--")
    return set(records.git.run(*asked).decode("ascii").split())
