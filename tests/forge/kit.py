"""Real repositories with branches of humans and of an AI, and the guard's records in them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from guard.change import (
    Arrival,
    Change,
    LaneRecord,
    Opinion,
    Origin,
    Person,
    RecordKind,
    Unit,
    Unknown,
)
from guard.cli import app
from guard.cli._surroundings import Surroundings
from guard.forge._reviews import Approval
from guard.forge.plain import Asked, gather
from guard.forge.rulebook import rulebook_at
from guard.model import Stage
from guard.plugins import load_rules
from guard.records import Records
from guard.refs import LocalRefs
from guard.repository import FILE, Repository

NOW = 1_800_000_000
ROBOT = "Co-Authored-By: Claude <noreply@anthropic.com>"
POLICY = """version: 1
people:
  - {login: ada, emails: [ada@example.org], roles: [owner]}
  - {login: bob, emails: [bob@example.org]}
"""


@dataclass
class Hub:
    """A bare repository that a server would serve, and a clone to make commits in."""

    bare: Path
    clone: Path
    clock: int = field(default=NOW - 100_000)

    def git(self, *args: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
        """What git prints, in the clone."""
        self.clock += 60
        who = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": f"{self.clock} +0000",
            "GIT_COMMITTER_DATE": f"{self.clock} +0000",
        }
        done = subprocess.run(
            ["git", *args],
            cwd=cwd or self.clone,
            env={**os.environ, **who, **(env or {})},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, files: dict[str, str | None], message: str = "Work", **env: str) -> str:
        """Commit ``files`` (``None`` removes) on the branch that is checked out; its id."""
        for path, text in files.items():
            target = self.clone / path
            if text is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, env=env)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "main") -> None:
        """Check out a new branch."""
        self.git("checkout", "-q", "-b", name, start, "--")

    def push(self, *refs: str) -> None:
        """Send branches to the bare repository, by force."""
        self.git("push", "-q", "--force", "origin", *refs)

    def merge(self, name: str, *args: str) -> str:
        """Merge a branch into ``main`` with a merge commit, in the clone; its id."""
        self.git("checkout", "-q", "main", "--")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", *args, name)
        return self.git("rev-parse", "HEAD")

    def rev(self, name: str) -> str:
        return self.git("rev-parse", "--verify", name)

    def tree(self, name: str) -> str:
        return self.git("rev-parse", "--verify", f"{name}^{{tree}}")

    @property
    def repository(self) -> Repository:
        return Repository(str(self.bare))

    @property
    def records(self) -> Records:
        return Records(self.repository, LocalRefs(self.repository))

    def start_lane(self, rev: str = "main") -> None:
        """Begin the lane into ``main``."""
        start = LaneRecord(RecordKind.STARTED, self.rev(rev), NOW - 90_000, "ada")
        self.records.append_lane("main", lambda _: [start])

    def arrives(self, branch: str, by: str = "ada", origin: Origin = Origin.UNDECLARED) -> None:
        """Record that ``branch``, as it is, was sent by ``by``."""
        ref = f"refs/heads/{branch}"
        self.records.record_arrivals([Arrival(ref, self.rev(branch), by, self.clock, origin)])

    def approve(self, rev: str, by: str = "bob", **more: Any) -> Approval:
        """An opinion, as the server lets it be written; ``more`` differs."""
        values: dict[str, Any] = {
            "by": by,
            "tree": self.tree(rev),
            "head": self.rev(rev),
            "at": NOW - 60,
            "opinion": Opinion.APPROVED,
            **more,
        }
        found = Approval(**values)
        text = (
            f'{{"version": 1, "by": "{found.by}", "tree": "{found.tree}", "head": "{found.head}", '
            f'"at": {found.at}, "opinion": "{found.opinion.value}"}}'
        )
        self.write_approval(f"main/{by}/{found.tree}", text, found.head)
        return found

    def write_approval(self, name: str, text: str, head: str) -> None:
        """Put ``text`` where an approval belongs."""
        git = self.repository
        (tree,) = git.write_trees([[(FILE, git.write_blob(text.encode()), "record.json")]])
        new = git.write_commit(tree, [head], "approved\n", at=NOW)
        ref = f"refs/guard/approvals/{name}"
        assert git.swap([(ref, git.ref(ref), new)])

    def gather(self, rev: str, needs: frozenset[str] = frozenset(), **more: Any) -> Change:
        """The facts of landing ``rev`` on ``main`` of the bare repository."""
        git = self.repository
        base = more.pop("base", None)
        if base is None:
            base = git.ref("refs/heads/main") or ""
        branch: str | Unknown = Unknown("a test")
        if git.ref(f"refs/heads/{rev}"):
            branch = rev
        values: dict[str, Any] = {
            "target": "main",
            "base": base,
            "rev": self.rev(rev),
            "now": NOW,
            "branch": branch,
            "pusher": Person(login="ada"),
            **more,
        }
        book = rulebook_at(git, base, load_rules())
        return gather(git, LocalRefs(git), Asked(**values), book, needs)

    def landing(self, rev: str, needs: frozenset[str] = frozenset(), **more: Any) -> Change:
        """The same of a push to ``main``."""
        self.push(f"{self.rev(rev)}:refs/pushed/{self.clock}")
        values: dict[str, Any] = {"door": Stage.PRE_RECEIVE, "branch": Unknown("a push"), **more}
        return self.gather(rev, needs, **values)


def hub(folder: Path, policy: str = POLICY) -> Hub:
    """``main`` has a policy and a file of nine lines; the lane begins there."""
    bare, clone = folder / "hub.git", folder / "clone"
    found = Hub(bare, clone)
    folder.mkdir(parents=True, exist_ok=True)
    found.git("init", "-q", "--bare", "-b", "main", str(bare), cwd=folder)
    found.git("init", "-q", "-b", "main", str(clone), cwd=folder)
    found.git("remote", "add", "origin", str(bare))
    files: dict[str, str | None] = {"app.py": "".join(f"x{n} = {n}\n" for n in range(9))}
    if policy:
        files["guard.yaml"] = policy
    found.commit(files, "Begin")
    found.push("main")
    found.start_lane()
    return found


def units(change: Change) -> tuple[Unit, ...]:
    """The units, which must be known."""
    assert not isinstance(change.units, Unknown), change.units.reason
    return change.units


def only(change: Change) -> Unit:
    """The one unit."""
    (unit,) = units(change)
    return unit


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def run(folder: Path, *argv: str) -> Said:
    """Run one command line of the guard in ``folder``, in this process."""
    before = Path.cwd()
    os.chdir(folder)
    environ = {**os.environ, "NO_COLOR": "1", "GUARD_CACHE_DIR": str(folder.parent / "cache")}
    try:
        with CliRunner().isolation() as (out, err, _):
            code = app.run(argv, Surroundings(environ=environ))
            sys.stdout.flush()
            sys.stderr.flush()
            texts = [each.getvalue().decode("utf-8", "surrogateescape") for each in (out, err)]
    finally:
        os.chdir(before)
    return Said(code, *texts)
