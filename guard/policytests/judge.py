"""Run the cases under a policy, and say where they do not come out as expected. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from guard.change_engine import run_changes
from guard.engine import ConfiguredRule
from guard.model import Report, RuleResult
from guard.policytests.read import Expected, PolicyCase, outcome_of
from guard.rule import ChangeRule

Rules = Sequence[ConfiguredRule[ChangeRule]]


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a case does not come out as it should, as a difference: wanted, then found."""

    case: PolicyCase
    expected: Expected
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    told: tuple[str, ...]
    """What the rule, or the whole report, said."""


def failures(cases: Iterable[PolicyCase], rules: Rules) -> tuple[Failure, ...]:
    """All failures of ``cases`` under ``rules``, in order."""
    return tuple(each for case in cases for each in of_case(case, rules))


def of_case(case: PolicyCase, rules: Rules) -> Iterator[Failure]:
    """The failures of one case. Only the rules that it speaks of are run, unless it asks for all.

    The others cannot change what these say.
    """
    wanted = {each.rule for each in case.expected}
    asked = rules if "" in wanted else [item for item in rules if item.rule.id in wanted]
    report = run_changes(case.change, asked, case.door)
    results = {result.rule: result for result in report.results}
    for expected in case.expected:
        found = report if not expected.rule else results[expected.rule]
        yield from _compare(case, expected, found)


def _compare(case: PolicyCase, expected: Expected, found: Report | RuleResult) -> Iterator[Failure]:
    whole = isinstance(found, Report)
    outcome = found.verdict.value if isinstance(found, Report) else outcome_of(found)
    told = tuple(_told(found.results if isinstance(found, Report) else (found,), whole))
    wanted, got = [], []
    if outcome != expected.outcome:
        wanted.append(expected.outcome)
        got.append(outcome)
    names = tuple(sorted(each.name for each in found.findings))
    if expected.findings is not None and tuple(sorted(expected.findings)) != names:
        wanted.append(f"findings: {', '.join(sorted(expected.findings)) or 'none'}")
        got.append(f"findings: {', '.join(names) or 'none'}")
    if expected.says and not any(expected.says in each for each in told):
        wanted.append(f"says: {expected.says}")
    if wanted or got:
        yield Failure(case, expected, tuple(wanted), tuple(got), told)


def _told(results: Iterable[RuleResult], whole: bool) -> Iterator[str]:
    for result in results:
        begin = f"{result.rule}: " if whole else ""
        for each in result.findings:
            yield f"{begin}{each.level.value}: {each.message}"
        if result.reason:
            yield f"{begin}{result.verdict.value}: {result.reason.partition(chr(10))[0]}"
