"""A walk over libcst trees that looks at code alone, never at white space and punctuation.

libcst's own visitors offer every node, comma and blank to two methods: ten times the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

import libcst as cst

_PUNCTUATION = frozenset(
    "lpar rpar lbracket rbracket lbrace rbrace comma semicolon equal colon dot leading_lines "
    "lines_after_decorators lines_after_module_docstring header footer trailing_whitespace indent "
    "first_colon second_colon asynchronous separator star_token operator posonly_ind start end "
    "conversion".split()
)
_fields: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The parts of a node that hold code, in the order of the text."""
    kind = type(node)
    names = _fields.get(kind)
    if names is None:
        names = _fields[kind] = tuple(
            field.name
            for field in fields(kind)
            if field.name not in _PUNCTUATION and not field.name.startswith(("whitespace", "_"))
        )
    for name in names:
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (list, tuple)):
            for item in value:
                if isinstance(item, cst.CSTNode):
                    yield item


class Walker:
    """Calls ``visit_<class name>`` for each node; the answer False keeps it from going deeper."""

    def __init__(self) -> None:
        self._methods: dict[type[cst.CSTNode], Callable[[cst.CSTNode], bool | None] | None] = {}

    def walk(self, node: cst.CSTNode) -> None:
        """Visit a node and everything below it."""
        kind = type(node)
        if kind not in self._methods:
            self._methods[kind] = getattr(self, f"visit_{kind.__name__}", None)
        method = self._methods[kind]
        if method is None or method(node) is not False:
            self.walk_below(node)

    def walk_below(self, node: cst.CSTNode) -> None:
        """Visit everything below a node."""
        for child in children(node):
            self.walk(child)
