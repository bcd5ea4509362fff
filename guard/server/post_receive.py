"""``post-receive``: write down what ``pre-receive`` said, now that the references have moved.

Everything here can be done twice and by anyone: what is recorded already is found and not recorded
again, and a file leaves the spool only when all that it says is in the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from guard.change import Arrival, Decision, LaneRecord, Origin, RecordKind
from guard.errors import GuardError
from guard.model import Verdict
from guard.records import Records
from guard.refs import LocalRefs
from guard.repository import Repository
from guard.server.lock import held
from guard.server.policies import Policies
from guard.server.spool import Intent, Moved, Spool
from guard.server.survey import head_of, targets_of
from guard.server.updates import HEADS, Update
from guard.server.words import DOOR

_ABANDONED = 600
"""After how many seconds a push that passed and is not there is taken for one that failed."""
_RECENT = 500
"""How many of the newest decisions are searched for those of a flush that was cut short."""

SERVER = "server-hook"
"""Who writes the records that no one asked for by name."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A move of a reference that took place, and who sent it."""

    update: Update
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Flush:
    """What a flush works on, and with."""

    git: Repository
    spool: Spool
    policies: Policies
    now: int
    origin: Callable[[Landed, Sequence[str]], Origin]
    """Who made what arrived, and is in no history of the commits that are named."""
    lane: Callable[[str, Sequence[Moved]], None]
    """Bring the lane into a target up to date; what landed on it is told."""
    step: Callable[[str], None] = lambda _: None
    patience: float = 10.0


@dataclass
class _Work:
    """What is to be recorded."""

    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    landed: list[Landed] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    done: list[Intent] = field(default_factory=list)


def flush(job: Flush, moved: Sequence[Update] = ()) -> tuple[str, ...]:
    """Empty the spool into the records; ``moved`` are updates that surely took place.

    Answers with what could not be done, each a line: its files stay for the next time. Raises
    ``guard.server.lock.Busy`` where another process is at it.
    """
    job.spool.prepare()
    faults: list[str] = []
    with held(job.spool.lock, job.patience):
        job.step("flush locked")
        found = job.spool.read(job.now)
        head = head_of(job.git)
        tips = job.git.refs(HEADS)
        targets = targets_of(head, job.policies.at(tips.get(HEADS + head, "")))
        work = _Work()
        for intent in found.intents:
            _sort(job, intent, moved, tips, work)
        for name, reason in found.broken:
            what = f"spool: unverified: the file {name!r} is no record and was set aside: {reason}"
            broken = Decision(
                head, "", "", "", DOOR, Verdict.UNVERIFIED, (what,), "", SERVER, job.now
            )
            work.decisions.setdefault(head, []).append(broken)
        records = Records(job.git, LocalRefs(job.git))
        for target, decisions in work.decisions.items():
            faults += _try(_log, job, records, target, decisions)
        job.step("logged")
        before = _before(targets, tips, work.landed)
        faults += _try(_arrive, job, records, work.landed, before)
        job.step("arrivals recorded")
        names = [each.update.ref.removeprefix(HEADS) for each in work.landed]
        changed = [name for name in dict.fromkeys(names) if name in targets]
        for target in targets:
            faults += _try(_start, job, records, target, work.landed)
        for target in changed:
            mine = [each for each in work.moved if each.target == target]
            faults += _try(job.lane, target, mine)
        job.step("lanes recorded")
        if not faults:
            for name, _ in found.broken:
                job.spool.set_aside(name)
            for intent in work.done:
                job.spool.remove(intent)
        job.step("spool emptied")
    return tuple(faults)


def _sort(
    job: Flush, intent: Intent, moved: Sequence[Update], tips: dict[str, str], work: _Work
) -> None:
    """Decide what became of a push, from the references as they are now."""
    there = [each for each in intent.updates if each in moved or _is_there(job.git, each, tips)]
    if not intent.allowed:
        there = []
    elif not there and 0 <= job.now - intent.at < _ABANDONED:
        return  # it may be about to land
    work.done.append(intent)
    work.landed += [Landed(each, intent.by, intent.at) for each in there]
    refs = {each.ref for each in there}
    work.moved += [each for each in intent.moved if HEADS + each.target in refs]
    for each in intent.decisions:
        if intent.allowed and not any(HEADS + each.target == ref for ref in refs):
            each = replace(each, reasons=(*each.reasons, "server: it passed, and did not land"))
        work.decisions.setdefault(each.target, []).append(each)


def _is_there(git: Repository, update: Update, tips: dict[str, str]) -> bool:
    if not update.ref.startswith(HEADS):
        return git.ref(update.ref) == (update.new or None)
    tip = tips.get(update.ref, "")
    if not tip or not update.new:
        return tip == update.new
    try:
        return git.is_ancestor(update.new, tip)
    except GuardError:  # the commit of a push that never landed is not there
        return False


def _log(job: Flush, records: Records, target: str, decisions: Sequence[Decision]) -> None:
    known = {each for _, each in islice(records.decisions(target), _RECENT)}
    new = [each for each in decisions if each not in known]
    job.step("before log")
    records.log(target, new)


def _before(
    targets: Sequence[str], tips: dict[str, str], landed: Iterable[Landed]
) -> tuple[str, ...]:
    """The tips of the protected branches before all this landed."""
    found = {HEADS + target: tips.get(HEADS + target, "") for target in targets}
    for each in reversed([*landed]):
        if each.update.ref in found:
            found[each.update.ref] = each.update.old
    return tuple(oid for oid in found.values() if oid)


def _arrive(job: Flush, records: Records, landed: Iterable[Landed], before: Sequence[str]) -> None:
    found = [
        Arrival(each.update.ref, each.update.new, each.by, each.at, job.origin(each, before))
        for each in landed
        if each.update.new and each.update.ref.startswith(HEADS)
    ]
    records.record_arrivals(list(dict.fromkeys(found)))


def _start(job: Flush, records: Records, target: str, landed: Iterable[Landed]) -> None:
    """Begin the lane of a branch that was made, or that the policy protects from now on."""
    head = HEADS + head_of(job.git)
    for each in landed:
        ref, old, new = each.update.ref, each.update.old, each.update.new
        tip = new if ref == HEADS + target and not old else None
        if ref == head and new and HEADS + target != head:
            known = targets_of(ref.removeprefix(HEADS), job.policies.at(old))
            tip = tip or (job.git.ref(HEADS + target) if target not in known else None)
        if tip:
            start_lane(records, target, tip, job.now)


def start_lane(records: Records, target: str, rev: str, now: int) -> bool:
    """Begin the lane into ``target`` after ``rev``, unless it has begun; whether this did it."""

    def make(before: tuple[LaneRecord, ...]) -> tuple[LaneRecord, ...]:
        return () if before else (LaneRecord(RecordKind.STARTED, rev, now, SERVER),)

    return bool(records.append_lane(target, make))


def _try(what: Callable[..., None], *args: object) -> list[str]:
    try:
        what(*args)
    except GuardError as error:
        return [str(error)]
    return []
