"""``guard check --staged`` as git's own hook: what counts is the index that git hands over."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture
def commit(process):
    """``commit(*args)`` runs ``git commit`` with the hook in place, perhaps in another folder."""
    hook = process.project.top / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    command = shlex.join(process.argv("check", "--staged"))
    hook.write_text(f"#!/bin/sh\nexec {command} >&2\n")
    hook.chmod(0o755)

    def run(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "commit", "-q", "-m", "x", *args],
            cwd=cwd or process.project.top,
            env=process.environ(),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_plain_commit(repo, commit) -> None:
    repo.stage(c="# use pear\n")
    done = commit()
    assert done.returncode == 1
    assert "c.py:1:7: error[lost-word]" in done.stderr
    repo.stage(d="# define pear\n")
    assert commit().returncode == 0


def test_commit_all_hands_over_an_index_of_its_own(repo, commit) -> None:
    repo.write(a="# nothing\n")
    done = commit("-a")
    assert done.returncode == 1
    assert "b.py:1:7: error[lost-word]" in done.stderr


def test_a_commit_of_some_files_leaves_the_staged_others_out(repo, commit) -> None:
    repo.stage(c="# use pear\n")
    repo.write(b="# use apple # more\n")
    assert commit("b.py").returncode == 0
    assert commit().returncode == 1


def test_an_amended_commit(repo, commit) -> None:
    repo.stage(c="# use pear\n")
    assert commit("--amend").returncode == 1


def test_in_a_linked_worktree_and_a_folder_of_it(repo, commit, tmp_path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "topic")
    folder = tmp_path / "tree" / "pkg"
    folder.mkdir()
    (folder / "c.py").write_text("# use pear\n")
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    done = commit(cwd=folder)
    assert done.returncode == 1
    assert "pkg/c.py:1:7: error[lost-word]" in done.stderr


def test_a_merge(repo, commit) -> None:
    """Two sides, each sound alone, that break when they meet: textually there is no conflict."""
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit(c="# use apple\n")
    repo.git("checkout", "-q", "main")
    repo.commit(a="# nothing\n", b="# nothing\n")
    repo.git("merge", "-q", "--no-commit", "topic")
    done = commit()
    assert done.returncode == 1
    assert "c.py:1:7: error[lost-word]" in done.stderr
