"""Conditions that are decided before the program runs, and the code that they keep from running."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from guard_rules._names.bindings import Bindings, collect
from guard_rules._names.constants import FLAG, Conditions, Known
from guard_rules._names.frames import Frame, Ref
from guard_rules._names.scopes import Scopes
from guard_rules._names.shapes import proves
from guard_rules._names.stored import Globals, Submodules
from guard_rules._names.tables import is_table, literal_keys


class Decisions(Scopes):
    """Knows what a condition is, and keeps what guarded code binds."""

    def __init__(self, target: tuple[int, int]) -> None:
        super().__init__(target)
        self.conditions = Conditions(target, self.known, self.contains)
        self.guarded_stars: list[cst.ImportFrom] = []
        self.guarded_submodules: dict[str, cst.CSTNode] = {}
        self.class_guards: dict[str, dict[str, cst.CSTNode]] = {}

    def known(self, node: cst.BaseExpression) -> Known | None:
        """For conditions: what a name or an attribute is known to be."""
        if isinstance(node, cst.Name):
            kind, ref, _ = self.find(node.value)
            if kind == "global" and node.value == FLAG and self.stars:
                return Known(False, flag=True, strong=True)  # ``from typing import *`` brings it
            if ref is not None and ref[0] == "known":
                return Known(ref[1], flag=True, strong=ref[2] or node.value == FLAG)
        elif isinstance(node, cst.Attribute) and node.attr.value == FLAG:
            ref = self.find(node.value.value)[1] if isinstance(node.value, cst.Name) else None
            if ref is not None and (
                ref[0] == "module" or (ref[0] == "from" and ref[3].endswith("typing"))
            ):
                return Known(False, flag=True, strong=True)
        return None

    def constant(self, node: cst.BaseExpression) -> Ref:
        """What to remember of an assigned value: a flag that a later condition may test."""
        known = self.conditions.evaluate(node)
        if self.asked is not None:
            if known is not None:
                return ("known", known.value, known.strong)
            return ("table", node) if is_table(node) else None
        if known is None or known.value not in (True, False):
            return None
        return ("known", bool(known.value), known.strong)

    def narrow(self, test: cst.BaseExpression, *, truth: bool) -> None:
        """Assume that ``test`` came out as ``truth``: the names that it proves exist from here."""
        for name in proves(test, truth=truth):
            self.assume(name)

    def contains(self, node: cst.BaseExpression, key: str) -> bool | None:
        """For conditions: ``key in node``, where ``node`` is a literal or a constant table."""
        keys = literal_keys(self.table(node) or node)
        return None if keys is None else key in keys

    def table(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """The literal that a name, or ``name.keys()``, surely stands for."""
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and not node.args:
            return self.table(node.func.value) if node.func.attr.value == "keys" else None
        if self.asked is None or not isinstance(node, cst.Name):
            return None
        _, ref, frame = self.find(node.value)
        if frame is self.module:
            return self.asked.tables.get(node.value)
        if ref is None or ref[0] != "table" or node.value in self.asked.changed:
            return None
        table: cst.BaseExpression = ref[1]
        return table

    def guarded(self, nodes: Sequence[cst.CSTNode], *, strong: bool) -> None:
        """Code that only the type checker sees: keep what it binds, run nothing.

        Under ``if False:`` in a function only imports and definitions count: an assignment there
        may be meant to make a name local.
        """
        if self.asked is not None:
            return
        statements = nodes
        found = collect(statements, loads=True)
        if not strong and self.frame.kind not in ("module", "class"):
            found.nodes = {name: found.nodes[name] for name in found.definitions}
        self.keep(found)
        for name in found.loads:
            ref = self.find(name)[1]
            if ref is not None and ref[0] == "function":
                ref[1].references.append("guarded")
        self.guarded_stars.extend(found.stars)
        functions = Globals()
        for statement in statements:
            Submodules(self.guarded_submodules).walk(statement)
            functions.walk(statement)
        for name, node in functions.nodes.items():
            self.module.guards.setdefault(name, node)

    def keep(self, found: Bindings) -> None:
        frame: Frame | None = self.frame
        while frame is not None and frame.kind in ("comprehension", "type parameters"):
            frame = frame.parent
        for name, nodes in found.nodes.items():
            is_global = frame is None or name in found.global_names or name in frame.global_names
            owner = self.module if is_global or frame is None else frame
            if owner.kind == "function" and name not in owner.local_names:
                owner = self.owner_of_nonlocal(name, owner)
            if not any(isinstance(node, cst.Del) for node in nodes):
                owner.guards.setdefault(name, nodes[0])
            if owner.kind == "class":
                self.class_guards.setdefault(owner.qualname, {}).setdefault(name, nodes[0])
