"""The code to measure on: released packages from the index, and generated trees of any size."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

CACHE = Path(__file__).parent / ".cache"

# Pinned, so that figures of different days can be compared.
RELEASES = {
    "homeassistant": "homeassistant==2024.3.3",
    "transformers": "transformers==5.23.0",
    "pandas": "pandas==3.1.1",
    "sqlalchemy": "sqlalchemy==2.1.9",
    "apache-airflow-core": "apache-airflow-core==3.3.2",
    "django": "django==5.2.19",
    "prefect": "prefect==3.9.1",
}


def git(folder: Path, *arguments: str) -> None:
    """Run git without anybody's configuration; raises if it fails."""
    identity = {
        f"GIT_{who}_{key}": value
        for who in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Bench"), ("EMAIL", "bench@example.org"))
    }
    environment = os.environ | identity | {"GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)


def _commit(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "gc.auto", "0")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "The tree to measure on")


def release(name: str) -> Path:
    """The unpacked wheel of a release as a git repository; downloads it the first time."""
    folder = CACHE / "trees" / name
    if (folder / ".git").exists():
        return folder
    wheels = CACHE / "wheels" / name
    wheels.mkdir(parents=True, exist_ok=True)
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(wheels)]
    subprocess.run([*command, RELEASES[name]], check=True)
    (wheel,) = wheels.glob("*.whl")
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    _commit(folder)
    return folder


def python_files(folder: Path) -> int:
    """How many Python files a tree has."""
    return sum(1 for _ in folder.rglob("*.py")) + sum(1 for _ in folder.rglob("*.pyi"))


def _module(number: int, count: int) -> str:
    """A module of some 3 kB; every third one guards imports, as a typed code base does."""
    near = [(number * 7 + step * 13) % count for step in range(1, 4)]
    guarded = number % 3 == 0
    lines = ["from __future__ import annotations", "", "import logging", "import os"]
    lines += [f"from app.p{n // 100}.m{n} import make_{n}" for n in near[:1] if n < number]
    if guarded:
        lines += ["from typing import TYPE_CHECKING", "", "if TYPE_CHECKING:"]
        lines += [f"    from app.p{n // 100}.m{n} import Thing{n}" for n in near]
    lines += ["", f"log = logging.getLogger('m{number}')", "", "", f"class Thing{number}:"]
    kind = f"Thing{near[0]}" if guarded else "object"
    for method in range(12):
        walk = f"os.environ if len(key) > limit + {method}"
        parameters = f"self, other: {kind} | None, limit: int = {method}"
        lines += [
            f"    def step_{method}({parameters}) -> set[str]:",
            f'        """Do step {method} of {number}: look at the values and keep what is new."""',
            f"        found = {{os.fspath(key) for key in {walk}}}",
            "        log.debug('found %d', len(found))",
            "        return found",
            "",
        ]
    lines += ["", f"def make_{number}() -> Thing{number}:", f"    return Thing{number}()", ""]
    return "\n".join(lines)


def generated(count: int) -> Path:
    """A git repository of `count` modules, a hundred to a package."""
    folder = CACHE / "generated" / str(count)
    if (folder / ".git/refs/heads/main").exists():
        return folder
    for number in range(count):
        path = folder / f"app/p{number // 100}/m{number}.py"
        if number % 100 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
        path.write_text(_module(number, count), encoding="utf-8")
    (folder / "app/__init__.py").touch()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n', encoding="utf-8"
    )
    _commit(folder)
    return folder


def change(folder: Path, files: int) -> None:
    """Stage a change of some files; again and again the same state."""
    git(folder, "reset", "--quiet", "--hard")
    for number in range(files):
        place = number * 37
        path = folder / f"app/p{place // 100}/m{place}.py"
        path.write_text(path.read_text() + f"\nCHANGED = {number}\n", encoding="utf-8")
    git(folder, "add", "--update")
