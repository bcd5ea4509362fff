"""What is found: a name that is missing, and the places that evaluate it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from guard.model import Place, Step, Use, When
from guard_rules._names.answers import place
from guard_rules._names.summary import Span, UseFact


@dataclass(frozen=True, slots=True)
class Defect:
    """One cause in one file: a name, why it is missing, and every place that evaluates it."""

    path: str
    name: str
    raises: str
    uses: tuple[Use, ...]
    guard: Place | None
    chain: tuple[Step, ...] = ()
    kind: str = "use"
    """``use``, ``annotation`` (all uses are annotations), ``attribute``, ``import``, ``star``,
    ``listed``, ``submodule``."""


def use(path: str, span: Span, at_import: bool, scope: str) -> Use:
    """One place of a file that evaluates a name, from the facts."""
    return Use(place(path, span), When.IMPORT if at_import else When.CALL, scope)


def uses(path: str, facts: Iterable[UseFact]) -> tuple[Use, ...]:
    """The same for many facts, in order."""
    return in_order(use(path, fact["span"], fact["at_import"], fact["scope"]) for fact in facts)


def in_order(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Those that break the import come first, then by place."""
    return tuple(
        sorted(uses, key=lambda use: (use.when != When.IMPORT, use.place.line, use.place.column))
    )
