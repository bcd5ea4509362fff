"""What the bytes of a file say of annotations that something may resolve: no parsing, no imports.

Errs on one side: a file that may matter is kept, the shapes decide.
"""

from __future__ import annotations

import re

RESOLVES = 1
"""The file names a function that resolves the annotations of what it is given."""
REBUILDS = 2
"""The file supplies names to models after the fact."""
CLAW = 4
"""The file installs an import hook that checks a whole package."""

_RESOLVERS = (
    b"get_type_hints",
    b"get_annotations",
    b"eval_str",
    b"singledispatch",
    b"resolve_types",
)
_LAZY_RESOLVERS = (b"inspect", b"annotationlib")
_REBUILDS = (b"model_rebuild", b"update_forward_refs", b"rebuild_dataclass")

Heads = tuple[tuple[tuple[str, tuple[str, ...]], ...], frozenset[str]]
"""Classes, each with the names in its head; the first names of the decorators."""
Contexts = tuple[frozenset[str], frozenset[str], dict[str, frozenset[str]], frozenset[str]]
"""The words in annotations of fields (and in more); those in the heads of decorated functions;

those in the head of each function, by its name; the names of the classes.
"""


def screen(data: bytes, lazy: bool, extra: tuple[bytes, ...] = ()) -> int:
    """The flags of a file. ``lazy``: the target is Python 3.14 or later, where asking for a

    signature can evaluate annotations. ``extra`` are words that the policy adds as resolvers.
    """
    flags = 0
    if (
        any(token in data for token in _RESOLVERS)
        or (lazy and any(token in data for token in _LAZY_RESOLVERS))
        or any(word in data for word in extra)
    ):
        flags |= RESOLVES
    if any(token in data for token in _REBUILDS):
        flags |= REBUILDS
    if b"beartype.claw" in data:
        flags |= CLAW
    return flags


def names_any(data: bytes, names: tuple[bytes, ...]) -> bool:
    """Whether one of the names stands in the file."""
    return any(name in data for name in names)


_CLASS = re.compile(rb"\n[ \t]*class[ \t]+(\w+)[ \t]*(?:\[[^\n]*?\][ \t]*)?\(([^:]*?)\)[ \t]*:")
_DECORATOR = re.compile(rb"\n[ \t]*@[ \t]*(\w+)")
_COMMENT = re.compile(rb"#[^\n]*")
_WORD = re.compile(rb"[^\W\d]\w*")


def heads(data: bytes) -> Heads:
    """The class heads and the decorators of one file, as written."""
    data = _lines(data)
    classes = tuple(
        (_text(name), tuple(_text(word) for word in _WORD.findall(_COMMENT.sub(b"", inside))))
        for name, inside in _CLASS.findall(data)
    )
    return classes, frozenset(_text(name) for name in _DECORATOR.findall(data))


_FIELD = re.compile(rb"\n[ \t]+\w+[ \t]*:((?:[^\n]*[\[(,|\\][ \t]*(?:#[^\n]*)?\n)*[^\n]*)")
_DEF = re.compile(rb"\n[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)")
_CLASS_NAME = re.compile(rb"\n[ \t]*class[ \t]+(\w+)")
_END = re.compile(rb"\)\s*(?:->[^:]*)?:")


def contexts(data: bytes) -> Contexts:
    """The words near annotations, as sets; some stand elsewhere.

    A function's head ends with the first ``:`` that follows a ``)`` or a return annotation.
    """
    data = _lines(data)
    rest: list[bytes] = []
    at = 0
    decorated: set[str] = set()
    functions: dict[str, frozenset[str]] = {}
    for match in _DEF.finditer(data):
        end = _END.search(data, match.end())
        stop = end.end() if end is not None else len(data)
        words = _words(data[match.end() : stop])
        rest.append(data[at : match.start()])
        at = max(at, stop)
        name = _text(match[1])
        functions[name] = functions[name] | words if name in functions else words
        before = data.rfind(b"\n", 0, match.start())
        line = data[before : match.start()].strip()
        if line[:1] in (b"@", b"#") or b")" in line:
            decorated |= words
    classes = frozenset(_text(name) for name in _CLASS_NAME.findall(data))
    rest.append(data[at:])
    fields = b"\n".join(_FIELD.findall(b"\n".join(rest)))
    return _words(fields), frozenset(decorated), functions, classes


def _words(data: bytes) -> frozenset[str]:
    return frozenset(_text(word) for word in set(_WORD.findall(data)))


def _lines(data: bytes) -> bytes:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"\n" + data


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
