"""The project's sources as a traceback speaks of them: by file and line."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from guard.errors import Unreadable
from guard.model import Place
from guard.rule import Project

Import = ast.Import | ast.ImportFrom

_LONGEST = 100


class Sources:
    """Lines and trees of the project's files, each read once. Make it with ``sources_of``."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._lines: dict[str, tuple[str, ...]] = {}
        self._trees: dict[str, ast.Module | None] = {}

    def tree(self, path: str) -> ast.Module | None:
        """The syntax tree; ``None`` for what cannot be read or is too new for this Python."""
        if path not in self._trees:
            try:
                self._trees[path] = ast.parse(self.project.read(path))
            except (Unreadable, SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[path] = None
        return self._trees[path]

    def line(self, path: str, number: int) -> str:
        """One line as Python counts them, without its end; empty where there is none."""
        if path not in self._lines:
            self._lines[path] = tuple(_lines(self.project, path))
        lines = self._lines[path]
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def place(self, path: str, number: int, name: str = "") -> Place:
        """The first ``name`` in a line, or the whole of the line."""
        text = self.line(path, number)
        if not text:
            return Place(path, max(number, 1), 1)
        start, end = len(text) - len(text.lstrip()), len(text.rstrip())
        found = re.search(rf"(?<![\w]){re.escape(name)}(?!\w)", text) if name else None
        if found is not None:
            start, end = found.span()
        return Place(path, number, start + 1, number, max(end, start) + 1)

    def import_at(self, path: str, number: int) -> Import | None:
        """The import statement that a line belongs to."""
        tree = self.tree(path)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, Import) and node.lineno <= number <= (node.end_lineno or 0):
                return node
        return None

    def statement(self, path: str, number: int) -> str:
        """The import statement at a line, on one line, or else the line itself."""
        node = self.import_at(path, number)
        text = ast.unparse(node) if node is not None else self.line(path, number).strip()
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."

    def bound(self, path: str) -> dict[str, int]:
        """The names that the module's own statements bind, each with the first line."""
        tree = self.tree(path)
        found: dict[str, int] = {}
        for name, line in _bindings(tree.body) if tree is not None else ():
            found.setdefault(name, line)
        return found

    def has_future_annotations(self, path: str) -> bool:
        """Whether the module begins with ``from __future__ import annotations``."""
        tree = self.tree(path)
        return tree is not None and any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in tree.body
        )

    def guard_of(self, path: str, name: str) -> Place | None:
        """Where a module binds ``name`` for the type checker alone, if that is all that it does."""
        from guard_rules._names.link import guarded_name

        # What Python cannot read has run no line of its own.
        return guarded_name(self.project, path, "", name) if self.tree(path) is not None else None

    def only_annotates(self, path: str, number: int, name: str) -> bool:
        """Whether a line evaluates ``name`` in annotations alone."""
        tree = self.tree(path)
        if tree is None:
            return False
        found = [
            inside for node, inside in names(tree) if node.id == name and node.lineno == number
        ]
        return bool(found) and all(found)


def sources_of(project: Project) -> Sources:
    """The sources of a project, shared by the rules."""
    return project.shared("startup.sources", lambda: Sources(project))


def names(tree: ast.AST) -> Iterator[tuple[ast.Name, bool]]:
    """Each name that is read, and whether it stands in an annotation that a module or a class
    evaluates, or a function's header.
    """
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node, inside
        noted = annotations_of(node)
        stack.extend((child, inside or child in noted) for child in ast.iter_child_nodes(node))


def annotations_of(node: ast.AST) -> tuple[ast.AST, ...]:
    """The children of a node that are annotations."""
    found: list[ast.AST | None] = []
    if isinstance(node, (ast.AnnAssign, ast.arg)):
        found = [node.annotation]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        found = [node.returns]
    return tuple(item for item in found if item is not None)


def _lines(project: Project, path: str) -> Iterator[str]:
    try:
        data = project.read(path)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (Unreadable, SyntaxError, ValueError):
        return
    yield from io.StringIO(text.removeprefix("\ufeff"), newline=None).read().split("\n")


def _bindings(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        elif isinstance(node, Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], node.lineno
        else:
            for inner in ast.iter_child_nodes(node):
                if isinstance(inner, ast.stmt):
                    yield from _bindings([inner])
                elif isinstance(inner, ast.ExceptHandler):
                    yield from _bindings(inner.body)
                else:
                    yield from _stored(inner)


def _stored(node: ast.AST) -> Iterator[tuple[str, int]]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id, inner.lineno
