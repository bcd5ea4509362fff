"""Where the nodes of a libcst module stand: what ``PositionProvider`` says, in half its time.

Both make the text again from the tree. libcst notes a line and a column for each blank and comma
that it writes; this counts characters, and works out lines and columns for what is asked.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from types import TracebackType

import libcst as cst
from libcst._nodes.internal import CodegenState

_NEWLINE = re.compile(r"\r\n?|\n")


class Positions:
    """The positions of all nodes of one module."""

    def __init__(self, module: cst.Module) -> None:
        state = _Counting(module.default_indent, module.default_newline)
        module._codegen(state)
        self._spans = state.spans
        self._lines = [0, *(match.end() for match in _NEWLINE.finditer("".join(state.tokens)))]

    def span(self, node: cst.CSTNode) -> tuple[int, int, int, int]:
        """``(line, column, end line, end column)``, from 1, the end column exclusive."""
        start, end = self._spans[node]
        return (*self._place(start), *self._place(end))

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


class _Counting(CodegenState):
    def __init__(self, default_indent: str, default_newline: str) -> None:
        super().__init__(default_indent, default_newline)
        self.spans: dict[cst.CSTNode, tuple[int, int]] = {}
        self.offset = 0
        self._starts: list[int] = []

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.add_token(token)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        del node
        self._starts.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._starts.pop()
        if node not in self.spans:  # else its blanks are left out already
            self.spans[node] = (start, self.offset)

    def record_syntactic_position(  # type: ignore[override]  # a generator costs three times more
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> _Recording:
        return _Recording(self, node, start_node, end_node)


class _Recording:
    """The part of a node's text that is the node itself."""

    __slots__ = ("end_node", "node", "start", "start_node", "state")

    def __init__(
        self,
        state: _Counting,
        node: cst.CSTNode,
        start_node: cst.CSTNode | None,
        end_node: cst.CSTNode | None,
    ) -> None:
        self.state = state
        self.node = node
        self.start_node = start_node
        self.end_node = end_node
        self.start = 0

    def __enter__(self) -> None:
        self.start = self.state.offset

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        spans = self.state.spans
        start = self.start if self.start_node is None else spans[self.start_node][0]
        end = self.state.offset if self.end_node is None else spans[self.end_node][1]
        spans[self.node] = (start, end)
