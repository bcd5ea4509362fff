"""The published hook, run by the real pre-commit in another repository.

pre-commit clones this repository and builds the hook's environment from it, so this needs a
package index, and it sees what is committed and what is changed here alike (`try-repo`).
"""

from __future__ import annotations

import os
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
def pre_commit_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for the module: the hook's environment is built once a test run at most."""
    return tmp_path_factory.mktemp("pre-commit-home")


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


def try_repo(folder: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PRE_COMMIT_HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PRE_COMMIT_COLOR": "never",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(TOP), "guard-check", "--verbose"]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def test_the_hook_judges_the_whole_staged_tree(shop: Path, pre_commit_home: Path) -> None:
    passed = try_repo(shop, pre_commit_home, "--all-files")
    assert passed.returncode == 0, passed.stdout + passed.stderr

    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    git(shop, "add", "models.py")
    blocked = try_repo(shop, pre_commit_home, "--files", "models.py")
    assert blocked.returncode == 1
    assert "shop.py" in blocked.stdout, "the file that breaks is not the one that is committed"
    assert "type-checking-cross-module" in blocked.stdout


def test_what_is_not_staged_does_not_count(shop: Path, pre_commit_home: Path) -> None:
    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    answer = try_repo(shop, pre_commit_home, "--all-files")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_what_landed_broken_is_found_with_nothing_staged(shop: Path, pre_commit_home: Path) -> None:
    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    git(shop, "add", "models.py")
    git(shop, "commit", "--quiet", "--no-verify", "-m", "Around the hook")
    answer = try_repo(shop, pre_commit_home, "--all-files")
    assert answer.returncode == 1, answer.stdout + answer.stderr


def test_a_push_is_judged_by_its_commits(shop: Path, pre_commit_home: Path) -> None:
    (shop / "models.py").write_text(GUARDED, encoding="utf-8")
    git(shop, "commit", "--quiet", "--no-verify", "--all", "-m", "Break the shop")
    (shop / "models.py").write_text(MODELS, encoding="utf-8")
    git(shop, "add", "models.py")
    refs = ("--from-ref", "HEAD~1", "--to-ref", "HEAD", "--hook-stage", "pre-push")
    answer = try_repo(shop, pre_commit_home, *refs)
    assert answer.returncode == 1, answer.stdout + answer.stderr
