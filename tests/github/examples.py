"""GitHub's own examples of webhook payloads."""

from __future__ import annotations

import functools
import json
import lzma
from copy import deepcopy
from pathlib import Path
from typing import Any

PACKED = Path(__file__).parent / "schemas" / "webhook-examples.json.xz"


@functools.cache
def examples() -> tuple[tuple[str, dict[str, Any]], ...]:
    """The name of the event, and the payload; nobody may change it."""
    found = json.loads(lzma.decompress(PACKED.read_bytes()))
    return tuple((each["event"], each["payload"]) for each in found)


def encoded(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def sample(name: str, **wanted: Any) -> dict[str, Any]:
    """A copy of the first example of an event that has these values."""
    for each, payload in examples():
        if each == name and all(payload.get(key) == value for key, value in wanted.items()):
            return deepcopy(payload)
    raise LookupError(name)


def put(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *keys, last = path.split(".")
    holder: Any = payload
    for key in keys:
        holder = holder[key]
    if value is KeyError:
        del holder[last]
    else:
        holder[last] = value
    return payload
