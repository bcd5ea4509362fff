"""Real git repositories, without the configuration of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


class Repo:
    """A repository in a folder of its own; ``git`` runs the real program."""

    def __init__(self, top: Path, environ: dict[str, str]) -> None:
        self.top = top
        self.environ = environ

    def git(self, *args: str, env: dict[str, str] | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.top,
            env={**self.environ, **(env or {})},
            capture_output=True,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, text: str | bytes = "x = 1\n") -> Path:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def commit(self, message: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


def clean_environ(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "protocol.file.allow",
        "GIT_CONFIG_VALUE_0": "always",
    }


@pytest.fixture
def make_repo(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()

    def make(name: str = "repo", *init: str) -> Repo:
        top = tmp_path / name
        top.mkdir()
        made = Repo(top, clean_environ(home))
        made.git("init", "-q", "-b", "main", *init)
        return made

    return make


@pytest.fixture
def repo(make_repo) -> Repo:
    return make_repo()
