"""The check: evidence for exactly the tree that would land, under the policy that judges it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from guard.change import Change, Evidence, Unknown
from guard.model import Finding, Missing, Verdict
from guard_rules._changes import Who
from guard_rules._changes.words import about, lacks, listed, short, units_of
from guard_rules.untested_merge_result import Options


def findings(rule: str, change: Change, options: Options) -> Iterator[Finding | Missing]:
    """A finding for each check that did not pass, or of which there is no evidence."""
    units = units_of(change)
    if isinstance(units, Missing):
        yield units
        return
    if options.who is Who.AI and not any(unit.is_ai for unit in units):
        return
    if isinstance(change.result_tree, Unknown):
        yield lacks("result_tree", change.result_tree)
    elif isinstance(change.policy, Unknown):
        yield lacks("policy", change.policy)
    elif isinstance(change.evidence, Unknown):
        yield lacks("evidence", change.evidence)
    else:
        tree = change.result_tree
        found = [each for each in change.evidence if each.tree == tree]
        for check in dict.fromkeys(options.checks):
            mine = [each for each in found if each.check == check]
            yield from _of_check(rule, check, tree, mine, change.policy, options)


def _of_check(
    rule: str, check: str, tree: str, found: list[Evidence], policy: str, options: Options
) -> Iterator[Finding]:
    newest = _newest(each for each in found if each.policy == policy)
    for wanted in dict.fromkeys(options.environments or ("",)):
        there = [each for each in newest if not wanted or _fits(each, wanted)]
        name = f"{check} in {wanted}" if wanted else check
        failed = [each for each in there if each.verdict is not Verdict.PASS]
        if failed:
            told = listed([*map(_told, failed)])
            message = f"`{check}` did not pass on tree {short(tree)}: {told}"
            fix = f"Mend what `{check}` finds, or run it again if the fault was elsewhere."
            yield about(rule, name, message, fix)
        elif not there:
            message = f"there is no evidence that `{check}` passes on tree {short(tree)}"
            message += f" in {wanted}" if wanted else ""
            message += _instead(found, newest, policy)
            fix = f"Merge the target into the change, run `{check}` on the result and record it."
            yield about(rule, name, message, fix)


def _newest(found: Iterable[Evidence]) -> list[Evidence]:
    """The last word in each environment; of two at the same time the one that is no pass."""
    newest: dict[str, Evidence] = {}
    for each in found:
        known = newest.get(each.environment)
        if known is None or _order(each) >= _order(known):
            newest[each.environment] = each
    return list(newest.values())


def _order(evidence: Evidence) -> tuple[int, bool]:
    return (evidence.at, evidence.verdict is not Verdict.PASS)


def _fits(evidence: Evidence, wanted: str) -> bool:
    return wanted == evidence.environment or wanted in evidence.surroundings


def _told(evidence: Evidence) -> str:
    where = f" at {evidence.where}" if evidence.where else ""
    around = ", ".join(evidence.surroundings) or evidence.environment
    return f"{evidence.verdict.value} in {around}{where}"


def _instead(found: list[Evidence], newest: list[Evidence], policy: str) -> str:
    """What there is that does not count."""
    if newest:
        around = sorted({name for each in newest for name in each.surroundings})
        return f"; there is some in {listed(around) or 'another environment'}"
    others = sorted({short(each.policy) or "none" for each in found})
    if others:
        now = short(policy) or "none"
        return f"; there is some under another policy ({listed(others)}, now {now})"
    return ""
