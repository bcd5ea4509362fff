"""Runs the cases of one library in child processes and prints what each raised, as JSON.

``python runner.py FILE.cases``. The library is imported once; each case then runs in a forked
child, or in a process of its own where the platform cannot fork, so that none sees another's state.
Standard library only, besides the library under test.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from corpus import FrameworkCase, read_cases

WARM = {
    "attrs": ["attrs"],
    "beartype": ["beartype"],
    "cattrs": ["cattrs", "cattrs.preconf.json"],
    "dacite": ["dacite"],
    "dataclasses_json": ["dataclasses_json"],
    "fastapi": ["fastapi", "fastapi.testclient"],
    "litestar": ["litestar"],
    "mashumaro": ["mashumaro"],
    "msgspec": ["msgspec"],
    "own_code": ["fastapi", "fastapi.testclient"],
    "pydantic": ["pydantic", "pydantic_settings"],
    "sqlalchemy": ["sqlalchemy.orm"],
    "sqlmodel": ["sqlmodel"],
    "strawberry": ["strawberry"],
    "typeguard": ["typeguard"],
    "typer": ["typer"],
}


def run(case: FrameworkCase) -> str:
    """``Type: message`` of what the case raises; "" for a clean run."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in case.files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        sys.path.insert(0, folder)
        sys.dont_write_bytecode = True
        sys.argv = ["main.py"]
        main = types.ModuleType("__main__")
        main.__file__ = str(Path(folder, "main.py"))
        sys.modules["__main__"] = main
        quiet = io.StringIO()
        try:
            with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                code = compile(case.files["main.py"], main.__file__, "exec", dont_inherit=True)
                exec(code, main.__dict__)
        except SystemExit as error:
            return "" if error.code in (None, 0) else f"SystemExit: {error.code}"
        except BaseException as error:  # noqa: BLE001 - this is what is asked for
            return f"{type(error).__name__}: {error}"
    return ""


def forked(case: FrameworkCase) -> str:
    """The outcome of a case in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.write(writing, run(case).encode("utf-8", "replace")[:60000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = stream.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    return answer if status == 0 else f"Crash: status {status}"


def main(argv: list[str]) -> None:
    """Print ``{name: outcome}``, or the outcome of one case."""
    path = Path(argv[0])
    cases = read_cases(path)
    for module in WARM.get(path.stem, []):
        importlib.import_module(module)
    if len(argv) > 1:
        sys.stdout.write(run(next(case for case in cases if case.name == argv[1])))
        return
    outcomes = {}
    for case in cases:
        if hasattr(os, "fork"):
            outcomes[case.name] = forked(case)
        else:
            command = [sys.executable, __file__, str(path), case.name]
            outcomes[case.name] = subprocess.run(
                command, check=True, capture_output=True, text=True
            ).stdout
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1:])
