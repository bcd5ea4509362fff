"""Pages of a connection, with cursors that say nothing."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class Problem(Exception):
    """An error that GitHub answers in GraphQL, with its ``type``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Page:
    total: int
    nodes: tuple[Any, ...]
    start: str | None
    end: str | None
    has_next: bool
    has_previous: bool


def page(items: Sequence[Any], asked: dict[str, Any]) -> Page:
    """The part of ``items`` that ``first``/``after`` or ``last``/``before`` ask for.

    A cursor names an item, not a place: what is put in before it moves nothing.
    """
    names = [_name(each) for each in items]
    low, high = 0, len(items)
    if asked.get("after") is not None:
        low = _place(names, asked["after"]) + 1
    if asked.get("before") is not None:
        high = _place(names, asked["before"])
    if asked.get("first") is not None:
        high = min(high, low + asked["first"])
    if asked.get("last") is not None:
        low = max(low, high - asked["last"])
    found = tuple(items[low:high])
    start = _cursor(names[low]) if found else None
    end = _cursor(names[high - 1]) if found else None
    return Page(len(items), found, start, end, high < len(items), low > 0)


def _name(item: Any) -> str:
    return str(item.node_id)


def _cursor(name: str) -> str:
    return base64.b64encode(f"cursor:v2:{name}".encode()).decode()


def _place(names: list[str], cursor: str) -> int:
    for number, name in enumerate(names):
        if _cursor(name) == cursor:
            return number
    text = f"`{cursor}` does not appear to be a valid cursor."
    raise Problem("INVALID_CURSOR_ARGUMENTS", text)
