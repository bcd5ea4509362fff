"""The outage, replayed: what Python does, what the guard says, what git lets through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from demo import build_outage as outage

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]


@pytest.fixture
def service(tmp_path: Path) -> Path:
    folder = tmp_path / "service"
    folder.mkdir()
    outage.build(folder)
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}",
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def install_hook(folder: Path) -> None:
    hook = folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\n"
        f'export PYTHONPATH="{TOP}{os.pathsep}{TOP / "rules"}"\n'
        f'export XDG_CACHE_HOME="{folder.parent / "cache"}"\n'
        f'exec "{sys.executable}" -m guard check --staged\n',
        encoding="utf-8",
    )
    hook.chmod(0o755)


def head(folder: Path) -> str:
    return outage.git(folder, "rev-parse", "HEAD").stdout


def test_the_service_has_the_shape_of_the_outage() -> None:
    modules = [path for path in outage.good_files() if path.endswith(".py")]
    assert len(modules) == 114
    assert len(outage.EXPECTED) == len(set(outage.EXPECTED)) == 47
    assert len({path for path, _ in outage.EXPECTED}) == 28


def test_history_is_the_same_on_every_machine(service: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    outage.build(again)
    assert head(again) == head(service)


def test_python_starts_the_service_before_the_change(service: Path) -> None:
    started = python(service, "-m", "service.main")
    assert started.returncode == 0, started.stderr


def test_python_fails_on_each_broken_module_until_annotations_are_lazy(service: Path) -> None:
    lazy = sys.version_info >= (3, 14)
    outage.write(service, outage.breaking_change())
    assert ("NameError" in python(service, "-m", "service.main").stderr) is not lazy
    probe = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try: importlib.import_module(name)\n"
        "    except NameError as error: print(name, error.name)\n"
    )
    paths = sorted({path for path, _ in outage.EXPECTED})
    names = {path: path.removesuffix(".py").replace("/", ".") for path in paths}
    told = python(service, "-c", probe, *names.values()).stdout.splitlines()
    raised = {tuple(line.split()) for line in told}
    assert len(raised) == (0 if lazy else 28)
    assert raised <= {(names[path], name) for path, name in outage.EXPECTED}


def test_guard_finds_all_names_at_once_and_nothing_else(service: Path) -> None:
    assert python(service, "-m", "guard", "check").returncode == 0
    outage.write(service, outage.breaking_change())
    answer = python(service, "-m", "guard", "check", "--format", "json")
    assert answer.returncode == 1, answer.stderr
    findings = json.loads(answer.stdout)["findings"]
    found = Counter((finding["path"], finding["name"]) for finding in findings)
    assert found == Counter(outage.EXPECTED)


def test_the_change_does_not_land(service: Path) -> None:
    install_hook(service)
    before = head(service)
    outage.write(service, outage.breaking_change())
    made = outage.git(service, "commit", "-m", "Enhance framework compatibility")
    assert made.returncode == 1
    assert "AsyncInferenceEngine" in made.stdout + made.stderr
    assert head(service) == before


def test_the_right_repair_lands_and_starts(service: Path) -> None:
    install_hook(service)
    before = head(service)
    outage.write(service, outage.breaking_change())
    outage.write(service, outage.right_repair())
    made = outage.git(service, "commit", "-m", "Import for real what the framework evaluates")
    assert made.returncode == 0, made.stdout + made.stderr
    assert head(service) != before
    assert "0 of them refuse" in python(service, "-m", "service.main").stdout


def test_the_name_that_is_mended_first_does_not_hide_the_others(service: Path) -> None:
    outage.write(service, outage.breaking_change())
    first = "service/api/heart_rate.py"
    outage.write(service, {first: outage.good_files()[first]})
    answer = python(service, "-m", "guard", "check", "--staged", "--format", "json")
    found = {(item["path"], item["name"]) for item in json.loads(answer.stdout)["findings"]}
    assert found == {pair for pair in outage.EXPECTED if pair[0] != first}
