"""Walks the statements of one file and writes down its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from guard_rules._annotations.conditions import Held
from guard_rules._annotations.conditions import read as read_condition
from guard_rules._annotations.shapes import OPAQUE, Func, Klass, Parameter, Shape, Tree
from guard_rules._annotations.trees import Trees, dotted_name

_FLAG = "TYPE_CHECKING"
_TYPING = frozenset({"typing", "typing_extensions"})
_NO_RETURN = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_PLAIN = (
    *(ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef),
    *(ast.Assign, ast.AnnAssign),
)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Walker:
    """One walk over one file. Use ``run`` once."""

    def __init__(self, lines: list[str]) -> None:
        self.trees = Trees(lines)
        self.flags = {_FLAG}
        self.typing_flags: set[str] = set()
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

    # statements

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

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        source = isinstance(node, ast.ImportFrom)
        module, level = (node.module or "", node.level) if source else ("", 0)  # type: ignore[union-attr]
        if module == "__future__":
            self.shape["future"] |= any(alias.name == "annotations" for alias in node.names)
            return
        for alias in node.names:
            bound = alias.asname or (alias.name if source else alias.name.partition(".")[0])
            if source and alias.name == _FLAG:
                self.flags.add(bound)
                if module in _TYPING:
                    self.typing_flags.add(bound)
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
        in_class = self.klass >= 0 and self.scope == self.shape["classes"][self.klass]["qualname"]
        if isinstance(node.target, ast.Name) and not self.guarded:
            annotation = self.trees.annotation(node.annotation)
            if in_class:
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

    def _if(self, node: ast.If) -> None:
        seen_by_checkers = self._guard(node.test)
        if seen_by_checkers is None:
            self._expressions(node.test)
            before = self.held.items
            for wanted, body in ((True, node.body), (False, node.orelse)):
                if body and self.func >= 0:
                    self.held.add(node.test, wanted)
                self._block(body)
                self.held.items = before
            return
        plain = isinstance(node.test, ast.Name) and node.test.id in self.typing_flags
        self._unrun(node.body if seen_by_checkers else node.orelse, plain and seen_by_checkers)
        self._block(node.orelse if seen_by_checkers else node.body)

    def _unrun(self, body: list[ast.stmt], plain: bool) -> None:
        before = (self.guarded, self.plain)
        self.guarded, self.plain = True, plain
        self._block(body)
        self.guarded, self.plain = before

    def _guard(self, test: ast.expr) -> bool | None:
        """True: the body is for type checkers alone; False: the else branch is; None: neither."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._guard(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            found = [self._guard(value) for value in test.values]
            if isinstance(test.op, ast.And):
                return True if True in found else None
            return True if all(value is True for value in found) else None
        if isinstance(test, ast.Constant):
            return None if test.value else True
        name = dotted_name(test)
        return True if name in self.flags or name.endswith("." + _FLAG) else None

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
            "spot": self._name_spot(node, "class"),
            "bases": [self.trees.expression(base) for base in node.bases],
            "keywords": [(k.arg or "", self.trees.expression(k.value)) for k in node.keywords],
            "decorators": [self.trees.expression(deco) for deco in node.decorator_list],
            "fields": [],
            "binds": [],
            "type_params": _type_params(node),
        }
        self.shape["classes"].append(klass)
        before = (self.scope, self.klass)
        self.scope, self.klass = qualname, len(self.shape["classes"]) - 1
        self._block(node.body)
        klass["binds"] = self.shape["binds"].get(qualname, [])
        self.scope, self.klass = before

    def _function(self, node: _Definition) -> None:
        self._bind(node.name, node)
        if self.guarded:
            return
        arguments = node.args
        defaults = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        for part in (*node.decorator_list, *defaults):
            self._expressions(part)
        qualname = f"{self.scope}.{node.name}".lstrip(".")
        in_class = self.klass >= 0 and self.scope == self.shape["classes"][self.klass]["qualname"]
        func: Func = {
            "name": node.name,
            "qualname": qualname,
            "scope": self.scope,
            "spot": self._name_spot(node, "def"),
            "owner": self.klass if in_class else -1,
            "outer": self.func,
            "decorators": [self.trees.expression(deco) for deco in node.decorator_list],
            "params": self._parameters(arguments),
            "returns": None if node.returns is None else self.trees.annotation(node.returns),
            "returned": [],
            "type_params": _type_params(node),
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

    def _parameters(self, node: ast.arguments) -> list[Parameter]:
        positional = [*node.posonlyargs, *node.args]
        missing = len(positional) - len(node.defaults)
        found = [
            self._parameter(arg, "pos", node.defaults[i - missing] if i >= missing else None)
            for i, arg in enumerate(positional)
        ]
        if node.vararg:
            found.append(self._parameter(node.vararg, "*", None))
        for arg, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            found.append(self._parameter(arg, "kwonly", default))
        if node.kwarg:
            found.append(self._parameter(node.kwarg, "**", None))
        return found

    def _parameter(self, arg: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        annotation = None if arg.annotation is None else self.trees.annotation(arg.annotation)
        value = None if default is None else self.trees.expression(default)
        return {"name": arg.arg, "kind": kind, "annotation": annotation, "default": value}

    def _name_spot(self, node: ast.ClassDef | _Definition, word: str) -> tuple[int, int, int]:
        line, column, _ = self.trees.spot(node)
        text = self.trees.lines[line - 1] if line <= len(self.trees.lines) else ""
        start = text.find(node.name, text.find(word, column - 1) + len(word))
        return (line, column, 0) if start < 0 else (line, start + 1, start + 1 + len(node.name))

    # expressions

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


def _type_params(node: ast.AST) -> list[str]:
    return [param.name for param in getattr(node, "type_params", [])]


__all__ = ["Tree", "Walker"]
