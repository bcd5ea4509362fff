"""What functions and guarded code store in the module: ``global``, ``globals()["name"] = ...``.

Read from the text, before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from guard_rules._names.bindings import collect, dotted
from guard_rules._names.own import Own
from guard_rules._names.shapes import parameters_of
from guard_rules._names.walker import Walker

# Without one of these words no function stores a name in the module.
_STORING = re.compile(rb"\b(?:global|globals|vars|locals|modules)\b")


def may_store(data: bytes) -> bool:
    """Whether the walks over the whole module can find anything."""
    return _STORING.search(data) is not None


def asked_name(node: cst.FunctionDef | cst.Lambda) -> str | None:
    """The parameter of a ``__getattr__`` that takes the name alone, and never changes it."""
    parameters = list(parameters_of(node.params))
    if len(parameters) != 1:
        return None
    name = parameters[0].name.value
    return None if name in collect([node.body]).nodes else name


def assigned_globals(tree: cst.Module) -> set[str]:
    """Names that some function binds in the module through ``global``."""
    visitor = Globals()
    visitor.walk(tree)
    return set(visitor.nodes)


class Globals(Walker):
    """The names that functions bind in the module through ``global``."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[str, cst.CSTNode] = {}
        self.functions: list[cst.FunctionDef] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.functions.append(node)
        self.walk_below(node)
        self.functions.pop()
        return False

    def visit_Global(self, node: cst.Global) -> None:
        if self.functions:
            found = collect([self.functions[-1].body])
            for name in found.global_names & set(found.nodes):
                self.nodes.setdefault(name, found.nodes[name][0])


class Submodules(Walker):
    """``import a.b`` under a guard: ``a.b`` is there for the checker alone."""

    def __init__(self, found: dict[str, cst.CSTNode]) -> None:
        super().__init__()
        self.found = found

    def visit_Import(self, node: cst.Import) -> bool:
        for alias in node.names:
            name = dotted(alias.name)
            if name and "." in name and alias.asname is None:
                self.found.setdefault(name, alias)
        return False


class Dynamic(Walker):
    """Names that functions put into the module's dictionary: ``globals()["name"] = ...``."""

    def __init__(self, own: Own) -> None:
        super().__init__()
        self.own = own
        self.depth = 0
        self.names: set[str] = set()
        self.unknown = False
        self.served = False
        """``__getattr__`` keeps what it serves: any name that it does not refuse may be there."""
        self.asked: str | None = None

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        outer, self.asked = self.asked, None
        if not self.depth and node.name.value == "__getattr__":
            self.asked = asked_name(node)
        self.depth += 1
        self.walk_below(node)
        self.depth -= 1
        self.asked = outer
        return False

    def add(self, key: cst.CSTNode | None) -> None:
        if isinstance(key, cst.SimpleString):
            self.names.add(str(key.evaluated_value))
        elif isinstance(key, cst.Name) and key.value == self.asked:
            self.served = True
        else:
            self.unknown = True

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        target = node.target
        if not self.depth:
            return
        if isinstance(target, cst.Subscript) and self.own.is_globals(target.value):
            index = target.slice[0].slice
            self.add(index.value if isinstance(index, cst.Index) else None)
        elif isinstance(target, cst.Attribute) and self.own.is_module(target.value):
            self.names.add(target.attr.value)

    def visit_Call(self, node: cst.Call) -> None:
        if not self.depth or not node.args:
            return
        func = node.func
        if dotted(func) == "setattr" and self.own.is_module(node.args[0].value):
            self.add(node.args[1].value)
        elif isinstance(func, cst.Attribute) and self.own.is_globals(func.value):
            if func.attr.value == "setdefault":
                self.add(node.args[0].value)
            elif func.attr.value == "update":
                self.update(node.args)

    def update(self, arguments: Sequence[cst.Arg]) -> None:
        for argument in arguments:
            if argument.keyword is not None:
                self.names.add(argument.keyword.value)
            elif isinstance(argument.value, cst.Dict):
                for item in argument.value.elements:
                    self.add(item.key if isinstance(item, cst.DictElement) else None)
            else:
                self.unknown = True
