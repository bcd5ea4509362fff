"""``guard init`` in real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from guard.cli._surroundings import Surroundings
from guard.config import parse_policy
from guard.github import setup
from guard.github.origin import action_of, default_branch
from guard.plugins import load_rules
from tests.github.command import run_in

SHA = "8cf54bed11220de47400318fb73bbc9a29488a9b"
FLOWS = [f".github/workflows/{name}" for name in setup.WORKFLOWS]


def git(folder: Path, *args: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    names = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *names, *args], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    top = tmp_path / "repo"
    top.mkdir()
    git(top, "init", "-q", "-b", "trunk")
    return top


def init(folder: Path, *argv: str, **environ: str) -> Result:
    return run_in(folder, ("init", *argv), Surroundings(environ=environ, rules=load_rules))


def pinned(folder: Path, *argv: str) -> Result:
    return init(folder, "--github", "--action", "acme/premerge-guard", "--ref", SHA, *argv)


def files(folder: Path) -> dict[str, str]:
    found = (p for p in folder.rglob("*") if p.is_file() and ".git" not in p.parts)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def test_it_writes_a_policy_that_is_valid(repo: Path) -> None:
    done = init(repo)
    assert done.exit_code == 0, done.stderr
    assert list(files(repo)) == ["guard.yaml"]
    policy = parse_policy((repo / "guard.yaml").read_bytes(), "guard.yaml", load_rules())
    assert policy.lane is not None
    assert policy.lane.targets == ("trunk",)
    assert run_in(repo, ("validate",), Surroundings(rules=load_rules)).exit_code == 0


def test_it_writes_the_workflows_pinned(repo: Path) -> None:
    assert pinned(repo).exit_code == 0
    found = files(repo)
    assert set(found) == {*FLOWS, "guard.yaml"}
    for name in FLOWS:
        assert "OWNER" not in found[name]
        assert setup.REF not in found[name]
    text = found[".github/workflows/guard-reconcile.yml"]
    assert f"uses: acme/premerge-guard@{SHA}\n" in text
    assert yaml.safe_load(text)[True]["push"]["branches"] == ["trunk"]


def test_again_it_changes_nothing(repo: Path) -> None:
    pinned(repo)
    before = files(repo)
    done = pinned(repo)
    assert done.exit_code == 0
    assert "written" not in done.stdout
    assert files(repo) == before


def test_a_dry_run_shows_a_diff_and_writes_nothing(repo: Path) -> None:
    done = pinned(repo, "--dry-run")
    assert done.exit_code == 0
    assert files(repo) == {}
    assert "--- /dev/null\n+++ b/.github/workflows/guard-gate.yml\n" in done.stdout
    git(repo, "apply", "--check", str(_patch(repo.parent, done.stdout)))


def _patch(folder: Path, text: str) -> Path:
    path = folder / "init.patch"
    path.write_text(text)
    return path


def test_a_file_that_differs_is_not_overwritten_and_nothing_else_is_written(repo: Path) -> None:
    mine = repo / FLOWS[1]
    mine.parent.mkdir(parents=True)
    mine.write_text("name: mine\n")
    done = pinned(repo)
    assert done.exit_code == 1
    assert "-name: mine\n" in done.stdout
    assert "nothing is written" in done.stdout
    assert files(repo) == {FLOWS[1]: "name: mine\n"}
    assert pinned(repo, "--dry-run").exit_code == 1
    assert pinned(repo, "--force").exit_code == 0
    assert SHA in mine.read_text()


def test_the_workflows_leave_a_policy_as_it_is(repo: Path) -> None:
    (repo / "guard.yaml").write_text("version: 1\n")
    done = pinned(repo, "--force")
    assert done.exit_code == 0
    assert "stays as it is" in done.stdout
    assert (repo / "guard.yaml").read_text() == "version: 1\n"
    assert init(repo).exit_code == 1


@pytest.mark.parametrize(
    "argv",
    [
        ("--github", "--action", "acme/guard", "--ref", "v1"),
        ("--github", "--action", "acme/guard", "--ref", SHA[:12]),
        ("--github", "--action", "acme/guard", "--ref", "0" * 40),
        ("--github", "--action", "https://github.com/acme/guard", "--ref", SHA),
        ("--ref", SHA),
        ("--branch", "refs/heads/main"),
        ("--branch", "a b"),
    ],
)
def test_what_it_refuses(repo: Path, argv: tuple[str, ...]) -> None:
    assert init(repo, *argv).exit_code == 2
    assert files(repo) == {}


def test_it_asks_for_a_repository(tmp_path: Path) -> None:
    done = init(tmp_path)
    assert done.exit_code == 2
    assert "no git repository" in done.stderr


def test_it_follows_no_link(repo: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repo / ".github").symlink_to(elsewhere)
    done = pinned(repo)
    assert done.exit_code == 2
    assert "is a link" in done.stderr
    assert list(elsewhere.iterdir()) == []


def test_nothing_is_left_behind_where_it_cannot_write(repo: Path) -> None:
    (repo / ".github").mkdir()
    (repo / ".github" / "workflows").write_text("a file\n")
    assert pinned(repo).exit_code == 2
    assert list(files(repo)) == [".github/workflows"]


def test_a_detached_head_has_no_branch(repo: Path) -> None:
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    git(repo, "checkout", "-q", "--detach")
    assert init(repo).exit_code == 2
    assert init(repo, "--branch", "trunk").exit_code == 0


def test_the_remotes_head_comes_first(repo: Path, tmp_path: Path) -> None:
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    git(tmp_path, "clone", "-q", str(repo), "clone")
    git(tmp_path / "clone", "checkout", "-q", "-b", "topic")
    assert default_branch(str(tmp_path / "clone")) == "trunk"
    assert default_branch(str(repo)) == "trunk"


@pytest.mark.parametrize("branch", ["release/1.x", "no", "1.0", "a'b", "c++", "#1", "ünïcode"])
def test_any_name_of_a_branch_is_written_as_it_is(branch: str) -> None:
    pin = setup.Pin("acme/guard", SHA)
    flow = yaml.safe_load(setup.render("guard-check.yml", branch, pin))
    assert flow[True]["push"]["branches"] == [branch.replace("+", "\\+")]
    policy = parse_policy(setup.render("guard.yaml", branch).encode(), "p", load_rules())
    assert policy.lane is not None
    assert policy.lane.targets == (branch,)


@pytest.mark.parametrize(
    ("url", "action"),
    [
        ("https://github.com/acme/guard.git", "acme/guard"),
        ("https://x-access-token:abc@github.com/acme/guard", "acme/guard"),
        ("git@github.com:acme/guard.git", "acme/guard"),
        ("ssh://git@github.com:22/acme/guard/", "acme/guard"),
        ("https://github.com.example.org/acme/guard", ""),
        ("https://example.org/github.com/acme/guard", ""),
        ("/srv/git/guard.git", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_remote_gives_the_action(url: str, action: str) -> None:
    assert action_of(url, "github.com") == action
