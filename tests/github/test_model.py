"""Random days on GitHub: events lost, repeated, late and out of order, requests that fail.

What must hold is read from git and from the fake itself, and not from what the guard says.
"""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from guard.errors import GuardError
from guard.github.event import GroupMade, Moved, PullChanged, read_event
from tests.github.fake import Fault, Kind, QueueSettings, Refused
from tests.github.fake.repo import environment
from tests.github.fake.state import Pull
from tests.github.stage import CHECK, REPO, Stage, staged

FAULTS = (
    Fault(Kind.STATUS, status=502),
    Fault(Kind.STATUS, status=500, times=9),
    Fault(Kind.LOST, status=504),
    Fault(Kind.RESET),
    Fault(Kind.HANG, seconds=3),
    Fault(Kind.RESET_AFTER),
    Fault(Kind.TRUNCATE),
    Fault(Kind.TRUNCATE, times=9, path="/graphql"),
    Fault(Kind.SECONDARY, status=403, seconds=5),
    Fault(Kind.SECONDARY, status=429, seconds=7200, times=9),
    Fault(Kind.PARTIAL, field="repository", query="survey", times=9),
    Fault(Kind.ERROR, path="/graphql"),
    Fault(Kind.GAP, field="merged", query="survey", times=9),
    Fault(Kind.GAP, field="reviews", query="survey", times=9),
    Fault(Kind.GAP, field="entries", query="survey", times=9),
    Fault(Kind.GAP, field="open", query="survey", times=9),
    Fault(Kind.STATUS, status=503, path="git-receive-pack", times=2),
    Fault(Kind.STATUS, status=503, path="info/refs"),
)
LAID = 0.25
"""How often a run of the guard meets a fault."""


