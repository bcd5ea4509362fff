"""``guard who``: one answer a change, as text and as JSON."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from click.testing import Result

from guard.cli._surroundings import Surroundings
from tests.provenance.kit import History
from tests.provenance.running import run_in

CO = "Co-Authored-By: Claude <noreply@anthropic.com>"


@pytest.fixture
def who(history: History):
    def run(*argv: str) -> Result:
        around = Surroundings(environ=dict(os.environ), rules=lambda: ())
        return run_in(history.top, ("who", *argv), around)

    return run


def answers(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_commit_a_range_and_each(history: History, who) -> None:
    base = history.commit("base\n")
    one = history.commit(f"one\n\n{CO}\n", [base])
    two = history.commit("two\n\nAI-Assisted: no\n", [one])
    history.point(two)
    (found,) = answers(who("--format", "json"))
    assert found == {
        "rev": two,
        "base": one,
        "commits": 1,
        "subject": "two",
        "provenance": "human",
        "signals": [],
        "declared": "AI-Assisted: no",
        "conflict": "",
        "must_declare": False,
        "silent": [],
        "near": [],
    }
    (found,) = answers(who("--format", "json", f"{base}..main"))
    assert (found["rev"], found["base"], found["commits"]) == (two, base, 2)
    assert found["provenance"] == "ai"
    assert found["signals"] == [
        {"tier": "C", "agent": "Claude Code", "what": CO, "where": f"trailer of {one[:12]}"}
    ]
    found = answers(who("--format", "json", "--each", f"{base}.."))
    assert [(each["rev"], each["provenance"]) for each in found] == [(one, "ai"), (two, "human")]
    found = answers(who("--format", "json", one, two))
    assert [each["provenance"] for each in found] == ["ai", "human"]


def test_a_merge_is_the_change_that_it_merges(history: History, who) -> None:
    base = history.commit("base\n")
    topic = history.commit(f"topic\n\n{CO}\n", [base])
    later = history.commit("later\n", [base])
    history.point(history.commit("Merge branch 'topic'\n", [later, topic]))
    (found,) = answers(who("--format", "json"))
    assert (found["base"], found["commits"], found["provenance"]) == (later, 2, "ai")
    (found,) = answers(who("--format", "json", f"{later}...{topic}"))
    assert (found["base"], found["commits"]) == (base, 1)


def test_what_git_does_not_hold(history: History, who, tmp_path) -> None:
    history.point(history.commit("x\n"))
    body = tmp_path / "body.md"
    body.write_text("See https://app.devin.ai/sessions/1\n")
    argv = ("--branch", "claude/x", "--title", "t", "--body-file", str(body), "--format", "json")
    (found,) = answers(who(*argv))
    assert [each["where"] for each in found["signals"]] == ["branch", "body"]
    assert who("--body-file", "nowhere").exit_code == 2
    result = who("--branch", "x", "HEAD", "HEAD")
    assert (result.exit_code, "one change" in result.stderr) == (2, True)


def test_text_for_people(history: History, who) -> None:
    base = history.commit("base\n")
    one = history.commit(f"one \x1b[31m\n\n{CO}\n", [base], by="X <x@\u0430.org>")
    two = history.commit(f"two\n\n{CO}\nAI-Assisted: no\n", [one])
    history.point(two)
    lines = who(f"{base}..").stdout.splitlines()
    assert lines == [
        f"{two[:12]}  ai          2 commits, the last: two",
        f"  C  Claude Code: {CO}  (trailer of {one[:12]} and 1 more)",
        "  declared: AI-Assisted: no",
        f"  conflict: it declares 'AI-Assisted: no', and '{CO}' is a sign of Claude Code "
        f"(trailer of {two[:12]})",
        f"  near: x@\\u0430.org  (author of {one[:12]}): it has letters beyond ASCII, and is none "
        "that the table knows",
        f"  near: x@\\u0430.org  (committer of {one[:12]}): it has letters beyond ASCII, and is "
        "none that the table knows",
    ]
    assert "\x1b" not in who(one).stdout


def test_the_policy_counts(history: History, who, tmp_path) -> None:
    history.point(history.commit("x\n"))
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\nprovenance: {undeclared: require}\n")
    result = who("--config", str(policy))
    assert "the policy wants a declaration" in result.stdout
    policy.write_text("version: 1\nprovenance: {undeclared: sometimes}\n")
    assert who("--config", str(policy)).exit_code == 2


@pytest.mark.parametrize("asked", ["nowhere", "HEAD..HEAD", "-x", "HEAD..nowhere", ""])
def test_what_is_not_there_is_an_error(history: History, who, asked: str) -> None:
    history.point(history.commit("x\n"))
    assert who("--", asked).exit_code == 2


def test_unrelated_histories(history: History, who) -> None:
    one, other = history.commit("x\n"), history.commit("y\n")
    result = who(f"{one}...{other}")
    assert (result.exit_code, "no commit in common" in result.stderr) == (2, True)


def test_outside_of_a_repository(tmp_path) -> None:
    around = Surroundings(environ=dict(os.environ), rules=lambda: ())
    result = run_in(tmp_path, ("who",), around)
    assert (result.exit_code, "no git repository" in result.stderr) == (2, True)


def test_the_account_that_opened_it_is_a_sign(history: History, who) -> None:
    history.point(history.commit("one\n"))
    (found,) = answers(who("--format", "json", "--opener", "claude[bot]"))
    assert found["signals"] == [
        {"tier": "A", "agent": "Claude Code", "what": "claude[bot]", "where": "opener"}
    ]
    (found,) = answers(who("--format", "json", "--opener", "ada"))
    assert found["provenance"] == "undeclared"
    assert "--opener is about one change" in who("--each", "--opener", "ada", "main", "main").stderr
