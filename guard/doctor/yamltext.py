"""YAML of others (workflows, pre-commit) to the tree of ``guard.config.tree``, with its lines.

Unlike the policy these files may use anchors, aliases and merge keys: GitHub and pre-commit read
them. What an alias bomb would unfold to is counted, and refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guard.config.tree import Mapping, Node, Scalar, Sequence
from guard.errors import Unreadable

MAX_BYTES = 1 << 20
MAX_NODES = 50_000
MAX_DEPTH = 60


def read_yaml(data: bytes, path: str) -> Node | None:
    """The first document; ``None`` for an empty one. Raises ``Unreadable`` for what is no YAML."""
    import yaml

    if len(data) > MAX_BYTES:
        raise Unreadable(path, f"it has {len(data)} bytes; at most {MAX_BYTES} are read")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = data.decode("utf-8-sig")
        depth = 0
        for event in yaml.parse(text, Loader=loader):  # before compose, which recurses
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise Unreadable(path, f"nested more than {MAX_DEPTH} levels deep")
        root = yaml.compose(text, Loader=loader)
    except UnicodeDecodeError as error:
        raise Unreadable(path, "not UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        what = getattr(error, "problem", None) or str(error)
        raise Unreadable(path, f"not valid YAML: {what}{where}") from error
    return None if root is None else _Unfolding(path).node(root, 0)


class _Unfolding:
    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MAX_NODES

    def node(self, node: Any, depth: int) -> Node:
        import yaml

        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise Unreadable(self._path, "its aliases unfold to too much")
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if isinstance(node, yaml.ScalarNode):
            return Scalar(node.value, not node.style, line, column)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self.node(i, depth + 1) for i in node.value), line, column)
        return Mapping(self._pairs(node, depth), line, column)

    def _pairs(self, node: Any, depth: int) -> tuple[tuple[Scalar, Node], ...]:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        merged: list[tuple[Scalar, Node]] = []
        for key, value in node.value:
            name, below = self.node(key, depth + 1), self.node(value, depth + 1)
            if not isinstance(name, Scalar):
                raise Unreadable(self._path, f"a key is no text, line {name.line}")
            if name.text == "<<" and name.plain:
                parts = below.items if isinstance(below, Sequence) else (below,)
                merged += [pair for p in parts if isinstance(p, Mapping) for pair in p.pairs]
            elif name.text in pairs:
                raise Unreadable(self._path, f"duplicate key {name.text!r}, line {name.line}")
            else:
                pairs[name.text] = (name, below)
        for name, below in merged:
            pairs.setdefault(name.text, (name, below))
        return tuple(pairs.values())


def get(node: Node | None, key: str) -> Node | None:
    """The value of a key; ``None`` where there is none."""
    if isinstance(node, Mapping):
        for name, value in node.pairs:
            if name.text == key:
                return value
    return None


def text(node: Node | None) -> str:
    """A scalar as written; empty for anything else, and for null."""
    if not isinstance(node, Scalar) or (node.plain and node.text in ("~", "null", "Null", "NULL")):
        return ""
    return node.text


def texts(node: Node | None) -> tuple[str, ...]:
    """The scalars of a list, or the one scalar that stands for a list."""
    if isinstance(node, Sequence):
        return tuple(text(item) for item in node.items)
    return (text(node),) if text(node) else ()


def pairs(node: Node | None) -> Iterator[tuple[Scalar, Node]]:
    """The pairs of a mapping; none of anything else."""
    if isinstance(node, Mapping):
        yield from node.pairs


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; none of anything else."""
    return node.items if isinstance(node, Sequence) else ()


def truth(node: Node | None, default: bool) -> bool:
    """A boolean as YAML 1.1 and 1.2 write it."""
    said = text(node).lower()
    return said in ("true", "yes", "on") if said else default
