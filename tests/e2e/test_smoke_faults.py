"""Runs that are cut short, and many in a row: nothing of them remains."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.build_outage import git

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]
WAITS = """\
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(os.environ["MARK"] + ".new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(os.environ["MARK"] + ".new", os.environ["MARK"])
time.sleep(600)
"""
ENTRY = """
  entry-points:
    - {name: waits, command: [python, -m, pkg.waits], proof: {alive: 600}}
"""


@dataclass
class Project:
    """A project with a module that never comes back, and the traces of a run of it."""

    top: Path
    temporary: Path
    mark: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environ = os.environ | {
            "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}",
            "GUARD_CACHE_DIR": str(self.top.parent / "cache"),
            "TMPDIR": str(self.temporary),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "guard", "smoke", "--timeout", "600", *arguments],
            cwd=self.top,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pids(self) -> list[int]:
        """The processes of the project's code, once they run."""
        until(self.mark.exists)
        found = [int(pid) for pid in self.mark.read_text().split()]
        self.mark.unlink()
        return found

    def left(self) -> list[str]:
        return sorted(path.name for path in self.temporary.iterdir())

    def worktrees(self) -> int:
        return git(self.top, "worktree", "list").stdout.count("\n")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path / "project", tmp_path / "temporary", tmp_path / "mark")
    found.temporary.mkdir()
    (found.top / "pkg").mkdir(parents=True)
    policy = f"version: 1\nsmoke:\n  env: {{MARK: '{found.mark}'}}\n  network: allow{ENTRY}"
    texts = {"pkg/__init__.py": "", "pkg/fine.py": "", "pkg/waits.py": WAITS}
    for path, text in {**texts, "guard.yaml": policy, ".gitignore": "__pycache__\n"}.items():
        (found.top / path).write_text(text)
    git(found.top, "init", "--quiet", "--initial-branch=main")
    git(found.top, "add", "--all")
    git(found.top, "commit", "--quiet", "-m", "one")
    return found


def until(true: Callable[[], bool]) -> None:
    """Wait for what must come; the limit is there so that a fault ends the test."""
    limit = time.monotonic() + 60
    while not true():
        assert time.monotonic() < limit, "it did not come"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return Path("/proc/self").exists() or not _answers(pid)
    return state in ("Z", "X")  # nobody collects what was orphaned in some containers


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("what", [("--no-entry",), ("--entry",)], ids=["module", "entry"])
def test_who_asks_it_to_end_finds_nothing_left(
    project: Project, number: signal.Signals, what: tuple[str, ...]
) -> None:
    with project.start("--rev", "HEAD", *what) as run:
        pids = project.pids()
        assert project.worktrees() == 2
        run.send_signal(number)
        assert run.wait() == 130
        assert run.stderr is not None
        assert "interrupted" in run.stderr.read()
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))
    assert project.left() == []
    assert project.worktrees() == 1


@pytest.mark.parametrize("what", [("--no-entry",), ("--entry",)], ids=["module", "entry"])
def test_what_it_started_ends_with_it_when_it_is_killed(
    project: Project, what: tuple[str, ...]
) -> None:
    with project.start("--rev", "HEAD", *what) as run:
        pids = project.pids()
        run.kill()
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))
    for folder in project.temporary.iterdir():
        os.utime(folder, (0, 0))
    with project.start("--rev", "HEAD", "--no-entry", "pkg.fine") as again:
        assert again.wait() == 0
    assert project.worktrees() == 1
    assert project.left() == []


def test_a_module_that_takes_too_long_is_ended_with_its_children(project: Project) -> None:
    with project.start("--no-entry", "--timeout", "2") as run:
        pids = project.pids()
        output, _ = run.communicate()
        assert run.returncode == 1
    assert "pkg/waits.py" in output
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))
    assert project.left() == []


@pytest.mark.slow
def test_two_hundred_runs_leave_nothing(project: Project) -> None:
    def processes() -> set[str]:
        return {
            path.parent.name
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if str(project.top.parent).encode() in _read(path)
        }

    for _ in range(200):
        with project.start("--no-entry", "--rev", "HEAD", "pkg.fine") as run:
            assert run.wait() == 0
    assert project.left() == []
    assert project.worktrees() == 1
    assert processes() == set()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
