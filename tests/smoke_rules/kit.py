"""Real imports of small projects, each in a process of its own, as a ``SmokeRun``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from guard.model import Finding
from guard.observed import Failure, Frame, Interpreter, ModuleRun, Outcome, SmokeRun
from guard.testing import FakeProject

HERE = Interpreter(sys.executable, sys.version_info[:3], "the one that runs the tests")

PROBE = """
import importlib, json, linecache, os, sys, traceback
top, module = sys.argv[1:]
sys.path.insert(0, top)
top += os.sep

def told(error):
    frames = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        path = code.co_filename
        if path == "<string>" or "importlib" in path:
            continue
        own = path.startswith(top)
        text = linecache.getline(path, line).strip()
        frames.append([path[len(top):] if own else path, line, code.co_name, text, own])
    cause = error.__cause__ or error.__context__
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = kind.__module__ + "." + name
    partial = "partially initialized" in str(error)
    file, line = "", 0
    message = str(error)
    if isinstance(error, SyntaxError):
        file, line, message = error.filename or "", error.lineno or 0, error.msg
        file = file[len(top):] if file.startswith(top) else file
    is_import = isinstance(error, ImportError)
    return {
        "type": name, "message": message, "frames": frames, "partial": partial,
        "name": getattr(error, "name", "") or "" if not is_import else "",
        "module": error.name or "" if is_import else "",
        "file": file, "line": line,
        "cause": cause and told(cause), "raised_from": error.__cause__ is not None,
    }

try:
    importlib.import_module(module)
except BaseException as error:
    print(json.dumps(told(error)))
"""


def failure_of(said: dict[str, Any]) -> Failure:
    frames = tuple(Frame(*values) for values in said["frames"])
    cause = failure_of(said["cause"]) if said["cause"] else None
    return Failure(**{**said, "frames": frames, "cause": cause})


def module_names(files: Iterable[str]) -> dict[str, str]:
    """Module -> path, for import root ``""``."""
    found = {}
    for path in sorted(files):
        if path.endswith(".py"):
            found[path[:-3].replace("/", ".").removesuffix(".__init__")] = path
    return found


def import_cold(top: Path, module: str, path: str, python: str = sys.executable) -> ModuleRun:
    """One module in an interpreter of its own."""
    done = subprocess.run(
        [python, "-I", "-B", "-c", PROBE, str(top), module],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        return ModuleRun(module, path, Outcome.ENDED, status=f"exit code {done.returncode}")
    said = done.stdout.strip()
    if not said:
        return ModuleRun(module, path, Outcome.OK)
    return ModuleRun(module, path, Outcome.RAISED, failure=failure_of(json.loads(said)))


def smoke(
    top: Path, files: Mapping[str, str], modules: Iterable[str] = (), **more: Any
) -> tuple[SmokeRun, FakeProject]:
    """Write the files, import every module, or ``modules``, and say what was seen."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    names = module_names(files)
    wanted = list(modules) or list(names)
    runs = tuple(import_cold(top, name, names.get(name, "")) for name in wanted)
    run = SmokeRun("working tree", HERE, runs)
    return replace(run, **more), FakeProject(files)


def judged(run: SmokeRun, project: FakeProject) -> list[Finding]:
    """What ``import-failure`` says."""
    from guard_rules.import_failure import RULE

    return [said for said in RULE.check(run, project, RULE.options()) if isinstance(said, Finding)]
