"""What the abstract run writes down, with the nodes of the syntax tree."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from guard_rules._names.frames import Frame, Function


@dataclass(slots=True, eq=False)
class Use:
    """An occurrence that is evaluated while its name is surely unbound."""

    name: str
    node: cst.CSTNode
    kind: str
    """``global``, ``local`` or ``free``: the three ways in which CPython says so."""
    frame: Frame
    """Where to look for the guard: the scope of the name, or for a global that of the use."""
    at_import: bool
    scope: str
    stars: int
    """How many of the module's star imports ran before: one of them may bind the name."""
    function: Function | None
    annotation: bool
    """It stands in an annotation."""


@dataclass(slots=True, eq=False)
class AttributeUse:
    """A chain of attributes read from a module: ``a.b.c`` with ``a`` bound by an import."""

    ref: tuple[object, ...]
    nodes: tuple[cst.CSTNode, ...]
    """The expressions ``a.b`` and ``a.b.c``."""
    attributes: tuple[str, ...]
    root: str
    present: int
    """How many of the attributes the program made sure of: ``hasattr``, ``import a.b``."""
    at_import: bool
    scope: str


@dataclass(slots=True, eq=False)
class Import:
    """One name (or one module) that an import statement fetches at run time."""

    node: cst.CSTNode
    level: int
    module: str
    name: str
    """The name that ``from module import name`` fetches; ``*``; empty for ``import module``."""
    at_import: bool
    scope: str
    handled: bool
    """An ``ImportError`` raised here is caught."""


@dataclass(slots=True, eq=False)
class Listed:
    """A name that ``__all__`` lists."""

    name: str
    node: cst.CSTNode


def guard_of(use: Use) -> cst.CSTNode | None:
    """Where guarded code binds the name that a use misses; asked when the run has ended."""
    if use.kind != "global":
        return use.frame.guards.get(use.name)
    frame: Frame | None = use.frame
    while frame is not None:
        if frame.kind in ("class", "module") and use.name in frame.guards:
            return frame.guards[use.name]
        frame = frame.parent
    return None
