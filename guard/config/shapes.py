"""The types of option dataclasses as shapes: one object both reads YAML and makes the schema.

So the loader and the JSON Schema cannot drift apart. Plain scalars are told apart as in the core
schema of YAML 1.2 (section 10.3.2), which is what editors use: ``true`` is a boolean, ``off`` and
``no`` are text, ``3`` is a number and ``"3"`` is text.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, Protocol

from guard.config import tree
from guard.config.tree import Node, Problems, Scalar
from guard.model import Level
from guard.options import Duration

BAD: Final = object()
"""What a shape answers after it noted a problem."""

Json = dict[str, Any]

_INT = re.compile(r"[-+]?[0-9]+(\.0*)?")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OTHER_NUMBER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NULL = ("", "~", "null", "Null", "NULL")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Shape(Protocol):
    """A type of value in the policy."""

    def read(self, node: Node, problems: Problems) -> Any:
        """The value, or ``BAD`` after noting each problem."""

    def schema(self) -> Json:
        """The JSON Schema of the value."""


class UnsupportedType(TypeError):
    """An options dataclass has a field whose type the policy cannot hold."""


def kind(node: Node) -> str:
    """What the user wrote, for a message."""
    if isinstance(node, tree.Sequence):
        return "a list"
    if isinstance(node, tree.Mapping):
        return "a mapping"
    return {"null": "nothing", "str": "text"}.get(core(node), core(node)) + (
        f" {node.text!r}" if node.text else ""
    )


def core(node: Scalar) -> str:
    """The type of a scalar in the core schema: null, boolean, number or str."""
    if not node.plain:
        return "str"
    if node.text in _NULL:
        return "null"
    if node.text in _BOOL:
        return "boolean"
    if _FLOAT.fullmatch(node.text) or _OTHER_NUMBER.fullmatch(node.text):
        return "number"
    return "str"


def wrong(node: Node, wanted: str, problems: Problems) -> Any:
    """Note that ``node`` is not what is wanted."""
    problems.at(node, f"expected {wanted}, got {kind(node)}")
    return BAD


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """``; did you mean 'x'?`` or nothing."""
    from difflib import get_close_matches  # only on the way to an error

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


@dataclasses.dataclass(frozen=True)
class Flag:
    """``true`` or ``false``."""

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, Scalar) and core(node) == "boolean":
            return _BOOL[node.text]
        return wrong(node, "true or false", problems)

    def schema(self) -> Json:
        return {"type": "boolean"}


@dataclasses.dataclass(frozen=True)
class Whole:
    """A whole number, in decimal, perhaps one of a few or within bounds."""

    allowed: tuple[int, ...] = ()
    least: int | None = None
    most: int | None = None

    def _wanted(self) -> str:
        if self.allowed:
            return " or ".join(map(str, self.allowed))
        low = "" if self.least is None else f" of at least {self.least}"
        high = "" if self.most is None else f" of at most {self.most}"
        return "a whole number" + " and".join(filter(None, (low, high)))

    def read(self, node: Node, problems: Problems) -> Any:
        wanted = self._wanted()
        if not (isinstance(node, Scalar) and node.plain and _INT.fullmatch(node.text)):
            return wrong(node, wanted, problems)
        if len(node.text) > 18:
            return wrong(node, "a whole number of at most 18 digits", problems)
        value = int(node.text.partition(".")[0])
        low = self.least is not None and value < self.least
        high = self.most is not None and value > self.most
        if low or high or (self.allowed and value not in self.allowed):
            return wrong(node, wanted, problems)
        return value

    def schema(self) -> Json:
        if self.allowed:
            return {"enum": list(self.allowed)}
        low: Json = {} if self.least is None else {"minimum": self.least}
        high: Json = {} if self.most is None else {"maximum": self.most}
        return {"type": "integer"} | low | high


@dataclasses.dataclass(frozen=True)
class Number:
    """Any finite number, or any above a bound."""

    above: float | None = None

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, Scalar) and node.plain and _FLOAT.fullmatch(node.text):
            value = float(node.text)
            # neither infinite nor NaN
            if value - value == 0 and (self.above is None or value > self.above):
                return value
        more = "" if self.above is None else f" above {self.above:g}"
        return wrong(node, f"a number{more}", problems)

    def schema(self) -> Json:
        low: Json = {} if self.above is None else {"exclusiveMinimum": self.above}
        return {"type": "number"} | low


_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Span:
    """A length of time with its unit. A bare number is refused: seconds or minutes?"""

    def read(self, node: Node, problems: Problems) -> Any:
        match = _DURATION.fullmatch(node.text) if isinstance(node, Scalar) else None
        if match is None:
            return wrong(node, "a length of time such as 90s, 30m, 12h or 2d", problems)
        return Duration(int(match[1]) * _SECONDS[match[2]])

    def schema(self) -> Json:
        return {"type": "string", "pattern": f"^{_DURATION.pattern}$"}


@dataclasses.dataclass(frozen=True)
class Text:
    """Text. ``check`` answers what is wrong with it, ``clean`` makes the value of it."""

    wanted: str = "text"
    check: Callable[[str], str] | None = None
    clean: Callable[[str], Any] = str
    pattern: str = ""

    def read(self, node: Node, problems: Problems) -> Any:
        if not (isinstance(node, Scalar) and core(node) == "str"):
            hint = " (put it in quotes)" if isinstance(node, Scalar) and node.text else ""
            return wrong(node, self.wanted + hint, problems)
        fault = self.check(node.text) if self.check else ""
        if fault:
            problems.at(node, f"{node.text!r}: {fault}")
            return BAD
        return self.clean(node.text)

    def schema(self) -> Json:
        return {"type": "string"} | ({"pattern": self.pattern} if self.pattern else {})


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of some words. ``off_is_false``: a YAML 1.1 editor turns ``off`` into ``false``."""

    values: Mapping[str, Any]
    off_is_false: bool = False

    def read(self, node: Node, problems: Problems) -> Any:
        allowed = ", ".join(self.values)
        if not isinstance(node, Scalar):
            return wrong(node, f"one of {allowed}", problems)
        if node.text in self.values:
            return self.values[node.text]
        if self.off_is_false and core(node) == "boolean" and not _BOOL[node.text]:
            return self.values["off"]
        if core(node) != "str":
            return wrong(node, f"one of {allowed}", problems)
        problems.at(
            node,
            f"unknown value {node.text!r}; allowed: {allowed}{nearest(node.text, self.values)}",
        )
        return BAD

    def schema(self) -> Json:
        return {"enum": [*self.values, *([False] if self.off_is_false else [])]}


