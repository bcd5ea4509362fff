"""Judge one change by one built-in rule, as a door would."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from guard.change import Change
from guard.change_engine import run_changes
from guard.engine import ConfiguredRule
from guard.model import Level, RuleResult, Stage


def judge(
    rule: str, change: Change, stage: Stage = Stage.PRE_RECEIVE, **options: Any
) -> RuleResult:
    """The result of the rule ``rule`` at level error, with these options."""
    found = import_module(f"guard_rules.{rule.replace('-', '_')}").RULE
    item = ConfiguredRule(found, Level.ERROR, found.options(**options))
    (result,) = (each for each in run_changes(change, [item], stage).results if each.rule == rule)
    return result


def said(result: RuleResult) -> str:
    """All messages and the reason, in lines."""
    return "\n".join([*(each.message for each in result.findings), result.reason])
