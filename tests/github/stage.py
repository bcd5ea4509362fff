"""A repository on the fake GitHub that the guard looks after, with its workflows played by hand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guard.cli._github import sign_in
from guard.errors import GuardError
from guard.github.client import Client, Endpoints
from guard.github.door import Said, judge_group, judge_pull
from guard.github.event import Event, GroupMade, Moved, PullChanged, read_event
from guard.github.reconcile import Reconciled, reconcile
from guard.github.scene import Place
from guard.github.values import Repo, Wanted
from guard.plugins import load_rules
from guard.repository import Repository
from tests.github.fake import Clock, Server, World
from tests.github.fake.repo import environment
from tests.github.fake.state import Account, Pull

POLICY = """\
version: 1
lane:
  targets: [main]
  soak: 30m
  turn: 1h
  checks: [check]
rules:
  missing-rollback-plan: off
"""
FILES = {"app/__init__.py": "", "app/core.py": "VALUE = 1\n"}
REPO = Repo("octo", "project")
CHECK = "guard/main"
RULES = load_rules()


def _no_time(seconds: float) -> None:
    del seconds


@dataclass
class Stage:
    """What a test talks to."""

    world: World
    server: Server
    clone: Path
    clock: Clock
    agent: Account
    token: str
    pause: Callable[[float], None] = _no_time
    said: list[Any] = field(default_factory=list)
    """What the guard answered or raised, for each event that was handed to it."""
    told: int = 0
    """How many of the world's events were handed on."""

    def place(self) -> Place:
        client = Client(
            self.token,
            Endpoints(self.server.api, self.server.graphql, self.server.url),
            sleep=self.pause,
            clock=self.clock,
            timeout=2.0,
        )
        git = Repository(str(self.clone), environment(self.clone))
        git.signs_in = sign_in(self.server.url, self.token)
        remote = f"{self.server.url}/{REPO.path}.git"
        return Place(client, git, remote, RULES, self.clock.now)

    @contextmanager
    def _at(self) -> Iterator[Place]:
        place = self.place()
        try:
            yield place
        finally:
            place.client.close()

    def reconcile(self) -> Reconciled:
        with self._at() as place:
            return reconcile(place, Wanted(REPO, "main"), "reconcile")

    def check_pull(self, pull: Pull) -> Said:
        with self._at() as place:
            return judge_pull(place, PullChanged(REPO, pull.number, pull.base, pull.head))

    def check_group(self, event: GroupMade) -> Said:
        with self._at() as place:
            return judge_group(place, event)

    def answer_events(self, look_after: bool = True) -> None:
        """Hand on what happened since the last time, as the workflows would.

        Without ``look_after`` the reconciler is left to a later run, which sees all the same.
        """
        moved = False
        while self.told < len(self.world.events):
            name, payload = self.world.events[self.told]
            self.told += 1
            if name in ("pull_request", "pull_request_review", "merge_group", "push"):
                event = read_event(name, json.dumps(payload).encode(), REPO.path)
                moved = moved or isinstance(event, Moved)
                self.answer(event)
        if (
            moved and look_after
        ):  # of runs that wait in one concurrency group, all but the last are cancelled
            self._keep(self.reconcile)

    def answer(self, event: Event) -> None:
        """Do what the gate's workflow does for this event."""
        if isinstance(event, GroupMade):
            self._keep(lambda: self.check_group(event))
        elif isinstance(event, PullChanged):
            self._keep(lambda: self.check_pull(self.world.pulls[event.number]))

    def _keep(self, do: Callable[[], Any]) -> None:
        try:
            self.said.append(do())
        except GuardError as error:
            self.said.append(error)

    def start(self) -> None:
        """Begin the lane at the tip, as `guard lane start` does."""
        from guard.github.scene import look
        from guard.keeper import Keeper

        with self._at() as place:
            scene = look(place, Wanted(REPO, "main"))
            keeper = Keeper(scene.keeping().reader, scene.refs, "main", scene.book.blob)
            keeper.start(scene.survey.tip, place.now, "ada")

    def propose(self, name: str, by: Account, files: dict[str, str], **more: Any) -> Pull:
        """A pull request of one commit."""
        made = self.world.commit(files, by=by, message=more.pop("message", f"Add {name}"))
        self.world.direct_push(name, made, by)
        return self.world.open_pull(name, by=by, title=more.pop("title", f"Add {name}"), **more)

    def shown(self, sha: str, name: str = CHECK) -> tuple[str, str]:
        """State and title of the newest check run of a commit."""
        runs = [
            run for suite in self.world.checks.suites(sha) for run in suite.runs if run.name == name
        ]
        if not runs:
            return "", ""
        last = max(runs, key=lambda each: each.id)
        return last.conclusion or "PENDING", last.title or ""


@contextmanager
def staged(folder: Path, policy: str = POLICY, files: Mapping[str, str] = FILES) -> Iterator[Stage]:
    """A stage whose ``main`` has the policy and ``files``, and whose lane has begun."""
    clock = Clock()
    world = World(folder / "github", clock)
    world.direct_push("main", world.commit({"guard.yaml": policy, **files}, message="First"))
    for login in ("ada", "bob", "cleo"):
        world.account(login)
    agent = world.account("claude", bot=True, permission="write")
    world.required_checks["main"] = (CHECK,)
    world.open_queue("main")
    with Server(world).running() as server:
        clone = folder / "clone"
        subprocess.run(
            ["git", "init", "-q", "-b", "main", str(clone)], check=True, env=environment(folder)
        )
        stage = Stage(world, server, clone, clock, agent, world.token())
        stage.start()
        stage.told = len(world.events)
        yield stage
