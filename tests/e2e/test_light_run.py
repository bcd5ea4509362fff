"""A run that finds nothing imports little: the hook's time is mostly the time of its imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.build_outage import git

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]

SOURCE = (
    "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\n"
    "if TYPE_CHECKING:\n    from decimal import Decimal\n\n\n"
    "def double(value: Decimal) -> Decimal:\n    return value * 2\n"
)


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules that a passing run imports, as Python's own -X importtime tells."""
    environment = os.environ | {
        "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}",
        "GUARD_CACHE_DIR": str(folder.parent / "cache"),
    }
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "guard", "check", *arguments],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "no findings" in run.stdout
    return {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if "|" in line}


@pytest.mark.parametrize("option", ["--staged", "--no-cache"])
def test_a_run_that_finds_nothing_never_imports_libcst(tmp_path: Path, option: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "money.py").write_text(SOURCE, encoding="utf-8")
    (folder / "plain.py").write_text("import money\n\nprint(money.double)\n", encoding="utf-8")
    git(folder, "add", "--all")
    tops = {name.partition(".")[0] for name in imported(folder, option)}
    assert "guard" in tops
    assert tops & {"libcst", "rich", "requests", "urllib3", "httpx"} == set()
