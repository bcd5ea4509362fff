"""A recorded run comes back as it was, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guard.observed import (
    Effect,
    EffectKind,
    EntryRun,
    Excluded,
    Failure,
    Frame,
    Interpreter,
    ModuleRun,
    Outcome,
    Requirement,
    SmokeRun,
)
from guard.smoke.wire import WireError, from_json, to_json

FRAME = Frame("pkg/a.py", 3, "<module>", "import b", own=True)
RUN = SmokeRun(
    subject="working tree",
    interpreter=Interpreter("/venv/bin/python", (3, 12, 1), "--python"),
    modules=(
        ModuleRun(
            "pkg.a",
            "pkg/a.py",
            Outcome.RAISED,
            seconds=0.25,
            failure=Failure(
                "NameError",
                "name 'X' is not defined \udc80",
                (FRAME,),
                name="X",
                cause=Failure("KeyError", "'x'"),
            ),
            effects=(Effect(EffectKind.WRITE, "write x", FRAME, refused=True),),
        ),
        ModuleRun("pkg.b", "pkg/b.py", Outcome.OK, seconds=1.0),
    ),
    entries=(EntryRun("api", ("python", "-m", "pkg"), "guard.yaml:3", "x", 1, Outcome.OK),),
    excluded=(Excluded("tests/t.py", "a test"),),
    notes=("network: refused",),
    shard=(1, 3),
    requirements=(Requirement("torch", "gpu"),),
    distributions=(("yaml", "PyYAML"),),
    requires_python=">=3.9",
)


def as_json() -> Any:
    return json.loads(json.dumps(to_json(RUN)))


def test_comes_back_as_it_was() -> None:
    assert from_json(as_json()) == RUN


def test_an_integer_is_a_number_of_seconds() -> None:
    told = as_json()
    told["run"]["modules"][1]["seconds"] = 1
    assert from_json(told) == RUN


def change(*path: str | int, to: object) -> Any:
    told = as_json()
    at = told
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return told


def without_key() -> Any:
    told = as_json()
    del told["run"]["modules"][0]["failure"]["message"]
    return told


WRONG = {
    "no object": ([], "no recorded run"),
    "another object": ({"version": 1}, "no recorded run"),
    "another version": (change("guard-smoke", to=2), "version 2"),
    "more": (change("more", to=1), "nothing else"),
    "unknown key": (change("run", "modules", 0, "colour", to=1), "run.modules[0]: unknown key"),
    "missing key": (without_key(), "run.modules[0].failure: 'message' is missing"),
    "unknown outcome": (change("run", "modules", 0, "outcome", to="fine"), "'fine' is none of"),
    "text for a number": (
        change("run", "modules", 0, "failure", "frames", 0, "line", to="3"),
        "run.modules[0].failure.frames[0].line: must be of type int, not str",
    ),
    "truth for a number": (change("run", "shard", 0, to=True), "run.shard[0]: must be of type int"),
    "short pair": (change("run", "shard", to=[1]), "run.shard: must have 2 values, not 1"),
    "object for a list": (change("run", "notes", to={}), "run.notes: must be a list"),
    "null": (change("run", "subject", to=None), "run.subject: must be of type str"),
}


@pytest.mark.parametrize(("told", "said"), WRONG.values(), ids=WRONG)
def test_anything_else_is_refused(told: Any, said: str) -> None:
    with pytest.raises(WireError) as refused:
        from_json(told)
    assert said in str(refused.value)
