"""The real commands on the fake GitHub: two AI changes and a human's, one lane."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.github.fake import Clock, QueueSettings, Refused, RequiredCheck, Server, World
from tests.github.fake.repo import environment
from tests.github.fake.state import Pull
from tests.github.kit import address, git, propose, runner, schedule

POLICY = """
version: 1
lane: {targets: [main], soak: 10m, checks: [check]}
people: [{login: bob, roles: [approver]}]
"""


@dataclass
class Job:
    """A workflow's job that has checked out the target."""

    server: Server
    clock: Clock
    folder: Path
    token: str

    @property
    def world(self) -> World:
        return self.server.world

    def guard(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "guard", *args, "--now", str(self.clock.now)]
        around = {**environment(self.folder), "PYTHONPATH": os.pathsep.join(sys.path), **env}
        where = self.folder / "clone"
        return subprocess.run(
            command, cwd=where, env=around, capture_output=True, text=True, check=False
        )

    def gate(self, event: str, number: int = -1) -> int:
        """Run the gate on the last event of that name, or on another one of them."""
        found = [each for each in self.world.events if each[0] == event][number]
        return self.guard("gate", **runner(self.server, self.token, found, self.folder)).returncode

    def reconcile(self) -> str:
        env = runner(self.server, self.token, schedule(self.world), self.folder)
        done = self.guard("lane", "reconcile", "--github", **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def light(self, pull: Pull) -> str:
        check = RequiredCheck("guard/main", "github-actions")
        return self.world.checks.state(pull.head, check)


@contextmanager
def job(folder: Path) -> Iterator[Job]:
    clock = Clock()
    world = World(folder / "github", clock)
    world.direct_push("main", world.commit({"guard.yaml": POLICY, "a.py": "x = 1\n"}))
    world.account("ada")
    world.account("bob")
    world.account("claude", bot=True)
    world.required_checks["main"] = (RequiredCheck("guard/main", "github-actions"),)
    world.open_queue("main", QueueSettings())
    with Server(world).running() as server:
        token = world.token()
        git(folder, "clone", "-q", address(server, token), str(folder / "clone"))
        made = Job(server, clock, folder, token)
        assert made.guard("lane", "start", "--remote", "origin").returncode == 0
        clock.forward(60)
        yield made


@pytest.mark.e2e
@pytest.mark.slow  # the same with the real commands; test_steps plays one of them in each run
def test_one_ai_change_at_a_time(tmp_path: Path) -> None:
    with job(tmp_path) as at:
        world, bob = at.world, at.world.accounts["bob"]
        human = propose(world, "feature")
        assert at.gate("pull_request") == 0
        first, second = (propose(world, f"claude/{n}", by="claude") for n in ("one", "two"))
        assert at.gate("pull_request", -2) == 1
        assert at.gate("pull_request") == 1
        for pull in (first, second):
            at.clock.forward(5)
            world.review(pull, bob)
            at.gate("pull_request_review")
        assert [at.light(each) for each in (human, first, second)] == [
            "success",
            "pending",
            "pending",
        ]

        assert "green: #2" in at.reconcile()
        assert [at.light(each) for each in (first, second)] == ["success", "pending"]
        world.enqueue(human, bob)
        world.enqueue(first, bob)
        with pytest.raises(Refused, match="guard/main"):
            world.enqueue(second, bob)
        world.queue_tick()
        assert [at.gate("merge_group", each) for each in (0, 1)] == [0, 0]
        world.queue_tick()
        assert [each.state for each in (human, first, second)] == ["MERGED", "MERGED", "OPEN"]

        at.clock.forward(10)
        assert "held by #2" in at.reconcile()
        assert at.light(second) == "pending"
        world.report_check(world.repo.tip("main"), "check")
        at.clock.forward(600)
        assert "green: #3" in at.reconcile()
        assert at.light(second) == "success"
        assert {each.host for each in at.server.requests} == {at.server.url.partition("//")[2]}


def test_a_branch_that_nobody_protects_is_left_alone(tmp_path: Path) -> None:
    """A pull request upon another one is judged when it gets to the target."""
    with job(tmp_path) as made:
        world = made.world
        below = propose(world, "below")
        tip = world.commit({"above.py": "x = 1\n"}, below.head, by=world.accounts["ada"])
        world.direct_push("above", tip, world.accounts["ada"])
        above = world.open_pull("above", base="below", by=world.accounts["ada"])
        event = ("pull_request_target", world.events[-1][1])
        env = runner(made.server, made.token, event, made.folder)
        done = made.guard("gate", **env)
        assert done.returncode == 0, done.stderr
        assert "below is not protected" in done.stdout
        assert world.checks.suites(above.head) == []
