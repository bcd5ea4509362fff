"""Ways to spell the module's own namespace: ``globals()``, ``sys.modules[__name__]``, a name."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from guard_rules._names.bindings import dotted
from guard_rules._names.walker import Walker


class Own:
    """Knows the module and its dictionary, and the variables that hold one of them."""

    def __init__(self) -> None:
        self.dictionaries: set[str] = set()
        self.modules: set[str] = set()

    def is_globals(self, node: cst.CSTNode) -> bool:
        """``globals()``, ``vars()`` of a module body, ``sys.modules[__name__].__dict__``."""
        if isinstance(node, cst.Name):
            return node.value in self.dictionaries
        if isinstance(node, cst.Call) and dotted(node.func) in ("globals", "vars", "locals"):
            return not node.args or self.is_module(node.args[0].value)
        return (
            isinstance(node, cst.Attribute)
            and node.attr.value == "__dict__"
            and self.is_module(node.value)
        )

    def is_module(self, node: cst.CSTNode) -> bool:
        """``sys.modules[__name__]``."""
        if isinstance(node, cst.Name):
            return node.value in self.modules
        if not isinstance(node, cst.Subscript):
            return False
        if dotted(node.value) not in ("sys.modules", "modules"):
            return False
        index = node.slice[0].slice
        return isinstance(index, cst.Index) and dotted(index.value) == "__name__"


def own_names(tree: cst.Module) -> Own:
    """The variables of any scope that a statement makes the module or its dictionary."""
    visitor = _Holders()
    visitor.walk(tree)
    return visitor.own


class _Holders(Walker):
    def __init__(self) -> None:
        self.own = Own()
        self.depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.depth += 1
        self.walk_below(node)
        self.depth -= 1
        return False

    visit_ClassDef = visit_FunctionDef

    def visit_Assign(self, node: cst.Assign) -> None:
        self.note([target.target for target in node.targets], node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        if node.value is not None:
            self.note([node.target], node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self.note([node.target], node.value)

    def note(self, targets: Sequence[cst.BaseExpression], value: cst.BaseExpression) -> None:
        names = {target.value for target in targets if isinstance(target, cst.Name)}
        if self.own.is_module(value):
            self.own.modules |= names
        elif self.own.is_globals(value):
            if self.depth and isinstance(value, cst.Call) and not value.args:
                if dotted(value.func) != "globals":
                    return  # locals() of a function is another dictionary
            self.own.dictionaries |= names
