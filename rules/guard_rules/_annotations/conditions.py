"""Conditions on parameters: ``if isinstance(x, type):`` decides which values reach a call.

A condition is a tree (``shapes.Tree``) of its own small language:

``and``     all parts hold; likewise ``or`` and ``not``
``isinstance``  the name (text) is an instance of one of the types in parts; likewise ``issubclass``
``asks``    parts[0] says so of the name: ``callable``, ``inspect.isclass``
``is``      the name is the very object parts[0]
``true``    the name is true
``opaque``  anything else
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from guard_rules._annotations.shapes import NOWHERE, OPAQUE, Tree
from guard_rules._annotations.trees import Trees, dotted_name

_ASKS = frozenset({"callable", "isclass", "isfunction", "ismethod", "isroutine"})


def read(trees: Trees, node: ast.expr) -> Tree:
    """The condition in an expression; ``OPAQUE`` when there is none to be used."""
    if isinstance(node, ast.BoolOp):
        parts = tuple(read(trees, value) for value in node.values)
        kind = "and" if isinstance(node.op, ast.And) else "or"
        return (kind, "", NOWHERE, parts) if any(part != OPAQUE for part in parts) else OPAQUE
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _negated(read(trees, node.operand))
    if isinstance(node, ast.Name):
        return ("true", node.id, NOWHERE, ())
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.left, ast.Name):
        same = ("is", node.left.id, NOWHERE, (trees.expression(node.comparators[0]),))
        if isinstance(node.ops[0], ast.Is):
            return same
        return _negated(same) if isinstance(node.ops[0], ast.IsNot) else OPAQUE
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
        kind = dotted_name(node.func).rpartition(".")[2]
        if kind in ("isinstance", "issubclass") and len(node.args) == 2:
            types = tuple(trees.expression(item) for item in _types(node.args[1]))
            return (kind, node.args[0].id, NOWHERE, types)
        if kind in _ASKS and len(node.args) == 1:
            return ("asks", node.args[0].id, NOWHERE, (trees.expression(node.func),))
    return OPAQUE


def _negated(tree: Tree) -> Tree:
    return OPAQUE if tree == OPAQUE else ("not", "", NOWHERE, (tree,))


def _types(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Tuple):
        for item in node.elts:
            yield from _types(item)
    elif isinstance(node, ast.BinOp):
        yield from _types(node.left)
        yield from _types(node.right)
    else:
        yield node


def names(tree: Tree) -> Iterator[str]:
    """The names that a condition is about."""
    if tree[0] in ("and", "or", "not"):
        for part in tree[3]:
            yield from names(part)
    elif tree != OPAQUE:
        yield tree[1]


class Held:
    """The conditions that hold at one point of a function, while it is walked."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.items: list[tuple[Tree, bool, tuple[int, ...]]] = []
        self.loops = 0
        self.loose: set[str] = set()
        """What a loop binds: it may be another value than the one that was looked at."""
        self._bound: dict[str, int] = {}

    def within(self, params: list[str]) -> Held:
        """What holds in a function that is defined here."""
        inner = Held(self.trees)
        kept = [item[:2] for item in self.items if set(params).isdisjoint(names(item[0]))]
        inner.items = [(tree, wanted, inner.age(tree)) for tree, wanted in kept]
        return inner

    def bind(self, name: str) -> None:
        """The name is bound to another value."""
        self._bound[name] = self._bound.get(name, 0) + 1
        if self.loops:
            self.loose.add(name)

    def age(self, tree: Tree) -> tuple[int, ...]:
        """How often the names of a condition have been bound."""
        return tuple(self._bound.get(name, 0) for name in names(tree))

    def add(self, test: ast.expr, wanted: bool) -> None:
        """From here on a test is known to come out as ``wanted``."""
        tree = read(self.trees, test)
        if tree != OPAQUE:
            self.items = [*self.items, (tree, wanted, self.age(tree))]

    def now(self) -> list[tuple[Tree, bool]]:
        """What holds of the values that the names have now."""
        return [(tree, wanted) for tree, wanted, age in self.items if age == self.age(tree)]

    def firm(self, when: list[tuple[Tree, bool]]) -> list[tuple[Tree, bool]]:
        """Without what a loop may change."""
        return [item for item in when if self.loose.isdisjoint(names(item[0]))]
