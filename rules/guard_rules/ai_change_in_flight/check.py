"""The lane decides; here its answer becomes findings."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Change, Unknown
from guard.lane import Crowd, decide
from guard.model import Finding, Held, Missing
from guard_rules._changes.words import about, lacks, listed


def findings(rule: str, change: Change) -> Iterator[Finding | Held | Missing]:
    """What the lane says of the AI's units in ``change``; of others it says nothing."""
    if isinstance(change.units, Unknown):
        yield lacks("units", change.units)
        return
    if not any(unit.is_ai for unit in change.units):
        return
    if isinstance(change.lane, Unknown):
        yield lacks("lane", change.lane)
        return
    for said in decide(change.lane, change.units, change.now):
        yield _crowded(rule, said) if isinstance(said, Crowd) else said


def _crowded(rule: str, said: Crowd) -> Finding:
    message = f"{len(said.units)} AI changes for lane {said.lane} at once: {listed(said.units)}"
    fix = "Land one of them; the next may follow when it is released."
    return about(rule, said.lane, message, fix)
