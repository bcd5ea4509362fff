"""The lane: who holds it, and who may land. Pure: facts and a clock in, an answer out.

A lane has room for one AI change, from its landing on the target until its release. What has landed
is a fact of git that cannot change; what was released is a record. There is no lock: whoever asks
with the same facts gets the same answer, and a record that is missing means held.

Times are seconds since 1970 UTC. They never run backwards here: a record counts as written when the
latest of those before it was, and now is never before the last record. A clock that jumps back can
make a soak longer, and never shorter.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from guard.change import (
    Held,
    How,
    Landing,
    LaneEntry,
    LaneFacts,
    LaneRecord,
    Missing,
    RecordKind,
    Unit,
    Unknown,
    Waiting,
)

CHECKPOINTS = (RecordKind.STARTED, RecordKind.SETTLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """One lane: its holder, or none where it is free."""

    lane: str
    holder: Landing | None
    behind: tuple[Landing, ...]
    """More AI landings that are not released: the lane was passed by."""
    until: int | None
    """When the holder's soak is over at the earliest; ``None`` where nobody saw it land yet."""
    free_since: int
    overdue: bool
    """Whether the holder is watched for longer than the deadline."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """All lanes into one target."""

    now: int
    """The clock, but not before the last record."""
    lanes: tuple[Standing, ...]
    overrides: tuple[LaneEntry, ...]
    """What humans released, began anew or cleared, oldest first: every report shows them."""
    faults: tuple[str, ...]

    def of(self, lane: str) -> Standing:
        """The lane of that name; one that nothing is known of is free."""
        found = (each for each in self.lanes if each.lane == lane)
        return next(found, Standing(lane, None, (), None, 0, False))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Several AI changes for one lane that ask to land at once: a fault, no turn would help."""

    lane: str
    units: tuple[str, ...]


def faults(facts: LaneFacts) -> tuple[str, ...]:
    """Why the facts are no ground for a decision; a lane without any record has not begun."""
    if facts.faults or any(each.kind in CHECKPOINTS for each in facts.records):
        return facts.faults
    return (f"the lane into {facts.target} has no start: run `guard lane start`",)


def entries(records: tuple[LaneRecord, ...]) -> tuple[LaneEntry, ...]:
    """What counts of the chain: what the newest checkpoint carries, it, and all that follow.

    A checkpoint is a start or a settled record. Times are made to run forward.
    """
    start = 0
    for number, record in enumerate(records):
        if record.kind in CHECKPOINTS:
            start = number
    found: list[LaneEntry] = []
    clock = 0
    for record in records[start:]:
        found.extend(record.carried)
        clock = max(clock, record.at)
        found.append(plain(record, clock))
    return tuple(found)


def plain(record: LaneEntry, at: int) -> LaneEntry:
    """The record without what it carries, as written at ``at``."""
    values = {each.name: getattr(record, each.name) for each in fields(LaneEntry)}
    return LaneEntry(**{**values, "at": at})


def clock(found: tuple[LaneEntry, ...], now: int) -> int:
    """Now, but not before the last record, which is the latest since the checkpoint."""
    return max(now, found[-1].at) if found else now


def places(facts: LaneFacts) -> dict[str, int]:
    """The place of each revision where a landing begins or ends, on the way to the tip."""
    return {rev: number for number, rev in enumerate(facts.marks)}


def covers(entry: LaneEntry, base: str, rev: str, place: dict[str, int]) -> bool:
    """Whether the record speaks of all of ``base..rev``."""
    if (entry.base, entry.rev) == (base, rev):
        return True
    known = all(each in place for each in (entry.base, base, rev, entry.rev))
    return known and place[entry.base] <= place[base] and place[rev] <= place[entry.rev]


def seen_at(
    found: tuple[LaneEntry, ...], base: str, rev: str, place: dict[str, int]
) -> int | Unknown:
    """When ``base..rev`` was first recorded as landed."""
    times = [
        each.at
        for each in found
        if each.kind is RecordKind.LANDED and covers(each, base, rev, place)
    ]
    return min(times) if times else Unknown("nobody has recorded yet that it landed")