LEVEL = Choice({level.value: level for level in Level}, off_is_false=True)


@dataclasses.dataclass(frozen=True)
class Listing:
    """A list; becomes a tuple."""

    item: Shape
    least: int = 0

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, tree.Sequence):
            return wrong(node, "a list", problems)
        if len(node.items) < self.least:
            problems.at(node, "the list is empty")
            return BAD
        values = []
        for index, item in enumerate(node.items):
            with problems.inside(f"[{index}]"):
                values.append(self.item.read(item, problems))
        return BAD if BAD in values else tuple(values)

    def schema(self) -> Json:
        least = {"minItems": self.least} if self.least else {}
        return {"type": "array", "items": self.item.schema()} | least


@dataclasses.dataclass(frozen=True)
class Table:
    """A mapping. With ``keys`` only those are known, and each may have a shape of its own."""

    value: Shape | None = None
    keys: Mapping[str, Shape] | None = None
    what: str = "key"
    least: int = 0

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, tree.Mapping):
            return wrong(node, "a mapping", problems)
        if len(node.pairs) < self.least:
            problems.at(node, "the mapping is empty")
        values: dict[str, Any] = {}
        for key, child in node.pairs:
            shape = self.value if self.keys is None else self.keys.get(key.text)
            if shape is None:
                problems.at(key, unknown(self.what, key.text, self.keys or ()))
            elif self.keys is None and core(key) != "str":
                wrong(key, "text as a key (put it in quotes)", problems)
            else:
                with problems.inside(key.text):
                    values[key.text] = shape.read(child, problems)
        bad = len(values) < max(len(node.pairs), self.least) or BAD in values.values()
        return BAD if bad else types.MappingProxyType(values)

    def schema(self) -> Json:
        least = {"minProperties": self.least} if self.least else {}
        if self.keys is None:
            assert self.value is not None
            return {"type": "object", "additionalProperties": self.value.schema()} | least
        properties = {key: shape.schema() for key, shape in self.keys.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False} | least


def unknown(what: str, word: str, known: typing.Iterable[str]) -> str:
    """The message for a word that is none of the known ones."""
    known = tuple(known)
    return f"unknown {what} {word!r}; allowed: {', '.join(known) or 'none'}{nearest(word, known)}"


