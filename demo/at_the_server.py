"""The plain git server of the demo: two AI changes that want to land, a human who reads them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

POLICY = """\
version: 1
people:
  - {login: ada, emails: [ada@example.com], roles: [approver, owner]}
lane: {soak: 30m, checks: [check]}
"""
AGENT = ("-c", "user.name=Claude", "-c", "user.email=noreply@anthropic.com")


@dataclass(frozen=True)
class Server:
    """A bare repository with the guard's hooks, and the clone that pushes to it."""

    bare: Path
    clone: Path
    guard: Path

    def git(self, *args: str, login: str = "dan") -> subprocess.CompletedProcess[str]:
        """Run git in the clone; the server takes ``login`` for whoever pushes."""
        env = os.environ | {"REMOTE_USER": login}
        command = ["git", "-C", str(self.clone), *args]
        return subprocess.run(command, env=env, text=True, capture_output=True, check=False)

    def run(self, *args: str, login: str = "dan") -> str:
        """Run the guard in the clone; what it said."""
        return self._guard(self.clone, args, login)

    def there(self, *args: str) -> str:
        """Run the guard on the server; what it said."""
        return self._guard(self.bare, args, "")

    def _guard(self, folder: Path, args: tuple[str, ...], login: str) -> str:
        env = os.environ | {"REMOTE_USER": login}
        command = [str(self.guard), *args]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, cwd=folder, env=env, text=True, capture_output=True, check=False
        )
        return done.stdout + done.stderr

    def push(self, ref: str) -> tuple[bool, str]:
        """Push; whether it landed, and what the server said."""
        done = self.git("push", "origin", ref)
        said = [line.rstrip() for line in done.stderr.splitlines() if line.startswith("remote:")]
        return done.returncode == 0, "\n".join(said) or "landed"


def serve(top: Path, service: Path, guard: Path) -> Server:
    """The service's history on a server with the guard's hooks, and a policy on its main branch."""
    found = Server(top / "service.git", top / "clone", guard)
    for command in (
        ["git", "clone", "-q", "--bare", str(service), str(found.bare)],
        ["git", "clone", "-q", str(found.bare), str(found.clone)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    found.there("server-hook", "install", str(found.bare))
    for key, value in (("user.name", "Dan"), ("user.email", "dan@example.com")):
        found.git("config", key, value)
    (found.clone / "guard.yaml").write_text(POLICY, encoding="utf-8")
    found.git("add", "guard.yaml")
    found.git("commit", "-qm", "Say who may approve an AI's change")
    return found


def agent_works(server: Server, name: str) -> None:
    """A branch of an AI agent, on the server."""
    server.git("checkout", "-q", "-b", f"claude/{name}", "origin/HEAD")
    (server.clone / f"{name}.py").write_text(f"{name.upper()} = True\n", encoding="utf-8")
    server.git("add", "-A")
    server.git(*AGENT, "commit", "-qm", f"Add {name}")
    server.push(f"claude/{name}")


def land(server: Server, name: str) -> tuple[bool, str]:
    """Merge a branch into main and push that."""
    server.git("fetch", "-q")
    server.git("checkout", "-q", "-B", "landing", "origin/HEAD")
    server.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", f"origin/claude/{name}")
    return server.push("HEAD:main")
