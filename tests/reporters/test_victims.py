"""What a finding about a run has besides: the modules that it takes down, and their output."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from guard.model import Finding, Place, Report, RuleResult, Verdict, When
from guard.reporters import github, jsonl, junit, markdown, sarif, text
from guard.reporters import json as json_format
from guard.reporters.context import ReportContext

NAMES = tuple(f"service.m{number}" for number in range(90))
FINDING = Finding(
    rule="import-failure",
    place=Place("service/api.py", 7, 22, 7, 29),
    name="Request",
    message="`Request` is bound nowhere",
    raises="NameError: name 'Request' is not defined",
    when=When.IMPORT,
    fix="Import it.",
    victims=NAMES,
)
FIRST = ", ".join(NAMES[:5])


def report(finding: Finding = FINDING) -> Report:
    results = (RuleResult("import-failure", Verdict.FAIL, (finding,)),)
    return Report("working tree", 114, results, unit="module")


def test_text_shows_a_few_and_counts_all() -> None:
    said = text.render(report(), ReportContext())
    assert f"  = takes down: 90 modules: {FIRST} and 85 more\n" in said
    assert "1 error in 1 file, 90 modules affected (114 modules checked, 1 rule, 0.00 s)" in said


def test_verbose_text_shows_all() -> None:
    said = text.render(report(), ReportContext(verbose=True))
    assert f"90 modules: {', '.join(NAMES)}\n" in said


def test_one_victim_is_one_module() -> None:
    said = text.render(report(replace(FINDING, victims=("a",))), ReportContext())
    assert "= takes down: 1 module: a\n" in said


@pytest.mark.parametrize("verbose", [False, True])
def test_text_shows_the_end_of_the_output(verbose: bool) -> None:
    lines = [f"line {number}" for number in range(30)]
    found = replace(FINDING, output="\n".join(lines) + "\n\n")
    said = text.render(report(found), ReportContext(verbose=verbose))
    assert "= output: line " in said
    assert "           line 29\n" in said
    assert ("line 3\n" in said) is verbose


def test_an_entry_point_has_its_moment() -> None:
    said = text.render(report(replace(FINDING, when=When.START)), ReportContext())
    assert "= when: when the entry point starts" in said


def test_json_has_all() -> None:
    found = replace(FINDING, output="bye\n")
    (plain,) = json.loads(json_format.render(report(found), ReportContext()))["findings"]
    assert plain["victims"] == list(NAMES)
    assert plain["output"] == "bye\n"
    line = json.loads(jsonl.render(report(found), ReportContext()).splitlines()[0])
    assert line["victims"] == list(NAMES)


def test_sarif_has_all_as_a_property_and_a_few_in_the_text() -> None:
    log = json.loads(sarif.render(report(), ReportContext()))
    (result,) = log["runs"][0]["results"]
    assert result["properties"]["victims"] == list(NAMES)
    assert f"Takes down 90 modules: {FIRST} and 85 more." in result["message"]["text"]


def test_github_and_markdown_show_a_few() -> None:
    assert f"Takes down 90 modules: {FIRST} and 85 more." in github.render(
        report(), ReportContext()
    )
    assert f"takes down `90 modules: {FIRST} and 85 more`" in markdown.render(
        report(), ReportContext()
    )


def test_junit_has_all_and_the_output() -> None:
    found = replace(FINDING, output="bye\n")
    tree = ET.fromstring(junit.render(report(found), ReportContext()))
    (failure,) = tree.iter("failure")
    assert f"takes down: 90 modules: {', '.join(NAMES)}" in (failure.text or "")
    assert "output:\nbye" in (failure.text or "")
