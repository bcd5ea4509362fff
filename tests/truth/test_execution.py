"""Every case is executed: a broken one fails as marked, a clean one runs to the end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .corpus import Case, load_cases
from .execute import Outcome, problems, run_native

VERSION = sys.version_info[:2]
CASES = [case for case in load_cases() if case.runs_on(VERSION)]
TOPICS = sorted({case.topic for case in CASES})


@pytest.mark.parametrize("topic", TOPICS)
def test_cpython_does_what_the_case_says(topic: str, tmp_path: Path) -> None:
    # One process for a topic: a start of Python costs more than a case, which is a fork.
    cases = [case for case in CASES if case.topic == topic]
    outcomes = run_native(sys.executable, cases, tmp_path)
    wrong = {case.id: problems(case, VERSION, outcomes[case.id]) for case in cases}
    assert not {ident: found for ident, found in wrong.items() if found}


def case_named(ident: str) -> Case:
    return next(case for case in CASES if case.id == ident)


def test_the_comparison_sees_a_failure_that_does_not_come() -> None:
    case = case_named("single/guards/b_plain")
    clean = Outcome(error="", text="", at=None, idle=frozenset())
    assert problems(case, VERSION, clean) == ["should fail, ran clean"]


def test_the_comparison_sees_another_line_type_and_name() -> None:
    case = case_named("single/guards/b_plain")
    other = Outcome(error="TypeError", text="Decimal", at=("main.py", 1), idle=frozenset())
    assert len(problems(case, VERSION, other)) == 3


def test_the_comparison_sees_a_clean_case_that_fails_or_does_not_run() -> None:
    case = case_named("single/guards/c_elif_chain")
    failed = Outcome(error="NameError", text="Fraction", at=("main.py", 3), idle=frozenset())
    idle = Outcome(error="", text="", at=None, idle=frozenset({("main.py", 11)}))
    assert "should run clean" in problems(case, VERSION, failed)[0]
    assert problems(case, VERSION, idle) == ["never executed: [('main.py', 11)]"]


def test_every_category_has_broken_and_clean_cases_and_near_misses_abound() -> None:
    for category in ("single", "cross", "runtime"):
        kinds = [case.name[0] for case in CASES if case.category == category]
        assert kinds.count("b") > 20
        assert kinds.count("c") > 20
