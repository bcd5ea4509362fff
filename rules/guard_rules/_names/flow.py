"""The abstract run of a module: every statement in the order in which CPython runs it.

Conditions on ``TYPE_CHECKING`` are decided, other conditions go both ways. Code that only the type
checker sees is not run; the names that it binds are kept as *guarded*. What is then loaded while it
is surely unbound is what Python will raise for. Functions run where the module calls them and once
more after the import, when somebody else may call them.

One class does it, put together from parts that each know those below:

``definitions``  assignments, ``def``, ``class``, imports
``attempts``     ``try``, ``with``, ``raise``
``branches``     blocks, ``if``, loops, ``match``
``expressions``  what an expression loads, and in which order
``lazy``         type aliases and the bounds of type parameters
``calls``        when the bodies of functions run
``namespace``    ``__all__``, ``globals()``, ``setattr``: what the module does to its own names
``decisions``    conditions that are known, and the code that they keep from running
``scopes``       where a name is looked up and bound
"""

from __future__ import annotations

import libcst as cst

from guard_rules._names.bindings import collect
from guard_rules._names.definitions import Definitions
from guard_rules._names.frames import Frame, joined_or_empty
from guard_rules._names.own import own_names
from guard_rules._names.shapes import body_of, is_future, parameters_of
from guard_rules._names.stored import Dynamic, assigned_globals, may_store
from guard_rules._names.tables import Asked, tables
from guard_rules._names.uses import Use

Refusal = tuple[tuple[str, bool], ...]
"""Exceptions, each by the name of its class (empty where nobody can tell), and whether it is an
``AttributeError``."""


class Flow(Definitions):
    """Runs one module for one target version. Read the results off the attributes."""

    def __init__(self, module: cst.Module, data: bytes, target: tuple[int, int]) -> None:
        super().__init__(target)
        self.tree = module
        self.data = data
        self.keeps_served = False
        """``__getattr__`` puts what it serves into the module."""
        if any(is_future(statement) for statement in module.body):
            self.eager_annotations = False
        self.tables: tuple[dict[str, cst.BaseExpression], frozenset[str]] | None = None

    def run(self) -> Flow:
        """Run the module, then its functions."""
        found = collect(self.tree.body)
        if may_store(self.data):
            self.own = own_names(self.tree)
            dynamic = Dynamic(self.own)
            dynamic.walk(self.tree)
            self.global_assigned = assigned_globals(self.tree) | dynamic.names
            self.dynamic = dynamic.unknown
            self.keeps_served = dynamic.served
        self.module.local_names = set(found.nodes)
        self.frame = self.module
        self.block(self.tree.body)
        self.module.state = joined_or_empty(self.module.exits, self.path())
        self.end = dict(self.module.state)
        self.deferred = True
        for name in self.global_assigned:
            self.module.state.setdefault(name, None)
        self.run_deferred(self.module)
        return self

    def may_be_kept(self, use: Use) -> bool:
        """Whether ``__getattr__`` may have served the name before, and have kept it."""
        return (
            self.keeps_served
            and use.kind == "global"
            and not use.at_import
            and self.refusal(use.name) is None
        )

    def refusal(self, name: str) -> Refusal | None:
        """What the module's own ``__getattr__`` surely raises for ``name`` (PEP 562).

        None where it may serve the name, or where there is none.
        """
        ref = self.end.get("__getattr__")
        if ref is None or ref[0] != "function" or not isinstance(ref[1].node, cst.FunctionDef):
            return None
        node: cst.FunctionDef = ref[1].node
        parameters = [parameter.name.value for parameter in parameters_of(node.params)]
        if len(parameters) != 1 or node.decorators:
            return None
        found = self.scope_of(node)
        if self.tables is None:
            self.tables = tables(self.tree)
        inner = Frame(
            "function",
            self.module,
            "__getattr__",
            local_names=found.local_names | set(parameters),
            global_names=found.global_names,
            state={parameters[0]: ("known", name, False)},
            function=ref[1],
        )
        self.asked = asked = Asked(*self.tables)
        with self.inside(inner):
            self.block(body_of(node))
            falls_through = self.reached
        self.asked = None
        if inner.returns or falls_through:
            return None
        errors = {
            (error[0], "AttributeError" in error) if error else ("", False)
            for error in asked.raised
        }
        return tuple(sorted(errors))
