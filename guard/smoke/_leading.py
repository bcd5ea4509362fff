"""What a module imports before it does anything else, and whether it looks at what is loaded.

A module that begins with imports can be imported in a fork of a process that has run these imports:
it finds what it would have loaded itself, in the order in which it would have loaded it.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_NO_IMPORT = re.compile(rb"^(?:class|def|async|try|for|while|with|raise|del|assert)\b|^@", re.M)
_GAP = rb"(?:[\s\\]|#[^\n]*\n)"
_LOOKS = re.compile(
    rb"sys_*\._*modules\b|from_+sys_+import\b".replace(b"_", _GAP),
)
"""Without any of this a file does not look at what is loaded, and need not be parsed for it."""
_COLLECTS = re.compile(
    rb"import\b[\w\s.,()\\]*?\bgc\b|\bfrom_+gc\b|['\"]gc['\"]".replace(b"_", _GAP)
)
"""How a file comes by the garbage collector; more than that, as of what stands in a string."""
_MOST_CUTS = 8
"""So many lines of a text, as of a docstring, may look like the statement that ends the imports."""

Step = tuple[str, ...]
"""``("a.b",)`` is ``import a.b``; ``("a.b", "x", "y")`` is ``from a.b import x, y``."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """How one module begins."""

    steps: tuple[Step, ...] = ()
    standard: tuple[tuple[int, Step], ...] = ()
    """What of the standard library, and after how many of the other steps."""
    looks: bool = False
    """Whether it asks, while it is imported, which modules are loaded."""
    searches: bool = False
    """Whether it has functions that ask so, whoever calls them."""
    collects: bool = False
    """Whether it names the garbage collector, which sees what was loaded before."""


def beginning(source: bytes, module: str, *, package: bool, own: Collection[str]) -> Beginning:
    """How ``module`` begins. ``own`` are the project's top-level names, which may hide others."""
    collects = b"gc" in source and _COLLECTS.search(source) is not None
    tree = _head(source)
    if tree is None:
        return Beginning((), (), *_looks(source, own), collects)
    steps: list[Step] = []
    standard: list[tuple[int, Step]] = []
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
        else:
            standard.append((len(steps), step))
    return Beginning(tuple(steps), tuple(standard), *_looks(source, own), collects)


def _head(source: bytes) -> ast.Module | None:
    """The statements up to the first that is surely no import; ``None`` where there are none."""
    cuts = islice(_NO_IMPORT.finditer(source), _MOST_CUTS)
    for end in (*(cut.start() for cut in cuts), len(source)):
        try:
            return ast.parse(source[:end])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # cut within a string, which the next cut may be behind; or no Python
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


def _looks(source: bytes, own: Collection[str]) -> tuple[bool, bool]:
    """Whether code outside functions, or in them, asks ``sys.modules`` what is there."""
    if b"modules" not in source or not _LOOKS.search(source):
        return False, False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True, True
    functions: list[ast.AST] = []
    outside = any(_is_look(node) for node in tuple(_outside_functions(tree, functions)))
    return outside, any(_searches(function, own) for function in functions)


def _outside_functions(tree: ast.AST, functions: list[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that run at import, without the entries ``sys.modules[__name__]``."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                functions.append(node)
                continue
            case ast.Subscript(value=ast.Attribute(ast.Name("sys"), "modules"), slice=ast.Name()):
                continue
        yield node
        yield from _outside_functions(node, functions)


def _is_look(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="modules", value=ast.Name("sys" | "_sys")):
            return True
        case ast.ImportFrom(module="sys", names=names):
            return any(alias.name == "modules" for alias in names)
    return False


def _searches(function: ast.AST, own: Collection[str]) -> bool:
    """Whether a function asks which modules are loaded, and goes on whatever the answer is.

    ``sys.modules[name]`` fails where there is none, and no failure of what is shared is believed.
    Of what the function imports by the same name the probe hears.
    """
    looks = [id(node) for node in ast.walk(function) if _is_look(node)]
    if not looks:
        return False
    imported, settled, caught = set(), set(), _caught(function)
    for node in ast.walk(function):
        match node:
            case ast.Call(
                func=ast.Name("__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[name, *_],
            ):
                imported.add(ast.dump(name))
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=modules, ctx=ctx) if (
                isinstance(ctx, ast.Store) or id(node) not in caught
            ):
                settled.add(id(modules))
            case (
                ast.Subscript(value=modules, slice=name)
                | ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[modules])
                | ast.Call(
                    func=ast.Attribute(modules, "get" | "pop" | "setdefault"), args=[name, *_]
                )
            ):
                if _is_others(name, own) or ast.dump(name) in imported:
                    settled.add(id(modules))
    return not settled.issuperset(looks)


def _caught(function: ast.AST) -> set[int]:
    """The nodes (by ``id``) whose failure does not leave the function as a failure."""
    found: set[int] = set()
    for node in ast.walk(function):
        match node:
            case ast.Try(body=body, handlers=handlers) | ast.TryStar(body=body, handlers=handlers):
                if all(isinstance(handler.body[-1], ast.Raise) for handler in handlers):
                    continue
            case ast.With(body=body) | ast.AsyncWith(body=body):
                pass  # it may suppress
            case _:
                continue
        found.update(id(each) for statement in body for each in ast.walk(statement))
    return found


def _is_others(name: ast.expr, own: Collection[str]) -> bool:
    """Whether a name is not the project's, or that of a module that has begun to run."""
    match name:
        case ast.Constant(str(text)):
            return text.partition(".")[0] not in own
        case ast.JoinedStr(values=[ast.Constant(str(text)), *_]):
            return "." in text and text.partition(".")[0] not in own
        case ast.Name("__name__") | ast.Attribute(attr="__module__"):
            return True
    return False
