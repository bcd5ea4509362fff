"""The rules over source files, on what was pushed: from the objects, without a checkout.

What counts is what the push causes: findings that the old tip has too are nobody's fault here.
"""

from __future__ import annotations

from collections.abc import Iterator

from guard.baseline import Baseline, parse_baseline
from guard.config import Policy, configure
from guard.engine import run, subtract
from guard.errors import PolicyError
from guard.model import Finding, Level, Report, RuleResult, Stage, Verdict
from guard.project import Commit, SourceProject
from guard.rule import SourceRule
from guard.server.hook import Push, Said
from guard.server.words import Complaint
from guard.suppress import COMMENTS


def judge(push: Push) -> Said:
    """What the source rules of the old policy say of the new tip and not of the old one."""
    if push.policy.server is not None and not push.policy.server.check:
        return Said(reasons=("check: skipped: server.check is off",))
    tree = Commit(push.git.top, push.new)
    report = _report(push, push.new, push.after, tree)
    if not report.files and _has_no_python(tree):
        return Said(reasons=("check: skipped: there is no Python file",))
    if push.old and (report.findings or any(each.unjudged for each in report.results)):
        report = subtract(
            report, _report(push, push.old, push.policy, Commit(push.git.top, push.old))
        )
    complaints = tuple(each for result in report.results for each in _complaints(push.ref, result))
    if not complaints and report.verdict is not Verdict.PASS:
        what = "the check came to no verdict"
        complaints = (Complaint(push.ref, "check", what, "", Verdict.UNVERIFIED),)
    return Said(complaints, (f"check: {report.verdict.value}",), tuple(_warnings(report)))


def _has_no_python(tree: Commit) -> bool:
    """Whether there is no Python file at all, not even one that the policy leaves out."""
    everything = SourceProject(tree, cache=False)
    return not everything.paths() and not everything.unreadable()


def _report(push: Push, rev: str, layout: Policy, tree: Commit) -> Report:
    """``layout`` says where the modules of this tree lie and for which Python they are."""
    policy = push.policy
    project = SourceProject(
        tree,
        exclude=policy.exclude,
        roots=layout.roots,
        target=layout.target_version,
        together=COMMENTS,
    )
    source = [rule for rule in push.rules if isinstance(rule, SourceRule)]
    return run(
        project,
        configure(policy, source),
        stage=Stage.PRE_RECEIVE,
        baseline=_baseline(tree, policy) if rev == push.new else None,
        known=[rule.id for rule in push.rules],
    )


def _baseline(tree: Commit, policy: Policy) -> Baseline | None:
    if policy.baseline is None:
        return None
    data = tree.read_file(policy.baseline)
    if data is None:
        name = policy.baseline
        raise PolicyError(
            [f"{name}:1:1: the policy names this baseline, the {tree.label} lacks it"]
        )
    return parse_baseline(data, policy.baseline)


def _complaints(ref: str, result: RuleResult) -> Iterator[Complaint]:
    for each in result.findings:
        if each.level is Level.ERROR:
            yield Complaint(ref, each.rule, f"{_where(each)}: {each.message}", each.fix)
    if result.verdict is Verdict.UNVERIFIED:
        for item in result.unjudged:
            what = f"{item.path}: could not be judged: {item.reason}"
            yield Complaint(ref, result.rule, what, "", Verdict.UNVERIFIED)
        if not result.unjudged:
            yield Complaint(ref, result.rule, result.reason, "", Verdict.UNVERIFIED)


def _warnings(report: Report) -> Iterator[str]:
    for each in report.findings:
        if each.level is Level.WARNING:
            yield f"warning: {each.rule}: {_where(each)}: {each.message}"


def _where(finding: Finding) -> str:
    place = finding.place
    return f"{place.path}:{place.line}:{place.column}" if place.line else place.path
