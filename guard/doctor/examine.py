"""From the facts to a report: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from guard.doctor import flows, landing, protection
from guard.doctor.catalog import CHECKS, MERGE_GROUP, UNREADABLE, Check
from guard.doctor.facts import Checkout, Settings
from guard.model import Finding, Level, Missing, Report, RuleResult, Verdict

ASKED_NOT = "GitHub's settings were not looked at; --github does"


def examine(checkout: Checkout, settings: Settings | None) -> Report:
    """What every check says. Without ``settings`` those of GitHub are skipped, which is said."""
    notes = (ASKED_NOT,) if settings is None else protection.notes(settings)
    told: set[Missing] = set()
    return Report(
        subject="checkout" if settings is None else f"checkout and {settings.repository}",
        files=len(checkout.workflows) + len(checkout.unjudged),
        results=tuple(_once(_result(check, checkout, settings), told) for check in CHECKS),
        notes=notes,
        unit="workflow",
    )


def _once(result: RuleResult, told: set[Missing]) -> RuleResult:
    """The result with what could not be read in full the first time, by its name from then on."""
    words = []
    for each in result.missing:
        full = f"{each.fact}: {each.reason}. {each.fix}".strip()
        words.append(f"{each.fact} could not be read" if each in told else full)
        told.add(each)
    return replace(result, reason="; ".join(words) or result.reason)


def _result(check: Check, checkout: Checkout, settings: Settings | None) -> RuleResult:
    if check is UNREADABLE:
        verdict = Verdict.UNVERIFIED if checkout.unjudged else Verdict.PASS
        return RuleResult(check.id, verdict, unjudged=checkout.unjudged)
    if check is MERGE_GROUP:
        queue = landing.has_queue(settings)
        return _judged(check, flows.no_merge_group(checkout, queue))
    if check.offline is not None:
        return _judged(check, check.offline(checkout))
    assert check.online is not None
    if settings is None:
        return RuleResult(check.id, Verdict.SKIPPED, reason=ASKED_NOT)
    return _judged(check, check.online(settings, checkout))


def _judged(check: Check, said: Iterable[Finding | Missing]) -> RuleResult:
    findings: list[Finding] = []
    missing: dict[Missing, None] = {}
    for each in said:
        if isinstance(each, Missing):
            missing[each] = None
        else:
            findings.append(replace(each, rule=check.id))
    verdict = Verdict.UNVERIFIED if missing else Verdict.PASS
    if any(finding.level is Level.ERROR for finding in findings):
        verdict = Verdict.FAIL
    return RuleResult(check.id, verdict, tuple(findings), missing=tuple(missing))