@dataclasses.dataclass(frozen=True)
class Field:
    """One key of a record."""

    key: str
    name: str
    shape: Shape
    required: bool = False
    doc: str = ""
    default: Any = BAD


@dataclasses.dataclass(frozen=True)
class Record:
    """A mapping with fixed keys, each of its own type; ``make`` builds the value."""

    make: Callable[..., Any]
    fields: tuple[Field, ...]

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, tree.Mapping):
            return wrong(node, "a mapping", problems)
        by_key = {field.key: field for field in self.fields}
        values: dict[str, Any] = {}
        good = True
        for key, child in node.pairs:
            field = by_key.get(key.text)
            if field is None:
                problems.at(key, unknown("key", key.text, by_key))
                good = False
            else:
                with problems.inside(key.text):
                    values[field.name] = field.shape.read(child, problems)
        for field in self.fields:
            if field.required and field.name not in values:
                problems.at(node, f"missing key {field.key!r}")
                good = False
        if not good or BAD in values.values():
            return BAD
        try:
            return self.make(**values)
        except (TypeError, ValueError) as error:  # the dataclass checks itself in __post_init__
            problems.at(node, str(error))
            return BAD

    def schema(self) -> Json:
        properties = {field.key: field_schema(field) for field in self.fields}
        required = [field.key for field in self.fields if field.required]
        schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
        return schema | ({"required": required} if required else {})


def field_schema(field: Field) -> Json:
    """The schema of one key, with its documentation and default."""
    schema = field.shape.schema()
    if field.doc:
        schema["description"] = field.doc
    if field.default is not BAD:
        schema["default"] = plain(field.default)
    return schema


@dataclasses.dataclass(frozen=True)
class Optional:
    """The value or ``null``."""

    inner: Shape

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, Scalar) and core(node) == "null":
            return None
        return self.inner.read(node, problems)

    def schema(self) -> Json:
        return {"anyOf": [self.inner.schema(), {"type": "null"}]}


def kebab(name: str) -> str:
    """The key of a field: ``max_size`` is written ``max-size``, ``from_`` is written ``from``."""
    return name.rstrip("_").replace("_", "-")


def plain(value: Any) -> Any:
    """A default value as JSON holds it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            kebab(field.name): plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
    return value


def record_of(cls: Any) -> Record:
    """The shape of a frozen dataclass. Raises ``UnsupportedType`` naming the field at fault."""
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise UnsupportedType(f"{getattr(cls, '__name__', cls)!s} is not a dataclass")
    if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise UnsupportedType(f"dataclass {cls.__name__} is not frozen")
    try:
        hints = typing.get_type_hints(cls)
    except Exception as error:
        raise UnsupportedType(f"the types of {cls.__name__} do not resolve: {error}") from error
    fields = []
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        default: Any = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        required = default is dataclasses.MISSING
        try:
            shape = shape_of(hints[field.name])
        except UnsupportedType as error:
            raise UnsupportedType(f"field {cls.__name__}.{field.name}: {error}") from error
        fields.append(
            Field(
                kebab(field.name),
                field.name,
                shape,
                required,
                field.metadata.get("doc", ""),
                BAD if required else default,
            )
        )
    return Record(cls, tuple(fields))


_SIMPLE: Mapping[Any, Shape] = {
    bool: Flag(),
    int: Whole(),
    float: Number(),
    str: Text(),
    Duration: Span(),
}


def shape_of(hint: Any) -> Shape:
    """The shape of one type; raises ``UnsupportedType`` for a type that a policy cannot hold."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        rest = [arg for arg in args if arg is not type(None)]
        if len(rest) == 1 and len(args) == 2:
            return Optional(shape_of(rest[0]))
    elif origin is tuple and len(args) == 2 and args[1] is ...:
        return Listing(shape_of(args[0]))
    elif origin is Mapping and args[0] is str:
        return Table(shape_of(args[1]))
    elif origin is typing.Literal and all(isinstance(arg, str) for arg in args):
        return Choice({arg: arg for arg in args})
    elif isinstance(hint, type) and issubclass(hint, Level):
        return LEVEL
    elif isinstance(hint, type) and issubclass(hint, Enum):
        if all(isinstance(member.value, str) for member in hint):
            return Choice({member.value: member for member in hint})
    elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return record_of(hint)
    raise UnsupportedType(
        f"type {hint!r} is not supported; allowed: bool, int, float, str, Duration, an Enum "
        "of str, Literal, tuple[T, ...], Mapping[str, T], a frozen dataclass, X | None"
    )
