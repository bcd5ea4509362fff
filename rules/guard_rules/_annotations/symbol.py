"""What a name stands for, as a small tuple that is equal to all others that mean the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symbol:
    """One of these, by ``kind``:

    ``ext``        the canonical name of something outside the project
    ``mod``        a file; ``space`` a namespace package, by its dotted name, as seen from a file
    ``cls``        a class, ``fun`` a function: an index into the shape of a file
    ``made``       what calling ``of`` gives
    ``method``     function ``index``, reached through the class ``of``
    ``extmethod``  a canonical method, reached through the class ``of``
    ``param``      parameter ``name`` of function ``index``
    """

    kind: str
    path: str = ""
    index: int = -1
    name: str = ""
    of: Symbol | None = None
