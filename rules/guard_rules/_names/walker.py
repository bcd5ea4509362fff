"""A walk over libcst trees that looks at code alone, never at white space and punctuation.

libcst's own visitors offer every node, comma and blank to two methods: ten times the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, ClassVar

import libcst as cst

_PUNCTUATION = frozenset(
    "lpar rpar lbracket rbracket lbrace rbrace comma semicolon equal colon dot leading_lines "
    "lines_after_decorators lines_after_module_docstring header footer trailing_whitespace indent "
    "first_colon second_colon asynchronous separator star_token operator posonly_ind start end "
    "conversion".split()
)
_LEAVES = (cst.Name, cst.SimpleString, cst.Integer, cst.Float, cst.Imaginary)
# What a field may hold besides nodes. libcst's classes are abstract ones: asking isinstance of
# every value costs more than the rest of the walk.
_NO_NODES = frozenset({type(None), str, bool, cst.MaybeSentinel})
_fields: dict[type[cst.CSTNode], tuple[str, ...]] = dict.fromkeys(_LEAVES, ())


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The parts of a node that hold code, in the order of the text."""
    kind = type(node)
    names = _fields.get(kind)
    if names is None:
        names = _fields[kind] = tuple(
            field.name
            for field in fields(kind)
            if field.name not in _PUNCTUATION and not field.name.startswith(("whitespace", "_"))
        )
    found: list[cst.CSTNode] = []
    for name in names:
        value = getattr(node, name)
        held = type(value)
        if held is tuple or held is list:
            found += value
        elif held not in _NO_NODES:
            found.append(value)
    return found


class Walker:
    """Calls ``visit_<class name>`` for each node; the answer False keeps it from going deeper."""

    _methods: ClassVar[dict[type[cst.CSTNode], Callable[[Any, Any], bool | None] | None]] = {}

    def __init_subclass__(cls) -> None:
        cls._methods = {}

    def walk(self, node: cst.CSTNode) -> None:
        """Visit a node and everything below it."""
        kind = type(node)
        if kind not in self._methods:
            self._methods[kind] = getattr(type(self), f"visit_{kind.__name__}", None)
        method = self._methods[kind]
        if method is None or method(self, node) is not False:
            for child in children(node):
                self.walk(child)

    def walk_below(self, node: cst.CSTNode) -> None:
        """Visit everything below a node."""
        for child in children(node):
            self.walk(child)
