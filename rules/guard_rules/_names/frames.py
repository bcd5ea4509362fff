"""The state of the abstract run: which names may be bound, scope by scope.

Only one question matters: is a name *surely* unbound here? So a state holds the names that may be
bound on some path; a name that is missing is unbound on every path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import libcst as cst

Ref = tuple[Any, ...] | None
"""What a name is known to stand for, tagged by its first item; None where it may be anything:

``("known", value, strong)`` · ``("module", level, dotted)`` of ``import`` · ``("from", level,
module, name)`` of ``from ... import`` · ``("function", Function)`` · ``("class", ClassDef node,
methods)`` · ``("alias", TypeAlias node, frame)`` · ``("typevar", TypeParam node, frame)``.
"""

State = dict[str, Ref]
"""Names that may be bound. A key with a dot, ``a.b``, is an attribute that may exist."""


ASSUMED: Ref = ("assumed",)
"""A name that a condition proved to exist, ``if "X" in globals():``: true on that path alone."""


def join(left: State | None, right: State | None) -> State | None:
    """The state where two paths meet; None is a path that nothing reaches."""
    if left is None or right is None:
        return right if left is None else left
    joined: State = {}
    for name in left.keys() | right.keys():
        if name not in left or name not in right:
            ref = left[name] if name in left else right[name]
            if ref != ASSUMED:
                joined[name] = ref
        else:
            joined[name] = left[name] if left[name] == right[name] else None
    return joined


def joined_or_empty(left: State | None, right: State | None) -> State:
    """The join of two paths, as a state even where nothing reaches it."""
    return join(left, right) or {}


@dataclass(slots=True, eq=False)
class Function:
    """A function or lambda whose body runs later, or several times."""

    node: cst.FunctionDef | cst.Lambda
    frame: Frame
    """The scope that it stands in."""
    qualname: str
    is_lazy: bool = False
    """A coroutine or a generator: a call does not run the body."""
    nonlocal_names: frozenset[str] = frozenset()
    references: list[object] = field(default_factory=list)
    """How the module refers to it: ``"live"``, ``"guarded"``, ``"handled"`` or a Function."""
    inlined: int = 0
    bound_when_called: set[str] = field(default_factory=set)
    """Global names that were bound at a call that the module itself makes."""


@dataclass(slots=True, eq=False)
class Loop:
    """Where ``break`` and ``continue`` lead."""

    breaks: State | None = None
    continues: State | None = None


@dataclass(slots=True, eq=False)
class Frame:
    """One scope in one execution."""

    kind: str
    """``module``, ``class``, ``function``, ``comprehension`` or ``type parameters``."""
    parent: Frame | None
    qualname: str
    local_names: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    state: State = field(default_factory=dict)
    guards: dict[str, cst.CSTNode] = field(default_factory=dict)
    """Names that guarded code binds in this scope, each with the first node that does."""
    deferred: list[Function] = field(default_factory=list)
    exits: State | None = None
    """The states at ``return`` and ``raise``, joined."""
    returns: bool = False
    loops: list[Loop] = field(default_factory=list)
    attempts: list[State] = field(default_factory=list)
    """For each ``try`` around, the states from which a handler may start, joined."""
    function: Function | None = None

    @property
    def module(self) -> Frame:
        frame = self
        while frame.parent is not None:
            frame = frame.parent
        return frame

    def inner_name(self, name: str) -> str:
        """The qualified name of something defined here (PEP 3155)."""
        if self.kind == "module":
            return name
        if self.kind == "function":
            return f"{self.qualname}.<locals>.{name}"
        return f"{self.qualname}.{name}"
