"""What an installation puts where."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "-w", str(folder), str(TOP)],
        check=True,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_installs_two_packages_and_no_other(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    packages = {top for top in tops if not top.endswith(".dist-info")}
    assert packages == {"guard", "guard_rules"}, "a top-level `rules` belongs to another library"


def test_the_wheel_holds_every_module_and_the_marker_of_types(wheel: zipfile.ZipFile) -> None:
    sources = {
        path.relative_to(parent).as_posix()
        for parent, package in ((TOP, "guard"), (TOP / "rules", "guard_rules"))
        for path in (parent / package).rglob("*")
        if path.suffix in {".py", ".md", ".json", ".typed", ".yml", ".yaml"}
    }
    assert sources <= set(wheel.namelist())
    assert "guard/py.typed" in sources


def test_the_wheel_names_its_command_and_its_plugin(wheel: zipfile.ZipFile) -> None:
    (path,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    entry_points = ConfigParser()
    entry_points.read_string(wheel.read(path).decode())
    assert dict(entry_points["console_scripts"]) == {"guard": "guard.__main__:main"}
    assert dict(entry_points["guard"]) == {"guard_rules": "guard_rules"}
