"""Pushes to the guard's own references: who may, and what they must hold."""

from __future__ import annotations

from collections.abc import Iterator

from guard import upkeep
from guard.chain import RECORD, Broken
from guard.change import How, LaneRecord, RecordKind
from guard.errors import GuardError
from guard.lane import entries, plain
from guard.records import Records
from guard.repository import Repository
from guard.server import approvals
from guard.server.approvals import Invalid
from guard.server.identity import Identity
from guard.server.policies import Read
from guard.server.updates import Kind, Update
from guard.server.words import Complaint


class OneRef:
    """``Refs`` in which one reference is where a push would move it."""

    def __init__(self, ref: str, oid: str) -> None:
        self._at = {ref: oid}

    def read(self, ref: str) -> str | None:
        return self._at.get(ref)

    def swap(self, ref: str, old: str | None, new: str | None) -> bool:
        del ref, old, new
        return False

    def list(self, prefix: str) -> dict[str, str]:
        return {ref: oid for ref, oid in self._at.items() if ref.startswith(prefix)}


def judge(
    git: Repository, update: Update, what: tuple[Kind, str], who: Identity, read: Read, now: int
) -> Iterator[Complaint]:
    """What is wrong with a push to one of the guard's references; ``read`` is the policy there."""
    kind, target = what
    try:
        if kind is Kind.APPROVAL:
            approvals.check(git, update, target, who, now)
            return
        settings = read.server
        evidence = kind is Kind.EVIDENCE
        key = "evidence-writers" if evidence else "lane-writers"
        writers = settings.evidence_writers if evidence else settings.lane_writers
        if not who.login or who.login not in writers:
            raise Invalid(
                f"{kind.value} may be written by the logins of server.{key} alone, and you are "
                f"{who.shown}",
                "Have an account of the list write it, or run the command on the server.",
            )
        if not update.new:
            raise Invalid(f"{kind.value} is never deleted")
        if update.old and not git.is_ancestor(update.old, update.new):
            raise Invalid(
                "the records that are there would be lost: this is no continuation of them",
                "Fetch, and write your records after those that are there.",
            )
        if kind in (Kind.EVIDENCE, Kind.ARRIVALS):
            _ledger(git, update)
        elif kind is Kind.LANE:
            _lane(git, update, target, who, read, now)
        else:
            _log(git, update, target)
    except Invalid as error:
        yield Complaint(update.ref, "guard-records", str(error), error.fix)
    except GuardError as error:
        yield Complaint(update.ref, "guard-records", str(error))


def _ledger(git: Repository, update: Update) -> None:
    """A ledger only grows, and each file is named by its content."""
    old = update.old or git.empty_tree()
    asked = ("diff-tree", "-r", "-z", "--name-status", "--no-renames", "--diff-filter=a")
    lost = git.run(*asked, old, update.new).decode("utf-8", "surrogateescape").split("\0")
    if len(lost) > 1:
        raise Invalid(
            f"{lost[1]} would be taken away or changed: a ledger only grows",
            "Prune on the server.",
        )
    # What was there before was looked at when it came.
    faults = upkeep.faults_of(git, update.ref, update.new, update.old or None)
    if faults:
        raise Invalid(faults[0])


def _lane(
    git: Repository, update: Update, target: str, who: Identity, read: Read, now: int
) -> None:
    fresh: list[tuple[str, LaneRecord]] = []
    for oid, record in Records(git, OneRef(update.ref, update.new)).lane_history(target):
        if oid == update.old:
            break
        _only_record(git, oid)
        fresh.append((oid, record))
    before = Records(git, OneRef(update.ref, update.old)).lane(target) if update.old else ()
    for oid, record in reversed(fresh):
        _at_its_time(record, oid, now)
        if _is_by_hand(record, begun=bool(before)):
            _by_hand(record, oid, who, read)
        # What a checkpoint carries over must be what was there: it is no way round the rest.
        there = {plain(each, 0) for each in entries(before)}
        if not {plain(each, 0) for each in record.carried} <= there:
            raise Invalid(f"record {oid[:12]} carries over what is not in the chain before it")
        before = (*before, record)


def _is_by_hand(record: LaneRecord, begun: bool) -> bool:
    """Whether it rests on nothing but a human's word."""
    again = begun and record.kind is RecordKind.STARTED
    return again or record.how is How.OVERRIDE or record.kind is RecordKind.CLEARED


def _by_hand(record: LaneRecord, oid: str, who: Identity, read: Read) -> None:
    if record.by != who.login:
        raise Invalid(
            f"record {oid[:12]} is signed by {record.by!r}, and you are {who.login!r} here",
            "Whoever answers for an override pushes it.",
        )
    if not record.reason.strip():
        raise Invalid(f"record {oid[:12]} is an override without a reason")
    people = read.policy.people if read.policy else ()
    may = [each.login for each in people if {"releaser", "owner"} & set(each.roles)]
    if people and who.login not in may:
        raise Invalid(
            f"record {oid[:12]} is an override, which takes the role releaser or owner",
            f"Who has it: {', '.join(may) or 'nobody'}.",
        )


def _at_its_time(record: LaneRecord, oid: str, now: int) -> None:
    if abs(record.at - now) > approvals.TOLERANCE:
        raise Invalid(
            f"record {oid[:12]} is dated {abs(record.at - now)} s off the server's time",
            "Set the clock of your machine, then write the record again.",
        )


def _log(git: Repository, update: Update, target: str) -> None:
    for oid, _ in Records(git, OneRef(update.ref, update.new)).decisions(target):
        if oid == update.old:
            break
        _only_record(git, oid)


def _only_record(git: Repository, oid: str) -> None:
    listed = git.run("ls-tree", "-z", "--name-only", "--full-tree", oid)
    if listed != f"{RECORD}\0".encode():
        raise Broken(f"commit {oid[:12]} holds something other than {RECORD}")
