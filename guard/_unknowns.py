"""How a rule over changes is held to its cases: with all facts, and with any one unknown.

A fact that is unknown must not open a door: where a rule has something to say, it still has
something to say (a finding, a hold, or which fact it lacks) when any one of the facts is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

from guard.change import Change, Review, Unit, Unknown
from guard.model import Finding, Held, Missing
from guard.rule import ChangeCase, ChangeRule

_GONE = Unknown("tried without it")


def change_problems(rule: ChangeRule, case: ChangeCase, said: tuple[object, ...]) -> Iterator[str]:
    """Where ``said``, the rule's answer, is not what ``case`` expects."""
    found = sorted(item.name for item in said if isinstance(item, Finding))
    if found != sorted(case.expects):
        yield f"expected {sorted(case.expects)}, found {found}"
    held = [item for item in said if isinstance(item, Held)]
    if bool(held) != case.held:
        yield f"expected {'a hold' if case.held else 'no hold'}, found {held}"
    missing = sorted({item.fact for item in said if isinstance(item, Missing)})
    if missing != sorted(case.missing):
        yield f"expected {sorted(case.missing)} to be missing, found {missing}"
    for item in said:
        if not isinstance(item, (Finding, Held, Missing)):
            yield f"{type(item).__name__} is no Finding, no Held and no Missing"
        elif not isinstance(item, Finding) and not item.reason.strip():
            yield f"a {type(item).__name__} without a reason"
    yield from _opened(rule, case, bool(said))


def _opened(rule: ChangeRule, case: ChangeCase, spoke: bool) -> Iterator[str]:
    options = rule.options() if case.options is None else case.options
    for name, change in without_each_fact(case.change):
        try:
            silent = bool(rule.idle(change, options)) or not tuple(rule.check(change, options))
        except Exception as error:  # noqa: BLE001 - any crash is the answer
            yield f"without {name}: {type(error).__name__}: {error}"
            continue
        if spoke and silent:
            yield f"without {name} it has nothing to say: what is not known must not pass"


def without_each_fact(change: Change) -> Iterator[tuple[str, Change]]:
    """``change`` with one fact unknown, for each fact of it, of its units and of its reviews."""
    for name in _facts(Change):
        if not isinstance(getattr(change, name), Unknown):
            yield name, _replaced(change, name, _GONE)
    for inner, kind in (("units", Unit), ("reviews", Review)):
        held: Any = getattr(change, inner)
        for at, value in enumerate(() if isinstance(held, Unknown) else held):
            for name in _facts(kind):
                if not isinstance(getattr(value, name), Unknown):
                    other = _replaced(value, name, _GONE)
                    whole = (*held[:at], other, *held[at + 1 :])
                    yield f"{inner}[{at}].{name}", _replaced(change, inner, whole)


def _facts(kind: Any) -> Iterable[str]:
    hints = get_type_hints(kind)
    return [each.name for each in fields(kind) if Unknown in get_args(hints[each.name])]


def _replaced(value: Any, name: str, fact: object) -> Any:
    return replace(value, **{name: fact})
