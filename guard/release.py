"""What the lane's records should say next: landings seen, releases due, what is settled. Pure.

Asking twice with the same facts gives the same records, so it does no harm to ask too often, or
from two places at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from guard.change import (
    Deployment,
    Evidence,
    How,
    Landing,
    LaneEntry,
    LaneFacts,
    LaneRecord,
    RecordKind,
    State,
    Unknown,
)
from guard.lane import clock, covers, entries, faults, overrides, places, unreleased
from guard.model import Verdict

LONGEST_RANGE = 200
"""After so many landings of any kind without a checkpoint there is one, to bound what is read."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a release by evidence asks for, and what there is."""

    checks: tuple[str, ...]
    """The checks that must be green."""
    policy: str
    """The blob of the target's policy: evidence under another one does not count."""
    tip_tree: str
    evidence: tuple[Evidence, ...]
    staging: str = ""
    """The environment where the landing must be healthy for the soak; empty for none."""
    deployments: tuple[Deployment, ...] = ()
    """To that environment, oldest first."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A landing that cannot be released yet, and all that is missing."""

    landing: Landing
    missing: tuple[str, ...]
    overdue: bool


@dataclass(frozen=True, slots=True)
class Due:
    """The records to append, in order, and who still waits for what."""

    records: tuple[LaneRecord, ...]
    waits: tuple[Wait, ...]


def due(facts: LaneFacts, proofs: Proofs, now: int, by: str) -> Due:
    """What is to be recorded of ``facts`` at ``now``, in the name of ``by``.

    Nothing is, of facts with faults: they are no ground for a release.
    """
    if faults(facts):
        return Due((), ())
    seen = landed(facts, now, by)
    time = clock(entries(facts.records), now)
    landings = (
        replace(each, seen_at=time) if isinstance(each.seen_at, Unknown) else each
        for each in facts.landings
    )
    facts = replace(_with(facts, seen), landings=tuple(landings))
    back = tuple(
        LaneRecord(
            RecordKind.RELEASED,
            each.rev,
            now,
            by,
            base=each.base,
            lanes=each.lanes,
            how=How.REVERT,
            proof=(each.reverted_by,),
        )
        for each in facts.landings
        if each.reverted_by and not _released(facts, each)
    )
    facts = _with(facts, back)
    freed, waits = _by_evidence(facts, proofs, now, by)
    facts = _with(facts, freed)
    return Due((*seen, *back, *freed, *settled(facts, now, by)), waits)


def landed(facts: LaneFacts, now: int, by: str) -> tuple[LaneRecord, ...]:
    """The landings that no record has seen yet."""
    return tuple(
        LaneRecord(RecordKind.LANDED, each.rev, now, by, base=each.base, lanes=each.lanes)
        for each in facts.landings
        if isinstance(each.seen_at, Unknown)
    )


def settled(facts: LaneFacts, now: int, by: str) -> tuple[LaneRecord, ...]:
    """A checkpoint up to the first landing that is not released, if there is reason for one."""
    place, found = places(facts), entries(facts.records)
    if any(rev not in place for each in facts.landings for rev in (each.base, each.rev)):
        return ()
    live = unreleased(facts)
    end = place[live[0].base] if live else len(facts.marks) - 1
    done = any(place[each.rev] <= end for each in facts.landings)
    if not (done or end >= LONGEST_RANGE):
        return ()
    at = clock(found, now)
    return (
        LaneRecord(
            RecordKind.SETTLED, facts.marks[end], at, by, carried=_carried(found, place, end)
        ),
    )


def _carried(
    found: tuple[LaneEntry, ...], place: dict[str, int], end: int
) -> tuple[LaneEntry, ...]:
    """What still counts behind the checkpoint.

    Humans' decisions, for every report shows them; and what speaks of anything later than ``end``,
    or of what this reader does not see yet.
    """
    humans = overrides(found)
    later = (
        each
        for each in found
        if each.kind in (RecordKind.LANDED, RecordKind.RELEASED)
        if each.rev not in place or place[each.rev] > end
    )
    return tuple(dict.fromkeys((*humans, *later)))


def _with(facts: LaneFacts, records: tuple[LaneRecord, ...]) -> LaneFacts:
    return replace(facts, records=(*facts.records, *records))


def _released(facts: LaneFacts, landing: Landing) -> bool:
    place = places(facts)
    return any(
        each.kind is RecordKind.RELEASED and covers(each, landing.base, landing.rev, place)
        for each in entries(facts.records)
    )


