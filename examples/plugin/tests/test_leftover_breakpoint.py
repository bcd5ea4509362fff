"""The whole contract in three lines, and what the cases cannot say."""

from __future__ import annotations

from guard_debugger.leftover_breakpoint import RULE, Options

from guard.model import Unjudged
from guard.rule import Case
from guard.testing import RuleTests, check_rule


class TestLeftoverBreakpoint(RuleTests):
    """Each case, and the conformance test."""

    rule = RULE


def test_options() -> None:
    """What the policy can change."""
    case = Case("all", "both", {"a.py": "import pdb, web_pdb\nbreakpoint()\n"})
    options = Options(modules=("web_pdb",), allow_breakpoint=True)
    (found,) = check_rule(RULE, case, options)
    assert found.name == "web_pdb"


def test_a_file_that_does_not_parse_is_unjudged() -> None:
    """It is never silently clean."""
    (said,) = check_rule(RULE, Case("broken", "no syntax", {"a.py": "breakpoint(\n"}))
    assert isinstance(said, Unjudged)
