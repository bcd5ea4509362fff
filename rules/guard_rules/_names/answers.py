"""What an attribute of a module is at run time: there, missing, or beyond what can be known."""

from __future__ import annotations

from dataclasses import dataclass

from guard.model import Place, Step
from guard_rules._names.summary import Span


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that its module holds for the type checker alone."""

    module: str
    """The file that guards it."""
    guard: Place
    chain: tuple[Step, ...] = ()
    """The re-exports between the asker and the guard."""

    def through(self, place: Place, text: str) -> Missing:
        """The same, reached by one more step."""
        return Missing(self.module, self.guard, (Step(place, text), *self.chain))


PRESENT = "present"
UNKNOWN = "unknown"
ABSENT = "absent"
Answer = Missing | str
"""``Missing``, or ``PRESENT``, ``UNKNOWN`` (nobody can tell) or ``ABSENT`` (some other defect)."""


def place(path: str, span: Span) -> Place:
    """A position of the facts as a place of the model."""
    return Place(path, *span)
