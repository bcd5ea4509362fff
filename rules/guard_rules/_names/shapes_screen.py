"""What the bytes of a file say of annotations that something may resolve: no parsing, no imports.

Errs on one side: a file that may matter is kept, the shapes decide.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

GUARD = 1
"""The file may hold a guard."""
RESOLVES = 2
"""The file names something that resolves the annotations of what it is given."""
FRAMEWORK = 4
"""The file imports a library that resolves annotations, or names such a function."""
REBUILDS = 8
"""The file supplies names to models after the fact."""
CLAW = 16
"""The file installs an import hook that checks a whole package."""

_GUARDS = (b"TYPE_CHECKING", b"MYPY", b"if False", b"if 0")
_REBUILDS = (b"model_rebuild", b"update_forward_refs", b"rebuild_dataclass")
_LIBRARY = re.compile(
    rb"(?:^|\n)[ \t]*(?:from|import)[ \t]+(?:annotationlib|attrs?|beartype|cattrs?|dacite"
    rb"|dataclasses_json|fastapi|flask_sqlalchemy|litestar|mashumaro|msgspec|pydantic\w*"
    rb"|sqlalchemy|sqlmodel|strawberry|typeguard|typer)\b"
)
_FUNCTIONS = (b"get_type_hints", b"get_annotations", b"eval_str", b"singledispatch")
_RESOLVERS = (
    *_FUNCTIONS,
    b"resolve_types",
    b"TypeAdapter",
    b"msgspec",
    b"cattr",
    b"dacite",
    b"Depends",
    b"typer",
    b"inspect.signature",
)

Name = tuple[str, str]
"""A name as its module has it, and as it is bound here."""
Source = tuple[int, str, tuple[Name, ...]]
"""Dots, module, names; no names for ``import module``."""
Heads = tuple[
    tuple[Source, ...],
    tuple[tuple[str, tuple[str, ...]], ...],
    tuple[str, ...],
    tuple[str, ...],
]
"""Imports; classes with the names in their heads; decorators' first names; called names."""


def screen(data: bytes, extra: tuple[bytes, ...] = ()) -> int:
    """The flags of a file. ``extra`` are words that the policy adds as resolvers."""
    flags = 0
    if any(token in data for token in _GUARDS):
        flags |= GUARD
    if any(token in data for token in _RESOLVERS) or any(word in data for word in extra):
        flags |= RESOLVES
    if flags & GUARD and (
        flags & RESOLVES or any(word in data for word in _FUNCTIONS) or _LIBRARY.search(data)
    ):
        flags |= FRAMEWORK
    if any(token in data for token in _REBUILDS):
        flags |= REBUILDS
    if b"beartype.claw" in data:
        flags |= CLAW
    return flags


_IMPORT = re.compile(
    rb"(?:^|\n)[ \t]*(?:from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]*"
    rb"(\([^)]*\)|(?:\\\r?\n|[^\n;#])*)"
    rb"|import[ \t]+((?:\\\r?\n|[^\n;#])+))"
)
_CLASS = re.compile(
    rb"(?:^|\n)[ \t]*class[ \t]+(\w+)[ \t]*(?:\[[^\n]*?\][ \t]*)?\(([^:]*?)\)[ \t]*:"
)
_DECORATOR = re.compile(rb"\n[ \t]*@[ \t]*(\w+)")
_COMMENT = re.compile(rb"#[^\n]*")
_WORD = re.compile(rb"[A-Za-z_]\w*")


def heads(data: bytes) -> Heads:
    """The imports, the class heads and the decorators of one file, as written."""
    data = b"\n" + data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    sources: list[Source] = []
    for dots, module, names, plain in _IMPORT.findall(data):
        if plain:
            sources.extend(
                (0, name, (("", bound.partition(".")[0]),)) for name, bound in _items(plain)
            )
        else:
            sources.append((len(dots), _text(module), tuple(_items(names.strip(b"()")))))
    classes = tuple(
        (_text(name), tuple(_text(word) for word in _WORD.findall(_COMMENT.sub(b"", inside))))
        for name, inside in _CLASS.findall(data)
    )
    decorators = tuple({_text(name) for name in _DECORATOR.findall(data)})
    return tuple(sources), classes, decorators, ()


def _items(text: bytes) -> Iterable[Name]:
    text = _COMMENT.sub(b"", text).replace(b"\\\n", b" ")
    for item in text.split(b","):
        words = item.split()
        if words:
            name = _text(words[0])
            yield name, _text(words[2]) if len(words) > 2 and words[1] == b"as" else name


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
