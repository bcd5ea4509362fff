"""The guard as a step of a job: events, checkouts, environment, files, exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github.inert import commands
from tests.github.runner import Ran, Runner
from tests.github.stage import POLICY, Stage, staged

PLAIN = {"action": "completed", "repository": {"full_name": "octo/project"}}
MOVED = {
    "push": None,
    "schedule": {"schedule": "*/5 * * * *"},
    "workflow_dispatch": {"inputs": None, "ref": "refs/heads/main", **PLAIN},
    "workflow_run": {"workflow_run": {"conclusion": "failure"}, **PLAIN},
    "deployment_status": {"deployment_status": {"state": "success"}, **PLAIN},
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


@pytest.fixture
def runner(stage: Stage, tmp_path: Path) -> Runner:
    made = Runner(stage, tmp_path / "runner")
    made.checkout()
    return made


def proposed(stage: Stage, agent: bool = False, name: str = "one") -> Any:
    by = stage.agent if agent else stage.world.accounts["ada"]
    return stage.propose(name, by, {f"app/{name}.py": f"{name.upper()} = 1\n"})


def told(ran: Ran) -> tuple[int, str, str]:
    return ran.code, ran.output, ran.summary.partition("\n")[0]


# Events


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_pull_request_is_judged(stage: Stage, runner: Runner, name: str) -> None:
    human, robot = proposed(stage), proposed(stage, agent=True, name="two")
    payloads = {each["number"]: each for event, each in stage.world.events if "number" in each}
    ran = runner.on(name, payloads[1])
    assert told(ran) == (0, "verdict=pass\n", "## guard: pass")
    assert stage.shown(human.head) == ("SUCCESS", "may land")
    ran = runner.on(name, payloads[2])
    assert told(ran) == (1, "verdict=fail\n", "## guard: fail")
    assert [kind for kind, _, _ in commands(ran.out)] == ["error"]
    assert stage.shown(robot.head)[0] == "FAILURE"
    stage.world.review(robot, stage.world.accounts["bob"])
    ran = runner.on("pull_request_review", runner.last("pull_request_review"))
    assert told(ran) == (0, "verdict=pass\n", "## guard: pass")
    assert stage.shown(robot.head)[0] == "PENDING"


def test_a_hold_is_said_by_the_check_run_and_not_by_the_job(stage: Stage, runner: Runner) -> None:
    first, second = (proposed(stage, True, name) for name in ("one", "two"))
    for pull in (first, second):
        stage.world.review(pull, stage.world.accounts["bob"])
    stage.world.merge(first)
    assert runner.reconcile().code == 0
    ran = runner.on("pull_request_review", runner.last("pull_request_review"))
    assert told(ran) == (0, "verdict=hold\n", "## guard: hold")
    ((kind, values, data),) = commands(ran.out)
    assert (kind, values["title"]) == ("notice", "guard: ai-change-in-flight")
    assert data.startswith("hold: ")
    state, title = stage.shown(second.head)
    assert (state, "held by #1" in title) == ("PENDING", True)


def test_a_merge_group_is_answered(stage: Stage, runner: Runner) -> None:
    first, second = (proposed(stage, True, name) for name in ("one", "two"))
    for pull in (first, second):
        stage.world.review(pull, stage.world.accounts["bob"])
        stage.world.report_check(pull.head, "guard/main")
        stage.world.enqueue(pull, stage.world.accounts["cleo"])
    stage.world.queue_tick()
    groups = [each for name, each in stage.world.events if name == "merge_group"]
    codes = []
    for payload in groups:
        ran = runner.on("merge_group", payload)
        state = {0: "SUCCESS", 1: "FAILURE"}[ran.code]
        assert stage.shown(payload["merge_group"]["head_sha"])[0] == state
        codes.append((ran.code, ran.output))
    assert codes == [(0, "verdict=pass\n"), (1, "verdict=fail\n")]
    gone = {**groups[0], "action": "destroyed", "reason": "dequeued"}
    assert told(runner.on("merge_group", gone)) == (0, "", "")


def test_a_merge_group_that_cannot_be_judged_is_answered_red(stage: Stage, runner: Runner) -> None:
    pull = proposed(stage)
    stage.world.report_check(pull.head, "guard/main")
    stage.world.enqueue(pull, stage.world.accounts["cleo"])
    stage.world.queue_tick()
    payload = runner.last("merge_group")
    head = payload["merge_group"]["head_sha"]
    payload["merge_group"]["base_sha"] = "1" * 40
    ran = runner.on("merge_group", payload)
    assert told(ran) == (3, "", "")
    assert "the event says 111111111111" in ran.err
    assert stage.shown(head)[0] == "FAILURE"


@pytest.mark.parametrize("name", MOVED)
def test_the_reconciler_runs(stage: Stage, runner: Runner, name: str) -> None:
    pull = proposed(stage, agent=True)
    stage.world.review(pull, stage.world.accounts["bob"])
    ran = runner.on(name, MOVED[name] or runner.last("push"))
    assert told(ran) == (0, "", "")
    assert "main: green: #1\n" in ran.out
    assert stage.shown(pull.head)[0] == "SUCCESS"


def test_a_closed_pull_request_is_for_the_reconciler(stage: Stage, runner: Runner) -> None:
    stage.world.close(proposed(stage))
    ran = runner.on("pull_request", runner.last("pull_request", action="closed"))
    assert (ran.code, ran.output) == (0, "")
    assert "main: green: no AI change\n" in ran.out


def test_reconcile_runs_by_itself(stage: Stage, runner: Runner) -> None:
    pull = proposed(stage, agent=True)
    stage.world.review(pull, stage.world.accounts["bob"])
    assert "main: green: #1\n" in runner.reconcile().out
    ran = runner.reconcile("--target", "main", "--repo", "octo/project", GITHUB_REPOSITORY=None)
    assert "main: every check run says what it should\n" in ran.out
    assert runner.reconcile("--remote", "origin").code == 2
    assert runner.reconcile("--target", "--x").code == 2


# Checkouts


def test_what_a_checkout_left_behind_is_not_sent_twice(stage: Stage, runner: Runner) -> None:
    """Two Authorization headers are refused by GitHub, and by the fake."""
    proposed(stage)
    runner.git("config", "--local", f"http.{stage.server.url}/.extraheader", "AUTHORIZATION: x y")
    runner.git("config", "--local", "http.extraheader", "AUTHORIZATION: basic Zm9vOmJhcg==")
    before = len(stage.server.requests)
    assert runner.on("pull_request", runner.last("pull_request")).code == 0
    sent = [each.authorization for each in stage.server.requests[before:]]
    assert {each.partition(" ")[0] for each in sent} == {"basic", "Bearer"}
    assert not [each for each in sent if ", " in each]


def test_a_clone_without_any_credentials_will_do(stage: Stage, tmp_path: Path) -> None:
    proposed(stage)
    runner = Runner(stage, tmp_path / "runner")
    runner.checkout(signed=False)
    assert runner.on("pull_request", runner.last("pull_request")).code == 0


@pytest.mark.parametrize("event", ["pull_request", "merge_group", "push"])
def test_a_shallow_clone_is_told_what_to_do(stage: Stage, tmp_path: Path, event: str) -> None:
    for number in range(3):
        stage.world.direct_push("main", stage.world.commit({f"{number}.py": "1\n"}))
    pull = proposed(stage)
    stage.world.report_check(pull.head, "guard/main")
    stage.world.enqueue(pull, stage.world.accounts["cleo"])
    stage.world.queue_tick()
    runner = Runner(stage, tmp_path / "runner")
    runner.checkout(depth=1)
    payload = runner.last(event)
    ran = runner.on(event, payload)
    assert told(ran) == (3, "", "")
    assert "give actions/checkout `fetch-depth: 0`" in ran.err
    if event == "merge_group":  # the queue gets its answer all the same
        assert stage.shown(payload["merge_group"]["head_sha"])[0] == "FAILURE"
    runner.git("fetch", "-q", "--unshallow", "origin")
    assert runner.on(event, payload).code == 0


def test_outside_of_a_repository(stage: Stage, runner: Runner, tmp_path: Path) -> None:
    proposed(stage)
    ran = runner.on("pull_request", runner.last("pull_request"), cwd=tmp_path)
    assert ran.code == 2
    assert "check out the target first, with fetch-depth: 0" in ran.err


# The command line and the environment


def test_a_pull_request_by_its_number(stage: Stage, runner: Runner) -> None:
    proposed(stage)
    now = ("--now", str(stage.clock.now))
    assert runner.run("gate", "--pr", "1", *now).code == 0
    asked = ("gate", "--pr", "1", "--repo", "octo/project", "--format", "json", *now)
    ran = runner.run(*asked, GITHUB_REPOSITORY=None)
    assert ran.code == 0
    assert '"verdict": "pass"' in ran.out
    for args, said in (
        (("--pr", "99"), "number of 99"),
        (("--pr", "1", "--repo", "octo/none"), "octo/none"),
        (("--pr", "1", "--repo", "--x"), "no repository"),
        (("--pr", "1", "--rev", "HEAD"), "drop --rev"),
        (("--pr", "0"), "'--pr'"),
    ):
        ran = runner.run("gate", *args, *now)
        assert ran.code in (2, 3)
        assert said in ran.err
    # Without either it is that of origin.
    assert runner.run("gate", "--pr", "1", *now, GITHUB_REPOSITORY=None).code == 0
    runner.git("remote", "remove", "origin")
    ran = runner.run("gate", "--pr", "1", *now, GITHUB_REPOSITORY=None)
    assert (ran.code, "name it with --repo" in ran.err) == (2, True)


def test_what_is_missing_is_said(stage: Stage, runner: Runner) -> None:
    proposed(stage)
    payload = runner.last("pull_request")
    before = len(stage.server.requests)
    no_extra = "import sys; sys.modules['httpx'] = None"
    cases: list[tuple[Ran, str]] = [
        (runner.on("pull_request", payload, GITHUB_TOKEN=None), "set GITHUB_TOKEN"),
        (runner.on("pull_request", payload, code=no_extra), "install 'premerge-guard[github]'"),
        (runner.run("lane", "reconcile", "--github", code=no_extra), "premerge-guard[github]"),
        (runner.on("issues", payload), "none that the guard answers"),
        (runner.on("pull_request", b""), "not JSON"),
        (runner.on("pull_request", payload, GITHUB_REPOSITORY="octo/other"), "runs for octo/other"),
        (runner.run("gate", GITHUB_EVENT_NAME="push"), "GITHUB_EVENT_PATH"),
        (runner.run("gate"), "which branch?"),
    ]
    for ran, said in cases:
        assert (ran.code, ran.output, ran.summary) == (2, "", ""), ran.log
        assert said in ran.err
        assert "Traceback" not in ran.err
    assert len(stage.server.requests) == before


def test_gh_token_will_do_and_a_wrong_one_is_refused(stage: Stage, runner: Runner) -> None:
    proposed(stage)
    payload = runner.last("pull_request")
    env = {"GITHUB_TOKEN": None, "GH_TOKEN": stage.token}
    assert runner.on("pull_request", payload, **env).code == 0
    ran = runner.on("pull_request", payload, GITHUB_TOKEN="ghs_unknown")
    assert (ran.code, ran.output) == (3, "")
    assert "ghs_unknown" not in ran.log


def test_without_the_files_of_a_runner(stage: Stage, runner: Runner) -> None:
    proposed(stage)
    payload = runner.last("pull_request")
    ran = runner.on("pull_request", payload, GITHUB_OUTPUT=None, GITHUB_STEP_SUMMARY=None)
    assert told(ran) == (0, "", "")
    ran = runner.on("pull_request", payload, GITHUB_OUTPUT=str(runner.folder))
    assert (ran.code, "cannot write" in ran.err) == (3, True)


def test_the_policy_is_that_of_the_target(stage: Stage, runner: Runner) -> None:
    """A change that takes the rules away is judged by them all the same."""
    world = stage.world
    loose = POLICY + "  missing-human-approval: off\n"
    made = world.commit({"guard.yaml": loose, "app/x.py": "X = 1\n"}, by=stage.agent)
    world.direct_push("loose", made, stage.agent)
    world.open_pull("loose", by=stage.agent)
    runner.git("fetch", "-q", "origin", "loose")
    runner.git("checkout", "-q", "--detach", "FETCH_HEAD")
    ran = runner.on("pull_request", runner.last("pull_request"))
    assert ran.code == 1
    assert "missing-human-approval" in ran.out
    assert "policy-weakened" in ran.out
