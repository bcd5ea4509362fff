"""What rules over changes share. Light: every run of the guard loads it."""

from __future__ import annotations

from enum import Enum

from guard import globs
from guard.rule import ChangeRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from guard.change import Change


class Who(str, Enum):
    """Whose changes something is asked of."""

    AI = "ai"
    ALL = "all"


class LandingRule(ChangeRule):
    """A rule over what lands on a branch."""

    def idle(self, change: Change, options: Any) -> str:
        return "a deployment lands nothing on a branch" if change.promotes_to else ""


def check_patterns(patterns: Iterable[str]) -> None:
    """Raise ``ValueError`` for a path pattern that is none."""
    for pattern in patterns:
        fault = globs.problem(pattern)
        if fault:
            raise ValueError(f"{pattern!r}: {fault}")
