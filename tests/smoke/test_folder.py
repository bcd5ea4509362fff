"""Temporary folders with a commit or the index: whole, as git keeps it, and gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from demo.build_outage import git
from guard.cli import _smoke_folder
from guard.cli._smoke_folder import commit_folder, index_folder, sweep
from guard.git import Git

TOP = Path(__file__).parents[2]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "pkg").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / ".gitignore").write_text("built.py\n__pycache__\n")
    (folder / "pkg" / "a.py").write_text("one\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "one")
    return folder


def tree(folder: str) -> dict[str, str]:
    paths = (path for path in Path(folder).rglob("*") if path.is_file() and path.name != ".git")
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def test_a_commit_is_there_whole_and_then_gone(top: Path, temporary: Path) -> None:
    (top / "pkg" / "a.py").write_text("two\n")
    repository = Git(str(top))
    with commit_folder(repository, repository.resolve("HEAD")) as folder:
        assert tree(folder) == {".gitignore": "built.py\n__pycache__\n", "pkg/a.py": "one\n"}
        assert folder in repository.worktrees()
    assert list(temporary.iterdir()) == []
    assert repository.worktrees() == [str(top)]


def test_nothing_of_the_repository_is_run_on_the_way(top: Path, temporary: Path) -> None:
    told = temporary.parent / "told"
    (top / ".gitattributes").write_text("*.py filter=spy\n")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "two")
    for what in ("clean", "smudge", "process"):
        git(top, "config", f"filter.spy.{what}", f"touch {told}; cat")
    git(top, "config", "filter.spy.required", "true")
    hook = top / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {told}\n")
    hook.chmod(0o755)
    repository = Git(str(top))
    assert repository.filters() == ("spy",)
    with commit_folder(repository, repository.resolve("HEAD")) as folder:
        assert tree(folder)["pkg/a.py"] == "one\n"
    with index_folder(repository) as folder:
        assert tree(folder)["pkg/a.py"] == "one\n"
    (top / "pkg" / "a.py").write_text("two\n")
    assert repository.changed_on_disk(repository.resolve("HEAD")) == ["pkg/a.py"]
    assert repository.differs_from_index() == ["pkg/a.py"]
    assert not told.exists()


def test_the_index_with_what_is_built_and_without_what_is_not_staged(
    top: Path, temporary: Path
) -> None:
    (top / "pkg" / "a.py").write_text("staged\n")
    git(top, "add", "--all")
    (top / "pkg" / "a.py").write_text("not staged\n")
    (top / "pkg" / "built.py").write_text("built\n")
    (top / "pkg" / "forgotten.py").write_text("forgotten\n")
    (top / "pkg" / "__pycache__").mkdir()
    (top / "pkg" / "__pycache__" / "a.pyc").write_text("")
    with index_folder(Git(str(top))) as folder:
        found = tree(folder)
    assert {name: text for name, text in found.items() if name != ".gitignore"} == {
        "pkg/a.py": "staged\n",
        "pkg/built.py": "built\n",
    }
    assert list(temporary.iterdir()) == []


def leave_a_mess(repository: Git) -> None:
    with index_folder(repository) as folder:
        locked = Path(folder) / "pkg" / "locked"
        locked.mkdir()
        (locked / "file").write_text("x")
        locked.chmod(0o500)
        raise RuntimeError("on the way")


def test_what_the_code_left_write_protected_goes_too(top: Path, temporary: Path) -> None:
    with pytest.raises(RuntimeError, match="on the way"):
        leave_a_mess(Git(str(top)))
    assert list(temporary.iterdir()) == []


KILLED = """
import sys, time
from guard.cli._smoke_folder import commit_folder
from guard.git import Git
repository = Git(sys.argv[1])
with commit_folder(repository, repository.resolve("HEAD")) as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


def test_the_next_run_removes_what_a_killed_one_left(top: Path, temporary: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(TOP)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(top)], env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        left = process.stdout.readline().strip()
        os.utime(Path(left).parent, (0, 0))
        sweep(str(temporary))
        assert Path(left).exists(), "it is still in use"
        process.send_signal(signal.SIGKILL)
    repository = Git(str(top))
    assert left in repository.worktrees()
    os.utime(Path(left).parent, (0, 0))
    with commit_folder(repository, repository.resolve("HEAD")):
        assert left not in repository.worktrees()
    assert list(temporary.iterdir()) == []


def test_a_folder_that_another_run_has_just_made_is_left_alone(temporary: Path) -> None:
    made = temporary / f"{_smoke_folder.PREFIX}x"
    made.mkdir()
    sweep(str(temporary))
    assert made.exists()
    before = time.time() - 3600
    os.utime(made, (before, before))
    sweep(str(temporary))
    assert not made.exists()
