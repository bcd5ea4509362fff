"""Deployments on GitHub: what may go where, what runs there, and what staging says of the lane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github.runner import Ran, Runner
from tests.github.stage import POLICY, Stage, staged

HOUR = 3600
STAGING = POLICY.replace("soak: 30m", "soak: 30m\n  staging: staging")


@pytest.fixture(params=[POLICY, STAGING], ids=["all", "staging"])
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    with staged(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def runner(stage: Stage, tmp_path: Path) -> Runner:
    made = Runner(stage, tmp_path / "runner")
    made.checkout()
    return made


def deploy(runner: Runner, rev: str, environment: str = "production") -> Ran:
    payload: dict[str, Any] = {
        "action": "created",
        "deployment": {"sha": rev, "environment": environment, "creator": {"login": "ada"}},
        "repository": {"full_name": "octo/project"},
    }
    return runner.on("deployment", payload)


def landed(stage: Stage, name: str, method: str = "MERGE") -> str:
    """An AI change on the target, healthy on staging for long enough."""
    world = stage.world
    pull = stage.propose(name, stage.agent, {f"app/{name}.py": "1\n"})
    made = world.merge(pull, method)
    world.deploy("staging", made, state="SUCCESS")
    stage.clock.forward(HOUR + 1)
    return made


def test_what_has_proved_itself_may_be_deployed(stage: Stage, runner: Runner) -> None:
    tip = stage.world.repo.tip("main")
    ran = deploy(runner, tip)
    assert (ran.code, ran.output) == (1, "verdict=fail\n")
    assert "has not been in staging" in ran.out
    stage.world.deploy("staging", tip, state="SUCCESS")
    ran = deploy(runner, tip)
    assert (ran.code, ran.output) == (75, "verdict=hold\n")
    assert "::notice title=guard%3A unsoaked-promotion::hold: " in ran.out
    stage.clock.forward(HOUR + 1)
    ran = deploy(runner, tip)
    assert (ran.code, ran.output) == (0, "verdict=pass\n"), ran.log
    assert deploy(runner, tip, "moon").code == 1


def test_nobody_deploys_while_something_else_is_on_its_way(stage: Stage, runner: Runner) -> None:
    world = stage.world
    one, two = landed(stage, "one"), landed(stage, "two")
    first = world.deploy("production", one, state="IN_PROGRESS")
    for number in range(60):  # of other environments, and newer
        world.deploy(f"preview-{number}", one)
    stage.world.deploy("staging", two, state="SUCCESS")
    stage.clock.forward(HOUR + 1)
    ran = deploy(runner, two)
    assert (ran.code, ran.output) == (75, "verdict=hold\n"), ran.log
    assert f"production is taking revision {one[:12]}" in ran.out
    world.deployment_status(first, "SUCCESS")
    assert deploy(runner, two).code == 0


@pytest.mark.parametrize("method", ["MERGE", "SQUASH"])
def test_two_ai_changes_are_not_deployed_at_once(stage: Stage, runner: Runner, method: str) -> None:
    first = stage.world.repo.tip("main")
    stage.world.deploy("production", first, state="SUCCESS")
    one, two = landed(stage, "one", method), landed(stage, "two", method)
    ran = deploy(runner, two)
    assert ran.code == 1, ran.log
    assert "2 AI changes at once are new to production" in ran.out
    stage.world.deploy("staging", one, state="SUCCESS")
    stage.clock.forward(HOUR + 1)
    assert deploy(runner, one).code == 0


def test_who_does_not_know_what_runs_there_does_not_guess(stage: Stage, runner: Runner) -> None:
    tip = landed(stage, "one")
    for _ in range(51):
        stage.world.deploy("production", tip, state="FAILURE")
    ran = deploy(runner, tip)
    assert (ran.code, ran.output) == (3, "")
    assert "what runs there is not known" in ran.err


def test_what_took_the_place_of_another_is_what_runs(tmp_path: Path) -> None:
    """GitHub says of the one before that it is inactive, and says so later."""
    with staged(tmp_path, STAGING) as stage:
        world = stage.world
        before = world.deploy("staging", world.repo.tip("main"), state="SUCCESS")
        pull = stage.propose("one", stage.agent, {"app/one.py": "ONE = 1\n"})
        world.review(pull, world.accounts["bob"])
        world.merge(pull)
        tip = world.repo.tip("main")
        world.report_check(tip, "check")
        stage.clock.forward(60)
        stage.reconcile()
        first = world.deploy("staging", tip, state="SUCCESS")
        stage.clock.forward(5)
        world.deployment_status(before, "INACTIVE")
        stage.clock.forward(20 * 60)
        (wait,) = stage.reconcile().outcome.waits
        assert "staging: healthy, to be watched for 595 s more" in wait.missing
        world.direct_push("main", world.commit({"app/two.py": "2\n"}))
        world.deploy("staging", world.repo.tip("main"), state="SUCCESS")
        stage.clock.forward(5)
        world.deployment_status(first, "INACTIVE")
        stage.clock.forward(10 * 60)
        assert stage.reconcile().outcome.waits == ()


def test_what_was_stopped_runs_no_more(tmp_path: Path) -> None:
    with staged(tmp_path, STAGING) as stage:
        world = stage.world
        tip = world.repo.tip("main")
        only = world.deploy("staging", tip, state="SUCCESS")
        world.deploy("staging", tip, state="FAILURE")
        world.deploy("other", tip, state="SUCCESS")
        stage.clock.forward(HOUR)
        world.deployment_status(only, "INACTIVE")
        found = stage.reconcile().scene.survey.deployments
        assert [each.state.value for each in found][-1] == "stopped"
