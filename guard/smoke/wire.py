"""A run as JSON, and back: for shards, for reports that are merged, for other programs.

``to_json`` and ``from_json`` speak in plain values, as ``json`` makes them. Reading is strict: an
unknown key, a missing one or a value of another kind is refused, with its place.
"""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from guard.errors import GuardError
from guard.observed import SmokeRun

VERSION = 1


class WireError(GuardError):
    """What was to be read is no recorded run."""


def to_json(run: SmokeRun) -> dict[str, object]:
    """``run`` as a value for ``json.dump``."""
    return {"guard-smoke": VERSION, "run": _out(run)}


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
    run: SmokeRun = _in(value["run"], SmokeRun, "run")
    return run


def _out(value: object) -> object:
    if is_dataclass(value):
        return {each.name: _out(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_out(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def _in(value: object, kind: Any, place: str) -> Any:
    """``value`` as one of ``kind``."""
    origin = get_origin(kind)
    if origin is tuple:
        return _in_tuple(value, get_args(kind), place)
    if origin in (Union, types.UnionType):
        (other,) = (each for each in get_args(kind) if each is not type(None))
        return None if value is None else _in(value, other, place)
    if is_dataclass(kind):
        return _in_fields(value, kind, place)
    if issubclass(kind, Enum):
        if value not in [each.value for each in kind]:
            raise WireError(f"{place}: {value!r} is none of {', '.join(e.value for e in kind)}")
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise WireError(f"{place}: must be of type {kind.__name__}, not {type(value).__name__}")
    return value


def _in_tuple(value: object, kinds: tuple[Any, ...], place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise WireError(f"{place}: must be a list, not {type(value).__name__}")
    if kinds[-1] is Ellipsis:
        return tuple(_in(each, kinds[0], f"{place}[{at}]") for at, each in enumerate(value))
    if len(value) != len(kinds):
        raise WireError(f"{place}: must have {len(kinds)} values, not {len(value)}")
    return tuple(
        _in(each, kind, f"{place}[{at}]")
        for at, (each, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _in_fields(value: object, kind: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise WireError(f"{place}: must be an object, not {type(value).__name__}")
    hints = get_type_hints(kind)
    for key in value:
        if key not in hints:
            raise WireError(f"{place}: unknown key {key!r}")
    for key in hints:
        if key not in value:
            raise WireError(f"{place}: {key!r} is missing")
    return kind(**{key: _in(value[key], hint, f"{place}.{key}") for key, hint in hints.items()})
