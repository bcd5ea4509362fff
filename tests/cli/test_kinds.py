"""Rules of both kinds are known to every command; each command runs its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from guard.model import Finding
from guard.observed import SmokeRun
from guard.rule import Project, SmokeRule


class Smoky(SmokeRule):
    id = "smoky"
    summary = "It smokes."

    def check(self, run: SmokeRun, project: Project, options: Any) -> Iterable[Finding]:
        raise AssertionError("a check of sources has no run to show")


@pytest.fixture
def both(repo):
    repo.rules = (*repo.rules, Smoky())
    return repo


def test_a_check_of_sources_runs_rules_over_sources_alone(both) -> None:
    document = both.check()
    assert document["verdict"] == "pass"
    assert "smoky" not in {rule["id"] for rule in document["rules"]}


def test_to_select_a_rule_of_another_command_is_an_error(both) -> None:
    result = both.run("check", "--select", "smoky")
    assert result.exit_code == 2
    assert "'smoky' is a rule of `guard smoke`" in result.stderr


def test_to_ignore_one_is_harmless(both) -> None:
    assert both.check("--ignore", "smoky")["verdict"] == "pass"


def test_the_policy_and_the_list_know_it(both) -> None:
    both.file("guard.yaml", "version: 1\nrules: {smoky: warning}\n")
    result = both.run("rules", "--format", "json")
    assert result.stderr == ""
    listed = json.loads(result.stdout)["rules"]
    assert {rule["id"]: rule["level"] for rule in listed}["smoky"] == "warning"
    assert both.check()["verdict"] == "pass"


def test_an_ignore_may_name_it_and_is_not_called_unused(both) -> None:
    both.write(c="x = 1  # guard: ignore[smoky] it is dry\n")
    assert both.check()["findings"] == []
