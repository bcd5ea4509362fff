"""What the rule tells people to do is done, in a real repository, and ends the finding."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from guard.change import Change, Commit, Unit
from guard.commits import commits
from guard.git import Git
from guard.model import Finding
from guard.provenance import NOTHING, judge
from guard.samples import change, unit
from guard.settings import ProvenanceSettings, Undeclared
from guard_rules.undeclared_ai_change.check import findings

REQUIRE = ProvenanceSettings(undeclared=Undeclared.REQUIRE)


class Clone:
    """A work tree with one commit, the base."""

    def __init__(self, top: Path) -> None:
        self.top = top
        who = {"NAME": "Ada", "EMAIL": "ada@example.org"}
        roles = ("AUTHOR", "COMMITTER")
        self.environ = {f"GIT_{role}_{key}": value for role in roles for key, value in who.items()}
        self.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        self.run("git init -q -b main .")
        self.base = self.commit("base")

    def run(self, command: str) -> str:
        env = {**os.environ, **self.environ}
        done = subprocess.run(
            command, shell=True, cwd=self.top, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        (self.top / "a.txt").write_text(message)
        self.run(f"git add a.txt && git commit -q -m '{message}'")
        return self.run("git rev-parse HEAD")

    def found(self) -> list[Finding]:
        brought = commits(Git(str(self.top)), [self.base], [self.run("git rev-parse HEAD")])
        return [each for each in findings("r", self._change(brought)) if isinstance(each, Finding)]

    def _change(self, brought: tuple[Commit, ...]) -> Change:
        made: Unit = unit(base=self.base, commits=brought)
        found = judge(brought, NOTHING, REQUIRE)
        return change(unit(base=self.base, commits=brought, provenance=found, files=made.files))


@pytest.fixture
def clone(tmp_path) -> Clone:
    return Clone(tmp_path)


def command(finding: Finding, answer: str) -> str:
    """The first command that the mend names, with the answer put in."""
    fix = finding.fix
    start = fix.index("git ")
    end = fix.index(", and correct" if ", and correct" in fix else ", or in the description")
    return fix[start:end].replace("yes|no", answer)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_silent_commit(clone: Clone, answer: str) -> None:
    clone.commit("one")
    (finding,) = clone.found()
    clone.run(command(finding, answer))
    assert clone.found() == []
    assert clone.run("git log -1 --format=%B") == f"one\n\nAI-Assisted: {answer}"


def test_silent_commits(clone: Clone) -> None:
    clone.commit("one")
    clone.commit("two")
    (finding,) = clone.found()
    clone.run(command(finding, "no"))
    assert clone.found() == []


def test_a_contradiction(clone: Clone) -> None:
    clone.environ["GIT_AUTHOR_EMAIL"] = "noreply@anthropic.com"
    clone.commit("one\n\nAI-Assisted: no\nReviewed-by: Bob <bob@example.org>")
    (finding,) = clone.found()
    clone.run(command(finding, "yes"))
    assert clone.found() == []
    assert "AI-Assisted: no" not in clone.run("git log -1 --format=%B")
