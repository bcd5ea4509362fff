"""What a module imports before it does anything else, and whether it looks at what is loaded.

A module that begins with imports can be imported in a fork of a process that has run these imports:
it finds what it would have loaded itself, in the order in which it would have loaded it.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_NO_IMPORT = re.compile(rb"^(?:class|def|async|try|for|while|with|raise|del|assert)\b|^@", re.M)

Step = tuple[str, ...]
"""``("a.b",)`` is ``import a.b``; ``("a.b", "x", "y")`` is ``from a.b import x, y``."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """How one module begins."""

    steps: tuple[Step, ...] = ()
    looks: bool = False
    """Whether it asks, while it is imported, which modules are loaded."""


def beginning(source: bytes, module: str, *, package: bool, own: Collection[str]) -> Beginning:
    """How ``module`` begins. ``own`` are the project's top-level names, which may hide others."""
    tree = _head(source)
    if tree is None:
        return Beginning((), _looks(source))
    steps: list[Step] = []
    for step in _steps(tree, module if package else module.rpartition(".")[0]):
        top = step[0].partition(".")[0]
        if (step[0] + ".").startswith(module + "."):
            break  # itself, or what is below it: it must be there before
        if f"{step[0]}." in module + "." and any(
            f"{step[0]}.{name}" == module for name in step[1:]
        ):
            break
        if top in own or top not in sys.stdlib_module_names:
            steps.append(step)
    return Beginning(tuple(steps), _looks(source))


def _head(source: bytes) -> ast.Module | None:
    """The statements up to the first that is surely no import; ``None`` where there are none."""
    found = _NO_IMPORT.search(source)
    for text in (source[: found.start()], source) if found else (source,):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # cut within a string, or not of this version
    return None


def _steps(tree: ast.Module, package: str) -> Iterator[Step]:
    for statement in tree.body:
        match statement:
            case ast.Import(names):
                for alias in names:
                    yield (alias.name,)
            case ast.ImportFrom(module="__future__", level=0):
                pass
            case ast.ImportFrom(module, names, level):
                base = _absolute(module or "", level or 0, package)
                if not base:
                    return
                yield (base, *(alias.name for alias in names))
            case _:
                if not _is_quiet(statement):
                    return


def _absolute(module: str, level: int, package: str) -> str:
    if not level:
        return module
    parts = package.split(".") if package else []
    if level > len(parts):
        return ""
    return ".".join((*parts[: len(parts) - level + 1], *filter(None, [module])))


def _is_quiet(statement: ast.stmt) -> bool:
    """Whether a statement neither imports anything nor runs any code that could."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.Assign(targets=[ast.Name()], value=value):
            return _is_constant(value)
        case ast.AnnAssign(target=ast.Name(), annotation=ast.Name("str" | "int" | "bool"), value=v):
            return v is None or _is_constant(v)
        case ast.If(test=ast.Name("TYPE_CHECKING"), orelse=[]):
            return True
        case ast.If(test=ast.Attribute(ast.Name("typing" | "t"), "TYPE_CHECKING"), orelse=[]):
            return True
    return False


def _is_constant(value: ast.expr) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.Tuple(elts) | ast.List(elts):
            return all(_is_constant(each) for each in elts)
    return False


def _looks(source: bytes) -> bool:
    """Whether code outside functions mentions ``sys.modules``, but for an entry that is there."""
    if b"modules" not in source or b"sys" not in source:
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return any(map(_is_look, _outside_functions(tree)))


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run at import, without the entries ``sys.modules[__name__]``."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                continue
            case ast.Subscript(value=ast.Attribute(ast.Name("sys"), "modules"), slice=ast.Name()):
                continue
        yield node
        yield from _outside_functions(node)


def _is_look(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="modules", value=ast.Name("sys" | "_sys")):
            return True
        case ast.ImportFrom(module="sys", names=names):
            return any(alias.name == "modules" for alias in names)
    return False
