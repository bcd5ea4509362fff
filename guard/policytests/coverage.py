"""What the cases of a policy would not notice.

Of each rule that is on: the outcomes that it can have (known from its own examples) and that no
case expects. Of each line of the policy about a rule over changes: whether any case would come out
otherwise if it were not there, that is with the default in its place, or without that entry of a
list. A line that no case would miss can be lost without a word. A case that does not come out as
it says shows nothing.

People, provenance and lanes have had their effect before there are facts, so no case can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from guard.change_engine import run_changes
from guard.config.shapes import kebab, plain
from guard.engine import ConfiguredRule
from guard.model import Level, Stage
from guard.policytests.judge import Rules, of_case
from guard.policytests.read import PolicyCase, outcome_of
from guard.rule import ChangeRule

Item = ConfiguredRule[ChangeRule]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a case can show."""

    rule: str
    what: str
    covered: bool


def coverage(cases: Sequence[PolicyCase], rules: Rules) -> tuple[Point, ...]:
    """Every point of ``rules``, by rule; those of the policy after the outcomes."""
    points: list[Point] = []
    for item in sorted(rules, key=lambda each: each.rule.id):
        mine = [case for case in cases if _speaks_of(case, item) and not _fails(case, item)]
        points += _outcomes(item, mine)
        points += _settings(item, mine)
    return tuple(points)


def _speaks_of(case: PolicyCase, item: Item) -> bool:
    return any(each.rule == item.rule.id for each in case.expected)


def _outcomes(item: Item, cases: Sequence[PolicyCase]) -> Iterator[Point]:
    if item.off:
        return
    shown = {each.outcome for case in cases for each in case.expected if each.rule == item.rule.id}
    for outcome in possible(item):
        yield Point(item.rule.id, f"outcome {outcome}", outcome in shown)


def possible(item: Item) -> tuple[str, ...]:
    """The outcomes that the rule has in its own examples, at the level that the policy gives it.

    None, where the options that the policy gives it leave it nothing to judge in any of them.
    """
    level = max(
        (item.level, *(entry.level for entry in item.per_path)),
        key=(Level.OFF, Level.WARNING, Level.ERROR).index,
    )
    found: set[str] = set()
    judges = False
    for case in item.rule.cases():
        judges = judges or not item.rule.idle(case.change, item.options)
        options = item.rule.options() if case.options is None else case.options
        one = ConfiguredRule(item.rule, level, options)
        for result in run_changes(case.change, [one], Stage.PULL_REQUEST).results:
            if result.rule == item.rule.id:
                found.add(outcome_of(result))
    # Why it is skipped (no deployment, nothing asked) is seldom the policy's matter.
    return tuple(sorted(found - {"skipped"}, key=_ORDER.index)) if judges else ()


_ORDER = ("pass", "warning", "fail", "hold", "unverified")


def _settings(item: Item, cases: Sequence[PolicyCase]) -> Iterator[Point]:
    for what, other in _without(item):
        yield Point(item.rule.id, what, any(_fails(case, other) for case in cases))


def _fails(case: PolicyCase, item: Item) -> bool:
    """Whether the case comes out otherwise than it says of this rule."""
    mine = tuple(each for each in case.expected if each.rule == item.rule.id)
    return any(of_case(replace(case, expected=mine), [item]))


def _without(item: Item) -> Iterator[tuple[str, Item]]:
    """Each setting of the policy in words, and the rule without it."""
    rule = item.rule
    if item.level is not rule.default_level:
        yield f"level {item.level.value}", replace(item, level=rule.default_level)
    for number, entry in enumerate(item.per_path):
        rest = (*item.per_path[:number], *item.per_path[number + 1 :])
        what = f"per-path {', '.join(entry.globs.patterns)}: {entry.level.value}"
        yield what, replace(item, per_path=rest)
    default = rule.options()
    for each in fields(default):
        value, usual = getattr(item.options, each.name), getattr(default, each.name)
        if value == usual:
            continue
        for what, other in _other_values(kebab(each.name), value, usual):
            changed = _changed(item.options, each.name, other)
            if changed is not None:
                yield what, replace(item, options=changed)


def _other_values(key: str, value: Any, usual: Any) -> Iterable[tuple[str, Any]]:
    """Without one entry of a list of several; otherwise with the default."""
    if isinstance(value, tuple) and len(value) > 1:
        return [
            (f"{key} {plain(each)}", (*value[:at], *value[at + 1 :]))
            for at, each in enumerate(value)
        ]
    return [(f"{key} {_words(value)}", usual)]


def _words(value: Any) -> str:
    shown = plain(value)
    if isinstance(shown, list):
        return ", ".join(map(str, shown)) or "none"
    return {True: "true", False: "false", None: "null"}.get(shown, str(shown))


def _changed(options: Any, name: str, value: Any) -> Any:
    """The options with another value; ``None`` where they do not allow it."""
    try:
        return replace(options, **{name: value})
    except ValueError:
        return None
