"""Write a project, import its modules by the probe, and look at what came of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from guard.observed import Interpreter, ModuleRun
from guard.smoke.run import ImportRequest, Observed, run_modules

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def interpreters() -> list[str]:
    """This interpreter, and one of each other version that is installed beside it."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for folder in sorted(Path.home().glob(".pyenv/versions/3.*")):
        version = ".".join(folder.name.split(".")[:2])
        if version in _VERSIONS and (folder / "bin/python").exists():
            found.setdefault(version, str(folder / "bin/python"))
    return [found[version] for version in _VERSIONS if version in found]


def some_slow() -> list[Any]:
    """All of them; those between the oldest, this one and the newest are for `make slow`."""
    found = interpreters()
    fast = {found[0], found[-1], sys.executable}
    marks = pytest.mark.slow
    return [each if each in fast else pytest.param(each, marks=marks) for each in found]


def write(top: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)


def modules_of(top: Path) -> tuple[tuple[str, str, str], ...]:
    found = []
    for file in sorted(top.rglob("*.py")):
        parts = file.relative_to(top).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append((name, str(file.relative_to(top)), ""))
    return tuple(found)


def request(top: Path, *, python: str = sys.executable, **more: Any) -> ImportRequest:
    env = {"PATH": os.environ["PATH"], "HOME": str(top), "PYTHONDONTWRITEBYTECODE": "1"}
    values: dict[str, Any] = {
        "interpreter": Interpreter(python, (3, 0, 0), "test"),
        "top": str(top),
        "roots": (".",),
        "modules": modules_of(top),
        "env": env,
        "timeout": 20.0,
        "jobs": 2,
    }
    return ImportRequest(**values | more)


def observe(top: Path, **more: Any) -> Observed:
    return run_modules(request(top, **more))


def by_name(observed: Observed) -> dict[str, ModuleRun]:
    return {run.module: run for run in observed.modules}


def alive(mark: str) -> list[str]:
    """The processes whose command line or environment holds ``mark``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + b"\0" + (folder / "environ").read_bytes()
            state = (folder / "stat").read_bytes().rpartition(b") ")[2][:1]
        except OSError:
            continue
        if mark.encode() in told and state != b"Z" and folder.name != str(os.getpid()):
            found.append(folder.name)
    return found