def _by_evidence(
    facts: LaneFacts, proofs: Proofs, now: int, by: str
) -> tuple[tuple[LaneRecord, ...], tuple[Wait, ...]]:
    freed, waits = [], []
    time = clock(entries(facts.records), now)
    for landing in unreleased(facts):
        missing, proof = missing_of(facts, landing, proofs, time)
        if not missing:
            freed.append(
                LaneRecord(
                    RecordKind.RELEASED,
                    landing.rev,
                    now,
                    by,
                    base=landing.base,
                    lanes=landing.lanes,
                    how=How.EVIDENCE,
                    proof=proof,
                )
            )
            continue
        assert isinstance(landing.seen_at, int)
        waits.append(Wait(landing, missing, time > landing.seen_at + facts.deadline))
    return tuple(freed), tuple(waits)


def missing_of(
    facts: LaneFacts, landing: Landing, proofs: Proofs, now: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What keeps ``landing`` from its release, each in words; and what proves it sound.

    ``now`` is the lane's clock (``guard.lane.clock``).
    """
    missing = []
    if isinstance(landing.seen_at, Unknown):
        missing.append("its landing is not recorded yet: run `guard lane reconcile`")
    elif now < landing.seen_at + facts.soak:
        missing.append(f"its soak goes on for {landing.seen_at + facts.soak - now} s")
    missing += _health(facts, landing, proofs, now)
    lacks, proof = _green(landing, proofs)
    return (*missing, *lacks), proof


def _green(landing: Landing, proofs: Proofs) -> tuple[list[str], tuple[str, ...]]:
    """The tip's tree decides where a check judged it; else the tree as it landed does.

    A tip that is red is not released on the word of an older tree, and a landing that was red is
    once what followed has made the tip green.
    """
    tip = {check: _verdicts(proofs, proofs.tip_tree, check) for check in proofs.checks}
    red = [each for found in tip.values() for each in found if each.verdict is not Verdict.PASS]
    if red:
        return [_red(each, "the target's tip") for each in red], ()
    if all(tip.values()):
        return [], _ids(tip.values())
    then = {check: _verdicts(proofs, landing.tree, check) for check in proofs.checks}
    red = [each for found in then.values() for each in found if each.verdict is not Verdict.PASS]
    if red:
        return [_red(each, "the landed tree") for each in red], ()
    if all(then.values()):
        return [], _ids(then.values())
    here, there = proofs.tip_tree[:12], landing.tree[:12]
    return [
        f"no evidence of {check!r} for tree {here if then[check] else _either(here, there)}"
        for check in proofs.checks
        if not tip[check]
    ], ()


def _either(one: str, other: str) -> str:
    return one if one == other else f"{one} or {other}"


def _verdicts(proofs: Proofs, tree: str, check: str) -> list[Evidence]:
    """The newest word in each environment; of two at the same time the worse."""
    newest: dict[str, Evidence] = {}
    for each in proofs.evidence:
        if (each.tree, each.check, each.policy) != (tree, check, proofs.policy):
            continue
        known = newest.get(each.environment)
        if known is None or _newness(each) > _newness(known):
            newest[each.environment] = each
    return list(newest.values())


def _newness(each: Evidence) -> tuple[int, bool]:
    return each.at, each.verdict is not Verdict.PASS


def _red(each: Evidence, tree: str) -> str:
    where = f" at {each.where}" if each.where else ""
    return f"{each.check!r} says {each.verdict.value} of {tree} {each.tree[:12]}{where}"


def _ids(found: Iterable[list[Evidence]]) -> tuple[str, ...]:
    """What a reader can look up with ``guard evidence show``."""
    return tuple(
        sorted({f"{each.check}:{each.tree}:{each.environment}" for many in found for each in many})
    )


def _health(facts: LaneFacts, landing: Landing, proofs: Proofs, now: int) -> list[str]:
    """Healthy on staging, without a break, for as long as the soak."""
    if not proofs.staging:
        return []
    since = _healthy_since(facts, landing, proofs.deployments)
    if isinstance(since, str):
        return [f"{proofs.staging}: {since}"]
    seen = landing.seen_at if isinstance(landing.seen_at, int) else now
    left = max(since, seen) + facts.soak - now
    return [f"{proofs.staging}: healthy, to be watched for {left} s more"] if left > 0 else []


def _healthy_since(
    facts: LaneFacts, landing: Landing, deployments: tuple[Deployment, ...]
) -> int | str:
    """Since when a deployment that has the landing in it is healthy, or why there is none.

    A newer deployment that has it in too goes on watching it: only a failure begins anew.
    """
    since: int | None = None
    why, time = "the landing was never deployed there", 0
    marks = facts.marks
    after = marks[marks.index(landing.rev) :] if landing.rev in marks else ()
    for each in deployments:
        time = max(time, each.at)
        has = each.rev == landing.rev or each.rev in after
        if not has:
            since, why = None, f"runs {each.rev[:12]}, without the landing"
        elif each.state is State.HEALTHY:
            since, why = time if since is None else since, ""
        else:
            why = f"{each.rev[:12]} is {each.state.value}, not healthy"
            since = since if each.state is State.STARTED else None
    return why or (since if since is not None else "not healthy")
