"""Whose turn it is: at most one AI change for a lane has the green light. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """An AI change that every rule would let land now."""

    number: int
    lanes: tuple[str, ...]
    ready_since: int
    queued: bool
    """Whether it is in the merge queue already."""


def choose(
    candidates: Sequence[Candidate], free_since: int, now: int, turn: int
) -> tuple[int, ...]:
    """The numbers of those that get the green light, at most one for each lane.

    Who is in the merge queue keeps it. Else it is the turn of who has waited longest; when a turn
    of ``turn`` seconds is over and he has not landed, it is that of the next one, and so on round.
    The same facts at the same time give the same answer, so two that ask at once agree.
    """
    line = sorted(candidates, key=lambda each: (each.ready_since, each.number))
    if line and turn > 0:
        begin = max(free_since, line[0].ready_since)
        passed = max(0, now - begin) // turn % len(line)
        line = line[passed:] + line[:passed]
    line.sort(key=lambda each: not each.queued)
    taken: set[str] = set()
    chosen = []
    for each in line:
        if taken.isdisjoint(each.lanes):
            taken.update(each.lanes)
            chosen.append(each.number)
    return tuple(chosen)
