"""Writes down what one statement binds, imports, annotates and calls."""

from __future__ import annotations

import ast

from guard_rules._annotations.conditions import Held
from guard_rules._annotations.conditions import read as read_condition
from guard_rules._annotations.guards import Flags
from guard_rules._annotations.shapes import OPAQUE, Shape, Tree
from guard_rules._annotations.trees import Trees, dotted_name


class Recorder:
    """The shape of a file as it grows, and where in the file the walk is."""

    def __init__(self, lines: list[str]) -> None:
        self.trees = Trees(lines)
        self.flags = Flags()
        self.scope = ""
        self.klass = -1
        self.func = -1
        self.caught: list[str] = []
        self.held = Held(self.trees)
        self.guarded: bool = False
        self.plain = False
        self.deleted: set[str] = set()
        self.shape: Shape = {
            "future": False,
            "imports": [],
            "classes": [],
            "functions": [],
            "calls": [],
            "values": [],
            "annotated": [],
            "binds": {},
            "firm": [],
            "guarded": [],
        }

    def _bind(self, name: str, node: ast.AST) -> None:
        self.held.bind(name)
        if self.guarded:
            spot = self.trees.spot(node) if hasattr(node, "lineno") else (0, 0, 0)  # type: ignore[arg-type]
            plain = self.plain and isinstance(node, ast.alias | ast.Name)
            self.shape["guarded"].append(
                {"scope": self.scope, "name": name, "spot": spot, "plain": plain}
            )
        else:
            self.shape["binds"].setdefault(self.scope, []).append(name)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        source = isinstance(node, ast.ImportFrom)
        module, level = (node.module or "", node.level) if source else ("", 0)  # type: ignore[union-attr]
        if module == "__future__":
            self.shape["future"] |= any(alias.name == "annotations" for alias in node.names)
            return
        for alias in node.names:
            bound = alias.asname or (alias.name if source else alias.name.partition(".")[0])
            if source:
                self.flags.learn(module, alias.name, bound)
            # ``import a.b`` binds a; ``import a.b as c`` binds the submodule
            origin = module if source else (alias.name if alias.asname else bound)
            self.shape["imports"].append(
                {
                    "scope": self.scope,
                    "bound": bound,
                    "level": level,
                    "module": origin,
                    "attr": alias.name if source else "",
                    "guarded": self.guarded,
                }
            )
            self._bind(bound, alias)

    def _assign(self, target: ast.expr, value: ast.expr | None) -> None:
        name = dotted_name(target)
        if name and not self.guarded and value is not None:
            tree = self.trees.expression(value)
            if tree[0] in ("name", "call", "sub", "attr", "op"):
                self.shape["values"].append(
                    {"scope": self.scope, "target": name, "value": tree, "func": self.func}
                )
        if isinstance(target, ast.Name):
            self._bind(target.id, target)
        elif isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            starred = any(isinstance(item, ast.Starred) for item in (*target.elts, *values))
            paired = len(values) == len(target.elts) and not starred
            for number, item in enumerate(target.elts):
                self._assign(item, values[number] if paired else None)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, None)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name) and not self.guarded:
            annotation = self.trees.annotation(node.annotation)
            if self._in_class():
                self.shape["classes"][self.klass]["fields"].append(
                    {
                        "name": node.target.id,
                        "annotation": annotation,
                        "value": None if node.value is None else self.trees.expression(node.value),
                        "line": node.lineno,
                    }
                )
            else:
                self.shape["annotated"].append(
                    {
                        "scope": self.scope,
                        "func": self.func,
                        "target": node.target.id,
                        "annotation": annotation,
                        "valued": node.value is not None,
                    }
                )
        if node.value is not None:
            self._assign(node.target, node.value)
            self._expressions(node.value)

    def _in_class(self) -> bool:
        """Whether the statement stands in the body of a class, not of a function there."""
        return self.klass >= 0 and self.scope == self.shape["classes"][self.klass]["qualname"]

    def _expressions(self, node: ast.expr) -> None:
        """Note the calls and the walrus bindings inside an expression."""
        if isinstance(node, ast.Constant | ast.Name) or self.guarded:
            return
        todo: list[tuple[ast.AST, list[tuple[Tree, bool]]]] = [(node, self.held.now())]
        for child, when in todo:  # grows on the way
            if isinstance(child, ast.Call):
                tree = self.trees.expression(child)
                self.shape["calls"].append(
                    {
                        "scope": self.scope,
                        "func": self.func,
                        "tree": tree,
                        "caught": self.caught,
                        "when": when,
                    }
                )
            elif isinstance(child, ast.NamedExpr):
                self._assign(child.target, child.value)
            elif isinstance(child, ast.IfExp) and self.func >= 0:
                test = read_condition(self.trees, child.test)
                if test != OPAQUE:
                    todo.append((child.test, when))
                    todo.append((child.body, [*when, (test, True)]))
                    todo.append((child.orelse, [*when, (test, False)]))
                    continue
            todo += [(part, when) for part in ast.iter_child_nodes(child)]
