"""Generated modules run under CPython; the rules must say what happened, line for line.

``GUARD_SOAK=20000`` runs that many modules instead of the usual few.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, given, settings

from .checker import check, places
from .generate import NAMES, modules

FILE = "main.py"
EXAMPLES = int(os.environ.get("GUARD_SOAK", "150"))


@dataclass(frozen=True)
class Run:
    """What CPython did: where it raised for a guarded name, and which lines it executed."""

    name: str
    line: int
    executed: frozenset[int]


def run(source: str) -> Run:
    """Execute a module in a fresh namespace. Another failure than a NameError propagates."""
    executed = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != FILE:
            return None
        if event == "line":
            executed.add(frame.f_lineno)
        return trace

    code = compile(source, FILE, "exec", dont_inherit=True)
    before = sys.gettrace()
    name, line = "", 0
    with contextlib.redirect_stdout(io.StringIO()):
        sys.settrace(trace)
        try:
            exec(code, {"__name__": "main"})
        except NameError as error:
            sys.settrace(before)
            name = error.name or str(error).split("'")[1]
            place = error.__traceback__
            while place is not None:
                if place.tb_frame.f_code.co_filename == FILE:
                    line = place.tb_lineno
                place = place.tb_next
        finally:
            sys.settrace(before)
    return Run(name, line, frozenset(executed))


def differences(source: str) -> list[str]:
    """Where the rules do not say what happened."""
    ran = run(source)
    findings = check({FILE: source}, sys.version_info[:2])
    reported = {(f.name, line) for f in findings for _, line in places(f)}
    said = []
    if ran.name and (ran.name, ran.line) not in reported:
        said.append(f"missed {ran.name} at line {ran.line}")
    said += [
        f"false alarm: {name} at line {line}, which ran"
        for name, line in sorted(reported)
        if line in ran.executed and (name, line) != (ran.name, ran.line)
    ]
    return said


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GUARD_SOAK" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(modules())
def test_the_rules_say_what_cpython_does(source: str) -> None:
    said = differences(source)
    assert not said, "\n".join([*said, "", *_numbered(source)])


def test_the_run_sees_a_failure_and_the_lines_before_it() -> None:
    ran = run("x = 1\nif x:\n    print(A)\ny = 2\n")
    assert ran == Run("A", 3, frozenset({1, 2, 3}))
    assert set(NAMES) >= {"A"}


def _numbered(source: str) -> list[str]:
    return [f"{number:3} {line}" for number, line in enumerate(source.splitlines(), 1)]
