"""The facts of a case: a node of YAML becomes a ``Change``, each error with its position.

The keys are those of a file of facts (``guard.forge.facts``). What is left out is as in
``guard.samples``, so that a case says only what matters to it; besides

- a word stands for the object of git of that name, ``unknown`` for a fact that nobody knows,
- ``2h ago``, ``in 5m`` for a time,
- one line for a person, a review, a file, a commit, a trailer (``shorthand.SHORT``).
"""

from __future__ import annotations

import re
import types
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from guard._wire import WireError, dump
from guard.change import Change, Health, Unknown
from guard.config import tree
from guard.config.shapes import BAD, Choice, Flag, Text, Whole, core, unknown, wrong
from guard.config.tree import Node, Problems, Scalar
from guard.forge.facts import VERSION, change_of
from guard.policytests.shorthand import COMPLETE, NEEDED, SHORT, Known
from guard.samples import change, oid, unit

_OBJECTS = frozenset(
    "rev tree head head_tree base_tree result_tree tip base old new policy reverts reverted_by "
    "parents".split()
)
_TIMES = frozenset(("now", "at", "seen_at", "ready_since", "until"))
_TIME = re.compile(r"(?:(?P<later>in )|)(?P<number>[0-9]{1,9})(?P<unit>[smhd])(?P<ago> ago|)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FIRST = ("now", "target", "base", "base_tree", "policy", "units")
"""What the rest of a change is filled in from."""


def read_change(node: Node, problems: Problems) -> Change | None:
    """The change that ``node`` describes; ``None`` after noting what is wrong."""
    if not isinstance(node, tree.Mapping):
        wrong(node, "a mapping of facts", problems)
        return None
    reader = _Reader(problems)
    given = reader.fields(node, Change)
    if given is None:
        return None
    units = given.pop("units", None)
    if units is None:
        units = (unit(base=reader.known.base),)
    made = _whole(given, units, reader.known)
    try:
        document = dump(made)
        assert isinstance(document, dict)
        change_of({"version": VERSION, **document}, "facts", made.now)
    except WireError as error:
        for line in str(error).splitlines():
            problems.at(node, line.removeprefix("facts: "))
        return None
    return made


def _whole(given: dict[str, Any], units: Any, known: Known) -> Change:
    """The change with all that the case leaves out."""
    last = units[-1] if isinstance(units, tuple) and units else None
    values: dict[str, Any] = {
        "now": known.now,
        "target": known.target,
        "base": known.base,
        "policy": known.policy,
        "target_health": Health(known.base_tree),
        "units": units,
    }
    if last is not None:
        values |= {"id": last.id, "rev": last.rev, "result_tree": last.tree}
    values |= {"result_health": Health(known.result)}
    lane = COMPLETE[_kind("lane")]({}, known)
    return change(**{**values, "lane": lane, **given})


def _kind(name: str) -> Any:
    """The type of a fact, apart from being unknown."""
    (kind,) = (each for each in get_args(_hints(Change)[name]) if each is not Unknown)
    return kind


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.known = Known()

    def fields(self, node: tree.Mapping, kind: Any) -> dict[str, Any] | None:
        """What a mapping says of a ``kind``; ``None`` after noting what is wrong."""
        hints, given, good = _hints(kind), dict[str, Any](), True
        pairs = list(node.pairs)
        if kind is Change:
            order = {name: at for at, name in enumerate(_FIRST)}
            pairs.sort(key=lambda pair: order.get(pair[0].text, len(order)))
        for key, child in pairs:
            name = key.text
            if name not in hints:
                self.problems.at(key, unknown("key", name, [each.name for each in fields(kind)]))
                good = False
                continue
            with self.problems.inside(name):
                value = self.value(child, hints[name], name)
            if value is BAD:
                good = False
                continue
            given[name] = value
            if kind is Change and name in _FIRST[:-1] and not isinstance(value, Unknown):
                setattr(self.known, name, value)
        return given if good else None

    def value(self, node: Node, hint: Any, name: str) -> Any:
        """The value of one field."""
        if get_origin(hint) in (Union, types.UnionType):
            kinds = get_args(hint)
            if Unknown in kinds and (found := self._unknown(node)) is not None:
                return found
            if type(None) in kinds and isinstance(node, Scalar) and core(node) == "null":
                return None
            (hint,) = (each for each in kinds if each not in (Unknown, type(None)))
        if get_origin(hint) is tuple:
            return self._tuple(node, get_args(hint)[0], name)
        if is_dataclass(hint):
            return self._record(node, hint, name)
        if issubclass(hint, Enum):
            return Choice({each.value: each for each in hint}).read(node, self.problems)
        if hint is bool:
            return Flag().read(node, self.problems)
        if hint is int:
            return self._number(node, name)
        text = Text().read(node, self.problems)
        return oid(text) if text is not BAD and text and name in _OBJECTS else text

    def _unknown(self, node: Node) -> Any:
        if isinstance(node, Scalar) and node.plain and node.text == "unknown":
            return Unknown("the case says so")
        if isinstance(node, tree.Mapping) and [key.text for key, _ in node.pairs] == ["unknown"]:
            reason = Text().read(node.pairs[0][1], self.problems)
            return BAD if reason is BAD else Unknown(reason)
        return None

    def _tuple(self, node: Node, kind: Any, name: str) -> Any:
        if not isinstance(node, tree.Sequence):
            return wrong(node, "a list", self.problems)
        values = []
        for at, item in enumerate(node.items):
            with self.problems.inside(f"[{at}]"):
                values.append(self.value(item, kind, name))
        return BAD if any(each is BAD for each in values) else tuple(values)

    def _number(self, node: Node, name: str) -> Any:
        match = _TIME.fullmatch(node.text) if isinstance(node, Scalar) else None
        if name in _TIMES and match and bool(match["later"]) != bool(match["ago"]):
            seconds = int(match["number"]) * _SECONDS[match["unit"]]
            return self.known.now + (seconds if match["later"] else -seconds)
        if name in _TIMES and not (isinstance(node, Scalar) and core(node) == "number"):
            return wrong(node, "a time such as '2h ago', 'in 5m' or seconds", self.problems)
        return Whole().read(node, self.problems)

    def _record(self, node: Node, kind: Any, name: str) -> Any:
        given: dict[str, Any] | None
        if isinstance(node, Scalar) and kind in SHORT:
            text = Text().read(node, self.problems)
            if text is BAD:
                return BAD
            try:
                given = dict(SHORT[kind](text))
            except ValueError as error:
                self.problems.at(node, str(error))
                return BAD
        elif isinstance(node, tree.Sequence) and kind is Health:
            broken = self._tuple(node, str, "broken")
            given = None if broken is BAD else {"broken": broken}
        elif isinstance(node, tree.Mapping):
            given = self.fields(node, kind)
        else:
            return wrong(node, "a mapping", self.problems)
        if given is None:
            return BAD
        missing = [key for key in NEEDED.get(kind, ()) if key not in given]
        for key in missing:
            self.problems.at(node, f"missing key {key!r}")
        if missing:
            return BAD
        if name == "target_health":
            given = {"tree": self.known.base_tree, **given}
        complete = COMPLETE.get(kind)
        return complete(given, self.known) if complete else kind(**given)
