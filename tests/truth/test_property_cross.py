"""Generated projects run under CPython; the rules must say what happened, file and line.

Whether a guard is to blame is settled by a second run with all guards true: only if the line that
failed now runs did a guard cause the failure, and must the rules speak of it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from .checker import check, places
from .execute import Outcome, Place, outcome_of
from .generate_project import projects
from .runner import run_case

EXAMPLES = int(os.environ.get("GUARD_SOAK", "100"))
VERSION = (3, 13)  # nothing here depends on it


def run(files: Mapping[str, str]) -> Outcome:
    """Write the project, and run its entry in this process: the runner tidies up."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        answer = run_case(folder, os.path.join(folder, "main.py"))  # type: ignore[no-untyped-call]
        return outcome_of(answer)


def without_guards(files: Mapping[str, str]) -> dict[str, str]:
    """The same lines with guards that are true."""
    line = "from typing import TYPE_CHECKING"
    return {p: text.replace(line, "TYPE_CHECKING = True") for p, text in files.items()}


def lists_names(files: Mapping[str, str], place: Place) -> bool:
    """Whether the line is an ``__all__``: wrong at a star import, wherever that may come."""
    return files[place[0]].splitlines()[place[1] - 1].startswith("__all__")


def differences(files: Mapping[str, str]) -> list[str]:
    """Where the rules do not say what happened."""
    ran = run(files)
    reported = {
        (place, finding.name) for finding in check(files, VERSION) for place in places(finding)
    }
    said = []
    if ran.error and ran.at not in {place for place, _ in reported}:
        if ran.at in run(without_guards(files)).ran:
            said.append(f"missed {ran.error} at {ran.at}: {ran.text}")
    said += [
        f"false alarm: {name} at {place}, which ran"
        for place, name in sorted(reported)
        if place in ran.ran and place != ran.at and not lists_names(files, place)
    ]
    return said


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GUARD_SOAK" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(projects())
def test_the_rules_say_what_cpython_does(files: dict[str, str]) -> None:
    said = differences(files)
    shown = [f"--- {path}\n{text}" for path, text in files.items()]
    assert not said, "\n".join([*said, *shown])


def test_the_run_leaves_nothing_behind() -> None:
    one = run({"main.py": "import shapes\nprint(shapes.X)\n", "shapes.py": "X = 1\n"})
    other = run({"main.py": "import shapes\nprint(shapes.X)\n", "shapes.py": "Y = 1\n"})
    assert not one.error
    assert (other.error, other.at) == ("AttributeError", ("main.py", 2))
