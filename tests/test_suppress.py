from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard._comments import comments_in
from guard.engine import OWN_RULES, ConfiguredRule, run
from guard.model import Finding, Level, Place, Report, Unjudged, Use, When
from guard.rule import NoOptions, Project, SourceRule
from guard.testing import FakeProject


class UsesOfX(SourceRule):
    """One finding with a use on each line that has ``X``; ``!`` marks a file it cannot judge."""

    id = "uses-of-x"
    summary = "X is used."

    def check(self, project: Project, options: Any) -> Iterable[Finding | Unjudged]:
        for path in project.paths():
            lines = project.read(path).decode("utf-8-sig").split("\n")
            if any("!" in line for line in lines):
                yield Unjudged(path, "cannot")
            places = [Place(path, at, 1) for at, line in enumerate(lines, 1) if "X" in line]
            uses = tuple(Use(place, When.CALL) for place in places)
            if uses:
                yield Finding(
                    self.id, places[0], "X", "X is used", "NameError: X", When.CALL, "No X.",
                    uses=uses,
                )  # fmt: skip


def judge(text: str | bytes, level: Level = Level.ERROR, **more: Any) -> Report:
    rules = [ConfiguredRule(rule, Level.ERROR, NoOptions()) for rule in OWN_RULES]
    rules.append(ConfiguredRule(UsesOfX(), level, NoOptions()))
    return run(FakeProject({"a.py": text}), rules, **more)


def lines_of(report: Report) -> list[int]:
    return [use.place.line for item in report.findings for use in item.uses]


def faults(report: Report) -> list[tuple[int, str]]:
    return [
        (item.place.line, item.message) for item in report.findings if item.rule == "inline-ignore"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "X  # guard: ignore[uses-of-x] known\n",
        "X  #guard:ignore [ uses-of-x ] known\n",
        "X  # noqa: F821  # guard: ignore[uses-of-x] known\n",
        "X  # guard: ignore[uses-of-x, uses-of-x]: known\n",
        "f(\n    X,\n)  # guard: ignore[uses-of-x] known\n",
        "f(  # guard: ignore[uses-of-x] known\n    X,\n)\n",
        "f(\n    # guard: ignore[uses-of-x] known\n    X,\n)\n",
        "def f(\n    a: X,\n):  # guard: ignore[uses-of-x] known\n    pass\n",
        "a = '''\n'''; X  # guard: ignore[uses-of-x] known\n",
        "X  # guard: ignore[uses-of-x] known",
        "\ufeffX  # guard: ignore[uses-of-x] known\n",
        "X \\\n + 1  # guard: ignore[uses-of-x] known\n",
        "pass\r\nX  # guard: ignore[uses-of-x] known\r\n",
        "\x0cX  # guard: ignore[uses-of-x] known\n",
    ],
)
def test_an_ignore_silences_its_logical_line(text: str) -> None:
    report = judge(text)
    assert report.findings == ()
    assert "1 finding ignored inline" in report.notes


def test_a_coding_line_is_followed() -> None:
    assert (
        judge(
            "# coding: latin-1\nX = '\xe9'  # guard: ignore[uses-of-x] \xe9t\xe9\n".encode()
        ).findings
        == ()
    )
    (comment,) = comments_in(
        "# coding: latin-1\n'\xe9'  # guard: ignore[a] \xe9\n".encode("latin-1")
    )
    assert comment == (2, 2, 2, 6, 26, ("a",), "\xe9")


def test_carriage_returns_end_lines() -> None:
    assert [comment[:3] for comment in comments_in(b"a\rb # guard: ignore[x] y\rc\r")] == [
        (2, 2, 2)
    ]


