"""Expressions as trees: the small language in which shapes speak of code."""

from __future__ import annotations

import ast

from guard_rules._annotations.shapes import NOWHERE, OPAQUE, UNKNOWN_KEY, Spot, Tree

_LEAVES = frozenset({str, int, type(None), ast.Name, ast.Constant, ast.Load, ast.Store})
_SKIPPED = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr)


class Trees:
    """Makes trees of one file's expressions."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._plain = "".join(lines).isascii()
        self._calls: dict[ast.Call, Tree] = {}
        self._shift: tuple[int, int] | None = None
        self._fixed: Spot | None = None

    def spot(self, node: ast.expr | ast.stmt | ast.alias) -> Spot:
        """Where ``node`` stands; inside a string annotation, where that part of it stands."""
        if self._fixed is not None:
            return self._fixed
        end = node.end_col_offset or 0
        if self._shift is not None:
            line, column = self._shift
            return (line, column + node.col_offset, column + end)
        if self._plain:
            same = node.end_lineno == node.lineno
            return (node.lineno, node.col_offset + 1, end + 1 if same else 0)
        column = self.column(node.lineno, node.col_offset)
        if node.end_lineno != node.lineno:
            return (node.lineno, column, 0)
        return (node.lineno, column, self.column(node.lineno, end))

    def column(self, line: int, offset: int) -> int:
        """The column, from 1 in characters, of a UTF-8 byte offset."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1

    def expression(self, node: ast.expr | None) -> Tree:
        """The tree of an expression whose strings are just strings."""
        return OPAQUE if node is None else self._tree(node, quoted=False)

    def annotation(self, node: ast.expr) -> Tree:
        """The tree of an annotation: strings in it are code, but for Literal and metadata."""
        return self._tree(node, quoted=True)

    def _tree(self, node: ast.expr, quoted: bool) -> Tree:
        dotted = dotted_name(node)
        if dotted:
            return ("name", dotted, self.spot(node), ())
        if isinstance(node, ast.Attribute):
            return ("attr", node.attr, self.spot(node), (self._tree(node.value, quoted),))
        if isinstance(node, ast.Subscript):
            return ("sub", "", self.spot(node), self._subscript(node, quoted))
        if isinstance(node, ast.Call):
            if quoted or self._shift is not None or self._fixed is not None:
                return ("call", "", self.spot(node), self._call(node))
            if node not in self._calls:  # asked for again with each call around it
                self._calls[node] = ("call", "", self.spot(node), self._call(node))
            return self._calls[node]
        if isinstance(node, ast.Constant):
            return self._constant(node, quoted)
        if isinstance(node, ast.Dict):
            keys = [
                key.value
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
                else UNKNOWN_KEY
                for key in node.keys
            ]
            return ("dict", "\0".join(keys), self.spot(node), ())
        if isinstance(node, _SKIPPED):
            return OPAQUE
        parts = [
            self._tree(child, quoted)
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.expr)
        ]
        return ("op", "", self.spot(node), tuple(parts)) if parts else OPAQUE

    def _subscript(self, node: ast.Subscript, quoted: bool) -> tuple[Tree, ...]:
        value = self._tree(node.value, quoted)
        last = value[1].rpartition(".")[2]
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        parts = [value]
        for index, item in enumerate(items):
            code = quoted and last != "Literal" and not (last == "Annotated" and index > 0)
            parts.append(self._tree(item, code))
        return tuple(parts)

    def _call(self, node: ast.Call) -> tuple[Tree, ...]:
        parts = [self._tree(node.func, quoted=False)]
        for arg in node.args:
            kind, inner = ("star", arg.value) if isinstance(arg, ast.Starred) else ("arg", arg)
            parts.append((kind, "", NOWHERE, (self._tree(inner, quoted=False),)))
        for keyword in node.keywords:
            value = self._tree(keyword.value, quoted=False)
            parts.append(("kw", keyword.arg or "", NOWHERE, (value,)))
        return tuple(parts)

    def _constant(self, node: ast.Constant, quoted: bool) -> Tree:
        if not isinstance(node.value, str):
            return ("const", repr(node.value), self.spot(node), ())
        if not quoted:
            return ("text", node.value, self.spot(node), ())
        try:
            inner = ast.parse(node.value.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ("text", node.value, self.spot(node), ())
        spot = self.spot(node)
        outer = (self._shift, self._fixed)
        exact = self._exact(node, spot)
        self._shift, self._fixed = (exact, None) if exact else (None, spot)
        try:
            tree = self._tree(inner, quoted=True)
        finally:
            self._shift, self._fixed = outer
        return ("str", node.value, spot, (tree,))

    def _exact(self, node: ast.Constant, spot: Spot) -> tuple[int, int] | None:
        """Where the text of a simple one-line string literal begins, if its text is verbatim."""
        if self._shift is not None or self._fixed is not None or not spot[2]:
            return None
        source = self.lines[spot[0] - 1][spot[1] - 1 : spot[2] - 1]
        text = str(node.value)
        if text.isascii() and source in (f'"{text}"', f"'{text}'"):
            return (spot[0], spot[1] + 1 + len(text) - len(text.lstrip()))
        return None


def dotted_name(node: ast.expr) -> str:
    """``a.b.c`` for a chain of attributes on a name, else ""."""
    if isinstance(node, ast.Name):
        return node.id
    if not isinstance(node, ast.Attribute):
        return ""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))
