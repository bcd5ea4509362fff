"""Every case is executed: a broken one fails as marked, a clean one runs to the end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .corpus import Case, load_cases
from .execute import Outcome, problems, run_native

VERSION = sys.version_info[:2]
CASES = [case for case in load_cases() if case.runs_on(VERSION)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """All cases run in two batches, because starting an interpreter costs more than a case."""
    folder: Path = tmp_path_factory.mktemp("truth")
    return run_native(sys.executable, CASES, folder)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_cpython_does_what_the_case_says(case: Case, outcomes: dict[str, Outcome]) -> None:
    assert not problems(case, VERSION, outcomes[case.id]), case.what