def test_the_other_uses_stay() -> None:
    report = judge("X  # guard: ignore[uses-of-x] known\nX\nX\n")
    (found,) = report.findings
    assert lines_of(report) == [2, 3]
    assert found.place.line == 2
    report = judge("X\nX  # guard: ignore[uses-of-x] known\n")
    assert lines_of(report) == [1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("X  # guard: ignore[uses-of-x]\n", "the ignore of uses-of-x gives no reason"),
        ("X  # guard: ignore[uses-of-x] # noqa\n", "the ignore of uses-of-x gives no reason"),
        ("Y  # guard: ignore[uses-of-x] why\n", "the ignore of uses-of-x silences nothing"),
        ("Y  # guard: ignore why\n", "an ignore names no rule"),
        ("Y  # guard: ignore[] why\n", "an ignore names no rule"),
        (
            "Y  # guard: ignore[use-of-x] why\n",
            "an ignore names the unknown rule 'use-of-x'; did you mean 'uses-of-x'?",
        ),
        (
            "# guard: ignore[uses-of-x] why\nY\n",
            "the ignore of uses-of-x silences nothing: it stands on a line of its own",
        ),
        (
            "if Y:\n    pass\n    # guard: ignore[uses-of-x] why\n",
            "the ignore of uses-of-x silences nothing: it stands on a line of its own",
        ),
    ],
)
def test_a_faulty_ignore_is_a_finding(text: str, said: str) -> None:
    (fault,) = faults(judge(text))
    assert fault[1] == said


def test_an_ignore_above_the_line_silences_nothing() -> None:
    report = judge("# guard: ignore[uses-of-x] why\nX\n")
    assert lines_of(report) == [2]
    assert len(faults(report)) == 1


def test_the_place_of_a_fault_is_the_comment() -> None:
    (found,) = judge("Y = 'é'  # noqa # guard: ignore[uses-of-x] why\n").findings
    assert found.place == Place("a.py", 1, 17, 1, 47)
    assert (found.rule, found.level, found.raises) == ("inline-ignore", Level.ERROR, "")


@pytest.mark.parametrize(
    "text",
    [
        "Y = '# guard: ignore[uses-of-x] why'\n",
        '"""\n# guard: ignore[uses-of-x] why\n"""\n',
        "Y  # guard: ignored[x]\n",
        "Y  # guards: ignore[x]\n",
    ],
)
def test_what_is_no_ignore(text: str) -> None:
    assert judge(text).findings == ()
    assert comments_in(text.encode()) == ()


def test_unused_is_only_said_of_a_rule_that_judged_the_file() -> None:
    text = "Y  # guard: ignore[uses-of-x] why\n"
    assert faults(judge(text)) != []
    assert faults(judge(text + "Y  # !\n")) == []
    assert faults(judge(text, Level.OFF)) == []


def test_a_rule_that_was_left_out_of_the_run_is_known_all_the_same() -> None:
    text = "Y  # guard: ignore[other-rule] why\n"
    assert faults(judge(text)) == [(1, "an ignore names the unknown rule 'other-rule'")]
    assert faults(judge(text, known=["other-rule"])) == []


@pytest.mark.parametrize(
    "data",
    [
        b"def (: # guard: ignore[a] b\n  '''",
        b"x = '\x00' # guard: ignore[a] b\n",
        b"\xff\xfe # guard: ignore[a] b\n",
        b"# coding: nonsense\n# guard: ignore[a] b\n",
        b"if x:\n    y\n  z # guard: ignore[a] b\n",
    ],
)
def test_a_file_that_does_not_tokenize_has_no_ignores_and_keeps_its_findings(data: bytes) -> None:
    assert isinstance(comments_in(data), tuple)


def test_a_file_without_the_words_is_not_tokenized() -> None:
    assert comments_in(b"'''" + b"never closed " * 10) == ()


PIECES = [
    "# guard: ignore[a] b",
    "guard: ignore",
    "\n",
    "\r",
    "\x0c",
    "'" * 3,
    "'",
    "(",
    ")",
    "f'{",
]
PIECES += ["}'", "if x:\n", "  ", "\\\n", "\x00", "\ufeff", "é", "# coding: latin-1\n", "x = 1"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
def test_no_text_makes_the_search_fail(text: str) -> None:
    for comment in comments_in(text.encode()):
        first, last, line, column, end = comment[:5]
        assert (first, last) == (0, 0) or first <= line <= last
        assert 1 <= column < end
