"""The JSON formats keep the promise of ``report.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import guard.reporters
from guard.reporters import reporter

SCHEMA = json.loads(Path(guard.reporters.__file__).with_name("report.schema.json").read_text())
FINDING = jsonschema.Draft202012Validator({"$ref": "#/$defs/finding", "$defs": SCHEMA["$defs"]})


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("which", ["failing", "passing", "unverified", "empty", "hostile"])
def test_every_report_fits_the_schema(which, samples) -> None:
    document = json.loads(reporter("json")(getattr(samples, which), samples.context()))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_the_document(samples) -> None:
    document = json.loads(reporter("json")(samples.failing, samples.context(prefix="app")))
    assert document["version"] == 1
    assert document["verdict"] == "fail"
    assert document["top"] == ".."
    assert document["summary"] == {
        "errors": 1,
        "warnings": 1,
        "unjudged": 0,
        "files": 1114,
        "rules": 2,
        "seconds": 0.123,
    }
    first = document["findings"][0]
    assert first["id"] == samples.finding.id
    assert (first["path"], first["line"], first["column"]) == ("api.py", 7, 22)
    assert first["guard"] == {"path": "api.py", "line": 4, "column": 25}
    assert len(first["uses"]) == 6
    assert first["chain"][0]["text"] == "from app import api"


def test_a_file_that_two_rules_cannot_judge_is_listed_once(samples) -> None:
    document = json.loads(reporter("json")(samples.unverified, samples.context()))
    assert document["unjudged"] == [
        {
            "path": "app/bad.py",
            "line": 9,
            "reason": "a NUL byte",
            "rules": ["other-rule", "runtime-use"],
        },
        {"path": "app/gone.py", "line": None, "reason": "it vanished", "rules": ["other-rule"]},
    ]


def test_only_a_finding_line_has_a_path_and_a_name(samples) -> None:
    for report in samples.all():
        lines = reporter("jsonl")(report, samples.context()).splitlines()
        values = [json.loads(line) for line in lines]
        assert sum("name" in value for value in values) == len(report.findings)
        assert "path" not in values[-1]
        assert values[-1]["report"]["verdict"] == report.verdict.value
        for value in values[: len(report.findings)]:
            FINDING.validate(value)


def test_jsonl_tells_unjudged_files(samples) -> None:
    lines = reporter("jsonl")(samples.unverified, samples.context()).splitlines()
    assert [list(json.loads(line)) for line in lines] == [["unjudged"], ["unjudged"], ["report"]]
