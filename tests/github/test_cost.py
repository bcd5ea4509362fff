"""What the guard asks of GitHub's limits: calls and points, counted by the fake as GitHub does."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.github.event import PullChanged
from tests.github.stage import REPO, Stage, staged
from tests.github.test_group import queue


def opened(stage: Stage, number: int, approved: bool = True) -> None:
    """So many open pull requests of an AI."""
    tip = stage.world.repo.tip("main")
    for each in range(number):
        name = f"change{each}"
        made = stage.world.commit(
            {f"app/{name}.py": "X = 1\n"}, tip, by=stage.agent, message=f"Add {name}"
        )
        stage.world.direct_push(name, made, stage.agent)
        pull = stage.world.open_pull(name, by=stage.agent, title=f"Add {name}")
        if approved:
            stage.world.review(pull, stage.world.accounts["bob"])


def asked(stage: Stage, since: int) -> tuple[list[str], int]:
    """The calls of the API (git's own are none), and their points."""
    calls = [each for each in stage.server.requests[since:] if ".git/" not in each.path]
    return [each.query or each.path for each in calls], sum(each.points for each in calls)


@pytest.mark.parametrize(("number", "pages"), [(1, 0), (20, 0), (60, 1)])
def test_a_gate_run_is_two_calls_and_the_pages(tmp_path: Path, number: int, pages: int) -> None:
    with staged(tmp_path) as stage:
        opened(stage, number)
        before = len(stage.server.requests)
        pull = stage.world.pulls[1]
        stage.check_pull(pull)
        calls, points = asked(stage, before)
        assert calls == ["survey", *["open"] * pages, "runs"]
        assert points <= 12
        event = PullChanged(REPO, 1, "main", pull.head)
        assert event.number == 1


def test_a_merge_group_is_two_calls(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        opened(stage, 1)
        stage.reconcile()
        (event,) = queue(stage, stage.world.pulls[1])
        before = len(stage.server.requests)
        stage.check_group(event)
        assert asked(stage, before)[0] == ["survey", "runs"]


@pytest.mark.parametrize("number", [1, 20])
def test_a_reconcile_is_a_handful_of_calls(tmp_path: Path, number: int) -> None:
    with staged(tmp_path) as stage:
        opened(stage, number)
        before = len(stage.server.requests)
        stage.reconcile()
        calls, _ = asked(stage, before)
        assert len(calls) <= 4
        before = len(stage.server.requests)
        stage.reconcile()
        assert asked(stage, before)[0] == ["survey", "makers"]


@pytest.mark.slow
def test_a_reconcile_of_two_hundred_is_under_fifteen_calls(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        opened(stage, 200)
        before = len(stage.server.requests)
        stage.reconcile()
        first = asked(stage, before)
        assert len(first[0]) < 15, first
        stage.clock.forward(3600)
        before = len(stage.server.requests)
        stage.reconcile()
        turned = asked(stage, before)
        assert len(turned[0]) < 15, turned
        print(f"first: {len(first[0])} calls, {first[1]} points; a turn: {turned}")
