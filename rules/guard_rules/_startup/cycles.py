"""Circles of imports: which statement to take out of the circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from guard_rules._startup.sources import Import, Sources, annotations_of


@dataclass(frozen=True, slots=True)
class Edge:
    """An import statement of a circle."""

    path: str
    node: Import
    needed: str
    """When the module needs what it brings: for ``annotations``, in ``functions``, for ``both``, at
    ``import``, or for ``nothing`` that can be seen."""


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
    if "import" in uses or _is_fetched(sources, path, brought):
        return Edge(path, node, "import")
    needed = "both" if uses == {"functions", "annotations"} else max(uses, default="nothing")
    return Edge(path, node, needed)


def _is_fetched(sources: Sources, path: str, names: set[str]) -> bool:
    """Whether another module takes one of the names from this one."""
    from guard_rules._names.modules import namespaces

    spaces = namespaces(sources.project)
    return any(spaces.is_fetched(path, name) for name in names)


def _uses(tree: ast.Module, brought: set[str]) -> set[str]:
    """When the names are read. An annotation that is evaluated could be made lazy, so it counts as
    an annotation all the same, and the mend says so.

    An annotation that something may well resolve at run time counts as needed at import: that of a
    field, or of a decorated function. So does a function that the module itself calls, or hands on.
    """
    found: set[str] = set()
    owners: set[str] = set()
    """The functions and classes of the module whose bodies need the names."""
    read: set[str] = set()
    stack: list[tuple[ast.AST, str, str]] = [(tree, "import", "")]
    while stack:
        node, when, owner = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in brought:
                found.add(when)
                owners |= {owner} if when == "functions" else set()
            elif when == "import":
                read.add(node.id)
        if node in tree.body:
            owner = getattr(node, "name", "")
        stack.extend((child, whens, owner) for child, whens in _children(node, when))
    return found | ({"import"} if owners & read else set())


def _children(node: ast.AST, when: str) -> Iterator[tuple[ast.AST, str]]:
    """The children of a node, and when each of them is evaluated."""
    if when != "import":
        yield from ((child, when) for child in ast.iter_child_nodes(node))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        noted = [arg.annotation for arg in ast.walk(node.args) if isinstance(arg, ast.arg)]
        noted_when = "import" if node.decorator_list else "annotations"
        yield from ((item, noted_when) for item in [*noted, node.returns] if item is not None)
        defaults = [*node.args.defaults, *node.args.kw_defaults, *node.decorator_list]
        yield from ((item, "import") for item in defaults if item is not None)
        yield from ((item, "functions") for item in node.body)
    elif isinstance(node, ast.Lambda):
        yield node.args, "import"
        yield node.body, "functions"
    elif isinstance(node, ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            field = [child] if not isinstance(child, ast.AnnAssign) else ast.iter_child_nodes(child)
            yield from ((part, "import") for part in field)
    else:
        noted_here = annotations_of(node)
        for child in ast.iter_child_nodes(node):
            yield child, "annotations" if child in noted_here else "import"


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