@dataclass
class Days:
    """One walk."""

    stage: Stage
    chance: random.Random
    late: list[tuple[str, str]] = field(default_factory=list)
    """Events that were not handed on yet, or shall be once more."""
    landed: list[Pull] = field(default_factory=list)
    failed: int = 0
    ran: int = 0
    made: int = 0

    def step(self) -> None:
        actions = {
            self.propose: 2,
            self.review: 4,
            self.take_back: 0.5,
            self.push: 0.5,
            self.direct_push: 0.2,
            self.enqueue: 9,
            self.run_jobs: 6,
            self.tick: 9,
            self.hand_on: 9,
            self.reconcile: 4,
            self.wait: 4,
            self.leave: 0.2,
        }
        (action,) = self.chance.choices([*actions], [*actions.values()])
        action()
        self.look()

    def open(self) -> list[Pull]:
        return [each for each in self.stage.world.pulls.values() if each.state == "OPEN"]

    def propose(self) -> None:
        if len(self.open()) < 5:
            self.made += 1
            world = self.stage.world
            by = self.chance.choice([self.stage.agent, self.stage.agent, world.accounts["ada"]])
            self.stage.propose(f"change{self.made}", by, {f"app/m{self.made}.py": "M = 1\n"})

    def review(self) -> None:
        for pull in self.open():
            if self.chance.random() < 0.5:
                by = self.stage.world.accounts[self.chance.choice(["bob", "cleo"])]
                state = self.chance.choice(["APPROVED"] * 8 + ["CHANGES_REQUESTED"])
                self.stage.world.review(pull, by, state)

    def take_back(self) -> None:
        found = [r for pull in self.open() for r in pull.reviews if r.state != "DISMISSED"]
        if found:
            self.stage.world.dismiss(self.chance.choice(found))

    def push(self) -> None:
        for pull in self.open()[:1]:
            world = self.stage.world
            self.made += 1
            upon = pull.head if self.chance.random() < 0.5 else world.repo.tip("main")
            files = {f"app/m{self.made}.py": "M = 2\n"}
            world.push_to_pull(pull, world.commit(files, upon, by=pull.by))

    def direct_push(self) -> None:
        world = self.stage.world
        self.made += 1
        files = {f"app/m{self.made}.py": "M = 3\n"}
        world.direct_push("main", world.commit(files, by=world.accounts["ada"]))

    def enqueue(self) -> None:
        world = self.stage.world
        for pull in self.open():
            if not world.obstacles(pull) and world.entry_of(pull) is None:
                jump = self.chance.random() < 0.2
                world.enqueue(pull, world.accounts["cleo"], jump=jump)
                return

    def run_jobs(self) -> None:
        """The workflow that runs the code: on the groups, and on what landed."""
        world = self.stage.world
        heads = [each.head for each in world.queues["main"].entries if each.head]
        heads += [each.head for each in self.open()]
        for sha in (*heads, world.repo.tip("main")):
            if self.chance.random() < 0.7:
                good = self.chance.random() < 0.9
                world.report_check(sha, "check", "SUCCESS" if good else "FAILURE")

    def tick(self) -> None:
        before = {pull.number for pull in self.landed}
        unreleased = self.unreleased()
        self.stage.world.queue_tick()
        new = [
            pull
            for pull in self.stage.world.pulls.values()
            if pull.merged and pull.number not in before
        ]
        self.landed += new
        ai = [pull for pull in new if pull.by is self.stage.agent]
        assert len(ai) <= 1, [pull.number for pull in ai]
        for pull in ai:
            assert not unreleased, (pull.number, [each.number for each in unreleased])
            opinions = {}
            for each in sorted(pull.reviews, key=lambda one: one.id):
                opinions[each.by.login] = (each.state, each.commit)
            assert ("APPROVED", pull.head) in opinions.values(), pull.reviews

    def hand_on(self) -> None:
        world, told = self.stage.world, self.stage.told
        self.late += [(name, json.dumps(body)) for name, body in world.events[told:]]
        self.stage.told = len(world.events)
        self.chance.shuffle(self.late)
        self.late.sort(key=lambda each: each[0] == "merge_group")  # these would be answered first
        for _ in range(min(3, len(self.late))):
            name, body = self.late.pop()
            luck = self.chance.random()
            if luck < 0.1:
                continue  # lost
            if luck < 0.2:
                self.late.insert(0, (name, body))  # comes once more
            if name in ("pull_request", "pull_request_review", "merge_group", "push"):
                event = read_event(name, body.encode(), REPO.path)
                if isinstance(event, GroupMade):
                    self.run(partial(self.stage.check_group, event))
                elif isinstance(event, PullChanged):
                    self.run(partial(self.stage.check_pull, world.pulls[event.number]))
                elif isinstance(event, Moved) and luck > 0.6:
                    self.reconcile()

    def reconcile(self) -> None:
        if self.run(self.stage.reconcile):
            self.lights()

    def wait(self) -> None:
        self.stage.clock.forward(self.chance.choice([30, 300, 1200, 1900, 4000]))

    def leave(self) -> None:
        for pull in self.open()[-1:]:
            self.stage.world.close(pull)

    def run(self, do: object) -> bool:
        """Run the guard, perhaps with a fault; whether it came to its end."""
        faults = self.stage.server.faults
        if self.chance.random() < LAID:
            made = self.chance.choice(FAULTS)
            skip = self.chance.choice([0, 0, 1, 2])
            faults.append(Fault(**{**vars(made), "skip": skip}))
        self.ran += 1
        try:
            do()  # type: ignore[operator]
        except GuardError:
            self.failed += 1
            return False
        finally:
            faults.clear()
        return True

    def unreleased(self) -> list[Pull]:
        """The AI landings that no record releases, by git alone."""
        text = _git(self.stage, "log", "--format=%H", "refs/guard/lane/main", "--", "record.json")
        freed = set()
        settled = []
        for oid in text.split():
            record = json.loads(_git(self.stage, "show", f"{oid}:record.json"))
            if record["kind"] == "released":
                freed.add(record["rev"])
            if record["kind"] == "settled":
                settled.append(record["rev"])
        return [
            pull
            for pull in self.landed
            if pull.by is self.stage.agent
            and pull.merge_commit not in freed
            and not any(_holds(self.stage, pull.merge_commit, rev) for rev in settled)
        ]

    def lights(self) -> None:
        """After a run of the reconciler: at most one AI change is green, none while one is watched.

        What the reconciler has seen is what was there when it ran, and nothing has moved since.
        """
        green = [
            pull
            for pull in self.open()
            if pull.by is self.stage.agent and self.stage.shown(pull.head, CHECK)[0] == "SUCCESS"
        ]
        assert len(green) <= 1, [pull.number for pull in green]
        assert not (green and self.unreleased()), green
        for pull in green:
            assert any(each.state == "APPROVED" for each in pull.reviews)

    def look(self) -> None:
        assert not self.stage.server.bugs


def _git(stage: Stage, *args: str) -> str:
    command = ["git", "-C", str(stage.world.repo.path), *args]
    env = environment(stage.clone)
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout


def _holds(stage: Stage, commit: str | None, rev: str) -> bool:
    command = ["git", "-C", str(stage.world.repo.path), "merge-base", "--is-ancestor"]
    env = environment(stage.clone)
    return subprocess.run([*command, str(commit), rev], check=False, env=env).returncode == 0


def walk(folder: Path, seed: int, steps: int) -> Days:
    """``steps`` random steps."""
    chance = random.Random(seed)
    with staged(folder) as stage:
        settings = QueueSettings(
            method=chance.choice(["MERGE", "SQUASH"]),
            strategy=chance.choice(["ALLGREEN", "HEADGREEN"]),
            push_keeps_entry=chance.random() < 0.5,
        )
        stage.world.open_queue("main", settings)
        stage.world.required_checks["main"] = (CHECK, "check") if seed % 2 else (CHECK,)
        days = Days(stage, chance)
        for _ in range(steps):
            try:
                days.step()
            except Refused:
                continue
        return days


@pytest.mark.parametrize("seed", range(2))
def test_random_days(tmp_path: Path, seed: int) -> None:
    days = walk(tmp_path, seed, 150)
    assert days.ran > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_random_weeks(tmp_path: Path, seed: int) -> None:
    days = walk(tmp_path, seed, 600)
    assert days.failed
    assert days.landed
