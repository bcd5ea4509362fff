"""GitHub's own examples of webhook payloads."""

from __future__ import annotations

import functools
import json
import lzma
from pathlib import Path
from typing import Any

PACKED = Path(__file__).parent / "schemas" / "webhook-examples.json.xz"


@functools.cache
def examples() -> tuple[tuple[str, dict[str, Any]], ...]:
    """The name of the event, and the payload; nobody may change it."""
    found = json.loads(lzma.decompress(PACKED.read_bytes()))
    return tuple((each["event"], each["payload"]) for each in found)
