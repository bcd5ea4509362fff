"""What is said on GitHub has room for so much: what is cut is cut where nothing comes to life."""

from __future__ import annotations

import pytest

from guard.github.answers import LONGEST, Answer, answer, cut, post
from guard.github.client import Client
from guard.model import Finding, Place, Report, RuleResult, Verdict, When
from guard.reporters.context import ReportContext
from guard.reporters.markdown import render
from tests.github.fake import World
from tests.github.inert import EVIL, check_markdown, check_title
from tests.github.kit import propose


def long(size: int) -> Report:
    """A hundred findings whose texts are hostile, each of some ``size`` characters."""
    text = (EVIL * (size // len(EVIL) + 1))[:size] + "\U0001f600`"
    findings = tuple(
        Finding("rule", Place(f"{number}{text}", 0, 0), text, text, "", When.LANDING, text)
        for number in range(100)
    )
    return Report("change", 1, (RuleResult("rule", Verdict.FAIL, findings),), (), "change")


@pytest.mark.parametrize("most", range(LONGEST - 5, LONGEST + 5))
def test_a_summary_that_is_cut_is_as_harmless_as_a_whole_one(most: int) -> None:
    whole = render(long(200), ReportContext())
    assert len(whole.encode()) > LONGEST + 5
    part = cut(whole, most)
    assert len(part.encode()) <= most
    kept, _, note = part.rpartition("\n\n")
    assert whole.startswith(f"{kept}\n")
    assert note == "Cut here: it is too long for GitHub.\n"
    check_markdown(part)


def test_what_fits_is_not_cut() -> None:
    assert cut("é" * 30_000) == "é" * 30_000
    assert cut("é" * 30_001).strip() == "Cut here: it is too long for GitHub."
    assert cut("a\nb\n", 4) == "a\nb\n"


def test_a_long_answer_is_written_all_the_same(world: World, client: Client) -> None:
    pull = propose(world, "one")
    post(client, "R_1", "guard/main", [answer(pull.head, long(3_000))])
    (run,) = (run for suite in world.checks.suites(pull.head) for run in suite.runs)
    assert run.summary is not None
    assert run.title is not None
    assert len(run.summary.encode()) <= LONGEST
    check_markdown(run.summary)
    check_title(run.title)
    assert run.title.endswith("...")


def test_each_answer_has_its_own_mark() -> None:
    said = [Answer("1", state, title, "s") for state in ("SUCCESS", "FAILURE") for title in "ab"]
    assert len({each.mark for each in said}) == 4
    assert said[0].mark == Answer("2", "SUCCESS", "a", "s").mark
