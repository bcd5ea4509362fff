"""A bare repository, and a clone of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guard.refs import LocalRefs, Refs, RemoteRefs
from guard.repository import Repository


def git(folder: Path, *args: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "b.git"], check=True)
    return tmp_path / "b.git"


@pytest.fixture
def repository(bare: Path) -> Repository:
    return Repository(str(bare))


@pytest.fixture(params=["local", "remote"])
def place(request: pytest.FixtureRequest, bare: Path, tmp_path: Path) -> tuple[Repository, Refs]:
    """A repository and its references: the bare one itself, or a clone that pushes to it."""
    if request.param == "local":
        found = Repository(str(bare))
        return found, LocalRefs(found)
    subprocess.run(["git", "clone", "-q", bare, tmp_path / "clone"], check=True, stderr=-3)
    found = Repository(str(tmp_path / "clone"))
    return found, RemoteRefs(found, "origin")
