"""The outage, replayed on GitHub: fourteen AI pull requests, two hotfixes, one direct push.

Without the guard main breaks and stays broken. With it, main can be imported at every commit, each
refusal has its reason, the change that really repairs lands, and so does every good AI change, one
at a time. The code is really imported, by the interpreter that runs the tests.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from guard.errors import GuardError
from guard.forge._health import Doctor
from guard.forge.rulebook import rulebook_at
from guard.model import Verdict
from guard.repository import Repository
from tests.github.fake import Refused
from tests.github.fake.repo import environment
from tests.github.fake.state import Account, Pull
from tests.github.kit import address, git
from tests.github.stage import POLICY, RULES, Stage, staged

NAMES = ("Request", "Response", "Storage", "Processor", "Clock")
TARGET = 'target-version: "3.11"\n'
"""Annotations are evaluated there; from 3.14 on they would not be."""


def routes(future: bool = True, unguarded: int = 0) -> str:
    """The module of the outage; the first ``unguarded`` names are imported at run time."""
    head = "from __future__ import annotations\n\n" if future else ""
    head += "from typing import TYPE_CHECKING\n\n"
    head += "".join(f"from service.ports import {name}\n" for name in NAMES[:unguarded])
    rest = NAMES[unguarded:]
    if rest:
        head += "\nif TYPE_CHECKING:\n"
        head += "".join(f"    from service.ports import {name}\n" for name in rest)
    uses = [
        f"\n\ndef take_{name.lower()}(it: {name}) -> {name}:\n    return it\n" for name in NAMES
    ]
    return head + "".join(uses)


BASE = {
    "service/__init__.py": "",
    "service/ports.py": "".join(f"class {name}:\n    pass\n\n\n" for name in NAMES),
    "service/routes.py": routes(),
    "service/main.py": "import service.routes\n\n\nROUTES = service.routes\n",
}


@dataclass
class Play:
    """The people, the agents and the other workflows around the guard."""

    stage: Stage
    good: list[Pull] = field(default_factory=list)
    bad: list[Pull] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)

    @property
    def agent(self) -> Account:
        return self.stage.agent

    def open_all(self) -> None:
        """The pull requests of the day, in the order in which they came."""
        for number in range(14):
            if number % 4 == 2:  # each of these forgets that the names are for type checkers only
                name = f"broken_{number}"
                code = routes().replace(
                    "def take", f"LAST: type = {NAMES[number % 5]}\n\n\ndef take", 1
                )
                self.bad.append(self.stage.propose(name, self.agent, {"service/routes.py": code}))
            else:
                name = f"feature_{number}"
                code = f"from service.ports import {NAMES[number % 5]} as Used\n"
                files = {f"service/{name}.py": code}
                self.good.append(self.stage.propose(name, self.agent, files))
        for cured in (1, 2):  # each cures what the last deployment had shown, and no more
            code = routes(future=False, unguarded=cured)
            name = f"fix-all-imports-{cured}"
            self.bad.append(self.stage.propose(name, self.agent, {"service/routes.py": code}))

    def repair(self) -> Pull:
        """The change that really repairs: every name is there at run time."""
        every = {"service/routes.py": routes(future=False, unguarded=len(NAMES))}
        self.good.append(self.stage.propose("import-at-run-time", self.agent, every))
        return self.good[-1]

    def everything(self) -> list[Pull]:
        return [*self.good, *self.bad]

    def run_checks(self) -> None:
        """The workflow without secrets: the guard's checker and a real import, on what would be."""
        world = self.stage.world
        for pull in self.everything():
            if pull.state != "OPEN":
                continue
            entry = world.entry_of(pull)
            tip = world.repo.tip("main")
            heads = [(pull.head, (tip, pull.head))]
            if entry is not None and entry.head:
                heads.append((entry.head, (entry.head,)))
            for sha, parts in heads:
                if sha not in self.checked:
                    self.checked.add(sha)
                    sound = self.is_sound(parts)
                    for name in ("check", "smoke"):
                        world.report_check(sha, name, "SUCCESS" if sound else "FAILURE")

    def is_sound(self, parts: tuple[str, ...]) -> bool:
        folder = Repository(str(self.stage.world.repo.path), environment(self.stage.clone))
        tree = parts[0]
        if len(parts) == 2:
            merged = folder.merge_tree(*parts)
            if merged.tree is None:
                return False
            tree = folder.write_commit(merged.tree, parts, "try\n", at=0)
        book = rulebook_at(folder, tree, RULES)
        health = Doctor(folder, book, tree).health(tree)
        clean = getattr(health, "broken", ("unknown",)) == ()
        assert clean == imports(self.stage, tree), health
        return clean

    def approve_what_is_green(self) -> None:
        bob = self.stage.world.accounts["bob"]
        for pull in self.everything():
            approved = any(each.state == "APPROVED" for each in pull.reviews)
            if pull.state == "OPEN" and not approved and self.state(pull) == "success":
                self.stage.world.review(pull, bob)
                self.stage.clock.forward(1)

    def state(self, pull: Pull) -> str:
        runs = {
            run.name: run.conclusion
            for suite in self.stage.world.checks.suites(pull.head)
            for run in suite.runs
        }
        return "success" if runs.get("check") == runs.get("smoke") == "SUCCESS" else "failure"

    def hour(self) -> None:
        """What happens in half an hour."""
        stage, world = self.stage, self.stage.world
        self.run_checks()
        self.approve_what_is_green()
        stage.answer_events(look_after=False)
        stage.reconcile()
        for pull in self.everything():
            if pull.state == "OPEN" and not world.obstacles(pull) and not world.entry_of(pull):
                world.enqueue(pull, world.accounts["cleo"])
        world.queue_tick()
        stage.answer_events(look_after=False)
        self.run_checks()
        world.queue_tick()
        stage.answer_events()
        stage.clock.forward(31 * 60)


