"""Workflow commands, read back the way the runner reads them."""

from __future__ import annotations

import re
from dataclasses import replace

from guard.model import Report, RuleResult, Verdict
from guard.reporters import reporter

COMMAND = re.compile(r"::(?P<kind>error|warning|notice) (?P<properties>[^:]*)::(?P<data>.*)")


def commands(samples, report: Report) -> list[tuple[str, dict[str, str], str]]:
    found = []
    *lines, _summary = reporter("github")(report, samples.context()).splitlines()
    for line in lines:
        match = COMMAND.fullmatch(line)
        assert match, line
        pairs = (pair.split("=", 1) for pair in match["properties"].split(","))
        properties = {key: unescape(value, ",:\n\r") for key, value in pairs}
        found.append((match["kind"], properties, unescape(match["data"], "\n\r")))
    return found


def unescape(text: str, chars: str) -> str:
    for char in chars:
        text = text.replace(f"%{ord(char):02X}", char)
    return text.replace("%25", "%")


def test_a_finding_is_an_annotation_at_its_place(samples) -> None:
    kind, properties, data = commands(samples, samples.failing)[0]
    assert kind == "error"
    assert properties == {
        "file": "app/api.py",
        "line": "7",
        "col": "22",
        "endColumn": "29",
        "title": "guard: runtime-use",
    }
    assert data.splitlines() == [
        "`Request` is guarded but evaluated at run time.",
        "Raises NameError: name 'Request' is not defined (while the module is imported).",
        "Bound for type checkers only: app/api.py:4.",
        "Fix: Import `Request` outside the guard.",
    ]


def test_the_level_is_kept(samples) -> None:
    assert [kind for kind, _, _ in commands(samples, samples.failing)] == [
        "error",
        "warning",
        "notice",
    ]


def test_hostile_text_stays_in_its_command(samples) -> None:
    found = commands(samples, samples.hostile)
    assert [kind for kind, _, _ in found] == ["error", "error", "error", "notice"]


def test_what_was_not_verified_is_an_error(samples) -> None:
    found = commands(samples, samples.unverified)
    where = {"file": "app/bad.py", "line": "9", "title": "guard: unverified"}
    assert found[0][:2] == ("error", where)
    assert [kind for kind, _, _ in found] == ["error", "error", "error", "notice"]
    assert found[3][2].startswith("hold: ")  # no fault: nobody has to mend anything


def test_the_limit_of_ten_is_told(samples) -> None:
    many = tuple(replace(samples.finding, name=f"N{number}") for number in range(11))
    report = Report("working tree", 1, (RuleResult("runtime-use", Verdict.FAIL, many),))
    found = commands(samples, report)
    assert len(found) == 12
    assert found[-1][2].startswith("GitHub shows 10 errors")
    fewer = Report("working tree", 1, (RuleResult("runtime-use", Verdict.FAIL, many[:10]),))
    assert len(commands(samples, fewer)) == 10


def test_the_file_is_named_from_the_root_of_the_repository(samples) -> None:
    context = replace(samples.context(), repository="services/api")
    assert "file=services/api/app/api.py," in reporter("github")(samples.failing, context)
