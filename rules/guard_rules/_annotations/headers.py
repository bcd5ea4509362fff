"""The headers of class and def statements: names, parameters, type parameters."""

from __future__ import annotations

import ast

from guard_rules._annotations.shapes import Parameter, Spot
from guard_rules._annotations.trees import Trees

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def name_spot(trees: Trees, node: ast.ClassDef | Definition) -> Spot:
    """Where the name stands in a class or def statement."""
    word = "class" if isinstance(node, ast.ClassDef) else "def"
    line, column, _ = trees.spot(node)
    text = trees.lines[line - 1] if line <= len(trees.lines) else ""
    start = text.find(node.name, text.find(word, column - 1) + len(word))
    return (line, column, 0) if start < 0 else (line, start + 1, start + 1 + len(node.name))


def parameters(trees: Trees, node: ast.arguments) -> list[Parameter]:
    """The parameters of a function in the order of its signature."""
    positional = [*node.posonlyargs, *node.args]
    missing = len(positional) - len(node.defaults)
    found = [
        _parameter(trees, arg, "pos", node.defaults[i - missing] if i >= missing else None)
        for i, arg in enumerate(positional)
    ]
    if node.vararg:
        found.append(_parameter(trees, node.vararg, "*", None))
    for arg, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        found.append(_parameter(trees, arg, "kwonly", default))
    if node.kwarg:
        found.append(_parameter(trees, node.kwarg, "**", None))
    return found


def _parameter(trees: Trees, arg: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
    annotation = None if arg.annotation is None else trees.annotation(arg.annotation)
    value = None if default is None else trees.expression(default)
    return {"name": arg.arg, "kind": kind, "annotation": annotation, "default": value}


def type_params(node: ast.AST) -> list[str]:
    """The names of the type parameters (PEP 695)."""
    return [param.name for param in getattr(node, "type_params", [])]
