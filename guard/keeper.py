"""Keeping the lane's records: reconcile them with what landed, and write what a human decides.

Every function can be run twice, by two at once, and again after it was killed: what is due is
computed from the records as they are at the moment of writing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from guard.change import (
    Deployment,
    Evidence,
    How,
    Landing,
    LaneFacts,
    LaneRecord,
    RecordKind,
)
from guard.errors import GuardError, UsageError
from guard.landings import History, Reader
from guard.lane import LaneState, entries, overrides, state, unreleased
from guard.mergeresult import trees
from guard.refs import Refs
from guard.release import Proofs, Wait, due, missing_of

HEADS = "refs/heads/"


class LaneFault(GuardError):
    """The lane's facts are no ground for a record."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was recorded, and how the lane stands afterwards."""

    appended: tuple[LaneRecord, ...]
    waits: tuple[Wait, ...]
    state: LaneState
    history: History


@dataclass(frozen=True, slots=True)
class Keeper:
    """The lane into one target."""

    reader: Reader
    refs: Refs
    target: str
    policy: str
    """The blob of the target's policy, empty where it has none."""
    evidence: tuple[Evidence, ...] = ()
    """What checks said that is in no record: a forge's check runs; ``deployments`` likewise."""
    deployments: tuple[Deployment, ...] = ()

    def tip(self) -> str:
        """The target's tip. Raises ``UsageError`` where there is no such branch."""
        found = self.refs.read(HEADS + self.target)
        if found is None:
            raise UsageError(f"no branch {self.target!r}")
        return found

    def history(self, records: tuple[LaneRecord, ...] | None = None) -> History:
        """The facts of now."""
        return self.reader.history(self.target, self.tip(), records)

    def proofs(self, facts: LaneFacts) -> Proofs:
        """What there is to release by."""
        settings = self.reader.lane
        (tip_tree,) = trees(self.reader.git, facts.tip)
        judged = dict.fromkeys((tip_tree, *(each.tree for each in unreleased(facts))))
        evidence: list[Evidence] = []
        for tree in judged:
            evidence += self.reader.records.evidence(tree)
        staging = settings.staging
        evidence += (each for each in self.evidence if each.tree in judged)
        deployments = self.reader.records.deployments(staging) if staging else ()
        more = tuple(each for each in self.deployments if each.environment == staging)
        known = tuple(sorted((*deployments, *more), key=lambda each: each.at))
        return Proofs(settings.checks, self.policy, tip_tree, tuple(evidence), staging, known)

    def waits(self, facts: LaneFacts, now: int) -> tuple[Wait, ...]:
        """What each unreleased landing still lacks; nothing is written."""
        if facts.faults or not unreleased(facts):
            return ()
        proofs = self.proofs(facts)
        time = state(facts, now).now
        found = []
        for each in unreleased(facts):
            missing, _ = missing_of(facts, each, proofs, time)
            seen = each.seen_at
            late = isinstance(seen, int) and time > seen + facts.deadline
            found.append(Wait(each, missing, late))
        return tuple(found)

    def reconcile(self, now: int, by: str, only: str = "") -> Outcome:
        """Record the landings that nobody saw, release what is due, set a checkpoint.

        ``only`` names the one landing that may be released by evidence. Raises ``LaneFault``, and
        ``guard.chain.Contended`` where others wrote each time.
        """
        last: list[tuple[History, tuple[Wait, ...]]] = []
        changes = {each.rev: each.change for each in self.reader.pushes if each.change}

        def make(records: tuple[LaneRecord, ...]) -> tuple[LaneRecord, ...]:
            history = self._sound(records)
            found = due(history.facts, self.proofs(history.facts), now, by)
            last[:] = [(history, found.waits)]
            wanted = [replace(each, change=changes.get(each.rev, "")) for each in found.records]
            return tuple(_only(wanted, only))

        appended = self.reader.records.append_lane(self.target, make)
        history, waits = last[0]
        after = history if not appended else self.history()
        return Outcome(appended, waits, state(after.facts, now), after)

    def override(self, rev: str, reason: str, now: int, by: str) -> tuple[LaneRecord, ...]:
        """Release the landing that ``rev`` belongs to, on the word of ``by``.

        ``UsageError`` where it belongs to none that is held.
        """
        _check(reason, by)

        def make(records: tuple[LaneRecord, ...]) -> tuple[LaneRecord, ...]:
            landing = self.landing_of(self._sound(records), rev)
            word = LaneRecord(
                RecordKind.RELEASED,
                landing.rev,
                now,
                by,
                base=landing.base,
                lanes=landing.lanes,
                how=How.OVERRIDE,
                reason=reason,
            )
            return (word,)

        return self.reader.records.append_lane(self.target, make)

    def clear(self, rev: str, reason: str, now: int, by: str) -> tuple[LaneRecord, ...]:
        """Record that the change whose last commit is ``rev`` is not an AI's, says ``by``."""
        _check(reason, by)

        def make(records: tuple[LaneRecord, ...]) -> tuple[LaneRecord, ...]:
            self._sound(records)
            return (LaneRecord(RecordKind.CLEARED, rev, now, by, reason=reason),)

        return self.reader.records.append_lane(self.target, make)

    def start(self, rev: str, now: int, by: str, again: str = "") -> tuple[LaneRecord, ...]:
        """Begin the lane after ``rev``; ``again`` is the reason to begin one anew.

        ``UsageError`` where it has begun, and where ``rev`` is not on the target.
        """
        if not self.reader.git.is_ancestor(rev, self.tip()):
            raise UsageError(f"{rev[:12]} is not on {self.target}")
        if again:
            _check(again, by)

        def make(records: tuple[LaneRecord, ...]) -> tuple[LaneRecord, ...]:
            if not records and again:
                raise UsageError(f"the lane into {self.target} has no start yet: leave --again out")
            if records and not again:
                raise UsageError(
                    f"the lane into {self.target} has begun, at {records[0].rev[:12]}; to begin "
                    "anew, as after a rewrite of the branch, use --again with --reason and --by"
                )
            how = How.OVERRIDE if again else None
            kept = overrides(entries(records))
            return (
                LaneRecord(RecordKind.STARTED, rev, now, by, how=how, reason=again, carried=kept),
            )

        return self.reader.records.append_lane(self.target, make)

    def landing_of(self, history: History, rev: str) -> Landing:
        """The landing that is held and has the commit ``rev``. Raises ``UsageError``."""
        live = {each.rev: each for each in unreleased(history.facts)}
        for unit in history.units:
            if isinstance(unit.commits, tuple) and any(each.rev == rev for each in unit.commits):
                if unit.rev in live:
                    return live[unit.rev]
        held = ", ".join(each[:12] for each in live) or "nothing"
        raise UsageError(f"{rev[:12]} holds no lane into {self.target}; held by {held}")

    def _sound(self, records: tuple[LaneRecord, ...]) -> History:
        history = self.history(records)
        if history.facts.faults:
            raise LaneFault("\n".join(history.facts.faults))
        return history


def _only(wanted: list[LaneRecord], only: str) -> list[LaneRecord]:
    """Without the releases by evidence of others, and the checkpoint that rests on them."""
    if not only:
        return wanted
    return [
        each
        for each in wanted
        if each.kind is RecordKind.LANDED or each.how is How.REVERT or each.rev == only
        if each.kind is not RecordKind.SETTLED
    ]


def _check(reason: str, by: str) -> None:
    if not reason.strip():
        raise UsageError("a reason is needed: it is shown in every later report")
    if not by.strip():
        raise UsageError("the name of a human is needed, who answers for it")
