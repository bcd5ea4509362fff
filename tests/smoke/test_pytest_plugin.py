"""``pytest --guard-smoke``, by real runs of pytest in a project of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

TOP = Path(__file__).parents[2]
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    "guard.yaml": "version: 1\nsmoke:\n  optional:\n"
    "    - {modules: [shop.gpu], reason: needs CUDA, missing: no_such_cuda}\n",
    "shop/__init__.py": "",
    "shop/models.py": "class Order:\n    pass\n",
    "shop/till.py": "from shop.models import Order\n",
    "shop/gpu.py": "import no_such_cuda\n",
    "tests/test_shop.py": "def test_adds_up():\n    assert 1 + 1 == 2\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    top = tmp_path / "shop"
    for path, text in FILES.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return top


def run(top: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}",
        "GUARD_CACHE_DIR": str(top.parent / "cache"),
        "PYTEST_ADDOPTS": "",
    }
    # An installed guard may bring an older plugin, or none.
    plugin = ("-p", "no:guard", "-p", "guard.pytest_plugin")
    command = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q", *argv]
    return subprocess.run(
        command, cwd=top, env=environ, capture_output=True, text=True, check=False
    )


def test_each_module_is_a_test_beside_the_others(shop: Path) -> None:
    done = run(shop, "--guard-smoke", "-rs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed, 1 skipped" in done.stdout
    assert "failed as declared: needs CUDA" in done.stdout


def test_nothing_happens_unasked(shop: Path) -> None:
    (shop / "conftest.py").write_text(
        "import sys\n\n\ndef pytest_unconfigure():\n"
        "    print('loaded', sorted(m for m in sys.modules if m.startswith('guard')))\n"
    )
    done = run(shop)
    assert "1 passed" in done.stdout
    assert "loaded ['guard', 'guard.pytest_plugin']" in done.stdout


def test_a_failure_says_the_cause_and_no_more(shop: Path) -> None:
    (shop / "shop" / "models.py").write_text("Ordre = Order\n")
    done = run(shop, "--guard-smoke")
    assert done.returncode == 1
    assert "2 failed, 2 passed, 1 skipped" in done.stdout
    assert "FAILED shop/till.py::guard-smoke" in done.stdout
    assert "NameError: name 'Order' is not defined" in done.stdout
    assert "_pytest_smoke.py" not in done.stdout


def test_items_are_chosen_as_all_others(shop: Path) -> None:
    assert "3 passed" in run(shop, "--guard-smoke", "-m", "guard_smoke", "-k", "not gpu").stdout
    listed = run(shop, "--guard-smoke", "--collect-only", "-k", "till").stdout
    assert "shop/till.py::guard-smoke" in listed
    assert "models" not in listed


def test_workers_share_the_modules(shop: Path) -> None:
    (shop / "shop" / "models.py").write_text("Ordre = Order\n")
    for spread in ("load", "worksteal"):
        done = run(shop, "--guard-smoke", "-n", "2", "--dist", spread)
        assert "2 failed, 2 passed, 1 skipped" in done.stdout, done.stdout + done.stderr


def test_hosts_share_the_modules(shop: Path, tmp_path: Path) -> None:
    """A worker with a folder of its own gets copies of the sources, as over ssh."""
    hosts = [f"--tx=popen//chdir={tmp_path / name}" for name in ("one", "two")]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    argv = ("--guard-smoke", "-m", "guard_smoke", "--dist=load", *hosts, "--rsyncdir=.", str(shop))
    done = run(shop, *argv)
    assert "3 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "one" / "shop" / "shop" / "till.py").exists()


def test_junit_names_each_module(shop: Path, tmp_path: Path) -> None:
    run(shop, "--guard-smoke", f"--junitxml={tmp_path / 'junit.xml'}")
    cases = ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    found = {(case.get("classname"), case.get("name")) for case in cases}
    assert ("shop.till", "guard-smoke") in found
    assert len(found) == 5


def test_a_project_without_modules_is_an_error_and_no_pass(shop: Path) -> None:
    for path in (shop / "shop").iterdir():
        path.unlink()
    done = run(shop, "--guard-smoke")
    assert done.returncode == 4
    assert "no module to import" in done.stderr


def test_a_wrong_interpreter_or_policy_is_an_error(shop: Path) -> None:
    assert run(shop, "--guard-smoke", "--guard-smoke-python", "/no/python").returncode == 4
    (shop / "guard.yaml").write_text("version: 1\nsmoke: {timeout: soon}\n")
    done = run(shop, "--guard-smoke")
    assert done.returncode == 4
    assert "smoke.timeout: expected a number above 0" in done.stderr
