"""The fingerprint of an environment: equal where runs are alike, other where they may not be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guard.fingerprint import NoFingerprint, digest, of_check, of_project

BASE = {"PATH": os.environ.get("PATH", "")}


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venv")
    command = [sys.executable, "-m", "venv", "--without-pip", folder]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def site(venv: Path):
    (found,) = venv.glob("lib/python*/site-packages")
    yield found
    for each in found.iterdir():
        for file in each.iterdir():
            file.unlink()
        each.rmdir()


def install(site: Path, name: str, version: str, origin: str = "") -> None:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if origin:
        (info / "direct_url.json").write_text(origin)


def surroundings(venv: Path, locks: dict[str, str] | None = None) -> tuple[str, ...]:
    return of_project(str(venv / "bin" / "python"), BASE, locks or {})


def test_it_names_interpreter_platform_and_what_is_installed(venv: Path, site: Path) -> None:
    install(site, "One_Two.three", "1.0")
    found = dict(each.split("=", 1) for each in surroundings(venv))
    assert sorted(found) == ["installed", "platform", "python"]
    version = ".".join(map(str, sys.version_info[:3]))
    assert found["python"].startswith(f"{sys.implementation.name} {version}")
    assert found["installed"].endswith("(1)")


def test_another_version_is_another_environment(venv: Path, site: Path) -> None:
    empty = surroundings(venv)
    install(site, "one", "1.0")
    first = surroundings(venv)
    install(site, "two", "1.0")
    second = surroundings(venv)
    assert len({digest(each) for each in (empty, first, second)}) == 3
    assert surroundings(venv) == second


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("pip", ""),
        ("uv", ""),
        ("premerge-guard", ""),
        ("mine", '{"url": "file:///a", "dir_info": {"editable": true}}'),
    ],
)
def test_what_is_no_dependency_does_not_count(
    venv: Path, site: Path, name: str, origin: str
) -> None:
    before = surroundings(venv)
    install(site, name, "1.0", origin)
    assert surroundings(venv) == before


def test_a_commit_counts_where_the_version_says_nothing(venv: Path, site: Path) -> None:
    found = set()
    for commit in ("a" * 40, "b" * 40):
        url = f'{{"url": "https://x.org/y", "vcs_info": {{"vcs": "git", "commit_id": "{commit}"}}}}'
        install(site, "one", "1.0", url)
        found.add(surroundings(venv))
        for file in (site / "one-1.0.dist-info").iterdir():
            file.unlink()
        (site / "one-1.0.dist-info").rmdir()
    assert len(found) == 2


def test_a_lock_file_is_named_with_its_blob(venv: Path) -> None:
    assert f"lock=uv.lock {'a' * 40}" in surroundings(venv, {"uv.lock": "a" * 40})


def test_an_interpreter_that_does_not_answer_has_none(tmp_path: Path) -> None:
    for text in ("#!/bin/sh\nexit 3\n", "#!/bin/sh\necho '{}'\n", "#!/bin/sh\n"):
        silent = tmp_path / "python"
        silent.write_text(text)
        silent.chmod(0o755)
        with pytest.raises(NoFingerprint, match="nothing was recorded"):
            of_project(str(silent), BASE, {})


def test_a_check_hangs_on_the_guards_own_python() -> None:
    assert of_check()[0].startswith(f"python={sys.implementation.name} ")
    assert digest(("b=1", "a=2")) == digest(("a=2", "b=1")) != digest(("a=2",))
    assert len(digest(())) == 32
