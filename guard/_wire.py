"""Frozen values as plain JSON values, and back: by their types, and strictly.

A dataclass is an object, a tuple a list, an enum its value, ``None`` null. ``Unknown`` is
``{"unknown": reason}`` wherever a type allows it. An unknown key, a missing one or a value of
another kind is refused, with its place. Not for the hot path.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from guard.change import Unknown
from guard.errors import GuardError

T = TypeVar("T")


class WireError(GuardError):
    """The value is not what was to be read."""


def dump(value: object) -> object:
    """``value`` as ``json.dump`` takes it."""
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    if is_dataclass(value):
        return {each.name: dump(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [dump(each) for each in value]
    return value.value if isinstance(value, Enum) else value


MayLack = Callable[[type[Any], str], bool]
"""Whether a field with a default may be left out of a value of that type."""


def load(
    value: object,
    kind: type[T],
    place: str,
    *,
    complete: bool = True,
    may_lack: MayLack | None = None,
) -> T:
    """``value``, as ``json.load`` makes it, as a ``kind``; ``place`` begins the messages.

    With ``complete`` every field must be there; without it a field with a default may be left out,
    where ``may_lack`` is given only if it allows that. Raises ``WireError``.
    """
    found: T = _load(value, kind, place, _none if complete else may_lack or _any)
    return found


def _none(kind: type[Any], name: str) -> bool:
    del kind, name
    return False


def _any(kind: type[Any], name: str) -> bool:
    del kind, name
    return True


def _load(value: object, kind: Any, place: str, lack: MayLack) -> Any:
    origin = get_origin(kind)
    if origin is tuple:
        return _tuple(value, get_args(kind), place, lack)
    if origin in (Union, types.UnionType):
        return _either(value, get_args(kind), place, lack)
    if is_dataclass(kind):
        return _fields(value, kind, place, lack)
    if issubclass(kind, Enum):
        if value not in [each.value for each in kind]:
            raise WireError(f"{place}: {value!r} is none of {', '.join(e.value for e in kind)}")
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise WireError(f"{place}: must be of type {kind.__name__}, not {type(value).__name__}")
    return value


def _either(value: object, kinds: tuple[Any, ...], place: str, lack: MayLack) -> Any:
    """One kind, or null, or unknown: there is never more than one other."""
    if value is None and type(None) in kinds:
        return None
    if Unknown in kinds and isinstance(value, dict) and set(value) == {"unknown"}:
        return Unknown(_load(value["unknown"], str, f"{place}.unknown", lack))
    (other,) = (each for each in kinds if each not in (type(None), Unknown))
    return _load(value, other, place, lack)


def _tuple(value: object, kinds: tuple[Any, ...], place: str, lack: MayLack) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise WireError(f"{place}: must be a list, not {type(value).__name__}")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(value) != len(kinds):
        raise WireError(f"{place}: must have {len(kinds)} values, not {len(value)}")
    return tuple(
        _load(each, kind, f"{place}[{at}]", lack)
        for at, (each, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _fields(value: object, kind: Any, place: str, lack: MayLack) -> Any:
    if not isinstance(value, dict):
        raise WireError(f"{place}: must be an object, not {type(value).__name__}")
    hints, optional = _shape(kind)
    for key in value:
        if key not in hints:
            raise WireError(f"{place}: unknown key {key!r}; allowed: {', '.join(hints)}")
    for key in hints:
        if key not in value and not (key in optional and lack(kind, key)):
            raise WireError(f"{place}: {key!r} is missing")
    found = {
        key: _load(value[key], hint, f"{place}.{key}", lack)
        for key, hint in hints.items()
        if key in value
    }
    return kind(**found)


@cache
def _shape(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The types of the fields, and the names of those with a default."""
    missing = dataclasses.MISSING
    optional = (
        each.name
        for each in fields(kind)
        if each.default is not missing or each.default_factory is not missing
    )
    return get_type_hints(kind), frozenset(optional)
