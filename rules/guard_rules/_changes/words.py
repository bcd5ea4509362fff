"""Findings and missing facts of rules over changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from guard.change import Change, Person, Unit, Unknown
from guard.model import Finding, Missing, Place, When

SHOWN = 5


def about(rule: str, name: str, message: str, fix: str, path: str = "") -> Finding:
    """A finding about the change as a whole, or about the file ``path`` of it."""
    return Finding(rule, Place(path, 0, 0), name, message, "", When.LANDING, fix)


def lacks(fact: str, value: Unknown, fix: str = "") -> Missing:
    """The answer of a rule that needed ``fact``."""
    return Missing(fact, value.reason, fix)


def short(oid: str) -> str:
    """An object name as messages show it."""
    return oid[:12]


def listed(words: Sequence[str], shown: int = SHOWN) -> str:
    """``a, b, c and 4 more``."""
    more = f" and {len(words) - shown} more" if len(words) > shown else ""
    return ", ".join(words[:shown]) + more


def count(number: int, noun: str) -> str:
    """``1 line``, ``2 lines``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def name_of(person: Person) -> str:
    """How messages name someone: by the proven account, else by what a commit claims."""
    return person.login or person.email or person.name or "someone without a name"


def called(unit: Unit) -> str:
    """``AI change #23``; one whose maker is not known counts as an AI's, and that is said."""
    name = short(unit.id) if unit.id == unit.rev else unit.id
    if isinstance(unit.provenance, Unknown):
        return f"change {name} (who made it is not known, so it counts as an AI's)"
    return f"AI change {name}" if unit.is_ai else f"change {name}"


def units_of(change: Change) -> tuple[Unit, ...] | Missing:
    """What would land, or that it is not known."""
    return lacks("units", change.units) if isinstance(change.units, Unknown) else change.units


def unique(words: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(words))
