"""A change as a JSON file, so that any CI can have its changes judged (``guard gate --facts``).

``{"version": 1, ...}`` with the fields of ``guard.change.Change``. A fact that is left out is
unknown; it can also be given as ``{"unknown": "why"}``. Nothing else may be left out, apart from
``OPTIONAL``: a default that says "no" where nobody looked would open a door. An unknown key, a
value of another type, two keys of one name, and facts that contradict each other are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from guard._wire import WireError, dump, load
from guard.change import (
    Change,
    Commit,
    Deployment,
    Evidence,
    Landing,
    LaneEntry,
    LaneFacts,
    LaneRecord,
    Person,
    Review,
    Unit,
    Unknown,
    Waiting,
)
from guard.git import is_oid

VERSION = 1
MAX_BYTES = 32 << 20
LATEST = 1 << 40
"""Times are before this, some 35,000 years from now: milliseconds are refused, for instance."""

OPTIONAL: dict[type[Any], frozenset[str]] = {
    Change: frozenset({"now", "promotes_to", "requesters"}),
    Commit: frozenset({"accounts"}),
    Person: frozenset({"name", "email", "login", "id"}),
    Unit: frozenset({"reverts"}),
    Review: frozenset({"roles"}),
    Landing: frozenset({"reverted_by", "change"}),
    LaneFacts: frozenset({"soak", "deadline", "turn", "marks", "lanes"}),
    LaneEntry: frozenset({"base", "lanes", "how", "reason", "proof", "change"}),
    LaneRecord: frozenset({"base", "lanes", "how", "reason", "proof", "change", "carried"}),
    Waiting: frozenset({"missing"}),
    Evidence: frozenset({"where", "rev"}),
    Deployment: frozenset({"by"}),
}
"""What may be left out and is then empty: without it a rule is as strict or stricter."""


def may_lack(kind: Any, name: str) -> bool:
    """Whether a field may be left out: it is in ``OPTIONAL``, or can be unknown."""
    return name in OPTIONAL.get(kind, ()) or Unknown in get_args(_hints(kind)[name])


def read_facts(data: bytes, name: str, now: int) -> Change:
    """The change in ``data``, a file called ``name`` in messages. ``now`` is the clock.

    Raises ``WireError``.
    """
    if len(data) > MAX_BYTES:
        raise WireError(f"{name}: {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise WireError(f"{name}: not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise WireError(f"{name}: nested too deep") from error
    except ValueError as error:
        raise WireError(f"{name}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise WireError(f"{name}: must be an object, not {type(value).__name__}")
    return change_of(value, name, now)


def change_of(value: dict[str, Any], name: str, now: int) -> Change:
    """The change in a JSON object, with its version. Raises ``WireError``."""
    version = value.get("version")
    if type(version) is not int or version != VERSION:
        raise WireError(f"{name}: version: must be {VERSION}, not {version!r}")
    rest = {"now": now, **{key: each for key, each in value.items() if key != "version"}}
    change = load(rest, Change, f"{name}: change", complete=False, may_lack=may_lack)
    problems = [*_problems(change)]
    if problems:
        raise WireError("\n".join(f"{name}: {problem}" for problem in problems))
    return change


def write_facts(change: Change) -> bytes:
    """``change`` as such a file, ASCII, one field a line."""
    value = dump(change)
    assert isinstance(value, dict)
    text = json.dumps({"version": VERSION, **value}, indent=1, ensure_ascii=True)
    return (text + "\n").encode("ascii")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in found if names.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


_OBJECTS = frozenset({"rev", "tree", "head", "head_tree", "base_tree", "result_tree", "tip"})
_TIMES = frozenset({"now", "at", "seen_at", "ready_since"})


def _problems(change: Change) -> Iterator[str]:
    """Where facts are impossible, or contradict each other: they would judge another change."""
    yield from _values(change, "")
    if change.base and not is_oid(change.base):
        yield f"base: {change.base!r:.80} is no full object name"
    if not change.target or change.target.startswith(("refs/", "-")):
        yield f"target: {change.target!r:.80} is no branch without refs/heads/"
    if isinstance(change.units, Unknown) or change.promotes_to:
        return
    before = change.base
    for at, unit in enumerate(change.units):
        if unit.base != before:
            yield f"units[{at}].base: {unit.base!r} is not where the one before ends, {before!r}"
        before = unit.rev
    if change.units and before != change.rev:
        yield f"rev: {change.rev!r} is not where the last unit ends, {before!r}"
    if change.units and not isinstance(change.result_tree, Unknown):
        last = change.units[-1].tree
        if last != change.result_tree:
            yield f"result_tree: {change.result_tree!r} is not the last unit's tree, {last!r}"


def _values(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, tuple):
        for at, each in enumerate(value):
            yield from _values(each, f"{place}[{at}]")
    elif is_dataclass(value) and not isinstance(value, (Unknown, type)):
        for name in _hints(type(value)):
            each, where = getattr(value, name), f"{place}.{name}".strip(".")
            if name in _OBJECTS and isinstance(each, str) and not is_oid(each):
                # A record may name no revision; what is to land always has one.
                if each or name != "rev" or not place:
                    yield f"{where}: {each!r:.80} is no full object name"
            elif name in _TIMES and isinstance(each, int) and not 0 <= each < LATEST:
                yield f"{where}: {each} are no seconds since 1970"
            else:
                yield from _values(each, where)
