"""A job of GitHub's runner: its environment, its files, a checkout, and the guard as a process."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.github.fake.repo import environment
from tests.github.stage import REPO, Stage

TOP = Path(__file__).resolve().parents[2]
GIT = """#!{python}
import os, sys
with open({log!r}, "a") as file:
    file.write("\\0".join(sys.argv) + "\\n\\0\\n")
path = os.environ["PATH"].split(os.pathsep)
os.environ["PATH"] = os.pathsep.join(each for each in path if each != {folder!r})
os.execvp("git", ["git", *sys.argv[1:]])
"""


@dataclass(frozen=True)
class Ran:
    """What a step left."""

    code: int
    out: str
    err: str
    summary: str
    output: str

    @property
    def log(self) -> str:
        return self.out + self.err


@dataclass
class Runner:
    """Runs steps in ``folder`` for the repository of a stage."""

    stage: Stage
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.work = self.folder / "work"
        server = self.stage.server
        self.env = {
            **environment(self.folder),
            "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": REPO.path,
            "GITHUB_SERVER_URL": server.url,
            "GITHUB_API_URL": server.api,
            "GITHUB_GRAPHQL_URL": server.graphql,
            "GITHUB_WORKSPACE": str(self.work),
            "GITHUB_TOKEN": self.stage.token,
            **self.env,
        }

    def git(self, *args: str) -> str:
        command = ["git", "-C", str(self.work), *args]
        done = subprocess.run(
            command, env=environment(self.folder), capture_output=True, text=True, check=True
        )
        return done.stdout

    def checkout(self, branch: str = "main", depth: int = 0, signed: bool = True) -> None:
        """As actions/checkout does: fetch, and leave the header behind in the configuration."""
        server = self.stage.server.url
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", f"{server}/{REPO.path}")
        key = f"http.{server}/.extraheader"
        secret = base64.b64encode(f"x-access-token:{self.stage.token}".encode()).decode()
        self.git("config", "--local", key, f"AUTHORIZATION: basic {secret}")
        how = ["--no-tags", *([f"--depth={depth}"] if depth else [])]
        what = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
        self.git("-c", "protocol.version=2", "fetch", "-q", *how, "origin", what)
        self.git("checkout", "-q", "--force", "-B", branch, f"refs/remotes/origin/{branch}")
        if not signed:
            self.git("config", "--local", "--unset-all", key)

    def record_git(self) -> Path:
        """Have every ``git`` that is started by name write its arguments to the file."""
        folder, log = self.folder / "bin", self.folder / "git.log"
        folder.mkdir()
        text = GIT.format(python=sys.executable, log=str(log), folder=str(folder))
        (folder / "git").write_text(text)
        (folder / "git").chmod(0o755)
        self.env["PATH"] = f"{folder}{os.pathsep}{self.env['PATH']}"
        return log

    def run(self, *args: str, code: str = "", cwd: Path | None = None, **env: str | None) -> Ran:
        """``guard ARGS``; ``code`` runs before it in the same process. None unsets a variable."""
        self.steps += 1
        files = [self.folder / f"{name}-{self.steps}" for name in ("summary", "output")]
        for file in files:
            file.touch()
        names = {"GITHUB_STEP_SUMMARY": str(files[0]), "GITHUB_OUTPUT": str(files[1])}
        given = {**self.env, **names, **env}
        main = f"{code}\nimport sys; from guard.__main__ import main; sys.exit(main())"
        start = ["-c", main] if code else ["-m", "guard"]
        done = subprocess.run(
            [sys.executable, *start, *args],
            cwd=cwd or self.work,
            env={key: value for key, value in given.items() if value is not None},
            capture_output=True,
            check=False,
            timeout=120,
        )
        out, err = (each.decode("utf-8") for each in (done.stdout, done.stderr))
        return Ran(done.returncode, out, err, *(file.read_bytes().decode() for file in files))

    def on(self, name: str, payload: dict[str, Any] | bytes, *args: str, **more: Any) -> Ran:
        """``guard gate`` in the job of an event."""
        file = self.folder / f"event-{self.steps}.json"
        file.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
        now = ("--now", str(self.stage.clock.now))
        env = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)}
        return self.run("gate", *now, *args, **env, **more)

    def last(self, name: str, **wanted: Any) -> dict[str, Any]:
        """The payload of the newest event of that name which has these values."""
        for event, payload in reversed(self.stage.world.events):
            if event == name and all(payload.get(key) == wanted[key] for key in wanted):
                return payload
        raise LookupError(name)

    def reconcile(self, *args: str, **more: Any) -> Ran:
        now = ("--now", str(self.stage.clock.now))
        return self.run("lane", "reconcile", "--github", *now, *args, **more)
