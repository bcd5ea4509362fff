"""Git servers with the hooks installed, and clients that push to them: real repositories."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from guard.server.install import install

TOP = Path(__file__).resolve().parents[2]
HOOK = Path(__file__).resolve().parent / "run_hook.py"


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a process of the tests sees: nothing of the machine's own git configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PYTHONPATH": os.pathsep.join((str(TOP), str(TOP / "rules"))),
        **more,
    }


def git(folder: Path, *args: str, env: Mapping[str, str], check: bool = True) -> str:
    """The output of git in ``folder``."""
    done = subprocess.run(
        ["git", "-C", str(folder), *args], env=dict(env), capture_output=True, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode("utf-8", "surrogateescape").strip()


@dataclass(frozen=True)
class Pushed:
    """What came of a push."""

    code: int
    said: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def remote(self) -> list[str]:
        """What the hooks said."""
        lines = [line for line in self.said.splitlines() if line.startswith("remote: ")]
        return [line[8:].rstrip() for line in lines]


@dataclass
class Server:
    """A bare repository below ``home`` with the guard's hooks."""

    home: Path
    name: str = "project.git"
    judges: str = "words"
    env: dict[str, str] = field(default_factory=dict)
    """More for the environment of the hooks of pushes by path."""

    @property
    def repo(self) -> Path:
        return self.home / self.name

    def make(self, *, hooks: bool = True, objects: str = "sha1") -> Server:
        self.home.mkdir(parents=True, exist_ok=True)
        asked = ("init", "-q", "--bare", "-b", "main", f"--object-format={objects}")
        git(self.home, *asked, str(self.repo), env=self.environ())
        if hooks:
            self.guard("server-hook", "install", str(self.repo), "--python", str(self.python()))
        return self

    def hook_up(self) -> None:
        """Write the hook scripts without a process."""
        install(str(self.repo), str(self.python()), chain=False)

    def environ(self, **more: str) -> dict[str, str]:
        return environment(self.home, **more)

    def python(self) -> Path:
        """A program that the hooks can call for an interpreter."""
        path = self.home / "python"
        words = (sys.executable, "-I", str(HOOK))
        path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        path.chmod(0o755)
        return path

    def guard(self, *args: str, code: int | None = 0, **env: str) -> str:
        """The output of the command line."""
        done = subprocess.run(
            [sys.executable, "-m", "guard", *args],
            env=self.environ(**env),
            cwd=self.home,
            capture_output=True,
            check=False,
        )
        text = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
        assert code is None or done.returncode == code, text
        return text

    def git(self, *args: str, check: bool = True) -> str:
        return git(self.repo, *args, env=self.environ(), check=check)

    def ref(self, name: str) -> str:
        """What a reference points to; empty where there is none."""
        return self.git("rev-parse", "--verify", "--quiet", name, check=False)

    def client(self, login: str) -> Client:
        """A clone, pushed from by path; the server takes ``login`` for whoever pushes."""
        client = Client(self, login, self.home / f"clone-{login or 'nobody'}")
        if not client.folder.exists():
            asked = ("clone", "-q", f"file://{self.repo}", str(client.folder))
            git(self.home, *asked, env=client.environ())
        return client


@dataclass
class Client:
    """A clone of someone who pushes."""

    server: Server
    login: str
    folder: Path
    clock: int = 1_700_000_000

    def environ(self, **more: str) -> dict[str, str]:
        who = self.login or "nobody"
        identity = {
            "GIT_AUTHOR_NAME": who,
            "GIT_AUTHOR_EMAIL": f"{who}@example.com",
            "GIT_COMMITTER_NAME": who,
            "GIT_COMMITTER_EMAIL": f"{who}@example.com",
            "GIT_AUTHOR_DATE": f"{self.clock} +0000",
            "GIT_COMMITTER_DATE": f"{self.clock} +0000",
            "GUARD_TEST_JUDGES": self.server.judges,
        }
        if self.login:
            identity["REMOTE_USER"] = self.login
        return self.server.environ(**{**identity, **self.server.env, **more})

    def git(self, *args: str, check: bool = True, **env: str) -> str:
        return git(self.folder, *args, env=self.environ(**env), check=check)

    def commit(self, message: str = "a change", **files: str) -> str:
        """A commit of ``files`` (``__`` in a name is a slash, ``_dot_`` a full stop); its id."""
        for name, text in (files or {"note_dot_txt": f"{message} {self.clock}\n"}).items():
            path = self.folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.clock += 60
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *refs: str, **env: str) -> Pushed:
        """Push to the server, as git does it."""
        done = subprocess.run(
            ["git", "-C", str(self.folder), "push", "origin", *refs],
            env=self.environ(**env),
            capture_output=True,
            check=False,
        )
        return Pushed(done.returncode, done.stderr.decode("utf-8", "backslashreplace"))

    def guard(self, *args: str, code: int | None = 0, **env: str) -> str:
        """The output of the command line in the clone."""
        done = subprocess.run(
            [sys.executable, "-m", "guard", *args],
            env=self.environ(**env),
            cwd=self.folder,
            capture_output=True,
            check=False,
        )
        text = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
        assert code is None or done.returncode == code, text
        return text


def copied(template: Path, home: Path, login: str = "alice") -> tuple[Server, Client]:
    """A server and its client as ``started`` made them below ``template``, in another folder."""
    shutil.copytree(template, home, symlinks=True)
    server = Server(home)
    server.hook_up()
    client = Client(server, login, home / f"clone-{login}", clock=1_700_000_060)
    client.git("remote", "set-url", "origin", f"file://{server.repo}")
    return server, client


def started(home: Path, **options: str) -> tuple[Server, Client]:
    """A server whose main branch has a first commit, and the client that pushed it."""
    server = Server(home, **options).make()
    client = server.client("alice")
    client.git("checkout", "-q", "-b", "main", check=False)
    client.commit("the first commit", app_dot_py="VALUE = 1\n")
    done = client.push("main")
    assert done.ok, done.said
    return server, client
