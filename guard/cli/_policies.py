"""A change that comes with a looser policy is judged by the policy that it found as well.

Else whoever switches a rule off would land in the same change what the rule forbids.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from guard.baseline import Baseline
from guard.config import POLICY_NAME, Policy
from guard.model import Finding, Level, Report, RuleResult, Verdict
from guard.reporters._words import count

_WEIGHT = (Level.OFF, Level.WARNING, Level.ERROR)
_WORST = (Verdict.FAIL, Verdict.UNVERIFIED, Verdict.HOLD, Verdict.PASS, Verdict.SKIPPED)


def judges_alike(one: Policy, other: Policy) -> bool:
    """Whether both give the same levels, options and exclusions.

    Roots and target version say how code is read and not what is allowed: they do not count.
    """
    return (dict(one.rules), one.per_path, one.exclude) == (
        dict(other.rules),
        other.per_path,
        other.exclude,
    )


def lowered(older: Policy, newer: Policy) -> tuple[str, ...]:
    """What ``newer`` gives up, in words."""
    words = []
    for rule, before in older.rules.items():
        after = newer.rules[rule].level
        if _WEIGHT.index(after) < _WEIGHT.index(before.level):
            words.append(f"lowers {rule} from {before.level.value} to {after.value}")
    left_out = [repr(pattern) for pattern in newer.exclude if pattern not in older.exclude]
    if left_out:
        words.append(f"excludes {', '.join(left_out)}")
    if newer.target_version != older.target_version:
        versions = [
            "what the package says" if version is None else "{}.{}".format(*version)
            for version in (older.target_version, newer.target_version)
        ]
        words.append(f"moves target-version from {versions[0]} to {versions[1]}")
    return tuple(words)


def newly_accepted(older: Baseline | None, newer: Baseline | None) -> int:
    """How many findings ``newer`` accepts that ``older`` does not."""
    before, after = (
        Counter({entry.id: entry.count for entry in (side.entries if side else ())})
        for side in (older, newer)
    )
    return (after - before).total()


def joined(newer: Report, older: Report, against: str) -> Report:
    """What either report says; ``older`` was made with the policy of ``against``."""
    results = {result.rule: result for result in newer.results}
    for result in older.results:
        mine = results.get(result.rule)
        results[result.rule] = _joined(mine, result) if mine else result
    extra = {_plain(item) for item in older.findings} - {_plain(item) for item in newer.findings}
    notes = [*newer.notes, *older.notes]
    if extra:
        notes.append(
            f"{count(len(extra), 'finding')} by the {POLICY_NAME} of {against} alone: "
            "let a looser one land in a change of its own, before what needs it"
        )
    return replace(
        newer,
        files=max(newer.files, older.files),
        results=tuple(results.values()),
        notes=tuple(dict.fromkeys(notes)),
    )


def _joined(one: RuleResult, other: RuleResult) -> RuleResult:
    findings: dict[Finding, Finding] = {}
    for finding in (*one.findings, *other.findings):
        known = findings.get(_plain(finding))
        if known is None or _WEIGHT.index(known.level) < _WEIGHT.index(finding.level):
            findings[_plain(finding)] = finding
    order = sorted(findings.values(), key=lambda item: (item.place.path, item.place.line))
    unjudged = tuple(dict.fromkeys((*one.unjudged, *other.unjudged)))
    worst = min(one, other, key=lambda result: _WORST.index(result.verdict))
    reason = worst.reason or one.reason or other.reason
    return RuleResult(one.rule, worst.verdict, tuple(order), unjudged, reason)


def _plain(finding: Finding) -> Finding:
    """The finding whatever its level."""
    return replace(finding, level=Level.ERROR)
