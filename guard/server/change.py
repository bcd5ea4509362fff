"""The rules over a change, on what was pushed."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Change, Person, Unknown
from guard.model import Level, Report, RuleResult, Stage, Verdict
from guard.refs import LocalRefs
from guard.server.hook import Push, Said
from guard.server.words import Complaint


def judge(push: Push) -> Said:
    """What the change rules of the old policy say of all that the push would land."""
    if not push.old:
        return Said(reasons=("change: pass: the first push: the lane begins after it",))
    from guard.change_engine import run_changes
    from guard.forge.plain import Asked, gather
    from guard.forge.rulebook import Rulebook

    book = Rulebook(push.policy, push.blob, push.rules)
    asked = Asked(
        push.target,
        push.old,
        push.new,
        push.now,
        Stage.PRE_RECEIVE,
        pusher=Person(login=push.who.login),
        fresh=_fresh(push),
    )
    change = gather(push.git, LocalRefs(push.git), asked, book, book.needs())
    report = run_changes(change, book.change_rules(), Stage.PRE_RECEIVE)
    complaints = tuple(each for result in report.results for each in _complaints(push.ref, result))
    if not complaints and not _agrees(report):
        what = "the rules over changes came to no verdict"
        complaints = (Complaint(push.ref, "change", what, "", Verdict.UNVERIFIED),)
    reasons = tuple(f"{each.rule}: {each.verdict.value}" for each in report.results)
    notes = tuple(
        f"warning: {each.rule}: {each.message}"
        for each in report.findings
        if each.level is Level.WARNING
    )
    return Said(complaints, reasons, notes, tuple(_inputs(change)), push.ref, push.blob)


def _fresh(push: Push) -> bool:
    """Whether no branch of the repository holds any commit that the push brings."""
    brought = (push.new, f"^{push.old}")
    count = ("rev-list", "--count")
    known = ("--not", "--branches", "--not")
    return push.git.run(*count, *brought) == push.git.run(*count, *known, *brought)


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


def _inputs(change: Change) -> Iterator[str]:
    for name, tree in (("base", change.base_tree), ("result", change.result_tree)):
        if isinstance(tree, str):
            yield f"{name}-tree:{tree}"
    if not isinstance(change.reviews, Unknown):
        for each in change.reviews:
            yield f"review:{each.by.login}:{each.opinion.value}:{each.tree}"
