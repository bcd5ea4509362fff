"""How the checks say what they found."""

from __future__ import annotations

from dataclasses import dataclass

from guard.model import Finding, Level, Missing, Place, When


@dataclass(frozen=True, slots=True)
class At:
    """Where: a file and a line, or the settings of GitHub (no file). ``name`` is what it is of."""

    path: str = ""
    line: int = 0
    name: str = ""


def hollow(at: At, message: str, fix: str, level: Level = Level.ERROR) -> Finding:
    """A finding; ``examine`` puts the id of the check into it.

    ``message`` says what is wrong and why that makes the gate hollow, ``fix`` how to mend it.
    """
    column = 1 if at.line else 0
    place = Place(at.path, at.line, column)
    return Finding("", place, at.name, message, "", When.LANDING, fix, level=level)


def listed(names: tuple[str, ...] | list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def may_not_read(what: str, reason: str) -> Missing:
    """A setting that could not be read."""
    fix = "Run it with a token that may read the repository's administration."
    return Missing(what, reason, fix)