def imports(stage: Stage, commit: str) -> bool:
    """Whether the service can be imported at a commit."""
    tar = subprocess.run(
        ["git", "-C", str(stage.world.repo.path), "archive", commit],
        capture_output=True,
        check=True,
        env=environment(stage.clone),
    ).stdout
    folder = stage.clone.parent / "trees" / commit
    if not folder.exists():
        folder.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            archive.extractall(folder, filter="data")
    names = [path.stem for path in sorted((folder / "service").glob("*.py"))]
    code = "import " + ", ".join(f"service.{name}" for name in names if name != "__init__")
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0 or b"NameError" in done.stderr, done.stderr
    return done.returncode == 0


def history(stage: Stage) -> list[str]:
    """Every state that main was in, the oldest first."""
    path = str(stage.world.repo.path)
    out = git(Path(path), "rev-list", "--first-parent", "--reverse", "main").stdout
    return out.split()


def test_without_the_guard_main_breaks_and_stays_broken(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY + TARGET, files=BASE) as stage:
        play = Play(stage)
        world = stage.world
        play.open_all()
        lost = world.commit({"service/routes.py": routes(future=False)}, by=play.agent)
        world.direct_push("main", lost, play.agent)
        for pull in play.everything():
            with suppress(Refused):  # a conflict: nobody gets it in
                world.merge(pull, "MERGE", world.accounts["cleo"])
        states = [imports(stage, commit) for commit in history(stage)]
        assert states[0]
        assert len(states) > 10
        assert not any(states[1:])


def test_with_the_guard_main_can_be_imported_at_every_commit(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY + TARGET, files=BASE) as stage:
        play, world = Play(stage), stage.world
        world.required_checks["main"] = ("guard/main", "check", "smoke")
        world.protect("main")
        refused = git(stage.clone, "fetch", address(stage.server, stage.token), "main")
        lost = world.commit({"service/routes.py": routes(future=False)}, by=play.agent)
        pushed = git(
            world.repo.path,
            "push",
            address(stage.server, stage.token),
            f"{lost}:refs/heads/main",
            check=False,
        )
        assert refused.returncode == 0
        assert pushed.returncode != 0
        assert "Protected branch" in pushed.stderr
        play.open_all()
        play.repair()
        landed: list[int] = []
        for _ in range(40):
            play.hour()
            landed = [pull.number for pull in play.good if pull.merged]
            if len(landed) == len(play.good):
                break
        assert sorted(landed) == sorted(pull.number for pull in play.good)
        assert all(imports(stage, commit) for commit in history(stage))
        assert not any(isinstance(each, AssertionError) for each in stage.said)
        _one_at_a_time(stage, play)
        _each_refusal_has_its_reason(stage, play)


def _one_at_a_time(stage: Stage, play: Play) -> None:
    """Between two landings of an AI's there is the release of the first."""
    done = stage.reconcile()
    seen: list[tuple[str, str]] = []
    for _, record in done.scene.records.lane_history("main"):
        if record.kind.value in ("landed", "released"):
            seen.append((record.kind.value, record.rev))
    seen.reverse()
    assert len(seen) >= 2 * len(play.good) - 1
    for (kind, rev), (after, released) in zip(seen[::2], seen[1::2], strict=False):
        assert (kind, after, released) == ("landed", "released", rev)


def _each_refusal_has_its_reason(stage: Stage, play: Play) -> None:
    for pull in play.bad:
        assert pull.state == "OPEN"
        assert play.state(pull) == "failure"
        state, title = stage.shown(pull.head)
        assert state == "FAILURE"
        assert "missing-human-approval" in title or "does not merge" in title
    holds = [each for each in stage.said if getattr(getattr(each, "report", None), "verdict", None)]
    reasons = {
        held.reason.split(" ")[0]
        for each in holds
        if each.report.verdict is Verdict.HOLD
        for result in each.report.results
        for held in result.held
    }
    assert reasons <= {"lane"}
    assert not [each for each in stage.said if isinstance(each, GuardError)], stage.said


def test_a_broken_main_takes_nothing_but_the_repair(tmp_path: Path) -> None:
    """An administrator pushed past all rules: only what makes main whole again may land."""
    policy = POLICY.replace("rules:\n", "rules:\n  broken-target: error\n")
    with staged(tmp_path, policy + TARGET, files=BASE) as stage:
        world, ada = stage.world, stage.world.accounts["ada"]
        lost = world.commit({"service/routes.py": routes(future=False)}, by=ada)
        world.direct_push("main", lost, ada)
        assert not imports(stage, lost)
        other = stage.propose("other", ada, {"service/other.py": "OTHER = 1\n"})
        one = {"service/routes.py": routes(future=False, unguarded=1)}
        half = stage.propose("fix-all-imports", ada, one)
        whole = stage.propose("restore", ada, {"service/routes.py": routes()})
        for pull in (other, half, whole):
            stage.check_pull(pull)
        states = [stage.shown(pull.head)[0] for pull in (other, half, whole)]
        assert states == ["FAILURE", "FAILURE", "SUCCESS"]
        assert "broken-target" in stage.shown(other.head)[1]
        world.enqueue(whole, ada)
        world.queue_tick()
        stage.answer_events()
        world.queue_tick()
        assert whole.merged
        assert imports(stage, world.repo.tip("main"))
        stage.check_pull(other)
        assert stage.shown(other.head)[0] == "SUCCESS"
