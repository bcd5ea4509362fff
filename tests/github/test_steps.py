"""Each workflow's steps, run as a runner runs them: the scripts that stand in the YAML, the guard
as the action installs it, the event file, the environment files.

Only what the actions of others do is played: a checkout, an interpreter, a cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github.runner import TOP, Runner
from tests.github.stage import POLICY, Stage, staged

ACTION = yaml.safe_load((TOP / "action.yml").read_text())
SCRIPTS = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
PYPROJECT = """\
[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"
[project]
name = "app"
version = "1"
requires-python = ">=3.11"
[tool.setuptools]
packages = ["app"]
"""
FILES = {"pyproject.toml": PYPROJECT, "app/__init__.py": "", "app/core.py": "VALUE = 1\n"}
GUARDED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app.core import VALUE\n"


def bash(script: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As a runner starts a script: GitHub Docs, "Workflow syntax", ``shell: bash``."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``RUNNER_TEMP`` with the guard in it, put there by the action's first script."""
    folder = tmp_path_factory.mktemp("temp")
    env = {
        **os.environ,
        "PYTHON": sys.executable,
        "ACTION": str(TOP),
        "COMMAND": "gate",
        "RUNNER_TEMP": str(folder),
        "RUNNER_OS": "Linux",
    }
    env.pop("PYTHONPATH", None)
    done = bash(SCRIPTS[0], folder, env)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, POLICY, files=FILES) as made:
        yield made


@dataclass
class Done:
    """What a job left."""

    code: int
    log: str
    summary: str
    output: str


def play(stage: Stage, temp: Path, workflow: str, name: str, payload: dict[str, Any]) -> list[Done]:
    """Run the jobs of a workflow for an event."""
    text = yaml.safe_load((TOP / "examples" / "github" / workflow).read_text())
    heard = text[True]  # YAML 1.1 reads `on` so
    assert name in heard, (workflow, name)
    types = (heard[name] or {}).get("types") if isinstance(heard, dict) else None
    assert types is None or payload.get("action") in types, payload.get("action")
    return [_job(stage, temp, job["steps"], (name, payload)) for job in text["jobs"].values()]


def _job(
    stage: Stage, temp: Path, steps: list[dict[str, Any]], event: tuple[str, dict[str, Any]]
) -> Done:
    name, payload = event
    number = len(list(stage.clone.parent.glob("runner-*")))
    runner = Runner(stage, stage.clone.parent / f"runner-{number}")
    files = {each: runner.folder / each for each in ("event", "summary", "output")}
    for file in files.values():
        file.touch()
    files["event"].write_text(json.dumps(payload))
    env = {
        **{key: value for key, value in runner.env.items() if key not in SECRET},
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(files["event"]),
        "GITHUB_STEP_SUMMARY": str(files["summary"]),
        "GITHUB_OUTPUT": str(files["output"]),
        "RUNNER_TEMP": str(temp),
        "RUNNER_OS": "Linux",
    }
    log, code = "", 0
    for step in steps:
        uses, given = step.get("uses", ""), step.get("with", {})
        if uses.startswith("actions/checkout@"):
            runner.checkout(signed=given["persist-credentials"])
            if "ref" not in given:
                _get(stage, runner, name, payload)
            assert given["fetch-depth"] == 0
            continue
        if uses.startswith("actions/setup-python@"):
            subprocess.run([sys.executable, "-m", "venv", str(runner.folder / "py")], check=True)
            env["PATH"] = f"{runner.folder / 'py' / 'bin'}{os.pathsep}{env['PATH']}"
            continue
        if "premerge-guard@" in uses:
            inputs = {key: _value(stage, value) for key, value in given.items()}
            asked = {"COMMAND": inputs["command"], "ARGS": "", "TOKEN": inputs.get("token", "")}
            done = bash(SCRIPTS[1], runner.work, {**env, **asked})
        else:
            runner.work.mkdir(exist_ok=True)
            done = bash(step["run"], runner.work, env)
        log += done.stdout + done.stderr
        code = done.returncode
        if code:
            break
    return Done(code, log, files["summary"].read_text(), files["output"].read_text())


