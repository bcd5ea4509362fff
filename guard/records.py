"""The records of the guard, typed: evidence, deployments, the lane, decisions, arrivals.

    refs/guard/lane/<target>    a chain of ``LaneRecord``
    refs/guard/log/<target>     a chain of ``Decision``
    refs/guard/evidence         a ledger of ``Evidence`` (by tree) and ``Deployment``
    refs/guard/arrivals         a ledger of ``Arrival`` (by branch)

Each is ``{"version": 1, ...}`` with the fields of the value. A record that cannot be read is an
error, never a record that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from guard._wire import WireError, dump, load
from guard.chain import Broken, Entry, append, newest_first
from guard.change import Arrival, Decision, Deployment, Evidence, LaneRecord, RecordKind
from guard.ledger import Item, add, everything, find, key_of
from guard.refs import NAMESPACE, Refs
from guard.repository import Repository

T = TypeVar("T")

VERSION = 1
EVIDENCE = NAMESPACE + "evidence"
ARRIVALS = NAMESPACE + "arrivals"
_BATCH = 50


def lane_ref(target: str) -> str:
    """The reference of the lane into ``target``, a branch without ``refs/heads/``."""
    return f"{NAMESPACE}lane/{target}"


def log_ref(target: str) -> str:
    """The reference of the decisions about ``target``."""
    return f"{NAMESPACE}log/{target}"


@dataclass
class Records:
    """All records of one repository, read as they are asked for and kept for this run."""

    git: Repository
    refs: Refs
    _tips: dict[str, str | None] = field(default_factory=dict)

    def lane(self, target: str) -> tuple[LaneRecord, ...]:
        """The records since the newest settled one or the start, oldest first.

        Raises ``Broken``.
        """
        return tuple(record for _, record in self._since(self._tip(lane_ref(target))))

    def lane_history(self, target: str) -> Iterator[tuple[str, LaneRecord]]:
        """The whole chain, newest first, with the id of each record. Raises ``Broken``."""
        for link in newest_first(self.git, self._tip(lane_ref(target))):
            yield link.oid, _load(link.value, LaneRecord, link.oid)

    def append_lane(
        self,
        target: str,
        make: Callable[[tuple[LaneRecord, ...]], Sequence[LaneRecord]],
    ) -> tuple[LaneRecord, ...]:
        """Append what ``make`` says of the records so far, and answer with what was appended.

        ``make`` is asked again after a lost race. Raises ``Broken`` and ``guard.chain.Contended``.
        """
        made: list[LaneRecord] = []

        def entries(tip: str | None) -> list[Entry]:
            made[:] = make(tuple(record for _, record in self._since(tip)))
            return [Entry(_dump(each), _words(each), each.at, each.by) for each in made]

        self._tips[lane_ref(target)] = append(self.git, self.refs, lane_ref(target), entries)
        return tuple(made)

    def decisions(self, target: str) -> Iterator[tuple[str, Decision]]:
        """The log, newest first, with the id of each record. Raises ``Broken``."""
        for link in newest_first(self.git, self._tip(log_ref(target))):
            value = link.value
            if not (isinstance(value, dict) and isinstance(value.get("decisions"), list)):
                raise Broken(f"{link.oid}: no record of decisions")
            for each in reversed(value["decisions"]):
                yield link.oid, _load(each, Decision, link.oid)

    def log(self, target: str, decisions: Sequence[Decision]) -> None:
        """Append decisions, many in one record. Raises ``guard.chain.Contended``."""
        entries = [
            Entry(
                {"version": VERSION, "decisions": [_dump(each) for each in batch]},
                _decided(batch),
                batch[-1].at,
            )
            for batch in (decisions[at : at + _BATCH] for at in range(0, len(decisions), _BATCH))
        ]
        if entries:
            ref = log_ref(target)
            self._tips[ref] = append(self.git, self.refs, ref, lambda _: entries)

    def evidence(self, tree: str) -> tuple[Evidence, ...]:
        """What is recorded of a tree, oldest first. Raises ``Broken``."""
        found = find(self.git, self._tip(EVIDENCE), "evidence", tree)
        values = [_load(each, Evidence, f"evidence of {tree}") for each in found]
        if any(each.tree != tree for each in values):
            raise Broken(f"evidence of {tree}: a record is about another tree")
        return tuple(sorted(values, key=lambda each: (each.at, each.check, each.environment)))

    def all_evidence(self) -> tuple[Evidence, ...]:
        """What is recorded of any tree."""
        found = everything(self.git, self._tip(EVIDENCE), "evidence")
        return tuple(_load(each, Evidence, "evidence") for each in found)

    def record_evidence(self, items: Sequence[Evidence]) -> None:
        """Record evidence. Raises ``guard.chain.Contended``."""
        wanted = [Item("evidence", each.tree, _dump(each)) for each in items]
        names = ", ".join(sorted({f"{each.check} {each.verdict.value}" for each in items}))
        self._add(EVIDENCE, wanted, f"evidence: {names}", max(each.at for each in items))

    def deployments(self, environment: str = "") -> tuple[Deployment, ...]:
        """The deployments to one environment, or to all, oldest first. Raises ``Broken``."""
        tip = self._tip(EVIDENCE)
        if environment:
            found = find(self.git, tip, "deployment", key_of(environment))
        else:
            found = everything(self.git, tip, "deployment")
        values = [_load(each, Deployment, "deployment") for each in found]
        if environment and any(each.environment != environment for each in values):
            raise Broken(f"deployments to {environment!r}: a record is about another environment")
        return tuple(sorted(values, key=lambda each: (each.at, each.environment, each.rev)))

    def record_deployment(self, item: Deployment) -> None:
        """Record a deployment's state. Raises ``guard.chain.Contended``."""
        wanted = [Item("deployment", key_of(item.environment), _dump(item))]
        said = f"deployment: {item.rev[:12]} {item.state.value} in {item.environment!r}"
        self._add(EVIDENCE, wanted, said, item.at)

    def arrivals(self, ref: str) -> tuple[Arrival, ...]:
        """Who sent what to a branch, oldest first. Raises ``Broken``."""
        found = find(self.git, self._tip(ARRIVALS), "arrival", key_of(ref))
        values = [_load(each, Arrival, f"arrivals of {ref!r}") for each in found]
        if any(each.ref != ref for each in values):
            raise Broken(f"arrivals of {ref!r}: a record is about another branch")
        return tuple(sorted(values, key=lambda each: each.at))

    def all_arrivals(self) -> tuple[Arrival, ...]:
        """Who sent what to any branch, oldest first. Raises ``Broken``."""
        found = everything(self.git, self._tip(ARRIVALS), "arrival")
        values = [_load(each, Arrival, "arrivals") for each in found]
        return tuple(sorted(values, key=lambda each: each.at))

    def record_arrivals(self, items: Sequence[Arrival]) -> None:
        """Record who sent what. Raises ``guard.chain.Contended``."""
        if items:
            wanted = [Item("arrival", key_of(each.ref), _dump(each)) for each in items]
            self._add(ARRIVALS, wanted, f"{len(items)} arrived", max(each.at for each in items))

    def tip(self, ref: str) -> str | None:
        """What a reference of the guard was when it was first read in this run."""
        return self._tip(ref)

    def _add(self, ref: str, items: Sequence[Item], message: str, at: int) -> None:
        self._tips[ref] = add(self.git, self.refs, ref, items, message, at)

    def _tip(self, ref: str) -> str | None:
        if ref not in self._tips:
            self._tips[ref] = self.refs.read(ref)
        return self._tips[ref]

    def _since(self, tip: str | None) -> list[tuple[str, LaneRecord]]:
        found = []
        for link in newest_first(self.git, tip):
            record = _load(link.value, LaneRecord, link.oid)
            found.append((link.oid, record))
            if record.kind in (RecordKind.SETTLED, RecordKind.STARTED):
                break
        return found[::-1]


def _dump(value: object) -> object:
    found = dump(value)
    assert isinstance(found, dict)
    return {"version": VERSION, **found}


def _load(value: object, kind: type[T], where: str) -> T:
    try:
        if not isinstance(value, dict) or value.get("version") != VERSION:
            raise WireError(f"not of version {VERSION}")
        rest = {key: each for key, each in value.items() if key != "version"}
        return load(rest, kind, kind.__name__)
    except WireError as error:
        raise Broken(f"{where}: {error}") from error


def _words(record: LaneRecord) -> str:
    how = f" ({record.how.value})" if record.how else ""
    return f"{record.kind.value} {record.rev[:12]}{how}\n\n{record.reason}".strip()


def _decided(batch: Sequence[Decision]) -> str:
    lines = [f"{each.verdict.value} {each.rev[:12]} at {each.door}" for each in batch]
    if len(lines) == 1:
        return lines[0]
    return f"{len(lines)} decisions\n\n" + "\n".join(lines)
