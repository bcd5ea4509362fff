"""The outage once more, by running the code: each cause once, with all that it takes down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo import build_outage as outage

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]
LAZY = sys.version_info >= (3, 14)
"""From here on annotations are lazy, and the change breaks nothing."""
POLICY = """\
version: 1
smoke:
  entry-points:
    - name: service
      command: [python, -m, service.main]
      proof: {output: "18 routes answer"}
"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    folder = tmp_path / "service"
    folder.mkdir()
    outage.build(folder)
    outage.write(folder, {"guard.yaml": POLICY, ".gitignore": "__pycache__\n"})
    outage.git(folder, "commit", "--quiet", "-m", "Say how the service is started")
    return folder


def guard(folder: Path, *arguments: str) -> dict[str, Any]:
    environment = os.environ | {
        "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}",
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
    }
    answer = subprocess.run(
        [sys.executable, "-m", "guard", *arguments, "--format", "json"],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert answer.stdout, answer.stderr
    document = json.loads(answer.stdout)
    assert answer.returncode == {"pass": 0, "skipped": 0, "fail": 1}[document["verdict"]]
    return document


def of(rule: str, document: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in document["findings"] if finding["rule"] == rule]


def test_before_the_change_everything_starts(service: Path) -> None:
    document = guard(service, "smoke")
    assert document["verdict"] == "pass"
    assert document["summary"]["files"] == 114


def test_the_change_is_stopped_with_the_one_cause_and_its_victims(service: Path) -> None:
    outage.write(service, outage.breaking_change())
    for argv in (("smoke",), ("smoke", "--staged")):
        document = guard(service, *argv)
        assert document["verdict"] == ("pass" if LAZY else "fail")
        for cause in of("import-failure", document):
            places = {cause["path"], *(use["path"] for use in cause["uses"])}
            assert places == {path for path, _ in outage.EXPECTED}
            modules = [path.removesuffix(".py").replace("/", ".") for path in places]
            assert cause["victims"] == sorted([*modules, "service.main"])
            assert "from __future__ import annotations" in cause["message"]
            assert [step["path"] for step in cause["chain"]] == ["service/main.py"]
        found = [finding["rule"] for finding in document["findings"]]
        assert sorted(found) == ([] if LAZY else ["entrypoint-failure", "import-failure"])


def test_one_name_that_many_modules_need_is_one_finding(service: Path) -> None:
    outage.write(service, outage.one_cause())
    document = guard(service, "smoke", "--staged")
    assert document["verdict"] == ("pass" if LAZY else "fail")
    for cause in of("import-failure", document):
        assert_one_cause(cause)
    assert len(document["findings"]) == (0 if LAZY else 2)


def assert_one_cause(cause: dict[str, Any]) -> None:
    assert (cause["path"], cause["name"]) == ("service/web.py", "Callable")
    routes = [f"service.api.{topic}" for topic in outage.ROUTES]
    assert cause["victims"] == sorted([*routes, "service.main", "service.web"])
    assert "type-checking-runtime-use" in cause["message"] + cause["fix"]


def test_the_static_check_lists_all_names_and_the_right_repair_passes_both(service: Path) -> None:
    outage.write(service, outage.breaking_change())
    found = {(one["path"], one["name"]) for one in guard(service, "check")["findings"]}
    assert found == set(outage.EXPECTED)
    outage.write(service, outage.right_repair())
    assert guard(service, "check")["verdict"] == "pass"
    assert guard(service, "smoke")["verdict"] == "pass"


def test_a_commit_of_the_history_is_judged_where_it_stands(service: Path) -> None:
    outage.write(service, outage.breaking_change())
    outage.git(service, "commit", "--quiet", "--no-verify", "-m", "Break it")
    outage.write(service, outage.right_repair())
    outage.git(service, "commit", "--quiet", "--no-verify", "-m", "Mend it")
    assert guard(service, "smoke", "--rev", "HEAD~1")["verdict"] == ("pass" if LAZY else "fail")
    assert guard(service, "smoke", "--rev", "HEAD")["verdict"] == "pass"
    assert outage.git(service, "worktree", "list").stdout.count("\n") == 1
    assert outage.git(service, "status", "--porcelain").stdout == ""
