"""JUnit XML, read back by a parser."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from guard.reporters import reporter


def suite(samples, which: str) -> ET.Element:
    text = reporter("junit")(getattr(samples, which), samples.context())
    root = ET.fromstring(text.encode())
    (only,) = root
    cases = list(only)
    assert only.attrib["tests"] == str(len(cases))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert only.attrib[name] == str(sum(case.find(tag) is not None for case in cases))
    return only


def outcomes(found: ET.Element) -> list[tuple[str, str]]:
    return [(case.attrib["classname"], case[0].tag if len(case) else "") for case in found]


@pytest.mark.parametrize("which", ["failing", "passing", "unverified", "empty", "hostile"])
def test_every_report_parses_and_counts_right(which: str, samples) -> None:
    assert suite(samples, which).attrib["name"].startswith("guard: ")


def test_a_pass_has_a_case_for_each_rule(samples) -> None:
    assert outcomes(suite(samples, "passing")) == [("other-rule", ""), ("runtime-use", "")]


def test_an_error_fails_and_a_warning_only_speaks(samples) -> None:
    found = suite(samples, "failing")
    assert outcomes(found) == [("other-rule", "system-out"), ("runtime-use", "failure")]
    failure = found[1][0]
    assert failure.attrib["message"].startswith("`Request` is guarded")
    assert "raises: NameError: name 'Request' is not defined" in (failure.text or "")


def test_what_was_not_verified_or_is_held_is_an_error(samples) -> None:
    assert outcomes(suite(samples, "unverified")) == [
        ("crashing", "error"),
        ("held", "error"),
        ("off", "skipped"),
        ("other-rule", "error"),
        ("other-rule", "error"),
        ("runtime-use", "error"),
    ]


def test_no_rule_is_an_error(samples) -> None:
    assert outcomes(suite(samples, "empty")) == [("guard", "error")]
