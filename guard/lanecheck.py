"""Whether the records of a lane are whole, and agree with the history that they speak of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard.chain import RECORD, Broken
from guard.change import How, LaneRecord, RecordKind
from guard.errors import GitError
from guard.landings import Reader
from guard.lane import CHECKPOINTS, entries, overrides, unreleased
from guard.mergeresult import is_revert_of
from guard.records import lane_ref

Linked = tuple[str, LaneRecord]
"""A record with the id of its commit."""


@dataclass(frozen=True, slots=True)
class Checked:
    """``faults`` are what no sound lane has; ``notes`` are what a human should know of."""

    records: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def verify(reader: Reader, target: str, tip: str) -> Checked:
    """Read the whole chain of the lane into ``target``, whose tip is ``tip``."""
    try:
        chain = tuple(reader.records.lane_history(target))[::-1]
    except Broken as error:
        return Checked(0, (str(error),), ())
    if not chain:
        return Checked(0, (f"the lane into {target} has no start",), ())
    faults = [
        *_foreign(reader, target),
        *_words(chain),
        *_on_target(reader, chain, tip),
        *_checkpoints(reader, target, chain),
    ]
    return Checked(len(chain), tuple(faults), tuple(_notes(chain)))


def _foreign(reader: Reader, target: str) -> Iterator[str]:
    """Files beside the one that a record has."""
    ref = reader.records.tip(lane_ref(target)) or ""
    asked = ("log", "--format=commit %H", "--root", "--name-only", "--no-renames", "-z", ref)
    commit = ""
    for field in reader.git.run(*asked).decode("utf-8", "surrogateescape").split("\0"):
        for line in field.split("\n") if field.startswith(("commit ", "\n")) else [field]:
            if line.startswith("commit "):
                commit = line[7:]
            elif line and line != RECORD:
                yield f"{commit[:12]}: holds {line!r} besides its record"


def _words(chain: Sequence[Linked]) -> Iterator[str]:
    """What each record must say."""
    oid, first = chain[0]
    if first.kind is not RecordKind.STARTED:
        yield f"{oid[:12]}: the chain begins with {first.kind.value}, not with a start"
    for number, (oid, each) in enumerate(chain):
        human = each.how is How.OVERRIDE or each.kind is RecordKind.CLEARED
        if human and not (each.by.strip() and each.reason.strip()):
            yield f"{oid[:12]}: a human's decision without a name or a reason"
        if each.kind is RecordKind.RELEASED and each.how is None:
            yield f"{oid[:12]}: a release that does not say why"
        if each.kind in (RecordKind.LANDED, RecordKind.RELEASED) and not each.base:
            yield f"{oid[:12]}: does not say where {each.rev[:12]} begins"
        if each.kind is RecordKind.STARTED and number and each.how is not How.OVERRIDE:
            yield f"{oid[:12]}: the lane begins anew, and no human says why"
        if each.carried and each.kind not in CHECKPOINTS:
            yield f"{oid[:12]}: carries older records and is no checkpoint"


def _on_target(reader: Reader, chain: Sequence[Linked], tip: str) -> Iterator[str]:
    """What a record speaks of is on the target, unless the lane began anew since."""
    start = max(n for n, (_, each) in enumerate(chain) if each.kind is RecordKind.STARTED or not n)
    history = set(reader.git.run("rev-list", tip).decode("ascii").split())
    for oid, each in chain[start:]:
        if each.kind is RecordKind.CLEARED:
            continue
        for rev in (each.base, each.rev):
            if rev and rev not in history:
                yield f"{oid[:12]}: {each.kind.value} {rev[:12]}, which is not on the target"
        if each.how is How.REVERT:
            yield from _is_revert(reader, oid, each)


def _is_revert(reader: Reader, oid: str, each: LaneRecord) -> Iterator[str]:
    """A revert is where it says, and takes back exactly what it says."""
    why = f"{oid[:12]}: {each.rev[:12]} is released as taken back"
    if len(each.proof) != 1:
        yield f"{why}, and does not say by what"
        return
    (by,) = each.proof
    git = reader.git
    try:
        asked = ("rev-list", "--first-parent", f"{each.rev}..{by}")
        between = [each.rev, *git.run(*asked).decode("ascii").split()[::-1]]
        if any(is_revert_of(git, base, by, each.base, each.rev) for base in between[:-1][::-1]):
            return
    except GitError as error:
        why += f" ({error})"
    yield f"{why}, and {by[:12]} does not do that"


def _checkpoints(reader: Reader, target: str, chain: Sequence[Linked]) -> Iterator[str]:
    """Nothing was unreleased where a record says so, by the records of then and today's policy."""
    begin = 0
    for number, (oid, each) in enumerate(chain):
        if each.kind not in CHECKPOINTS or not number:
            continue
        before = tuple(record for _, record in chain[begin:number])
        known = entries(before)
        kept = {(e.kind, e.rev, e.base) for e in each.carried}
        said = {(e.kind, e.rev, e.base, e.by, e.reason) for e in known}
        for one in overrides(known):
            if (one.kind, one.rev, one.base) not in kept:
                yield f"{oid[:12]}: drops what {one.by} decided about {one.rev[:12]}"
        for one in each.carried:
            if (one.kind, one.rev, one.base, one.by, one.reason) not in said:
                yield f"{oid[:12]}: carries a record about {one.rev[:12]} that is not in the chain"
        if each.kind is RecordKind.SETTLED:
            yield from _settled(reader, target, oid, each, before)
        begin = number


def _settled(
    reader: Reader, target: str, oid: str, each: LaneRecord, before: tuple[LaneRecord, ...]
) -> Iterator[str]:
    history = reader.history(target, each.rev, before)
    for fault in history.facts.faults:
        yield f"{oid[:12]}: settles {each.rev[:12]}: {fault}"
    for landing in unreleased(history.facts):
        yield f"{oid[:12]}: settles {each.rev[:12]}, and {landing.rev[:12]} is not released"


def _notes(chain: Sequence[Linked]) -> Iterator[str]:
    clock = 0
    for oid, each in chain:
        if each.at < clock:
            yield f"{oid[:12]}: the clock went back by {clock - each.at} s; no soak is shorter"
        clock = max(clock, each.at)
        if each.kind is RecordKind.STARTED and each.how is How.OVERRIDE:
            yield f"{oid[:12]}: begun anew by {each.by}: {each.reason}"
            clock = each.at
        elif each.how is How.OVERRIDE:
            yield f"{oid[:12]}: {each.rev[:12]} released by {each.by}: {each.reason}"
        elif each.kind is RecordKind.CLEARED:
            yield f"{oid[:12]}: {each.rev[:12]} cleared by {each.by}: {each.reason}"
