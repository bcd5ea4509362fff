"""What the rule reports and what it leaves alone: sources, and what starting them showed."""

from __future__ import annotations

from guard.observed import EntryRun, Failure, Frame, Interpreter, Outcome, SmokeRun
from guard.rule import SmokeCase

_PYTHON = Interpreter(".venv/bin/python", (3, 11, 7), ".venv in the project")
_MAIN = "import missing_one\n\n\ndef main():\n    return 0\n"
_SOUND = "def main():\n    return 0\n"
_FAILURE = Failure(
    "ModuleNotFoundError",
    "No module named 'missing_one'",
    (Frame("app.py", 1, "<module>", "import missing_one", own=True),),
    module="missing_one",
)


def _run(outcome: Outcome, **more: object) -> SmokeRun:
    entry = EntryRun(
        "app",
        ("python", "-m", "app"),
        "app.py",
        "app.py",
        1,
        outcome,
        **more,  # type: ignore[arg-type]
    )
    return SmokeRun("working tree", _PYTHON, (), (entry,))


CASES = (
    SmokeCase(
        "raises",
        "The entry point raises while its module is imported.",
        {"app.py": _MAIN},
        _run(Outcome.RAISED, failure=_FAILURE, status="exit code 1"),
        (("app.py", 1, "app"),),
    ),
    SmokeCase(
        "ends",
        "It was to stay up, and ended.",
        {"app.py": _SOUND},
        _run(Outcome.ENDED, status="exit code 0 after 0.1 s", output="bye\n"),
        (("app.py", 1, "app"),),
    ),
    SmokeCase(
        "no-answer",
        "The HTTP request was not answered.",
        {"app.py": _SOUND},
        _run(Outcome.TIMEOUT, status="GET /health: connection refused for 30 s"),
        (("app.py", 1, "app"),),
    ),
    SmokeCase(
        "killed-in-the-end",
        "It lives, and had to be killed because it took no notice of SIGTERM.",
        {"app.py": _SOUND},
        _run(Outcome.OK, proof="still up after 5 s", stopped="SIGKILL after 5 s"),
        near_miss=True,
    ),
    SmokeCase(
        "exits-as-it-should",
        "A command that does its work and ends with the wanted code.",
        {"app.py": _SOUND},
        _run(Outcome.OK, proof="exit code 0"),
    ),
)
