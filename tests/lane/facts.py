"""Short ways to say what is on a target and what is recorded of it."""

from __future__ import annotations

from typing import Any

from guard.change import (
    Evidence,
    Landing,
    LaneFacts,
    LaneRecord,
    Origin,
    Provenance,
    RecordKind,
    Unit,
    Unknown,
    Waiting,
)
from guard.model import Verdict

AI = Provenance(Origin.AI)
HUMAN = Provenance(Origin.HUMAN)
UNSEEN = Unknown("nobody has recorded yet that it landed")
SOAK, DEADLINE, TURN = 100, 1000, 50


def landing(name: str, seen: int | None = 0, base: str = "", **more: Any) -> Landing:
    """``landing("a2")`` is the commit ``a2`` upon ``a1``."""
    before = base or f"{name[:-1]}{int(name[-1]) - 1}"
    values: dict[str, Any] = {"lanes": ("other",), "provenance": AI, **more}
    at = UNSEEN if seen is None else seen
    return Landing(before, name, f"tree {name}", seen_at=at, **values)


def record(kind: str, rev: str, at: int, **more: Any) -> LaneRecord:
    return LaneRecord(RecordKind(kind), rev, at, more.pop("by", "server"), **more)


STARTED = record("started", "a0", 0)


def facts(
    *landings: Landing, records: tuple[LaneRecord, ...] = (STARTED,), **more: Any
) -> LaneFacts:
    """The way is ``a0 a1 ... a9``."""
    values: dict[str, Any] = {
        "waiting": (),
        "soak": SOAK,
        "deadline": DEADLINE,
        "turn": TURN,
        "marks": tuple(f"a{number}" for number in range(10)),
        "lanes": ("other",),
        **more,
    }
    return LaneFacts("main", "a9", landings, records, **values)


def unit(name: str = "#9", **more: Any) -> Unit:
    values: dict[str, Any] = {
        "base": "a9",
        "rev": f"rev {name}",
        "tree": "t",
        "commits": (),
        "provenance": AI,
        "lanes": ("other",),
        **more,
    }
    return Unit(name, **values)


def waiting(name: str, since: int | Unknown | None, *lanes: str) -> Waiting:
    return Waiting(name, f"rev {name}", lanes or ("other",), since)


def evidence(tree: str, verdict: str = "pass", **more: Any) -> Evidence:
    values: dict[str, Any] = {
        "check": "check",
        "environment": "e1",
        "surroundings": (),
        "policy": "p",
        "tool": "1",
        "at": 5,
        **more,
    }
    return Evidence(tree, verdict=Verdict(verdict), **values)
