"""YAML text to a small tree whose every node knows its line and column.

Built from the parser's events, one by one: so the depth is bounded before any recursion happens,
no tag is ever constructed, and an alias is refused where it stands (an alias bomb needs aliases).
Scalars keep their text as written: ``off`` and ``3.10`` mean what the user typed, not the
``False`` and ``3.1`` that YAML 1.1 makes of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from guard.errors import PolicyError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_PROBLEMS = 200

# What YAML allows in a stream (YAML 1.2.2, production 1, c-printable).
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as written. ``plain`` tells ``3`` from ``"3"``."""

    text: str
    plain: bool
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Pairs in the order of the file; keys are unique."""

    pairs: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int


Node: TypeAlias = Scalar | Sequence | Mapping


class Problems:
    """Collects every problem of one file, to raise them at once.

    Each names the key that it is about, ``rules.some-rule.max-size``: see ``inside``.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: list[tuple[int, int, str]] = []
        self._keys: list[str] = []
        self._settled: set[tuple[int, int]] = set()

    def add(self, line: int, column: int, text: str) -> None:
        """Note one problem at a position that counts from 1."""
        if (line, column) not in self._settled:
            self._found.append((line, column, ": ".join([*self._key(), text])))

    def at(self, node: Node, text: str) -> None:
        """Note one problem at a node."""
        self.add(node.line, node.column, text)

    def settle(self, line: int, column: int) -> None:
        """Take no more problems at a position: the first one says it all."""
        self._settled.add((line, column))

    @contextmanager
    def inside(self, key: str) -> Iterator[None]:
        """Problems that are noted within are about ``key``, or something below it."""
        self._keys.append(key if key.isprintable() else repr(key))
        try:
            yield
        finally:
            self._keys.pop()

    def _key(self) -> list[str]:
        return [".".join(self._keys).replace(".[", "[")] if self._keys else []

    def raise_if_any(self) -> None:
        """Raise ``PolicyError`` with all problems, by position."""
        found = sorted(set(self._found))
        if found:
            lines = [f"{self.path}:{line}:{column}: {text}" for line, column, text in found]
            if len(lines) > MAX_PROBLEMS:
                more = len(lines) - MAX_PROBLEMS
                line, column, _ = found[MAX_PROBLEMS]
                lines[MAX_PROBLEMS:] = [f"{self.path}:{line}:{column}: and {more} more problems"]
            raise PolicyError(lines)


def parse(data: bytes, problems: Problems) -> Node | None:
    """The tree of the one document in ``data``; ``None`` when there is none (or a problem)."""
    import yaml  # a project without a policy does not pay for it

    text = _decode(data, problems)
    if text is None:
        return None
    # libyaml is some ten times faster, and both give the same events.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Composer(problems).compose(yaml.parse(text, Loader=loader))
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        what = " ".join(part for part in (error.context, error.problem) if part)
        problems.add(line, column, f"not valid YAML: {what}")
    except yaml.YAMLError as error:
        problems.add(1, 1, f"not valid YAML: {error}")
    return None


def _decode(data: bytes, problems: Problems) -> str | None:
    if len(data) > MAX_BYTES:
        problems.add(1, 1, f"the file has {len(data)} bytes; at most {MAX_BYTES} are read")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        problems.add(*_position(before), f"not UTF-8: byte 0x{data[error.start]:02x}")
        return None
    odd = _UNPRINTABLE.search(text)
    if odd:
        line, column = _position(text[: odd.start()])
        problems.add(line, column, f"character U+{ord(odd.group()):04X} is not allowed")
        return None
    return text


def _position(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class _Refused(Exception):
    """A problem after which the rest of the file means nothing."""


class _Open:
    """A collection that is still being read."""

    def __init__(self, event: Any, is_map: bool) -> None:
        self.is_map = is_map
        self.line = event.start_mark.line + 1
        self.column = event.start_mark.column + 1
        self.items: list[Node] = []
        self.pairs: list[tuple[Scalar, Node]] = []
        self.seen: dict[str, int] = {}
        self.key: Node | None = None

    def close(self) -> Node:
        if self.is_map:
            return Mapping(tuple(self.pairs), self.line, self.column)
        return Sequence(tuple(self.items), self.line, self.column)


class _Composer:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._stack: list[_Open] = []
        self._root: Node | None = None

    def compose(self, events: Any) -> Node | None:
        import yaml

        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
                self._refuse(event, "a second document ('---'); a policy is one document")
            elif isinstance(event, yaml.AliasEvent):
                self._put(self._alias(event))
            elif isinstance(event, yaml.ScalarEvent):
                self._tag(event)
                mark: Any = event.start_mark
                self._put(Scalar(event.value, not event.style, mark.line + 1, mark.column + 1))
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._tag(event)
                if len(self._stack) >= MAX_DEPTH:
                    self._refuse(event, f"nested more than {MAX_DEPTH} levels deep")
                self._stack.append(_Open(event, isinstance(event, yaml.MappingStartEvent)))
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self._put(self._stack.pop().close())
        return self._root

    def _put(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        if not parent.is_map:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            key, parent.key = parent.key, None
            self._pair(parent, key, node)

    def _pair(self, parent: _Open, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self._problems.at(key, "a key must be text, not a collection")
        elif key.text == "<<" and key.plain:
            self._problems.at(key, "merge key '<<' is not allowed; repeat the keys")
        elif key.text in parent.seen:
            first = parent.seen[key.text]
            self._problems.at(key, f"duplicate key {key.text!r}, first on line {first}")
        else:
            parent.seen[key.text] = key.line
            parent.pairs.append((key, value))

    def _alias(self, event: Any) -> Scalar:
        """A node that stands for the alias and complains no more, so that reading can go on."""
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        what = f"alias '*{event.anchor}': aliases are not allowed; repeat the value"
        self._problems.add(line, column, what)
        self._problems.settle(line, column)
        return Scalar(f"*{event.anchor}", True, line, column)

    def _tag(self, event: Any) -> None:
        if event.tag is not None:
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            self._problems.add(line, column, f"tag '{event.tag}': tags are not allowed")
            self._problems.settle(line, column)

    def _refuse(self, event: Any, text: str) -> None:
        mark = event.start_mark
        self._problems.add(mark.line + 1, mark.column + 1, text)
        raise _Refused
