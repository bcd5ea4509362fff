"""Parse syntax that is newer than the running Python, by way of libcst.

What the older parser cannot read (type parameters, ``type`` statements, t-strings, f-strings with
nested quotes) says nothing about which annotations are resolved. It is blanked out in place, so
that all positions stay, and the rest is parsed by ``ast``. Sources: PEP 695, 696, 701, 750.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

Edit = tuple[CodeRange, Callable[[str], str]]


def lower(data: bytes) -> tuple[ast.Module, list[str]] | None:
    """The tree and the lines of the source, or ``None`` when libcst cannot parse it either."""
    try:
        wrapper = MetadataWrapper(cst.parse_module(data), unsafe_skip_copy=True)
        finder = _Finder(wrapper.resolve(PositionProvider))  # type: ignore[arg-type]
        wrapper.module.visit(finder)
        text = wrapper.module.code.replace("\r\n", "\n").replace("\r", "\n")
        return ast.parse(_apply(text, finder.edits)), text.split("\n")
    except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError, LookupError):
        return None
    except BaseException as error:
        # libcst's native parser panics on some inputs; pyo3 makes that a BaseException.
        if type(error).__name__ == "PanicException":
            return None
        raise


class _Finder(cst.CSTVisitor):
    def __init__(self, positions: dict[cst.CSTNode, CodeRange]) -> None:
        super().__init__()
        self.positions = positions
        self.edits: list[Edit] = []

    def visit_TypeParameters(self, node: cst.TypeParameters) -> bool:
        self.edits.append((self.positions[node], _spaces))
        return False

    def visit_TypeAlias(self, node: cst.TypeAlias) -> bool:
        name = node.name.value
        self.edits.append((self.positions[node], lambda text: _starting(f"{name}=0", text)))
        return False

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        self.edits.append((self.positions[node], _plain_string))
        return False

    def visit_TemplatedString(self, node: cst.CSTNode) -> bool:
        self.edits.append((self.positions[node], _plain_string))
        return False


def _blank(text: str) -> str:
    return "".join(char if char == "\n" else " " for char in text)


def _spaces(text: str) -> str:
    """Blanks that do not end the statement around them."""
    lines = [" " * len(line) for line in text.split("\n")]
    # a line needs room for its backslash; an opening bracket always gives it on the first
    return "\n".join([(line[:-1] or "") + "\\" for line in lines[:-1]] + [lines[-1]])


def _starting(head: str, text: str) -> str:
    return head + _blank(text)[len(head) :]


def _plain_string(text: str) -> str:
    """The same quotes around blanks, without a prefix."""
    start = min(text.index(quote) for quote in "\"'" if quote in text)
    size = 3 if text[start : start + 3] in ('"""', "'''") else 1
    inner = text[start + size : len(text) - size]
    quotes = text[start : start + size]
    return " " * start + quotes + _blank(inner) + quotes


def _apply(text: str, edits: list[Edit]) -> str:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for where, change in sorted(edits, key=lambda edit: -starts[edit[0].start.line - 1]):
        first = starts[where.start.line - 1] + where.start.column
        last = starts[where.end.line - 1] + where.end.column
        text = text[:first] + change(text[first:last]) + text[last:]
    return text
