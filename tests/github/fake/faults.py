"""What can go wrong with an answer, one after the other, as a test orders it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    STATUS = auto()
    """Answer ``status`` without doing anything."""
    LOST = auto()
    """Do what was asked, then answer ``status``: the client cannot know that it was done."""
    HANG = auto()
    """Say nothing for ``seconds``, then close the connection."""
    RESET = auto()
    """Close the connection instead of answering; nothing was done."""
    RESET_AFTER = auto()
    """The same, after doing what was asked."""
    TRUNCATE = auto()
    """Half of the JSON, with a length that fits it."""
    SECONDARY = auto()
    """The secondary limit: ``status`` 403 or 429, with ``Retry-After: seconds``, if any."""
    PRIMARY = auto()
    """The primary limit: nothing remains until the hour is over."""
    PARTIAL = auto()
    """GraphQL data in which each ``field`` is null, with an error that says so."""
    ERROR = auto()
    """A GraphQL error without data, with status 200."""
    GAP = auto()
    """Each page of the connection ``field`` lacks its last node; the count still counts it. A page
    without nodes stays as it is.
    """
    REDIRECT = auto()
    """302 to ``location``."""
    MEANWHILE = auto()
    """Nothing is wrong, but somebody else was faster: ``action`` runs before the answer."""


@dataclass
class Fault:
    """Befalls ``times`` requests (-1: all), after the first ``skip`` that it could befall."""

    kind: Kind
    times: int = 1
    skip: int = 0
    path: str = ""
    """Part of the path of the requests that it befalls."""
    query: str = ""
    """The name of the GraphQL operation, or of its first field."""
    status: int = 502
    seconds: float | None = None
    field: str = ""
    location: str = ""
    action: Callable[[], object] | None = None

    def befalls(self, path: str, query: str) -> bool:
        """Whether it befalls this request; counts it if so."""
        if self.times == 0 or self.path not in path or (self.query and self.query != query):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def damaged(fault: Fault, body: Any) -> Any:
    """A GraphQL answer with the fault's damage; ``body`` is the sound one."""
    if fault.kind is Kind.ERROR:
        text = (
            "Something went wrong while executing your query. This may be the result of a timeout."
        )
        return {"data": None, "errors": [{"message": text}]}
    if fault.kind is Kind.GAP:
        for each in _values(body, fault.field):
            if each.get("nodes"):
                each["nodes"].pop()
        return body
    places = list(_places(body.get("data"), fault.field, ()))
    assert places, f"the answer has no {fault.field}"
    errors = []
    for holder, path in places:
        holder[fault.field] = None
        text = f"Resource limits for this query exceeded at {fault.field}."
        errors.append({"type": "RESOURCE_LIMITS_EXCEEDED", "path": list(path), "message": text})
    return {**body, "errors": errors}


def _values(value: Any, name: str) -> list[Any]:
    return [holder[name] for holder, _ in _places(value, name, ()) if holder[name]]


def _places(value: Any, name: str, path: tuple[Any, ...]) -> list[tuple[Any, tuple[Any, ...]]]:
    """Each object that has the key, with the path of the key."""
    found: list[tuple[Any, tuple[Any, ...]]] = []
    if isinstance(value, dict):
        if name in value:
            found.append((value, (*path, name)))
        for key, each in value.items():
            found += _places(each, name, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            found += _places(each, name, (*path, number))
    return found