def unreleased(facts: LaneFacts) -> tuple[Landing, ...]:
    """The AI landings that hold their lanes: neither taken back exactly nor released."""
    found, place = entries(facts.records), places(facts)
    return tuple(
        landing
        for landing in facts.landings
        if not landing.reverted_by and not any(_frees(each, landing, place) for each in found)
    )


def _frees(entry: LaneEntry, landing: Landing, place: dict[str, int]) -> bool:
    if entry.kind is RecordKind.RELEASED:
        return covers(entry, landing.base, landing.rev, place)
    if entry.kind in CHECKPOINTS:
        return place.get(landing.rev, len(place)) <= place.get(entry.rev, -1)
    return False


def overrides(found: tuple[LaneEntry, ...]) -> tuple[LaneEntry, ...]:
    """What rests on nothing but a human's word."""
    return tuple(
        each for each in found if each.how is How.OVERRIDE or each.kind is RecordKind.CLEARED
    )


def state(facts: LaneFacts, now: int) -> LaneState:
    """Who holds each lane, since when and how long."""
    found, place = entries(facts.records), places(facts)
    clock_now, live = clock(found, now), unreleased(facts)
    names = [*facts.lanes, *(lane for landing in facts.landings for lane in landing.lanes)]
    standings = []
    for lane in dict.fromkeys(names):
        holders = [landing for landing in live if lane in landing.lanes]
        holder = holders[0] if holders else None
        seen = holder.seen_at if holder and isinstance(holder.seen_at, int) else None
        standings.append(
            Standing(
                lane,
                holder,
                tuple(holders[1:]),
                None if seen is None else seen + facts.soak,
                _free_since(facts, found, lane, place),
                seen is not None and clock_now > seen + facts.deadline,
            )
        )
    return LaneState(clock_now, tuple(standings), overrides(found), faults(facts))


def decide(
    facts: LaneFacts, units: tuple[Unit, ...], now: int
) -> tuple[Held | Missing | Crowd, ...]:
    """Whether ``units`` may land on the target, together and now; nothing if they may.

    What is no AI's always may, whatever is known of the lane; and so may what takes back exactly a
    landing that is not released.
    """
    live = unreleased(facts)
    taken_back = {landing.rev for landing in live}
    judged = [unit for unit in units if unit.is_ai and unit.reverts not in taken_back]
    if not judged:
        return ()
    lacking = tuple(_lacking(facts, judged))
    if lacking:
        return lacking
    known = [(unit, unit.lanes) for unit in judged if isinstance(unit.lanes, tuple)]
    crowds = tuple(_crowds(known))
    if crowds:
        return crowds
    standing = state(facts, now)
    found: list[Held | Missing | Crowd] = []
    for unit, lanes in known:
        held = _held(facts, standing, unit, lanes)
        answer = held or _turn(facts, standing, unit, lanes)
        if answer:
            found.append(answer)
    return tuple(found)


def line(facts: LaneFacts, lanes: tuple[str, ...]) -> tuple[Waiting, ...]:
    """The changes that are ready to land in any of ``lanes``, who has waited longest first."""
    if isinstance(facts.waiting, Unknown):
        return ()
    ready = [
        (each.ready_since, each.id, number, each)
        for number, each in enumerate(facts.waiting)
        if isinstance(each.ready_since, int) and not set(lanes).isdisjoint(each.lanes)
    ]
    return tuple(each for *_, each in sorted(ready))


def name_of(landing: Landing, found: tuple[LaneEntry, ...]) -> str:
    """How messages name a landing: ``#23`` or a branch where a record has it, else its revision."""
    for each in found:
        if each.rev == landing.rev and each.change not in ("", each.rev):
            return each.change
    return landing.change or landing.rev[:12]


def _free_since(
    facts: LaneFacts, found: tuple[LaneEntry, ...], lane: str, place: dict[str, int]
) -> int:
    """The last time that a landing of this lane was released, or the checkpoint."""
    mine = [landing for landing in facts.landings if lane in landing.lanes]
    times = (
        each.at
        for each in found
        if each.kind in CHECKPOINTS or any(_frees(each, landing, place) for landing in mine)
    )
    return max(times, default=0)


