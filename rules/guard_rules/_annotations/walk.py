"""Walks the statements of one file and writes down its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from guard_rules._annotations.headers import Definition, name_spot, parameters, type_params
from guard_rules._annotations.record import Recorder
from guard_rules._annotations.shapes import Func, Klass, Shape
from guard_rules._annotations.trees import dotted_name

_NO_RETURN = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_PLAIN = (
    *(ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef),
    *(ast.Assign, ast.AnnAssign),
)


class Walker(Recorder):
    """One walk over one file. Use ``run`` once."""

    def run(self, tree: ast.Module) -> Shape:
        """The shape of ``tree``."""
        firm: set[str] = set()
        for statement in tree.body:
            before = len(self.shape["binds"].get("", ()))
            self._statement(statement)
            if isinstance(statement, _PLAIN):
                firm.update(self.shape["binds"].get("", [])[before:])
        self.shape["firm"] = sorted(firm - self.deleted)
        return self.shape

    def _block(self, body: Iterable[ast.stmt]) -> None:
        before = self.held.items
        for statement in body:
            self._statement(statement)
            if self.func >= 0 and isinstance(statement, ast.If | ast.Assert):
                self._narrow(statement)
        self.held.items = before

    def _narrow(self, node: ast.If | ast.Assert) -> None:
        """Note what holds after a statement that leaves the block if it does not."""
        if isinstance(node, ast.Assert):
            self.held.add(node.test, True)
        elif isinstance(node.body[-1], _NO_RETURN):
            self.held.add(node.test, False)
        elif node.orelse and isinstance(node.orelse[-1], _NO_RETURN):
            self.held.add(node.test, True)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.ClassDef):
            self._class(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node)
        elif isinstance(node, ast.If):
            self._if(node)
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            self._try(node)  # type: ignore[arg-type]
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._with(node)
        elif isinstance(node, ast.AnnAssign):
            self._annotated(node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
            self._expressions(node.value)
        elif isinstance(node, ast.Return):
            if node.value is not None:
                if self.func >= 0:
                    tree = self.trees.expression(node.value)
                    self.shape["functions"][self.func]["returned"].append(tree)
                self._expressions(node.value)
        else:
            self._other(node)

    def _other(self, node: ast.stmt) -> None:
        loop = isinstance(node, ast.For | ast.AsyncFor | ast.While)
        self.held.loops += loop
        self._inner(node)
        self.held.loops -= loop

    def _inner(self, node: ast.stmt) -> None:
        if isinstance(node, ast.For | ast.AsyncFor):
            items = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else []
            self._assign(node.target, None)
            for item in items:
                self._assign(node.target, item)
        elif isinstance(node, ast.Delete):
            self.deleted.update(
                target.id for target in node.targets if isinstance(target, ast.Name)
            )
        elif type(node).__name__ == "TypeAlias":
            self._bind(node.name.id, node)  # type: ignore[attr-defined]
            return
        for name in ast.iter_child_nodes(node):
            if isinstance(name, ast.stmt):
                self._statement(name)
            elif isinstance(name, ast.expr):
                self._expressions(name)
            else:  # a match case and the like
                self._inside(name)

    def _inside(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child)
            elif isinstance(child, ast.expr):
                self._expressions(child)
            else:
                name = getattr(child, "name", None)
                if isinstance(name, str):
                    self._bind(name, child)
                self._inside(child)

    def _if(self, node: ast.If) -> None:
        seen_by_checkers = self.flags.guard(node.test)
        if seen_by_checkers is None:
            self._expressions(node.test)
            before = self.held.items
            for wanted, body in ((True, node.body), (False, node.orelse)):
                if body and self.func >= 0:
                    self.held.add(node.test, wanted)
                self._block(body)
                self.held.items = before
            return
        plain = self.flags.is_plain(node.test)
        self._unrun(node.body if seen_by_checkers else node.orelse, plain and seen_by_checkers)
        self._block(node.orelse if seen_by_checkers else node.body)

    def _unrun(self, body: list[ast.stmt], plain: bool) -> None:
        before = (self.guarded, self.plain)
        self.guarded, self.plain = True, plain
        self._block(body)
        self.guarded, self.plain = before

    def _try(self, node: ast.Try) -> None:
        names: list[str] = []
        for handler in node.handlers:
            if not isinstance(handler.body[-1], ast.Raise):
                names += _exceptions(handler.type)
        before = self.caught
        self.caught = before + names
        self._block(node.body)
        self.caught = before
        for handler in node.handlers:
            if handler.name:
                self.shape["binds"].setdefault(self.scope, []).append(handler.name)
            self._block(handler.body)
        self._block(node.orelse)
        self._block(node.finalbody)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        before = self.caught
        for item in node.items:
            self._expressions(item.context_expr)
            call = item.context_expr
            last = dotted_name(call.func).rpartition(".")[2] if isinstance(call, ast.Call) else ""
            if isinstance(call, ast.Call) and last in ("suppress", "raises", "assertRaises"):
                caught = [name for arg in call.args for name in _exceptions(arg)]
                self.caught = self.caught + caught
            if item.optional_vars is not None:
                self._assign(item.optional_vars, item.context_expr)
        self._block(node.body)
        self.caught = before

    # definitions

    def _class(self, node: ast.ClassDef) -> None:
        self._bind(node.name, node)
        if self.guarded:
            return
        for part in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self._expressions(part)
        qualname = f"{self.scope}.{node.name}".lstrip(".")
        klass: Klass = {
            "name": node.name,
            "qualname": qualname,
            "scope": self.scope,
            "spot": name_spot(self.trees, node),
            "bases": [self.trees.expression(base) for base in node.bases],
            "keywords": [(k.arg or "", self.trees.expression(k.value)) for k in node.keywords],
            "decorators": [self.trees.expression(deco) for deco in node.decorator_list],
            "fields": [],
            "binds": [],
            "type_params": type_params(node),
        }
        self.shape["classes"].append(klass)
        before = (self.scope, self.klass)
        self.scope, self.klass = qualname, len(self.shape["classes"]) - 1
        self._block(node.body)
        klass["binds"] = self.shape["binds"].get(qualname, [])
        self.scope, self.klass = before

    def _function(self, node: Definition) -> None:
        self._bind(node.name, node)
        if self.guarded:
            return
        arguments = node.args
        defaults = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        for part in (*node.decorator_list, *defaults):
            self._expressions(part)
        qualname = f"{self.scope}.{node.name}".lstrip(".")
        func: Func = {
            "name": node.name,
            "qualname": qualname,
            "scope": self.scope,
            "spot": name_spot(self.trees, node),
            "owner": self.klass if self._in_class() else -1,
            "outer": self.func,
            "decorators": [self.trees.expression(deco) for deco in node.decorator_list],
            "params": parameters(self.trees, arguments),
            "returns": None if node.returns is None else self.trees.annotation(node.returns),
            "returned": [],
            "type_params": type_params(node),
        }
        self.shape["functions"].append(func)
        names = [param["name"] for param in func["params"]]
        self.shape["binds"].setdefault(qualname, []).extend(names)
        before = (self.scope, self.klass, self.func, self.caught)
        held, first = self.held, len(self.shape["calls"])
        self.scope, self.func, self.caught = qualname, len(self.shape["functions"]) - 1, []
        self.held = held.within(names)
        self._block(_reached(node.body))
        for call in self.shape["calls"][first:] if self.held.loose else ():
            call["when"] = self.held.firm(call["when"])
        self.scope, self.klass, self.func, self.caught = before
        self.held = held


def _exceptions(node: ast.expr | None) -> list[str]:
    if node is None:
        return ["BaseException"]
    if isinstance(node, ast.Tuple):
        return [name for item in node.elts for name in _exceptions(item)]
    return [dotted_name(node).rpartition(".")[2]]


def _reached(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements up to the first that surely leaves the block."""
    found: list[ast.stmt] = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, _NO_RETURN):
            break
    return found
