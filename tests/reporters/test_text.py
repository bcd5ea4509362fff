"""The format for people."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from guard.model import Finding, Place, Report, RuleResult, Verdict, When
from guard.reporters._escape import terminal, width
from guard.reporters._source import Sources, decode, marked
from guard.reporters.context import ReportContext
from guard.reporters.text import render

FAILING = """\
app/api.py:7:22: error[runtime-use] `Request` is guarded but evaluated at run time.
7 | def handler(request: Request) -> None: ...
  |                      ^^^^^^^
4 |     from fastapi import Request
  |                         ------- bound for type checkers only
  = raises: NameError: name 'Request' is not defined
  = when: while the module is imported
  = also used: app/api.py:10:13 in module, at import
               app/api.py:13:17 in Later.run, at call
               app/api.py:13:18 in Later.run, at call
               and 2 more
  = import chain: app/main.py:3:1: from app import api
  = fix: Import `Request` outside the guard.

app/other.py:2:1: warning[other-rule] The ignore comment gives no reason.
  = fix: Say why.

note: the cache is off

1 error, 1 warning in 2 files (1,114 files checked, 2 rules, 0.12 s)
"""


def test_the_whole_output(samples) -> None:
    assert render(samples.failing, samples.context()) == FAILING


def test_color_adds_nothing_but_color(samples) -> None:
    painted = render(samples.failing, samples.context(color=True))
    assert "\x1b[1;31m^^^^^^^\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == FAILING


def test_verbose_shows_every_use(samples) -> None:
    text = render(samples.failing, samples.context(verbose=True))
    assert "13:20 in Later.run" in text
    assert "more" not in text


def test_quiet_leaves_the_findings_alone(samples) -> None:
    text = render(samples.failing, samples.context(quiet=True))
    assert text.startswith("app/api.py:7:22: error")
    assert "note:" not in text
    assert "checked" not in text
    assert render(samples.passing, samples.context(quiet=True)) == ""


def test_a_pass_is_one_line(samples) -> None:
    expected = "no findings (1 file checked, 2 rules, 0.12 s)\n"
    assert render(samples.passing, samples.context()) == expected


def test_what_was_not_verified_is_listed_with_its_reason(samples) -> None:
    text = render(samples.unverified, samples.context(prefix="app"))
    assert text.splitlines() == [
        "bad.py:9: unverified a NUL byte",
        "gone.py: unverified it vanished",
        "crashing: unverified ValueError: x",
        "held: hold lane held by #20",
        "",
        "no findings, 2 files unverified; verdict unverified (3 files checked, 4 rules, 0.12 s)",
    ]


def test_verbose_tells_the_verdict_of_each_rule(samples) -> None:
    lines = render(samples.unverified, samples.context(verbose=True)).splitlines()
    assert "off: skipped not at this stage" in lines
    assert "other-rule: unverified" in lines


def test_a_guard_in_another_file_is_named(samples) -> None:
    finding = Finding(
        "cross-module",
        Place("b.py", 1, 1),
        "X",
        "m",
        "ImportError: x",
        When.CALL,
        "f",
        guard=Place("a.py", 2, 5),
    )
    sources = {"b.py": b"from a import X\n", "a.py": b"if T:\n    X = 1\n"}
    report = Report("working tree", 2, (RuleResult("cross-module", Verdict.FAIL, (finding,)),))
    text = render(report, ReportContext(sources.get))
    assert ":: a.py:2:5\n2 |     X = 1\n  |     - bound" in text
    assert "= when: when the function runs" in text


def test_a_path_cannot_begin_a_workflow_command() -> None:
    finding = Finding("r", Place("::error::x.py", 1, 1), "X", "m", "", When.CALL, "f")
    report = Report("working tree", 1, (RuleResult("r", Verdict.FAIL, (finding,)),))
    assert render(report, ReportContext()).startswith("./::error::x.py:1:1: ")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain é 界 \u3000", "plain é 界 \u3000"),
        ("\x1b[31m\x07\x7f\x9b", "\\x1b[31m\\x07\\x7f\\x9b"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\u202e\u2066\u200f\ufeff", "\\u202e\\u2066\\u200f\\ufeff"),
        ("\udcff\ud800", "\\xff\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u2028\xa0", "\\u2028\\xa0"),
    ],
)
def test_escapes_for_a_terminal(raw: str, shown: str) -> None:
    assert terminal(raw) == shown


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("x = Name", "Name"),
        ("\tx = Name", "Name"),
        ("a\tb\tName", "Name"),
        ("'界界' + Name", "Name"),
        ("'e\u0301' + Name", "Name"),
        ("'\x1b\u202e' + Name", "Name"),
        ("'\t界\t' + 名前 + 1", "名前"),
        ("x" * 5000 + " Name " + "y" * 5000, "Name"),
        ("界" * 300 + " Name", "Name"),
    ],
)
def test_the_caret_stands_below_the_word(line: str, word: str) -> None:
    column = line.index(word) + 1
    place = Place("a.py", 1, column, 1, column + len(word))
    shown, before, size = marked(line, place)
    assert size == width(word)
    assert width(shown[: shown.index(word)]) == before
    assert "\t" not in shown
    assert len(shown) < 400


def test_a_place_over_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert marked("x = (a,", Place("a.py", 1, 5, 2, 3)) == ("x = (a,", 4, 3)


def test_a_place_without_an_end_gets_one_caret() -> None:
    assert marked("import a", Place("a.py", 1, 8)) == ("import a", 7, 1)


def test_a_place_beyond_the_line_does_not_crash() -> None:
    assert marked("ab", Place("a.py", 1, 99, 1, 120)) == ("ab", 2, 1)


def test_lines_end_where_python_ends_them() -> None:
    sources = Sources({"a.py": b"a\x0cb\r\nc\rd\n\xc2\x85e\n"}.get)
    lines = [sources.line(Place("a.py", number, 1)) for number in (1, 2, 3, 4, 9, 0)]
    assert lines == ["a\x0cb", "c", "d", "\x85e", None, None]
    assert sources.line(Place("missing.py", 1, 1)) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        (b"# -*- coding: latin-1 -*-\n\xe9", "# -*- coding: latin-1 -*-\n\xe9"),
        (
            b"#!/usr/bin/python\n# vim: set fileencoding=cp1251 :\n\xe9",
            "#!/usr/bin/python\n# vim: set fileencoding=cp1251 :\nй",
        ),
        (b"# coding: nonsense\n\xe9", "# coding: nonsense\n\udce9"),
        (b"# coding: hex\n\xe9", "# coding: hex\n\udce9"),
        (b"x = 1\n\n# coding: latin-1\n\xc3\xa9", "x = 1\n\n# coding: latin-1\né"),
    ],
)
def test_a_source_is_decoded_as_python_does(data: bytes, text: str) -> None:
    assert decode(data) == text


def test_the_text_format_loads_nothing_heavy() -> None:
    heavy = ["click", "yaml", "pluggy", "libcst", "json", "xml.sax", "subprocess", "tokenize"]
    code = f"import sys, guard.reporters.text; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_source_code_commands_no_runner(samples) -> None:
    line = "x = Request  # ::error::y ##[error]z\t##[add-mask]\n"
    place = Place("a.py", 1, 5, 1, 12)
    output = f"  {line}::a::\n ::b::"
    finding = replace(samples.finding, place=place, guard=None, uses=(), output=output)
    report = Report("tree", 1, (RuleResult("runtime-use", Verdict.FAIL, (finding,)),))
    shown = render(report, ReportContext({"a.py": line.encode()}.get))
    assert "##[" not in shown
    assert not re.search(r"(?m)^\s*::", shown)
    at = shown.splitlines()[1].index("Request")
    assert shown.splitlines()[2].index("^") == at
