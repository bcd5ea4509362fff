"""The published hook, run by the real pre-commit in another repository.

pre-commit builds the hook's environment from this repository, so this needs a package index. The
repository is handed over as a snapshot of the working tree: what is tested is what stands here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo.build_outage import git

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]

MODELS = "class Order:\n    pass\n"
SHOP = "from models import Order\n\nbest = Order()\n"
GUARDED = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    class Order:\n        pass\n"
PROJECT = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as it stands, committed."""
    folder = tmp_path_factory.mktemp("hooks")
    listed = git(TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.stdout.split("\0")):
        if (TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    assert git(folder, "commit", "--quiet", "-m", "As it stands").returncode == 0
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for path, text in {"models.py": MODELS, "shop.py": SHOP, "pyproject.toml": PROJECT}.items():
        (folder / path).write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "Open the shop")
    return folder


class Hook:
    """The hook of the snapshot, in one home for pre-commit."""

    def __init__(self, hooks: Path, home: Path, name: str = "guard-check") -> None:
        self.hooks = hooks
        self.home = home
        self.name = name

    def __call__(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PRE_COMMIT_HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "PRE_COMMIT_COLOR": "never",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        environment.pop("PYTHONPATH", None)
        command = (sys.executable, "-m", "pre_commit", "try-repo", str(self.hooks), self.name)
        return subprocess.run(
            [*command, "--verbose", *arguments],
            cwd=folder,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )


@pytest.fixture(scope="module")
def hook(hooks: Path, tmp_path_factory: pytest.TempPathFactory) -> Hook:
    return Hook(hooks, tmp_path_factory.mktemp("pre-commit-home"))


@pytest.fixture(scope="module")
def smoke_hook(hook: Hook) -> Hook:
    return Hook(hook.hooks, hook.home, "guard-smoke")


def assert_blocked(answer: subprocess.CompletedProcess[str]) -> None:
    """By the finding, in the file that breaks and that the change does not touch."""
    assert answer.returncode == 1
    assert "type-checking-cross-module" in answer.stdout, answer.stdout + answer.stderr
    assert "shop.py:1:" in answer.stdout


def test_the_hook_judges_the_whole_staged_tree(shop: Path, hook: Hook) -> None:
    passed = hook(shop, "--all-files")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    git(shop, "add", "models.py")
    assert_blocked(hook(shop, "--files", "models.py"))


def test_what_is_not_staged_does_not_count(shop: Path, hook: Hook) -> None:
    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    answer = hook(shop, "--all-files")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_what_landed_broken_is_found_with_nothing_staged(shop: Path, hook: Hook) -> None:
    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    git(shop, "add", "models.py")
    git(shop, "commit", "--quiet", "--no-verify", "-m", "Around the hook")
    assert_blocked(hook(shop, "--all-files"))


def test_a_push_is_judged_by_its_commits(shop: Path, hook: Hook) -> None:
    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    git(shop, "commit", "--quiet", "--no-verify", "--all", "-m", "Break the shop")
    (shop / "models.py").write_text(MODELS, encoding="utf-8")
    git(shop, "add", "models.py")
    refs = ("--from-ref", "HEAD~1", "--to-ref", "HEAD", "--hook-stage", "pre-push")
    assert_blocked(hook(shop, *refs))


def test_a_commit_that_only_deletes_is_judged_too(shop: Path, hook: Hook) -> None:
    """pre-commit hands over no deleted file: a hook with a file pattern would be skipped."""
    (shop / "models.pyi").write_text("class Order: ...\n", encoding="utf-8")
    git(shop, "add", "models.pyi")
    git(shop, "commit", "--quiet", "--no-verify", "-m", "Add a stub")
    git(shop, "rm", "--quiet", "models.pyi")
    answer = hook(shop)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "3 files checked" not in answer.stdout
    assert "2 files checked" in answer.stdout


def test_the_smoke_hook_imports_what_the_staged_change_affects(
    shop: Path, smoke_hook: Hook, tmp_path: Path
) -> None:
    """With the project's own Python, which has a package that the hook's environment lacks."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(shop / ".venv")], check=True)
    (site,) = (shop / ".venv").glob("lib/python*/site-packages")
    (site / "till_driver.py").write_text("", encoding="utf-8")
    (shop / ".gitignore").write_text(".venv\n__pycache__\n", encoding="utf-8")
    (shop / "shop.py").write_text("import till_driver\n" + SHOP, encoding="utf-8")
    (shop / "door.py").write_text("raise SystemExit('untouched')\n", encoding="utf-8")
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--no-verify", "-m", "Drive the till")
    (shop / "models.py").write_text(MODELS + "\n\nOrder.paid = False\n", encoding="utf-8")
    git(shop, "add", "models.py")
    passed = smoke_hook(shop)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "2 of 3 modules affected" in passed.stdout
    assert ".venv" in passed.stdout
    (shop / "models.py").write_text("Ordre = Order\n", encoding="utf-8")
    git(shop, "add", "models.py")
    stopped = smoke_hook(shop)
    assert stopped.returncode == 1
    assert "import-failure" in stopped.stdout
    assert "2 modules: models, shop" in stopped.stdout


def test_the_smoke_hook_says_that_there_is_nothing_to_import(shop: Path, smoke_hook: Hook) -> None:
    (shop / "notes.md").write_text("x", encoding="utf-8")
    git(shop, "add", "notes.md")
    answer = smoke_hook(shop)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "the change affects no module" in answer.stdout
