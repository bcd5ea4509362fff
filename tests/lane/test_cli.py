"""The commands of ``guard lane``, as a user runs them."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from guard.change import Evidence, How
from guard.cli import app
from guard.cli._surroundings import Surroundings
from guard.model import Verdict
from tests.lane.world import World, shell

POLICY = """\
version: 1
lane:
  soak: 100s
  deadline: 1000s
  lanes:
    - {name: api, paths: ["api/"]}
people:
  - {login: ada, roles: [releaser]}
  - {login: bob, roles: [approver]}
"""
ROBOT = "noreply@anthropic.com"


@dataclass
class User:
    """Runs commands in a repository, with the clock at hand."""

    world: World
    folder: Path

    def __call__(self, command: str, code: int = 0, now: int | None = None) -> str:
        """Output and errors of ``guard lane COMMAND``."""
        argv = ["lane", *command.split()] + ([] if now is None else ["--now", str(now)])
        around = Surroundings(environ=os.environ, rules=lambda: ())
        with CliRunner().isolation() as (out, err, _):
            found = app.run(argv, around)
            sys.stdout.flush()
            sys.stderr.flush()
            text = out.getvalue().decode() + err.getvalue().decode()
        assert found == code, text
        return text

    def land(self, path: str = "x.py", text: str = "2\n") -> str:
        world = self.world
        return world.move(world.commit({path: text}, world.tip, by=ROBOT))


@pytest.fixture
def user(world: World, monkeypatch: pytest.MonkeyPatch) -> User:
    world.move(world.commit({"guard.yaml": POLICY}, world.tip))
    world.write("settled", world.tip)
    monkeypatch.chdir(world.top)
    return User(world, world.top)


def test_a_free_lane(user: User) -> None:
    text = user("status", now=5)
    assert "  lane api: free\n  lane other: free\n" in text


def test_a_held_lane_says_by_whom_how_long_and_what_is_missing(user: User) -> None:
    rev = user.land()
    assert "since a time that is not recorded" in user("status", now=5)
    assert f"recorded: landed {rev[:12]} in lane other, reconcile" in user("reconcile", now=5)
    text = user("status", now=6)
    assert f"lane other: held by {rev[:12]}, since 1970-01-01 00:00:05 UTC" in text
    assert "soak until 1970-01-01 00:01:45 UTC" in text
    assert "missing: its soak goes on for 99 s" in text
    assert f"missing: no evidence of 'check' for tree {user.world.tree(rev)[:12]}" in text
    assert "soak over since" in user("status", now=200)


def test_who_waits_is_shown(user: User) -> None:
    world = user.world
    world.move(world.commit({"api/a.py": "2"}, world.tip, by=ROBOT), "claude/ready")
    text = user("status", now=5)
    assert "  open: claude/ready, lane api, other, lacks an approval of its tree" in text
    (target,) = json.loads(user("status --format json", now=6))["targets"]
    assert [each["id"] for each in target["waiting"]] == ["refs/heads/claude/ready"]


def test_json(user: User) -> None:
    rev = user.land("api/a.py")
    user("reconcile", now=5)
    (target,) = json.loads(user("status --format json", now=6))["targets"]
    assert (target["target"], target["tip"], target["now"]) == ("main", rev, 6)
    api, other = target["lanes"]
    assert (api["holder"]["rev"], api["until"], api["overdue"]) == (rev, 105, False)
    assert api["holder"]["signals"][0]["what"]
    assert len(api["missing"]) == 2
    assert other["holder"] is None
    (again,) = json.loads(user("reconcile --format json", now=7))["targets"]
    assert again["recorded"] == []
    found = json.loads(user("log --format json"))["records"]
    assert [each["kind"] for each in found] == ["landed", "settled", "started"]


def test_release_wants_evidence(user: User) -> None:
    rev = user.land()
    text = user("release", 1, now=5)
    assert f"{rev[:12]} is not released" in text
    assert "missing: its soak goes on for 100 s" in text
    user.world.records.record_evidence([_green(user.world, rev)])
    assert f"released {rev[:12]} in lane other, by evidence" in user(f"release {rev}", now=105)
    assert "nothing to release" in user("release", 2, now=106)
    assert "holds no lane" in user("release HEAD~1", 2, now=106)


def test_an_override_needs_a_reason_and_a_name_of_the_policy(user: User) -> None:
    user.land()
    assert "needs --by" in user("override HEAD --reason x", 2)
    assert "a reason is needed" in user("override HEAD --by ada", 2)
    assert "needs the role releaser or owner" in user("override HEAD --by bob --reason x", 2)
    assert "'eve' is not in the policy; who may: ada" in user(
        "override HEAD --by eve --reason x", 2
    )
    user("override HEAD --by ada --reason urgent", now=9)
    text = user("status", now=10)
    assert "lane other: free" in text
    assert "by a human's word: released" in text
    assert "ada: urgent, on 1970-01-01 00:00:09 UTC" in text
    assert "ada: urgent" in user("reconcile", now=11)
    assert "released by ada: urgent" in user("verify")


def test_clear(user: User) -> None:
    user.land()
    assert "needs --by" in user("clear HEAD --reason x", 2)
    user("clear HEAD --by ada --reason typed", now=9)
    text = user("status", now=10)
    assert "lane other: free" in text
    assert "cleared" in text


def test_reconcile_alerts_past_the_deadline(user: User) -> None:
    user.land()
    user("reconcile", now=0)
    user("reconcile", now=1000)
    assert "ALERT: past its deadline" in user("reconcile", 1, now=1001)
    assert "lane other: held" in user("status", now=1001)


def test_reconcile_alerts_where_the_lane_was_passed_by(user: User) -> None:
    user.land()
    user("reconcile", now=0)
    rev = user.land(text="3\n")
    assert f"ALERT: {rev[:12]}, since 1970" in user("reconcile", 1, now=1)


def test_start(user: User) -> None:
    assert "has begun" in user("start", 2)
    user.world.git.run("update-ref", "-d", "refs/guard/lane/main")
    assert "has no start" in user("status", 3)
    assert "has no start" in user("reconcile", 3)
    assert "has no start" in user("release", 3)
    assert "has no start" in user("verify", 1)
    assert "no records" in user("log")
    user("start HEAD", now=5)
    user("status")
    assert "--again needs a --reason" in user("start --again", 2)
    assert "needs --by" in user("start --again --reason x", 2)
    user("start --again --reason rewritten --by ada", now=6)
    assert "ada: rewritten" in user("status", now=7)


def test_log_and_verify(user: User) -> None:
    user.land()
    user("reconcile", now=3)
    lines = user("log").splitlines()
    assert [line.split()[4] for line in lines] == ["landed", "settled", "started"]
    assert len(user("log -n 1").splitlines()) == 1
    assert "3 records, whole, and agree with the history" in user("verify")
    user.world.write("released", "1" * 40, base="2" * 40)
    assert "fault:" in user("verify", 1)


def test_several_targets(user: User) -> None:
    world = user.world
    policy = POLICY.replace("lane:\n", "lane:\n  targets: [main, stable, gone]\n")
    world.move(world.commit({"guard.yaml": policy}, world.tip))
    world.move(world.tip, "stable")
    user("start --target stable", now=0)
    text = user("status", now=1)
    assert "main at" in text
    assert "stable at" in text
    assert "name one with --target" in user("log", 2)
    user("log --target refs/heads/stable")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("status --target nope", "no branch 'nope'"),
        ("status --target -x", "not the name of a branch"),
        ("status --target=", "an empty --target"),
        ("override nope --by ada --reason x", "no commit 'nope'"),
        ("status --remote -x", "not a remote"),
    ],
)
def test_wrong_questions(user: User, command: str, words: str) -> None:
    if "--remote" in command:
        command += " --target main"
    assert words in user(command, 2)


def test_outside_of_a_repository(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "not in a git repository" in user("status", 2)


def test_a_branch_that_is_checked_out_nowhere(user: User) -> None:
    shell(user.folder, "update-ref", "--no-deref", "HEAD", user.world.tip)
    assert "name one with --target" in user("status", 2)


def test_from_a_clone(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = tmp_path / "clone"
    shell(tmp_path, "clone", "-q", str(user.folder), str(clone))
    rev = user.land()
    monkeypatch.chdir(clone)
    assert "recorded: landed" in user("reconcile --remote origin", now=5)
    text = user("status --remote origin --target main", now=6)
    assert f"held by {rev[:12]}" in text
    shell(clone, "symbolic-ref", "-d", "refs/remotes/origin/HEAD")
    assert "name one with --target" in user("status --remote origin", 2)
    assert "no branch 'nope' at origin" in user("status --remote origin --target nope", 2)


def test_hostile_words_are_harmless(user: User) -> None:
    user.land()
    words = {"reason": "\x1b[31mred\n  lane other: free", "by": "a\x07da"}
    rev, base = user.world.tip, user.world.git.resolve("HEAD~1")
    user.world.write("released", rev, 5, base=base, how=How.OVERRIDE, **words)
    text = user("status", now=6)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\n  lane other: free\n" in text
    assert text.count("lane other: free") == 2


def _green(world: World, rev: str) -> Evidence:
    policy = world.git.run("rev-parse", f"{rev}:guard.yaml").decode().strip()
    return Evidence(world.tree(rev), "check", Verdict.PASS, "e1", (), policy, "1", 1)
