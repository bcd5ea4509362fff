"""Every built-in rule over changes does what its cases say, and never passes for not knowing."""

from __future__ import annotations

import pytest

from guard.rule import ChangeCase, ChangeRule
from guard.testing import case_problems, conformance
from guard_rules import guard_rules

RULES = [rule for rule in guard_rules() if isinstance(rule, ChangeRule)]
CASES = [(rule, case) for rule in RULES for case in rule.cases()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_rule_conforms(rule: ChangeRule) -> None:
    assert conformance(rule) == ()


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{r.id}-{c.id}" for r, c in CASES])
def test_case(rule: ChangeRule, case: ChangeCase) -> None:
    assert case_problems(rule, case) == ()
