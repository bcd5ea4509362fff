"""Real repositories and real processes for the command line, judged by ``words_plugin``."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import guard
from guard.baseline import STALE_ENTRY
from guard.cli import app
from guard.cli._surroundings import Surroundings
from guard.rule import SourceRule
from guard.suppress import INLINE_IGNORE

HERE = Path(__file__).parent
ENVIRON = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def _rules() -> tuple[SourceRule, ...]:
    spec = importlib.util.spec_from_file_location(
        "words_plugin", HERE / "words_plugin" / "__init__.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["words_plugin"] = module
    spec.loader.exec_module(module)
    rules = (*module.guard_rules(), INLINE_IGNORE, STALE_ENTRY)
    return tuple(sorted(rules, key=lambda rule: rule.id))


@dataclass
class Project:
    """A project in a folder of its own. ``run`` calls the command line in this process."""

    top: Path
    rules: tuple[SourceRule, ...]
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, **files: str) -> None:
        """``write(a="x")`` writes ``a.py``; ``pkg__b`` is ``pkg/b.py``."""
        for name, text in files.items():
            self.file(name.replace("__", "/") + ".py", text)

    def file(self, path: str, text: str) -> Path:
        target = self.top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def git(self, *args: str) -> str:
        env = {**os.environ, **ENVIRON}
        done = subprocess.run(
            ["git", *args], cwd=self.top, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, message: str = "x", **files: str) -> str:
        self.write(**files)
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def stage(self, **files: str) -> None:
        self.write(**files)
        self.git("add", "-A")

    def run(self, *argv: str, cwd: str = "") -> Result:
        """What one command line prints and answers with, in the folder ``cwd`` of the project."""
        environ = {**os.environ, **self.environ}
        around = Surroundings(environ=environ, rules=lambda: self.rules)
        return run_in(self.top / cwd, argv, around)

    def check(self, *argv: str, cwd: str = "") -> dict[str, Any]:
        """The JSON document of ``guard check ARGV``, and that the exit code fits its verdict."""
        result = self.run("check", "--format", "json", *argv, cwd=cwd)
        document = json.loads(result.stdout)
        codes = {"pass": 0, "skipped": 0, "fail": 1, "unverified": 3}
        assert result.exit_code == codes[document["verdict"]], result.stderr
        return document

    def found(self, *argv: str, cwd: str = "") -> list[tuple[str, str]]:
        return [(f["path"], f["name"]) for f in self.check(*argv, cwd=cwd)["findings"]]


def run_in(folder: Path, argv: tuple[str, ...], around: Surroundings) -> Result:
    """``app.run`` in ``folder``, with both streams caught."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with CliRunner().isolation() as (out, err, _mixed):
            code = app.run(argv, around)
            sys.stdout.flush()
            sys.stderr.flush()
            texts = out.getvalue(), err.getvalue()
    finally:
        os.chdir(before)
    return Result(CliRunner(), *texts, b"", None, code, None)


@pytest.fixture(scope="session")
def word_rules() -> tuple[SourceRule, ...]:
    return _rules()


@pytest.fixture
def folder(tmp_path: Path, word_rules) -> Project:
    """A project without a repository."""
    top = tmp_path / "project"
    top.mkdir()
    environ = {"GUARD_CACHE_DIR": str(tmp_path / "cache"), "NO_COLOR": "1"}
    return Project(top, word_rules, environ)


@pytest.fixture
def repo(folder: Project) -> Project:
    """A project in a git repository, one commit in: ``a.py`` defines what ``b.py`` uses."""
    folder.git("init", "-q", "-b", "main")
    folder.commit(a="# define apple\n", b="# use apple\n")
    return folder


@dataclass
class Process:
    """``python -m guard`` as a process of its own, with ``words_plugin`` as the built-in rules."""

    project: Project
    path: str

    def environ(self, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR",)}
        return {**kept, **ENVIRON, **self.project.environ, "PYTHONPATH": self.path, **more}

    def argv(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "guard", *args]

    def __call__(
        self, *args: str, cwd: str = "", **more: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.argv(*args),
            cwd=self.project.top / cwd,
            env=self.environ(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )


@pytest.fixture
def process(repo: Project, tmp_path: Path) -> Process:
    site = tmp_path / "site"
    shutil.copytree(HERE / "words_plugin", site / "words_plugin")
    # The first distribution of a name on the path is the one that counts (importlib.metadata):
    # an installed premerge-guard does not take part.
    dist = site / "premerge_guard-0.0.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: premerge-guard\nVersion: 0.0\n")
    (dist / "entry_points.txt").write_text("[guard]\nguard_rules = words_plugin\n")
    top = Path(guard.__file__).parent.parent
    return Process(repo, os.pathsep.join([str(site), str(top)]))
