"""The guard on GitHub, end to end against the fake: pull requests, the queue, the reconciler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.model import Verdict
from tests.github.stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


def test_a_humans_change_may_land(stage: Stage) -> None:
    ada = stage.world.accounts["ada"]
    pull = stage.propose("one", ada, {"app/one.py": "ONE = 1\n"})
    said = stage.check_pull(pull)
    assert said.report.verdict is Verdict.PASS, list(said.report.results)
    assert stage.shown(pull.head)[0] == "SUCCESS"


def test_an_ai_change_needs_a_human_and_its_turn(stage: Stage) -> None:
    pull = stage.propose("two", stage.agent, {"app/two.py": "TWO = 2\n"})
    said = stage.check_pull(pull)
    assert said.report.verdict is Verdict.FAIL, said.report.results
    stage.world.review(pull, stage.world.accounts["bob"])
    said = stage.check_pull(pull)
    assert said.report.verdict is Verdict.PASS, [
        (r.rule, r.reason, [f.message for f in r.findings]) for r in said.report.results
    ]
    assert stage.shown(pull.head)[0] == "PENDING"
    done = stage.reconcile()
    assert done.green == ("#1",)
    assert stage.shown(pull.head)[0] == "SUCCESS"
    stage.world.enqueue(pull, stage.world.accounts["bob"])
    stage.world.queue_tick()
    stage.answer_events()
    assert not [each for each in stage.said if isinstance(each, Exception)], stage.said
    stage.world.queue_tick()
    assert pull.merged
