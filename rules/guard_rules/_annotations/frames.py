"""Where a model is used, and which names the function around it has bound by then.

A model that lacks names tries again when it is first used, and also looks among the locals of the
function that calls it, or of the module that does: https://docs.pydantic.dev/latest/internals/resolving_annotations/.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable

Frames = tuple[frozenset[str], ...] | None
"""For each function or module that uses the model, its names that are bound before; ``None``: it is

used in another way, or may be.
"""

_VALIDATORS = frozenset({"model_validate", "model_validate_json", "model_validate_strings"})
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef
_OTHER_FRAMES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def frames(data: bytes, name: bytes) -> Frames:
    """How a file uses the model of this name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    reader = _Reader(name.decode("utf-8", "replace"))
    reader.block(tree.body, set())
    return None if reader.stray else tuple(reader.found)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self._word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        self._globals: set[str] = set()
        self.stray = False
        self.found: list[frozenset[str]] = []
        self.used = False
        """Whether what is read has used the model already."""

    def block(self, body: Iterable[ast.stmt], bound: set[str] | None) -> None:
        """Read the statements of a function or module with these names; ``None``: of a class."""
        inside = None if bound is None else set(bound)
        used = self.used
        for node in body:
            self._statement(node, inside)
        self.used = used  # another branch may be taken

    def _statement(self, node: ast.stmt, bound: set[str] | None) -> None:
        if isinstance(node, _DEFINITIONS):
            self._function(node, bound)
        elif isinstance(node, ast.ClassDef):
            for part in (*node.decorator_list, *node.bases, *node.keywords):
                self._look(part, bound)
            self.block(node.body, None)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self.stray |= any(
                alias.name == self.name and alias.asname not in (None, alias.name)
                for alias in node.names
            )
        elif isinstance(node, ast.AnnAssign) and bound is not None:
            self._look(node.value, bound)
        elif not _is_inert(node):
            self._parts(node, bound)
        if isinstance(node, ast.Global):
            self._globals.update(node.names)
        if bound is not None:
            bound |= _bound_by(node) - self._globals

    def _function(self, node: _Definition, bound: set[str] | None) -> None:
        arguments = node.args
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        parameters += [arg for arg in (arguments.vararg, arguments.kwarg) if arg]
        for part in (*node.decorator_list, *arguments.defaults, *arguments.kw_defaults):
            self._look(part, bound)
        for annotation in (node.returns, *(arg.annotation for arg in parameters)):
            if node.decorator_list:  # a plain function's annotations are nobody's concern
                self._look(annotation, bound)
        self.block(node.body, {arg.arg for arg in parameters})

    def _parts(self, node: ast.AST, bound: set[str] | None) -> None:
        for _, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            if parts and isinstance(parts[0], ast.stmt):
                self.block(parts, bound)
                continue
            for part in parts:
                if isinstance(part, ast.expr):
                    self._look(part, bound)
                elif isinstance(part, ast.AST):
                    self._parts(part, bound)

    def _look(self, node: ast.AST | None, bound: set[str] | None) -> None:
        if node is None or self.used:
            return
        if isinstance(node, ast.Call) and self._is_model(node.func, calls=True):
            for part in (*node.args, *node.keywords):
                self._look(part, bound)
            if bound is None:
                self.stray = True
            elif not self.used:
                self.found.append(frozenset(bound))
                self.used = True
            return
        if self._is_model(node, calls=False) or self._is_text(node):
            self.stray = True
        inner = None if isinstance(node, _OTHER_FRAMES) else bound
        for child in ast.iter_child_nodes(node):
            self._look(child, inner)

    def _is_model(self, node: ast.AST, *, calls: bool) -> bool:
        if calls and isinstance(node, ast.Attribute) and node.attr in _VALIDATORS:
            node = node.value
        if isinstance(node, ast.Attribute):
            return node.attr == self.name
        return isinstance(node, ast.Name) and node.id == self.name

    def _is_text(self, node: ast.AST) -> bool:
        """Whether this may be a quoted annotation, or a name for ``getattr``."""
        text = node.value if isinstance(node, ast.Constant) else None
        return isinstance(text, str) and self._word.search(text) is not None


def _is_inert(node: ast.stmt) -> bool:
    """A docstring or ``__all__``: naming a model there does not use it."""
    if isinstance(node, ast.Assign):
        return any(isinstance(item, ast.Name) and item.id == "__all__" for item in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _bound_by(node: ast.stmt) -> set[str]:
    """The locals that a statement surely binds."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}
