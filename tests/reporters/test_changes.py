"""What a report over a change has besides: findings without a line, holds, facts that lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import guard.reporters
from guard.change_engine import run_changes
from guard.engine import ConfiguredRule
from guard.model import Finding, Held, Level, Missing, Place, Report, Stage, When
from guard.reporters import FORMATS, github, junit, markdown, reporter, sarif, text
from guard.reporters.context import ReportContext
from guard.rule import ChangeRule
from guard.samples import change

SCHEMA = json.loads((Path(guard.reporters.__file__).parent / "report.schema.json").read_text())


def about(rule: str, name: str, path: str = "") -> Finding:
    place = Place(path, 0, 0)
    return Finding(rule, place, name, f"{name} is wrong", "", When.LANDING, f"Mend {name}.")


class Says(ChangeRule):
    summary = "It says what it is told to."

    def __init__(self, name: str, *said: Any) -> None:
        self.id = name  # type: ignore[misc]
        self.said = said

    def check(self, change: Any, options: Any) -> Any:
        return self.said


HELD = Held("lane held by #20", "#20", 1_800_003_600, 2, 3)
RULES = (
    Says("approval", about("approval", "#23")),
    Says("lane", HELD),
    Says("plan", about("plan", "migrations/1.sql", "migrations/1.sql")),
    Says("tested", Missing("evidence", "no records", "Record some.")),
)


def report(*rules: ChangeRule, stage: Stage = Stage.PULL_REQUEST) -> Report:
    on = [ConfiguredRule(rule, Level.ERROR, None) for rule in rules or RULES]
    return run_changes(change(), on, stage)


def test_text() -> None:
    assert text.render(report(), ReportContext(elapsed=0.5)) == (
        "change: error[approval] #23 is wrong\n"
        "  = fix: Mend #23.\n"
        "\n"
        "migrations/1.sql: error[plan] migrations/1.sql is wrong\n"
        "  = fix: Mend migrations/1.sql.\n"
        "\n"
        "lane: hold lane held by #20 until 2027-01-15 09:00 UTC; you are 2nd of 3\n"
        "tested: unverified evidence not known: no records. Record some.\n"
        "\n"
        "2 errors in 1 file (1 change checked, 4 rules, 0.50 s)\n"
    )


def test_a_hold_alone_is_the_verdict() -> None:
    said = text.render(report(RULES[1]), ReportContext())
    assert said.endswith("no findings; verdict hold (1 change checked, 1 rule, 0.00 s)\n")


def test_a_finding_about_the_change_alone_counts_no_file() -> None:
    said = text.render(report(RULES[0]), ReportContext())
    assert said.endswith("\n1 error (1 change checked, 1 rule, 0.00 s)\n")


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_has_holds_and_facts_as_values(form: str) -> None:
    lines = reporter(form)(report(), ReportContext(prefix="sub"))
    if form == "json":
        document = json.loads(lines)
        jsonschema.validate(document, SCHEMA)
        findings, rules = document["findings"], document["rules"]
    else:
        *findings, last = map(json.loads, lines.splitlines())
        rules = last["report"]["rules"]
    assert [(each["path"], each["line"], each["when"]) for each in findings] == [
        ("", 0, "landing"),
        ("../migrations/1.sql", 0, "landing"),
    ]
    by_id = {rule["id"]: rule for rule in rules}
    until = 1_800_003_600
    held = {"reason": "lane held by #20", "by": "#20", "until": until, "place": 2, "of": 3}
    missing = {"fact": "evidence", "reason": "no records", "fix": "Record some."}
    assert by_id["lane"]["held"] == [held]
    assert by_id["tested"]["missing"] == [missing]
    assert (by_id["approval"]["held"], by_id["approval"]["missing"]) == ([], [])


def test_sarif_gives_a_service_a_file_and_no_line() -> None:
    (run,) = json.loads(sarif.render(report(), ReportContext(repository="top")))["runs"]
    change_, file = (result["locations"][0] for result in run["results"])
    assert change_["physicalLocation"]["artifactLocation"]["uri"] == "top/guard.yaml"
    assert change_["logicalLocations"] == [{"name": "change", "kind": "resource"}]
    assert file["physicalLocation"]["artifactLocation"]["uri"] == "top/migrations/1.sql"
    assert "region" not in change_["physicalLocation"]
    assert "region" not in file["physicalLocation"]
    told = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("you are 2nd of 3" in each for each in told)
    assert any("evidence not known" in each for each in told)


def test_github_annotates_no_file_for_the_change() -> None:
    said = github.render(report(), ReportContext())
    assert "::error title=guard%3A approval::#23 is wrong%0AFix: Mend #23.\n" in said
    assert "::error file=migrations/1.sql,title=guard%3A plan::" in said
    assert "::notice title=guard%3A lane::hold: lane held by #20 until" in said


def test_markdown_tells_waiting_from_not_verified() -> None:
    said = markdown.render(report(), ReportContext())
    waiting, unverified = said.split("### Waiting")[1].split("### Not verified")
    assert "you are 2nd of 3" in waiting
    assert "evidence not known" in unverified
    assert "| error<br>`approval` | `change` |" in said
    assert "| `migrations/1.sql` |" in said


def test_junit_names_the_change_and_fails_what_waits() -> None:
    tree = ET.fromstring(junit.render(report(), ReportContext()))
    cases = {case.get("name"): [child.tag for child in case] for case in tree.iter("testcase")}
    assert cases == {
        "change #23": ["failure"],
        "lane": ["error"],
        "migrations/1.sql migrations/1.sql": ["failure"],
        "tested": ["error"],
    }


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_loses_who_holds_it_or_which_fact_lacks(form: str) -> None:
    said = reporter(form)(report(), ReportContext()).replace("&#8203;", "").replace("\\", "")
    assert "#20" in said
    assert "evidence" in said


@pytest.mark.parametrize("form", FORMATS)
def test_in_the_queue_a_hold_is_an_error_in_every_format(form: str) -> None:
    said = report(RULES[1], stage=Stage.MERGE_QUEUE)
    rendered = reporter(form)(said, ReportContext()).replace("&#8203;", "").replace("\\", "")
    assert "not its turn: lane held by #20" in rendered
