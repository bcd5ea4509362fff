"""The kit for rule options: a dataclass field with its documentation."""

from __future__ import annotations

from dataclasses import field
from typing import Any


class Duration(int):
    """Seconds. The policy writes ``90s``, ``30m``, ``12h`` or ``2d``."""

    def __str__(self) -> str:
        for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60)):
            if self and self % seconds == 0:
                return f"{self // seconds}{unit}"
        return f"{int(self)}s"


def option(default: Any, doc: str, looser: str = "") -> Any:
    """A field of an options dataclass.

    ``default`` is the value without a policy; ``doc`` is one sentence that ends up in the JSON
    Schema and in the rule's README. An unhashable default (a mapping) is handed out by a factory,
    because ``dataclasses`` refuses it otherwise; treat it as read-only all the same.

    ``looser`` says in which direction the rule allows more: ``more`` or ``less``. Without it every
    other value counts as a weaker policy.
    """
    told = {"doc": doc, "looser": looser} if looser else {"doc": doc}
    if type(default).__hash__ is None:
        return field(default_factory=lambda: default, metadata=told)
    return field(default=default, metadata=told)
