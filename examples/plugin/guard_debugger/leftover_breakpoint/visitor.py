"""The only module that needs libcst; imported for files that passed the byte search."""

from __future__ import annotations

import libcst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import (
    PositionProvider,
    QualifiedNameProvider,
    QualifiedNameSource,
)


class Visitor(libcst.CSTVisitor):
    """Collects ``uses``: name, line, column, end column, and the function around it."""

    METADATA_DEPENDENCIES = (
        PositionProvider,
        QualifiedNameProvider,
    )

    def __init__(self, modules: frozenset[str]) -> None:
        super().__init__()
        self._modules = modules
        self._around: list[str] = []
        self._functions = 0
        self.uses: list[tuple[str, int, int, int, str]] = []

    def visit_FunctionDef(self, node: libcst.FunctionDef) -> None:
        self._around.append(node.name.value)
        self._functions += 1

    def leave_FunctionDef(self, original_node: libcst.FunctionDef) -> None:
        self._around.pop()
        self._functions -= 1

    def visit_ClassDef(self, node: libcst.ClassDef) -> None:
        self._around.append(node.name.value)

    def leave_ClassDef(self, original_node: libcst.ClassDef) -> None:
        self._around.pop()

    def visit_Import(self, node: libcst.Import) -> None:
        for alias in node.names:
            self._imported(alias.name)

    def visit_ImportFrom(self, node: libcst.ImportFrom) -> None:
        if node.module is not None and not node.relative:
            self._imported(node.module)

    def visit_Call(self, node: libcst.Call) -> None:
        # A project may have a function `breakpoint` of its own: only the builtin counts.
        names = self.get_metadata(QualifiedNameProvider, node.func, set())
        for name in names:
            if name.source is QualifiedNameSource.BUILTIN and name.name == "builtins.breakpoint":
                self._add("breakpoint", node)

    def _imported(self, module: libcst.BaseExpression) -> None:
        top = (get_full_name_for_node(module) or "").partition(".")[0]
        if top in self._modules:
            self._add(top, module)

    def _add(self, name: str, node: libcst.CSTNode) -> None:
        place = self.get_metadata(PositionProvider, node)
        end = place.end.column if place.end.line == place.start.line else place.start.column
        scope = ".".join(self._around) if self._functions else ""
        self.uses.append((name, place.start.line, place.start.column + 1, end + 1, scope))
