"""What the rule reports and what it leaves alone: sources, and what importing them did."""

from __future__ import annotations

from guard.model import Level
from guard.observed import Effect, EffectKind, Frame, Interpreter, ModuleRun, Outcome, SmokeRun
from guard.rule import SmokeCase
from guard_rules.import_side_effect import Options

_PYTHON = Interpreter(".venv/bin/python", (3, 11, 7), ".venv in the project")
_FILES = {
    "db.py": 'import socket\n\nSERVER = socket.create_connection(("10.0.0.1", 5432))\n',
    "app.py": "import db\n",
}
_LINE = Frame("db.py", 3, "<module>", "SERVER = ...", own=True)
_CONNECT = Effect(EffectKind.NETWORK, "connect 10.0.0.1:5432", _LINE, refused=True)


def _module(name: str, *effects: Effect, seconds: float = 0.1) -> ModuleRun:
    return ModuleRun(name, f"{name}.py", Outcome.OK, seconds, effects=effects)


def _run(*modules: ModuleRun) -> SmokeRun:
    return SmokeRun("working tree", _PYTHON, modules)


CASES = (
    SmokeCase(
        "connects",
        "One line connects, whoever imports it: one finding.",
        _FILES,
        _run(_module("app", _CONNECT), _module("db", _CONNECT)),
        (("db.py", 3, "network"),),
    ),
    SmokeCase(
        "slow",
        "The time is that of the imported module, so the importer is its victim.",
        _FILES,
        _run(_module("app", seconds=3.2), _module("db", seconds=3.0)),
        (("db.py", 1, "slow"),),
    ),
    SmokeCase(
        "writes-without-a-line",
        "No line of the project led there that anyone saw: the module stands for it.",
        _FILES,
        _run(_module("db", Effect(EffectKind.WRITE, "write /var/log/db.log"))),
        (("db.py", 1, "write"),),
    ),
    SmokeCase(
        "switched-off",
        "The same connection, and the policy allows it.",
        _FILES,
        _run(_module("db", _CONNECT)),
        near_miss=True,
        options=Options(network=Level.OFF),
    ),
    SmokeCase(
        "quick-and-quiet",
        "An import that only defines things.",
        _FILES,
        _run(_module("db")),
    ),
)
