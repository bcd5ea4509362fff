"""What is read of GitHub's JSON, where a shape or a word decides."""

from __future__ import annotations

from typing import Any

import pytest

from guard.github._raw import Raw
from guard.github.client import ForgeError
from guard.github.reading import checked_of
from guard.model import Verdict


def commit(status: str, conclusion: str | None, total: int = 1) -> Raw:
    run: dict[str, Any] = {
        "name": "check",
        "status": status,
        "conclusion": conclusion,
        "completedAt": "2024-01-01T00:00:00Z",
        "detailsUrl": None,
    }
    suite = {"app": None, "checkRuns": {"totalCount": total, "nodes": [run]}}
    return Raw({"s0": {"totalCount": 1, "nodes": [suite]}}, "commit")


@pytest.mark.parametrize(
    ("status", "conclusion", "said"),
    [
        ("COMPLETED", "SUCCESS", [Verdict.PASS]),
        ("COMPLETED", "FAILURE", [Verdict.FAIL]),
        ("COMPLETED", "TIMED_OUT", [Verdict.FAIL]),
        ("COMPLETED", "ACTION_REQUIRED", [Verdict.FAIL]),
        ("COMPLETED", "STARTUP_FAILURE", [Verdict.FAIL]),
        ("COMPLETED", "SKIPPED", []),
        ("COMPLETED", "NEUTRAL", []),
        ("COMPLETED", "CANCELLED", []),
        ("COMPLETED", "STALE", []),
        ("COMPLETED", None, []),
        ("IN_PROGRESS", None, []),
        ("QUEUED", "SUCCESS", []),
    ],
)
def test_a_check_that_says_nothing_is_no_evidence(
    status: str, conclusion: str | None, said: list[Verdict]
) -> None:
    assert [each.verdict for each in checked_of(commit(status, conclusion), 1)] == said


def test_check_runs_that_were_not_given_are_an_error() -> None:
    with pytest.raises(ForgeError, match="1 of 2 were given"):
        checked_of(commit("COMPLETED", "SUCCESS", total=2), 1)


@pytest.mark.parametrize("value", [{}, {"at": None}, {"at": 5}, {"at": "soon"}])
def test_a_time_that_is_none_is_an_error(value: dict[str, Any]) -> None:
    with pytest.raises(ForgeError, match="nothing is decided on it"):
        Raw(value, "x").time("at")


def test_a_null_among_nodes_is_an_error() -> None:
    with pytest.raises(ForgeError, match="may not read it"):
        Raw({"all": {"nodes": [None]}}, "x").nodes("all")


def test_true_is_no_number() -> None:
    with pytest.raises(ForgeError):
        Raw({"n": True}, "x").number("n")