def _lacking(facts: LaneFacts, judged: list[Unit]) -> list[Missing]:
    found = [Missing("lane", fault) for fault in faults(facts)]
    for unit in judged:
        for fact in ("provenance", "lanes"):
            value = getattr(unit, fact)
            if isinstance(value, Unknown):
                found.append(Missing(f"{fact} of {unit.id}", value.reason))
    if facts.turn and not found:
        fix = "Name what waits for the lane, or set lane.turn to 0s in the policy."
        if isinstance(facts.waiting, Unknown):
            return [Missing("lane.waiting", facts.waiting.reason, fix)]
        wanted = {lane for unit in judged if isinstance(unit.lanes, tuple) for lane in unit.lanes}
        found += [
            Missing(f"ready_since of {each.id}", each.ready_since.reason, fix)
            for each in facts.waiting
            if isinstance(each.ready_since, Unknown) and not wanted.isdisjoint(each.lanes)
        ]
    return found


def _crowds(judged: list[tuple[Unit, tuple[str, ...]]]) -> list[Crowd]:
    found = []
    for lane in dict.fromkeys(lane for _, lanes in judged for lane in lanes):
        together = tuple(unit.id for unit, lanes in judged if lane in lanes)
        if len(together) > 1:
            found.append(Crowd(lane, together))
    return found


def _held(facts: LaneFacts, standing: LaneState, unit: Unit, lanes: tuple[str, ...]) -> Held | None:
    """Held by what is on the target, in any of the unit's lanes."""
    held = [standing.of(lane) for lane in lanes if standing.of(lane).holder]
    if not held:
        return None
    first = held[0]
    assert first.holder is not None
    found = entries(facts.records)
    by = name_of(first.holder, found)
    names = ", ".join(each.lane for each in held)
    reason = f"lane {names} is held by {by}" if len(held) == 1 else f"lanes {names} are held"
    if first.until is None:
        reason += ", and nobody has recorded yet that it landed"
    elif first.overdue:
        reason += ", which is past its deadline: take it back, or have a human release it"
    if _claims(unit, first.holder):
        reason += f". It says that it reverts {first.holder.rev[:12]}, but does not exactly that"
    untils = [each.until for each in held]
    until = max(each for each in untils if each is not None) if None not in untils else None
    place, of = _place(facts, unit, lanes)
    return Held(reason, by, until, place, of)


def _turn(facts: LaneFacts, standing: LaneState, unit: Unit, lanes: tuple[str, ...]) -> Held | None:
    """Held for a change that has waited longer, within its turn."""
    waiting = line(facts, lanes)
    place, of = _place(facts, unit, lanes)
    for older in waiting[: place - 1 if place else len(waiting)]:
        shared = [lane for lane in lanes if lane in older.lanes]
        free = max(standing.of(lane).free_since for lane in shared)
        assert isinstance(older.ready_since, int)
        end = max(free, older.ready_since) + facts.turn
        if standing.now < end:
            names = ", ".join(shared)
            return Held(f"lane {names} is kept for {older.id}", older.id, end, place, of)
    return None


def _place(
    facts: LaneFacts, unit: Unit, lanes: tuple[str, ...]
) -> tuple[int, int] | tuple[None, None]:
    """The place in the line, and its length. Who does not stand in it comes last."""
    if isinstance(facts.waiting, Unknown):
        return None, None
    waiting = line(facts, lanes)
    for number, each in enumerate(waiting, 1):
        if each.id == unit.id or each.head in (unit.rev, unit.head):
            return number, len(waiting)
    return len(waiting) + 1, len(waiting) + 1


def _claims(unit: Unit, holder: Landing) -> bool:
    """Whether a message says, as git-revert(1) writes it, that this takes the holder back."""
    if isinstance(unit.commits, Unknown):
        return False
    return any(f"This reverts commit {holder.rev}" in each.message for each in unit.commits)
