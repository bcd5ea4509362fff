"""The workflows and the action: valid by GitHub's schemas, and clean by a security linter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[2]
EXAMPLES = sorted((TOP / "examples" / "github").glob("*.yml"))
OWN = sorted((TOP / ".github" / "workflows").glob("*.yml"))
ACTION = TOP / "action.yml"
TEMPLATES = TOP / "guard" / "github" / "templates"


def tool(name: str) -> str:
    """A program of the environment that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is missing: it comes with the extra `test`"
    return found


def status(*argv: object) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in argv],
        env={**os.environ, "NO_COLOR": "1", "ZIZMOR_OFFLINE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def run(*argv: object) -> None:
    code, said = status(*argv)
    assert code == 0, said


def test_the_examples_are_what_init_writes() -> None:
    names = {path.name for path in EXAMPLES}
    assert names == {path.name for path in TEMPLATES.glob("*.yml")}
    for path in EXAMPLES:
        assert path.read_text() == (TEMPLATES / path.name).read_text(), path.name


def test_every_workflow_is_valid() -> None:
    assert EXAMPLES
    assert OWN
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *EXAMPLES, *OWN)


def test_the_action_is_valid() -> None:
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-actions", ACTION)


def test_a_security_linter_finds_nothing() -> None:
    options = ("--offline", "--strict-collection", "--no-progress", "--no-config")
    run(tool("zizmor"), *options, ACTION, *EXAMPLES, *OWN)


def test_both_tools_see_what_is_wrong(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text("on: pull_request_target\njobs: {a: {runs-on: x, steps: [{run: 1, uses: a}]}}\n")
    schema = ("--builtin-schema", "vendor.github-workflows")
    assert status(tool("check-jsonschema"), *schema, bad)[0] == 1
    bad.write_text("on: pull_request_target\njobs: {a: {runs-on: x, steps: [{uses: a/b@v1}]}}\n")
    code, said = status(tool("zizmor"), "--offline", "--no-config", bad)
    assert code > 1
    assert "dangerous-triggers" in said
    assert "unpinned-uses" in said


@pytest.mark.parametrize("path", [ACTION, *EXAMPLES, *OWN], ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit(path: Path) -> None:
    for line in re.findall(r"uses:\s*(\S+.*)", path.read_text()):
        assert re.search(r"@[0-9a-f]{40}( # v\d+\.\d+\.\d+)?$", line), line


def steps() -> list[str]:
    return [s["run"] for s in yaml.safe_load(ACTION.read_text())["runs"]["steps"] if "run" in s]


def test_the_action_puts_no_expression_into_a_script() -> None:
    assert len(steps()) == 2
    assert all("${{" not in script for script in steps())


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner's folder with a guard that tells how it was called."""
    home = tmp_path / "temp" / "premerge-guard" / "bin"
    home.mkdir(parents=True)
    fake = home / "python"
    fake.write_text(
        '#!/bin/sh\nprintf "%s|" "$@"\nprintf "token=%s" "${GITHUB_TOKEN-none}"\n', "utf-8"
    )
    fake.chmod(0o755)
    return tmp_path / "temp"


def called(runner: Path, command: str, args: str = "", **environ: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps()[1]],
        env={
            "PATH": os.environ["PATH"],
            "RUNNER_TEMP": str(runner),
            "RUNNER_OS": "Linux",
            "COMMAND": command,
            "ARGS": args,
            "TOKEN": "s3cret",
            "GH_TOKEN": "other",
            **environ,
        },
        cwd=runner,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("command", "args", "said"),
    [
        ("check", "", "-I|-m|guard|check|--format|text|--format|github|token=none"),
        ("check", "--format=json", "-I|-m|guard|check|--format=json|token=none"),
        (
            "smoke",
            "--no-entry\n--format text",
            "-I|-m|guard|smoke|--no-entry|--format|text|token=none",
        ),
        ("gate", "", "-I|-m|guard|gate|token=s3cret"),
        ("reconcile", "", "-I|-m|guard|lane|reconcile|--github|token=s3cret"),
        (
            "check",
            "--output=$(touch owned) `id` *",
            "-I|-m|guard|check|--output=$(touch|owned)|`id`|*|token=none",
        ),
    ],
)
def test_the_action_calls_the_guard(runner: Path, command: str, args: str, said: str) -> None:
    assert called(runner, command, args) == (0, said)
    assert not (runner / "owned").exists()


def test_the_action_writes_the_summary(runner: Path) -> None:
    code, said = called(runner, "check", GITHUB_STEP_SUMMARY="/a b/summary")
    assert code == 0
    assert "|--format|markdown=/a b/summary|token=none" in said


@pytest.mark.parametrize("command", ["", "lane", "check; id", "$(id)", "x::set-env"])
def test_the_action_knows_no_other_command(runner: Path, command: str) -> None:
    code, said = called(runner, command)
    assert code == 2
    assert "guard" not in said
    assert "::set-env" not in said


def workflow(name: str) -> dict:
    return yaml.safe_load((TOP / "examples" / "github" / name).read_text())


def test_what_runs_the_code_of_a_change_can_only_read() -> None:
    jobs = workflow("guard-check.yml")["jobs"]
    assert set(jobs) == {"check", "smoke"}
    for job in jobs.values():
        assert job["permissions"] == {"contents": "read"}
        assert "if" not in job
        assert "needs" not in job
    assert "secrets." not in (TOP / "examples/github/guard-check.yml").read_text()


@pytest.mark.parametrize("name", ["guard-gate.yml", "guard-reconcile.yml"])
def test_what_holds_a_token_checks_out_the_default_branch(name: str) -> None:
    (job,) = workflow(name)["jobs"].values()
    (checkout,) = (s for s in job["steps"] if s["uses"].startswith("actions/checkout@"))
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert all("run" not in step for step in job["steps"])


def test_the_events_whose_workflow_file_is_the_changes_own_get_no_token() -> None:
    own = {"pull_request", "pull_request_review", "pull_request_review_comment"}
    own |= {"deployment", "deployment_status"}
    for path in EXAMPLES:
        text = yaml.safe_load(path.read_text())
        assert text["permissions"] == {}
        for job in text["jobs"].values():
            writes = "write" in job.get("permissions", {}).values()
            assert not (writes and own & set(text[True])), path.name
