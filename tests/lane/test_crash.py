"""The reconciler is killed before and after each git command that it runs; the next run goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from guard.change import Evidence
from guard.lanecheck import verify
from guard.model import Verdict
from guard.repository import Repository
from tests.lane.world import World

TOP = Path(__file__).parents[2]
POLICY = "version: 1\nlane: {soak: 0s}\n"
KILLER = """\
#!/bin/sh
# Git, and from call number {at} on the end of who called it. Two calls may run at once.
echo >> {folder}/calls
count=$(wc -l < {folder}/calls)
[ {before} = yes ] && [ $count -ge {at} ] && kill -9 $PPID && exit 1
{git} "$@"
code=$?
[ {before} = no ] && [ $count -ge {at} ] && kill -9 $PPID
exit $code
"""


def reconcile(repo: Path, path: str = os.environ["PATH"]) -> int:
    """A process of its own, as cron starts it."""
    env = {**os.environ, "PATH": path, "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}"}
    command = [sys.executable, "-m", "guard", "lane", "reconcile", "--now", "7"]
    return subprocess.run(command, cwd=repo, env=env, capture_output=True, check=False).returncode


def chain(repo: Path) -> list[str]:
    world = World(repo, Repository(str(repo)))
    assert verify(world.reader, "main", world.tip).faults == ()
    return [each.kind.value for _, each in world.records.lane_history("main")][::-1]


@pytest.mark.e2e
def test_a_reconciler_may_be_killed(world: World, tmp_path: Path) -> None:
    assert kill_at_each(9, world, tmp_path, "no") > 2


@pytest.mark.slow
@pytest.mark.parametrize("before", ["yes", "no"])
def test_a_reconciler_may_be_killed_at_any_step(world: World, tmp_path: Path, before: str) -> None:
    assert kill_at_each(1, world, tmp_path, before) > 20


def kill_at_each(stride: int, world: World, tmp_path: Path, before: str) -> int:
    """How often it was killed, at every such step of a run."""
    world.move(world.commit({"guard.yaml": POLICY}, world.tip))
    world.write("settled", world.tip)
    rev = world.move(world.commit({"x.py": "2\n"}, world.tip, by="noreply@anthropic.com"))
    blob = world.git.run("rev-parse", f"{rev}:guard.yaml").decode().strip()
    green = Evidence(world.tree(rev), "check", Verdict.PASS, "e1", (), blob, "1", 1)
    world.records.record_evidence([green])
    git = shutil.which("git")
    kills = 0
    for at in range(stride, 200, stride):
        repo, folder = tmp_path / f"{at}.git", tmp_path / f"bin{at}"
        shutil.copytree(world.top, repo)
        folder.mkdir()
        (folder / "git").write_text(KILLER.format(at=at, folder=folder, git=git, before=before))
        (folder / "git").chmod(0o755)
        code = reconcile(repo, f"{folder}{os.pathsep}{os.environ['PATH']}")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
        assert chain(repo) in (
            ["started", "settled"],
            ["started", "settled", "landed", "released", "settled"],
        )
        assert reconcile(repo) == 0
        assert chain(repo) == ["started", "settled", "landed", "released", "settled"]
        shutil.rmtree(repo)
    return kills
