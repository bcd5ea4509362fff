"""Each entry of the frameworks table, against the real library: what it says comes true."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from guard.model import Finding
from guard.testing import FakeProject
from guard_rules.type_checking_evaluated_annotation import RULE, Options
from tests.frameworks.corpus import FOLDER, FrameworkCase, all_cases

CASES = all_cases()


@cache
def outcomes(group: str) -> dict[str, str]:
    """What the cases of one library raise when they run."""
    runner = Path(__file__).parent / "runner.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(runner), str(FOLDER / f"{group}.cases")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str] = json.loads(done.stdout)
    return found


def findings(case: FrameworkCase) -> list[Finding]:
    found = list(RULE.check(FakeProject(case.files), Options()))
    assert all(isinstance(finding, Finding) for finding in found), found
    return [finding for finding in found if isinstance(finding, Finding)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_library_and_the_rule_agree(case: FrameworkCase) -> None:
    raised = outcomes(case.group)[case.name]
    found = findings(case)
    seen = {(use.place.path, use.place.line, f.name) for f in found for use in f.uses}
    assert seen == case.marks
    if case.name.startswith("c_"):
        assert raised == ""
        assert not found
    else:
        assert raised
        assert found
        announced = case.seen.split("|") if case.seen else [finding.raises for finding in found]
        assert any(raised.startswith(text) for text in announced), (raised, announced)


def test_there_are_cases_for_every_library_of_the_table() -> None:
    from guard_rules.type_checking_evaluated_annotation.frameworks import TABLE

    texts = " ".join(text for case in CASES for text in case.files.values())
    untested = {library for library in TABLE.libraries if library not in texts}
    assert untested <= {"flask_sqlalchemy"}
