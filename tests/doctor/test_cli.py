"""``guard doctor`` as a user runs it, and the page that describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from guard.cli._surroundings import Surroundings
from guard.doctor.catalog import CHECKS
from guard.plugins import load_rules
from tests.doctor import kit
from tests.doctor.kit import Tree
from tests.github.command import run_in
from tests.github.fake import Clock, QueueSettings, Server, World

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def doctor(tree: Tree, *argv: str, cwd: str = "", **environ: str) -> Result:
    around = Surroundings(environ={"NO_COLOR": "1", **environ}, rules=load_rules)
    return run_in(tree.top / cwd, ("doctor", *argv), around)


def test_a_sound_repository(tree: Tree) -> None:
    done = doctor(tree)
    assert done.exit_code == 0, done.stdout
    assert "GitHub's settings were not looked at" in done.stdout


def test_a_hollow_one_in_each_format(tree: Tree, tmp_path: Path) -> None:
    tree.edit(
        kit.GATE, "    runs-on: ubuntu-latest\n", "    runs-on: x\n    if: ${{ vars.GUARD }}\n"
    )
    done = doctor(tree, cwd=".github")
    assert done.exit_code == 1
    assert re.search(
        r"^workflows/guard-gate.yml:\d+:1: error\[skippable\] job gate", done.stdout, re.M
    )
    assert "| " in done.stdout, "an excerpt of the line"
    names = ("json", "sarif", "github", "junit", "markdown", "jsonl")
    argv = [part for name in names for part in ("--format", f"{name}={tmp_path / name}")]
    assert doctor(tree, *argv).exit_code == 1
    assert json.loads((tmp_path / "json").read_text())["findings"][0]["rule"] == "skippable"
    assert all("guard-gate.yml" in (tmp_path / name).read_text() for name in names)


def test_options_that_contradict(tree: Tree, tmp_path: Path) -> None:
    assert doctor(tree, "--github", "--offline").exit_code == 2
    assert doctor(tree, "-q", "-v").exit_code == 2
    assert doctor(tree, "--format", "html").exit_code == 2
    assert run_in(tmp_path, ("doctor",), Surroundings(rules=load_rules)).exit_code == 2


def test_github_wants_a_repository_and_a_token(tree: Tree) -> None:
    assert "--repo" in doctor(tree, "--github").stderr
    assert "no usable token" in doctor(tree, "--github", "--repo", "acme/shop").stderr
    assert doctor(tree, GITHUB_ACTIONS="true").exit_code == 2
    assert doctor(tree, "--offline", GITHUB_ACTIONS="true").exit_code == 0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A GitHub whose settings are sound, and an admin."""
    made = World(tmp_path / "github", Clock())
    made.direct_push("main", made.commit({"a.py": "1\n"}, message="First"))
    made.account("root", permission="admin")
    plain = ("type", "parameters")
    rules = [{key: rule[key] for key in plain if key in rule} for rule in kit.SOUND]
    made.settings.ruleset(*rules)
    made.open_queue(settings=QueueSettings(max_merge=1))
    return made


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    with Server(world).running() as running:
        yield running


def online(server: Server, token: str) -> dict[str, str]:
    """A runner's environment."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": server.world.repo.name,
        "GITHUB_API_URL": server.api,
        "GITHUB_GRAPHQL_URL": server.graphql,
        "GITHUB_SERVER_URL": server.url,
        "GH_TOKEN": token,
    }


def test_it_reads_the_settings(tree: Tree, server: Server) -> None:
    environ = online(server, server.world.token("root"))
    done = doctor(tree, **environ)
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "not looked at" not in done.stdout
    server.world.settings.workflow["can_approve_pull_request_reviews"] = True
    done = doctor(tree, **environ)
    assert done.exit_code == 1
    assert done.stdout.startswith("settings: error[actions-approve]")
    assert doctor(tree, "--offline", **environ).exit_code == 0


def test_another_branch_is_judged_by_its_own_rules(tree: Tree, server: Server) -> None:
    environ = online(server, server.world.token("root"))
    done = doctor(tree, "--target", "release/1.x", **environ)
    assert done.exit_code == 1
    assert "release/1.x requires no check" in done.stdout


def test_the_token_of_a_workflow_cannot_tell(tree: Tree, server: Server) -> None:
    done = doctor(tree, **online(server, server.world.token()))
    assert done.exit_code == 3
    assert done.stdout.count("unverified") >= 4
    assert "no findings" in done.stdout
    assert "administration" in done.stdout


def test_the_page_lists_every_check() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.M)
    wanted = [
        (c.id, "GitHub" if c.online else "checkout", c.level, c.summary.rstrip(".")) for c in CHECKS
    ]
    assert [
        (name, where, level, what.split(". ")[0].rstrip(".")) for name, where, level, what in rows
    ] == wanted
