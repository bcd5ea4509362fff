"""A run as JSON, and back: for shards, for reports that are merged, for other programs.

``to_json`` and ``from_json`` speak in plain values, as ``json`` makes them. Reading is strict: an
unknown key, a missing one or a value of another kind is refused, with its place.
"""

from __future__ import annotations

from guard._wire import WireError, dump, load
from guard.observed import SmokeRun

__all__ = ["VERSION", "WireError", "from_json", "to_json"]

VERSION = 1


def to_json(run: SmokeRun) -> dict[str, object]:
    """``run`` as a value for ``json.dump``."""
    return {"guard-smoke": VERSION, "run": dump(run)}


def from_json(value: object) -> SmokeRun:
    """The run in a value of ``json.load``. Raises ``WireError`` where it is none."""
    if not isinstance(value, dict) or "guard-smoke" not in value:
        raise WireError("this is no recorded run of guard smoke")
    if value["guard-smoke"] != VERSION:
        raise WireError(
            f"the record has version {value['guard-smoke']!r}; this guard reads version {VERSION}"
        )
    if set(value) != {"guard-smoke", "run"}:
        raise WireError("the record must hold guard-smoke and run, and nothing else")
    return load(value["run"], SmokeRun, "run")
