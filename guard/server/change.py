"""The rules over a change, on what was pushed."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Person, Unknown
from guard.decisions import decision
from guard.model import Level, Report, RuleResult, Stage, Verdict
from guard.records import lane_ref
from guard.refs import LocalRefs
from guard.server.hook import Push, Said
from guard.server.spool import Moved
from guard.server.words import Complaint


def judge(push: Push) -> Said:
    """What the change rules of the old policy say of all that the push would land."""
    if not push.old:
        return Said(reasons=("change: pass: the first push: the lane begins after it",))
    from guard.change_engine import run_changes
    from guard.forge.plain import Asked, gather
    from guard.forge.rulebook import Rulebook
    from guard.landings import Push as Landed

    book = Rulebook(push.policy, push.blob, push.rules)
    asked = Asked(
        push.target,
        push.old,
        push.new,
        push.now,
        Stage.PRE_RECEIVE,
        pusher=Person(login=push.who.login),
        fresh=_fresh(push),
        pushes=tuple(Landed(one.base, one.rev, one.ai, one.change) for one in push.unrecorded),
    )
    change = gather(push.git, LocalRefs(push.git), asked, book, book.needs())
    report = run_changes(change, book.change_rules(), Stage.PRE_RECEIVE)
    complaints = tuple(each for result in report.results for each in _complaints(push.ref, result))
    if not complaints and not _agrees(report):
        what = "the rules over changes came to no verdict"
        complaints = (Complaint(push.ref, "change", what, "", Verdict.UNVERIFIED),)
    notes = tuple(
        f"warning: {each.rule}: {each.message}"
        for each in report.findings
        if each.level is Level.WARNING
    )
    units = () if isinstance(change.units, Unknown) else change.units
    moved = tuple(Moved(push.target, u.base, u.rev, u.is_ai, u.id) for u in units)
    said = decision(change, report, Stage.PRE_RECEIVE, [f"lane:{_lane(push)}"])
    return Said(complaints, said.reasons, notes, said.inputs, said.change, push.blob, moved)


def _fresh(push: Push) -> bool:
    """Whether no branch of the repository holds any commit that the push brings."""
    asked = ("rev-list", "--count")
    brought = push.git.run(*asked, "--end-of-options", push.new, f"^{push.old}")
    others = ("--not", "--branches", "--not")
    return brought == push.git.run(*asked, *others, "--end-of-options", push.new)


def _agrees(report: Report) -> bool:
    """Each rule has passed or had nothing to judge, and there is one."""
    said = {result.verdict for result in report.results}
    return bool(said) and said <= {Verdict.PASS, Verdict.SKIPPED}


def _complaints(ref: str, result: RuleResult) -> Iterator[Complaint]:
    for each in result.findings:
        if each.level is Level.ERROR:
            where = f"{each.place.path}: " if each.place.path else ""
            yield Complaint(ref, each.rule, where + each.message, each.fix)
    if result.verdict in (Verdict.UNVERIFIED, Verdict.HOLD):
        yield Complaint(ref, result.rule, result.reason, "", result.verdict)


def _lane(push: Push) -> str:
    """The last record of the lane, as it was judged by; empty where there is none."""
    return push.git.ref(lane_ref(push.target)) or ""
