"""What is found: one annotation that is resolved at run time."""

from __future__ import annotations

from dataclasses import dataclass

from guard_rules._annotations.reach import Reach
from guard_rules._annotations.shapes import Spot, Tree


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One annotation that is resolved at run time."""

    path: str
    owner: str
    """The class or function that it belongs to."""
    spot: Spot
    """Where the name of the owner stands."""
    label: str
    """``field x``, ``parameter x`` or ``return``."""
    tree: Tree
    scope: str
    """The scope of the owner."""
    body: tuple[str, ...]
    """Names that the owner itself supplies: what a class body binds, type parameters."""
    within: str
    """The class around a method, else the class whose use makes the library look."""
    raises: str
    """The exception, in the words of ``Reads.raises``."""
    reach: Reach
    wholly: bool
    """The tree is resolved as it is, even where Python has evaluated parts of them."""
