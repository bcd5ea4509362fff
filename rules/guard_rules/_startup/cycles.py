"""Circles of imports: which statement to take out of the circle."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from guard_rules._startup.sources import Import, Sources, annotations_of


@dataclass(frozen=True, slots=True)
class Edge:
    """An import statement of a circle."""

    path: str
    node: Import
    needed: str
    """When the module needs what it brings: ``annotations``, ``functions``, ``import``, or
    ``nothing`` that can be seen."""


def import_of(sources: Sources, path: str, module: str) -> Import | None:
    """The first statement of a file that imports ``module``, itself or a name or module of it."""
    tree = sources.tree(path)
    found = [
        node
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, Import) and module in imported(sources, path, node)
    ]
    return min(found, key=lambda node: node.lineno, default=None)


def all_imports(sources: Sources, path: str) -> set[str]:
    """The modules that a file's import statements name, in functions too."""
    tree = sources.tree(path)
    nodes = ast.walk(tree) if tree is not None else ()
    return {
        name for node in nodes if isinstance(node, Import) for name in imported(sources, path, node)
    }


def imported(sources: Sources, path: str, node: Import) -> set[str]:
    """The modules that a statement surely or perhaps names."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    base = node.module or ""
    if node.level:
        name, is_package = sources.project.modules.module_of(path)
        parts = name.split(".")
        parts = parts[: len(parts) - node.level + is_package]
        base = ".".join(filter(None, (*parts, base)))
    return {base, *(f"{base}.{alias.name}" for alias in node.names)} - {""}


def edge(sources: Sources, path: str, node: Import) -> Edge:
    """When the module in ``path`` needs what ``node`` brings."""
    tree = sources.tree(path)
    assert tree is not None
    brought = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    handed_on = path.endswith("__init__.py") or brought & _listed(tree)
    if "*" in brought or handed_on or _inside_function(tree, node):
        return Edge(path, node, "import")
    uses = _uses(tree, brought)
    needed = next(
        (when for when in ("import", "functions", "annotations") if when in uses), "nothing"
    )
    return Edge(path, node, needed)


def _uses(tree: ast.Module, brought: set[str]) -> set[str]:
    """When the names are read. An annotation that is evaluated could be made lazy, so it counts as
    an annotation all the same, and the mend says so.
    """
    found: set[str] = set()
    stack: list[tuple[ast.AST, str]] = [(tree, "import")]
    while stack:
        node, when = stack.pop()
        if isinstance(node, ast.Name) and node.id in brought and isinstance(node.ctx, ast.Load):
            found.add(when)
        inner = set(map(id, annotations_of(node)))
        later: set[int] = set()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            later = set(map(id, node.body))
        elif isinstance(node, ast.Lambda):
            later = {id(node.body)}
        for child in ast.iter_child_nodes(node):
            if id(child) in inner and when != "functions":
                stack.append((child, "annotations"))
            else:
                stack.append((child, "functions" if id(child) in later else when))
    return found


def _listed(tree: ast.Module) -> set[str]:
    """The names in ``__all__``, as far as they are written there."""
    found: set[str] = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if any(isinstance(item, ast.Name) and item.id == "__all__" for item in targets):
            found |= {
                item.value
                for item in ast.walk(node)
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
    return found


def _inside_function(tree: ast.Module, wanted: Import) -> bool:
    return any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and any(inner is wanted for inner in ast.walk(node))
        for node in ast.walk(tree)
    )
