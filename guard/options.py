"""The kit for rule options: a dataclass field with its documentation."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def option(default: Any, doc: str) -> Any:
    """A field of an options dataclass.

    ``default`` is the value without a policy; ``doc`` is one sentence that ends up in the JSON
    Schema and in the rule's README. An unhashable default (a mapping) is handed out by a factory,
    because ``dataclasses`` refuses it otherwise; treat it as read-only all the same.
    """
    if type(default).__hash__ is None:
        return field(default_factory=lambda: default, metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})
