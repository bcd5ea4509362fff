"""The labelled changes: what the guard says of each, and how often that is the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard.change import Commit, Origin, Person, Provenance
from guard.commits import commits
from guard.config import parse_policy
from guard.git import Git
from guard.provenance import Told, judge
from tests.provenance.kit import ADA, History, new

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
KEYS = {
    *("id", "says", "truth", "agent", "conflict", "must", "by", "committer", "msg", "commits"),
    *("branch", "title", "body", "opener", "policy", "people"),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> History:
    return new(tmp_path_factory.mktemp("labelled") / "bare")


def made(history: History, case: dict[str, Any]) -> tuple[Commit, ...]:
    base = history.commit("base\n")
    tip = base
    for each in case.get("commits", [case]):
        parents = [base, tip] if each.get("merge") else [tip]
        tip = history.commit(each["msg"], parents, each.get("by", ADA), each.get("committer", ""))
    return commits(Git(str(history.top)), [base], [tip])


def answer(history: History, case: dict[str, Any]) -> Provenance:
    told = Told(
        branch=case.get("branch", ""),
        title=case.get("title", ""),
        body=case.get("body", ""),
        opener=Person(**case["opener"]) if "opener" in case else None,
    )
    text = {"version": 1, "provenance": case.get("policy", {}), "people": case.get("people", [])}
    policy = parse_policy(json.dumps(text).encode(), "guard.yaml", ())
    return judge(made(history, case), told, policy.provenance, policy.people)


def truth(case: dict[str, Any]) -> str:
    said = case.get("truth", case["says"])
    return "human" if said == "undeclared" else said


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_guard_says(shared: History, case: dict[str, Any]) -> None:
    found = answer(shared, case)
    assert found.origin is Origin(case["says"]), found
    assert bool(found.conflict) == case.get("conflict", False), found
    assert found.must_declare == case.get("must", False)
    assert bool(found.signals) == (found.origin is Origin.AI)
    if "agent" in case:
        assert case["agent"] in {each.agent for each in found.signals}


def test_the_cases_are_well_formed() -> None:
    assert len(CASES) >= 150
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert [case["id"] for case in CASES if not set(case) <= KEYS] == []


def test_how_often_it_is_the_truth() -> None:
    """``docs/provenance.md`` gives these figures."""
    said_ai = [case for case in CASES if case["says"] == "ai"]
    are_ai = [case for case in CASES if truth(case) == "ai"]
    right = [case for case in said_ai if truth(case) == "ai"]
    figures = (len(CASES), len(said_ai), len(are_ai), len(right))
    shown = "| {} | {} | {} | {} |".format(*figures)
    page = (Path(__file__).parents[2] / "docs" / "provenance.md").read_text()
    assert shown in page, shown
