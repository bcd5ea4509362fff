"""Markdown, read back by a CommonMark parser with GFM tables."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from guard.model import Report, RuleResult, Verdict
from guard.reporters import reporter
from guard.reporters.markdown import LIMIT, code, prose

ALLOWED = {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "br"}


def html(text: str) -> str:
    return MarkdownIt("gfm-like", {"linkify": False}).render(text)


def tags(text: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", html(text)))


def test_hostile_text_makes_no_element_of_its_own(samples) -> None:
    for report in samples.all():
        assert tags(reporter("markdown")(report, samples.context())) <= ALLOWED


def test_hostile_text_makes_no_extra_cell(samples) -> None:
    shown = html(reporter("markdown")(samples.hostile, samples.context()))
    rows = re.findall(r"<tr>.*?</tr>", shown, re.S)
    assert [row.count("<td") for row in rows] == [0, 5]


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "see #12",
        "https://x.example",
        "www.x.example",
        "a@b.example",
        "x [a](b) ![c](d)",
        "1. one",
        "23) x",
        "- two",
        "+ x",
        "=== x",
        "0.12 s (a-b) $x$ ~~y~~ *z* _w_",
    ],
)
def test_prose_holds_nothing_that_a_forge_turns_into_a_link(text: str) -> None:
    shown = re.sub(r"<[^>]+>", "", html(prose(text)))
    assert "<a" not in html(prose(text))
    assert not re.search(r"@\w|#\d|://|www\.\w", shown)
    # What is read is the same text.
    assert shown.replace("\u200b", "").strip() == text


@pytest.mark.parametrize("text", ["`", "``a`", "a|b", "a\nb", "", " ", "<b>", "&amp;", "a`b", "\\"])
def test_a_code_span_holds_its_text(text: str) -> None:
    shown = html(f"| x |\n| --- |\n| {code(text)} |\n")
    assert shown.count("<td>") == 1
    assert shown.count("<code>") == 1


def test_the_table(samples) -> None:
    lines = reporter("markdown")(samples.failing, samples.context()).splitlines()
    assert lines[0] == "## guard: fail"
    row = next(line for line in lines if "`Request`" in line)
    assert "`app/api.py:7:22`" in row
    assert "`NameError: name 'Request' is not defined`" in row


def test_a_long_list_is_cut_and_says_so(samples) -> None:
    many = tuple(replace(samples.finding, name=f"N{number}") for number in range(LIMIT + 7))
    report = Report("working tree", 1, (RuleResult("runtime-use", Verdict.FAIL, many),))
    text = reporter("markdown")(report, samples.context())
    assert "7 more findings are not shown here." in text
    assert text.count("<br>`runtime-use`") == LIMIT
