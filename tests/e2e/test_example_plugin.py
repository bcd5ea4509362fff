"""The example plugin, installed beside the guard as any third party's plugin would be."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]
PLUGIN = TOP / "examples/plugin"


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the guard, the plugin and pytest."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder)
    bin_folder = folder / ("Scripts" if sys.platform == "win32" else "bin")
    # This environment's pip, for to make another one takes longer than all that it installs.
    pip = [sys.executable, "-m", "pip", "--python", str(bin_folder / "python"), "install", "-qq"]
    subprocess.run(
        [*pip, "--disable-pip-version-check", str(TOP), str(PLUGIN), "pytest"], check=True
    )
    return bin_folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    top = tmp_path / "project"
    top.mkdir()
    (top / "pyproject.toml").write_text('[project]\nname = "p"\nrequires-python = ">=3.11"\n')
    (top / "app.py").write_text("def run():\n    breakpoint()\n")
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    return top


def guard(bin_folder: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(bin_folder / "guard"), *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_rule_runs_and_finds(bin_folder: Path, project: Path) -> None:
    done = guard(bin_folder, project, "check", "--no-cache", "--format", "json")
    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["rule"], found["path"], found["line"]) == ("leftover-breakpoint", "app.py", 2)


def test_the_rule_is_listed_and_explained(bin_folder: Path, project: Path) -> None:
    assert "leftover-breakpoint" in guard(bin_folder, project, "rules").stdout
    assert "bdb.BdbQuit" in guard(bin_folder, project, "explain", "leftover-breakpoint").stdout


def test_the_policy_knows_its_options(bin_folder: Path, project: Path) -> None:
    policy = project / "guard.yaml"
    policy.write_text("version: 1\nrules:\n  leftover-breakpoint: {allow-breakpoint: true}\n")
    done = guard(bin_folder, project, "check", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr
    policy.write_text("version: 1\nrules:\n  leftover-breakpoint: {allow-breakpoints: true}\n")
    done = guard(bin_folder, project, "check", "--no-cache")
    assert done.returncode == 2
    assert "guard.yaml:3:25: rules.leftover-breakpoint: unknown key" in done.stdout + done.stderr
    assert "did you mean 'allow-breakpoint'?" in done.stdout + done.stderr


def test_the_plugins_own_tests_pass(bin_folder: Path) -> None:
    command = [str(bin_folder / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-c", "/dev/null", "--rootdir", str(PLUGIN), str(PLUGIN / "tests")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_plugin_that_does_not_load_blocks_and_is_named(bin_folder: Path, project: Path) -> None:
    (folder,) = bin_folder.parent.glob("[Ll]ib/**/guard_debugger/__init__.py")
    sound = folder.read_text()
    folder.write_text("import no_such_module\n")
    try:
        done = guard(bin_folder, project, "check", "--no-cache")
    finally:
        folder.write_text(sound)
    assert done.returncode == 2
    assert "plugin 'debugger' (premerge-guard-debugger 0.1.0) does not load" in done.stderr
    assert "no_such_module" in done.stderr
