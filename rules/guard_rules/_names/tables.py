"""Lookup tables that a module writes out and never changes: ``{"Name": "module"}``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from guard_rules._names.bindings import collect, dotted
from guard_rules._names.walker import Walker

_CHANGING = frozenset("append add extend insert update setdefault __setitem__ __ior__".split())
_CONTAINERS = frozenset("dict set frozenset list tuple".split())
# Built-in functions that do not change the container that they are given.
_READING = _CONTAINERS | frozenset(
    "all any dir enumerate filter id isinstance iter len map max min print repr reversed sorted "
    "str sum type zip".split()
)
_READING_METHODS = frozenset("extend fromkeys isdisjoint issubset join union update".split())


@dataclass(slots=True, eq=False)
class Asked:
    """One run of the module's ``__getattr__``: what if it is asked for a certain name?"""

    tables: dict[str, cst.BaseExpression]
    """Literal containers of the module that nothing changes, by name."""
    changed: frozenset[str]
    """Names of any scope that something may change in place."""
    branches: int = 0
    """The depth of conditions at which the statement at hand stands."""
    fails: bool = False
    """The expression at hand surely raises a ``KeyError``."""
    raised: set[tuple[str, ...]] = field(default_factory=set)
    """The exceptions that leave it, each by its name and the names of its bases."""


def literal(node: cst.CSTNode | None) -> str | None:
    """The string that a node writes out."""
    if isinstance(node, cst.SimpleString) and isinstance(node.evaluated_value, str):
        return node.evaluated_value
    return None


def is_table(node: cst.CSTNode | None) -> bool:
    """A container that is written out, or a call such as ``frozenset({...})`` of one."""
    if isinstance(node, cst.Call):
        return literal_keys(node) is not None
    return isinstance(node, cst.Dict | cst.List | cst.Tuple | cst.Set)


def literal_keys(node: cst.CSTNode) -> frozenset[str] | None:
    """The strings of a literal list, tuple, set or dict (its keys); None for anything else."""
    if isinstance(node, cst.Call):
        return _keys_of_call(node)
    if isinstance(node, cst.Dict):
        items: list[cst.CSTNode] = []
        for item in node.elements:
            if not isinstance(item, cst.DictElement):
                return None
            items.append(item.key)
    elif isinstance(node, cst.List | cst.Tuple | cst.Set):
        items = [element.value for element in node.elements]
    else:
        return None
    keys = [literal(item) for item in items]
    return None if None in keys else frozenset(key for key in keys if key is not None)


def _keys_of_call(node: cst.Call) -> frozenset[str] | None:
    """``dict(A=1)``, ``frozenset({"A"})``, ``table.keys()`` of a literal ``table``."""
    if isinstance(node.func, cst.Attribute):
        is_keys = node.func.attr.value == "keys" and isinstance(node.func.value, cst.Dict)
        return literal_keys(node.func.value) if is_keys and not node.args else None
    name = dotted(node.func)
    if name == "dict" and node.args and all(argument.keyword for argument in node.args):
        return frozenset(a.keyword.value for a in node.args if a.keyword is not None)
    if name in _CONTAINERS and len(node.args) == 1 and not node.args[0].star:
        return literal_keys(node.args[0].value) if node.args[0].keyword is None else None
    return None


def tables(tree: cst.Module) -> tuple[dict[str, cst.BaseExpression], frozenset[str]]:
    """The module's literal containers that are bound once and never changed, by name.

    And all names, of any scope, that something may change in place.
    """
    visitor = _Changes()
    visitor.walk(tree)
    changed = visitor.result()
    bound = collect(tree.body).nodes
    found: dict[str, cst.BaseExpression] = {}
    for statement in tree.body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            target = value = None
            if isinstance(small, cst.Assign) and len(small.targets) == 1:
                target, value = small.targets[0].target, small.value
            elif isinstance(small, cst.AnnAssign):
                target, value = small.target, small.value
            if isinstance(target, cst.Name) and value is not None and is_table(value):
                if len(bound[target.value]) == 1 and target.value not in changed:
                    found[target.value] = value
    return found, changed


class _Changes(Walker):
    """Names that something may change in place."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()
        self.aliases: list[tuple[str, str]] = []

    def result(self) -> frozenset[str]:
        """The names, and those whose object has another name that is changed."""
        for alias, name in reversed(self.aliases):
            if alias in self.changed:
                self.changed.add(name)
        return frozenset(self.changed)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        if isinstance(node.target, cst.Subscript):
            self.changed.add(dotted(node.target.value) or "")

    def visit_Assign(self, node: cst.Assign) -> None:
        self.note_aliases([target.target for target in node.targets], node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self.note_aliases([node.target], node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self.note_aliases([node.target], node.value)

    def note_aliases(
        self, targets: Sequence[cst.BaseExpression], value: cst.BaseExpression | None
    ) -> None:
        if not isinstance(value, cst.Name):
            return
        for target in targets:
            if isinstance(target, cst.Name):
                self.aliases.append((target.value, value.value))
            else:
                self.changed.add(value.value)  # an attribute of something: anybody may reach it

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self.changed.add(dotted(node.target) or "")

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if node.attr.value in _CHANGING:
            self.changed.add(dotted(node.value) or "")

    def visit_Call(self, node: cst.Call) -> None:
        name = dotted(node.func) or ""
        reads = name in _READING or name.rpartition(".")[2] in _READING_METHODS
        for argument in node.args:
            if isinstance(argument.value, cst.Name) and not reads and not argument.star:
                self.changed.add(argument.value.value)