SECRET = ("GITHUB_TOKEN", "PYTHONPATH")


def _get(stage: Stage, runner: Runner, name: str, payload: dict[str, Any]) -> None:
    """What the event is about, as a checkout without a ref takes it."""
    if name == "pull_request":
        number = payload["pull_request"]["number"]
        what, sha = f"refs/pull/{number}/head", payload["pull_request"]["head"]["sha"]
    elif name == "merge_group":
        what, sha = payload["merge_group"]["head_ref"], payload["merge_group"]["head_sha"]
    else:
        what, sha = "refs/heads/main", payload["after"]
    url = str(stage.world.repo.path)
    runner.git("fetch", "-q", url, what)
    runner.git("checkout", "-q", "--detach", sha)


def _value(stage: Stage, text: str) -> str:
    """An input, its expression evaluated. One that is not known here fails the test."""
    known = {"${{ github.token }}": stage.token}
    assert not text.startswith("${{") or text in known, text
    return known.get(text, text)


def last(stage: Stage, name: str) -> dict[str, Any]:
    return next(payload for event, payload in reversed(stage.world.events) if event == name)


def test_a_pull_request_is_checked_and_judged(stage: Stage, temp: Path) -> None:
    ada = stage.world.accounts["ada"]
    pull = stage.propose("good", ada, {"app/good.py": "from app.core import VALUE\n"})
    opened = last(stage, "pull_request")
    check, smoke = play(stage, temp, "guard-check.yml", "pull_request", opened)
    assert (check.code, smoke.code) == (0, 0), check.log + smoke.log
    assert check.summary.startswith("## guard: pass")
    assert "3 modules" in smoke.log
    (gate,) = play(stage, temp, "guard-gate.yml", "pull_request_target", opened)
    assert (gate.code, gate.output) == (0, "verdict=pass\n"), gate.log
    assert gate.summary.startswith("## guard: pass")
    assert stage.shown(pull.head) == ("SUCCESS", "may land")
    assert stage.token not in check.log + smoke.log + gate.log


def test_the_outage_is_stopped_in_the_job(stage: Stage, temp: Path) -> None:
    ada = stage.world.accounts["ada"]
    code = GUARDED + "def take(it: VALUE): ...\n"
    stage.propose("bad", ada, {"app/bad.py": code})
    opened = last(stage, "pull_request")
    check, smoke = play(stage, temp, "guard-check.yml", "pull_request", opened)
    assert check.code == 1, check.log
    assert "::error file=app/bad.py" in check.log
    lazy = sys.version_info >= (3, 14)  # annotations are, from there on
    assert smoke.code == (0 if lazy else 1), smoke.log


def test_an_ai_change_goes_all_the_way(stage: Stage, temp: Path) -> None:
    pull = stage.propose("one", stage.agent, {"app/one.py": "ONE = 1\n"})
    stage.world.review(pull, stage.world.accounts["bob"])
    (ping,) = play(
        stage, temp, "guard-ping.yml", "pull_request_review", last(stage, "pull_request_review")
    )
    assert (ping.code, ping.log) == (0, "")
    repository = stage.world.tell.repository()
    done = {"action": "completed", "workflow_run": {"name": "guard-ping"}, "repository": repository}
    (said,) = play(stage, temp, "guard-reconcile.yml", "workflow_run", done)
    assert said.code == 0, said.log
    assert stage.shown(pull.head)[0] == "SUCCESS"
    stage.world.enqueue(pull, stage.world.accounts["bob"])
    stage.world.queue_tick()
    group = last(stage, "merge_group")
    check, smoke = play(stage, temp, "guard-check.yml", "merge_group", group)
    assert (check.code, smoke.code) == (0, 0), check.log + smoke.log
    (gate,) = play(stage, temp, "guard-gate.yml", "merge_group", group)
    assert (gate.code, gate.output) == (0, "verdict=pass\n"), gate.log
    stage.world.queue_tick()
    assert pull.merged
    (said,) = play(stage, temp, "guard-reconcile.yml", "push", last(stage, "push"))
    assert said.code == 0, said.log
    assert "held by #1" in said.log
