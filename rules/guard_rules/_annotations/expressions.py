"""What stands in an expression of a shape (``shapes.Tree``), and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from guard.model import Place
from guard_rules._annotations.shapes import Spot, Tree


def walk(tree: Tree) -> Iterator[Tree]:
    """The expression and all its parts, the outermost first."""
    yield tree
    for part in tree[3]:
        yield from walk(part)


def calls_in(tree: Tree) -> Iterator[Tree]:
    """The calls inside an expression: in an annotation, its metadata."""
    return (part for part in walk(tree) if part[0] == "call")


def dotted_names(trees: Iterable[Tree]) -> Iterator[str]:
    """The names that stand in expressions, as they are written."""
    return (part[1] for tree in trees for part in walk(tree) if part[0] == "name")


def first_names(trees: Iterable[Tree]) -> Iterator[str]:
    """The names that expressions load: the first parts of the dotted ones."""
    return (name.partition(".")[0] for name in dotted_names(trees))


def shown(tree: Tree) -> str:
    """A name, or the callee of a call, for a message."""
    return (tree[3][0][1] if tree[0] == "call" else tree[1]) or "..."


def argument_of(tree: Tree, position: int, keyword: str) -> Tree | None:
    """The argument of a call; ``None`` when it is not given or hidden in ``*args``."""
    positional = 0
    for part in tree[3][1:]:
        if part[0] == "star":
            positional = len(tree[3]) + 99
        elif part[0] == "arg":
            if positional == position:
                return part[3][0]
            positional += 1
        elif part[0] == "kw" and keyword and part[1] == keyword:
            return part[3][0]
    return None


def may_give(tree: Tree, position: int, keyword: str) -> bool:
    """Whether a call gives this argument, or may in ``*args`` or ``**options``."""
    open_ended = any(part[0] == "star" or part[:2] == ("kw", "") for part in tree[3][1:])
    return open_ended or argument_of(tree, position, keyword) is not None


def place(path: str, spot: Spot) -> Place:
    """A spot of a shape as a place of the model."""
    line, column, end = spot
    return Place(path, line, column, line if end else None, end or None)
