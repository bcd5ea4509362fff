"""How the annotations of a value come to be resolved: by which library, through which steps."""

from __future__ import annotations

from dataclasses import dataclass

from guard.model import Step
from guard_rules._annotations.frameworks import Reads
from guard_rules._annotations.passing import Condition
from guard_rules._annotations.shapes import Tree
from guard_rules._annotations.symbol import Symbol


@dataclass(frozen=True, slots=True)
class Reach:
    """Annotations of a value are resolved. ``supplied`` names are given to the resolver;

    ``unless`` holds parameters of the enclosing function that could give more.
    """

    reads: Reads
    steps: tuple[Step, ...]
    supplied: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    root: str = ""
    """The class whose use makes the library look."""
    model: Symbol | None = None
    """This class, where only its being used itself, or held, makes the library look."""
    handed: bool = False
    """A function of the project does it to its parameter ..."""
    to_type: bool = False
    """... rather, to the type of that."""
    when: tuple[Condition, ...] = ()
    """What must hold of the value for it to get there."""


Reached = tuple[Reach, Tree | Symbol]
"""With what it is done to: an argument as it is written, or what it stands for."""
