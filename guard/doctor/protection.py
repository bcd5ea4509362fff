"""Checks over the settings of GitHub: which checks are required, from whom, and of whom not.

Rulesets and the older branch protection add up. What the token may not read is unverified.
"""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Unknown
from guard.doctor.facts import (
    AT_PULL_REQUEST,
    Branch,
    Checkout,
    Job,
    Protection,
    Required,
    Rules,
    Settings,
    Workflow,
)
from guard.doctor.files import reports
from guard.doctor.skips import NEVER_SKIPPED, above
from guard.doctor.words import At, hollow, listed, may_not_read
from guard.model import Finding, Level, Missing

Found = Iterator[Finding | Missing]
ACTIONS_APP = 15368
"""The id of the app GitHub Actions at github.com (``GET /apps/github-actions``)."""


def gate_name(branch: str) -> str:
    """The check run that ``guard gate`` writes."""
    return f"guard/{branch}"


def at(branch: Branch, name: str = "") -> At:
    """The place of a finding about the settings of a branch."""
    return At(name=f"{branch.name} {name}".strip())


def _required(branch: Branch) -> tuple[tuple[Required, ...], tuple[Missing, ...]]:
    """The required checks that are known, and what could not be read."""
    known: tuple[Required, ...] = ()
    if isinstance(branch.rules, Rules):
        known += branch.rules.required
    if isinstance(branch.protection, Protection):
        known += branch.protection.required
    return known, tuple(unread_of(branch))


def unread_of(branch: Branch) -> Iterator[Missing]:
    """What the token may not read of a branch."""
    if isinstance(branch.rules, Unknown):
        yield may_not_read(f"the rules of {branch.name}", branch.rules.reason)
    if isinstance(branch.protection, Unknown):
        yield may_not_read(f"the protection of {branch.name}", branch.protection.reason)


def nothing_required(settings: Settings, checkout: Checkout) -> Found:
    """A branch that requires no check at all."""
    del checkout
    for branch in settings.branches:
        known, unread = _required(branch)
        by_workflow = isinstance(branch.rules, Rules) and "workflows" in branch.rules.kinds
        if not known and not by_workflow:
            yield from unread or (
                hollow(
                    at(branch),
                    f"{branch.name} requires no check: whatever the guard says, a change can land",
                    f"Require {gate_name(branch.name)} in a ruleset for {branch.name}.",
                ),
            )


def guard_not_required(settings: Settings, checkout: Checkout) -> Found:
    """A check of the guard that is not required."""
    gates = bool(checkout.guarding("gate"))
    for branch in settings.branches:
        known, unread = _required(branch)
        names = [each.context for each in known]
        wanted = [gate_name(branch.name)] if gates else []
        lacking = [name for name in wanted if name not in names]
        for flow, job in checkout.guarding("check", "smoke"):
            if flow.on(*AT_PULL_REQUEST) and not any(_stands_for(flow, job, n) for n in names):
                lacking.append(job.name)
        for name in dict.fromkeys(lacking):
            yield from unread or (
                hollow(
                    at(branch, name),
                    f"{name} is not required on {branch.name}: it can fail, or never run, and the "
                    "change lands",
                    f"Add {name} to the required checks of {branch.name}.",
                ),
            )


def _stands_for(flow: Workflow, job: Job, name: str) -> bool:
    """Whether the required check ``name`` is the job's own, or of a job that waits for it."""
    return reports(job, name) or any(
        reports(each, name) and NEVER_SKIPPED.search(each.condition) and job in above(flow, each)
        for each in flow.jobs
    )


def required_unreported(settings: Settings, checkout: Checkout) -> Found:
    """A required check that no workflow reports: every change waits for ever."""
    gates = bool(checkout.guarding("gate"))
    jobs = [job for flow in checkout.workflows for job in flow.jobs]
    for branch in settings.branches:
        known, unread = _required(branch)
        yield from unread
        for each in known:
            ours = each.context.startswith("guard/")
            if ours:
                reported = gates and each.context == gate_name(branch.name)
            else:
                foreign = each.app not in (None, ACTIONS_APP)
                reported = foreign or any(reports(job, each.context) for job in jobs)
            if reported:
                continue
            sure = ours or each.app is not None
            yield hollow(
                at(branch, each.context),
                f"{each.context} is required on {branch.name} ({each.via}) and no workflow reports "
                "it: every change waits, until somebody bypasses the rule",
                "Name the check as the job is named, or take it off the rule.",
                Level.ERROR if sure else Level.WARNING,
            )


def check_source_open(settings: Settings, checkout: Checkout) -> Found:
    """A required check of the guard that any app or user may report."""
    jobs = [job for _, job in checkout.guarding("check", "smoke")]
    for branch in settings.branches:
        known, unread = _required(branch)
        yield from unread
        pinned = {each.context for each in known if each.app is not None}
        for each in known:
            ours = each.context.startswith("guard/") or any(reports(j, each.context) for j in jobs)
            if ours and each.context not in pinned:
                yield hollow(
                    at(branch, each.context),
                    f"{each.context} is taken from any source on {branch.name} ({each.via}): who "
                    "can write a commit status can write this verdict",
                    "Choose the app that reports it as the expected source.",
                )


def bypass(settings: Settings, checkout: Checkout) -> Found:
    """Who need not obey the rules."""
    del checkout
    for branch in settings.branches:
        named = [
            *(branch.rules.bypass if isinstance(branch.rules, Rules) else ()),
            *(branch.protection.bypass if isinstance(branch.protection, Protection) else ()),
        ]
        for each in dict.fromkeys(named):
            when = {"pull_request": "for pull requests", "exempt": "always, and without a trace"}
            yield hollow(
                at(branch, f"{each.who} {each.via}"),
                f"{each.who} may bypass the rules of {branch.name} ({each.via}), "
                f"{when.get(each.mode, 'always')}",
                "Take the entry away, or keep it for an emergency and watch the audit log.",
                Level.WARNING if each.is_admin and each.mode != "exempt" else Level.ERROR,
            )
        if isinstance(branch.rules, Rules):
            for reason in branch.rules.unread:
                yield may_not_read(f"who may bypass the rules of {branch.name}", reason)
        yield from unread_of(branch)


def notes(settings: Settings) -> tuple[str, ...]:
    """What is no fault and yet good to know."""
    by_actions = [
        each.context
        for branch in settings.branches
        for each in _required(branch)[0]
        if each.app == ACTIONS_APP and each.context.startswith("guard/")
    ]
    if not by_actions:
        return ()
    names = listed(list(dict.fromkeys(by_actions)))
    note = (
        f"{names}: GitHub Actions is the expected source, so whoever can push a branch can add a "
        "workflow that writes this check run; an app of your own, whose key only the default "
        "branch can use, is safer"
    )
    return (note,)
