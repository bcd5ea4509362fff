"""The shape of one file: what it defines, annotates, decorates, assigns and calls, as plain facts.

Whoever asks which annotations are resolved at run time needs the structure of a few files and
nothing of the rest. The facts come from the standard library's ``ast``, which is ten times faster
than libcst; a file whose syntax is newer than the running Python goes through libcst first
(``lower``). The facts of a file never depend on another file: linking is the work of
``evaluation``.

Lines and columns count from 1, columns in characters.
"""

from __future__ import annotations

import ast
from typing import TypedDict

from guard.rule import Extractor

Spot = tuple[int, int, int]
"""Line, column, end column (exclusive) on the same line; the end is 0 where it is unknown."""

Tree = tuple[str, str, Spot, tuple["Tree", ...]]
"""An expression: kind, text, place, parts.

``name``    a dotted name (text)
``attr``    an attribute (text) of parts[0]
``sub``     parts[0] subscripted with parts[1:]
``call``    parts[0] called with parts[1:]
``arg``     a positional argument
``star``    an argument ``*x``
``kw``      a keyword argument (text; "" for ``**``)
``str``     a quoted annotation, parsed: parts[0]
``text``    any other string
``const``   another constant (its repr)
``dict``    a dict display, text = keys joined by NUL
``op``      anything else with parts
``opaque``  not of interest
"""

UNKNOWN_KEY = "*"
NOWHERE: Spot = (0, 0, 0)
OPAQUE: Tree = ("opaque", "", NOWHERE, ())


class Import(TypedDict):
    """``import module`` (attr ""), ``from module import attr`` (attr ``*`` for all)."""

    scope: str
    bound: str
    level: int
    module: str
    attr: str
    guarded: bool


class Field(TypedDict):
    """An annotated name in a class body."""

    name: str
    annotation: Tree
    value: Tree | None
    line: int


class Klass(TypedDict):
    """A class statement that runs."""

    name: str
    qualname: str
    scope: str
    spot: Spot
    bases: list[Tree]
    keywords: list[tuple[str, Tree]]
    decorators: list[Tree]
    fields: list[Field]
    binds: list[str]
    type_params: list[str]


class Parameter(TypedDict):
    """One parameter; ``kind`` is ``pos``, ``*``, ``kwonly`` or ``**``."""

    name: str
    kind: str
    annotation: Tree | None
    default: Tree | None


class Func(TypedDict):
    """A def statement that runs. ``owner`` is the index of the class whose body holds it, or -1."""

    name: str
    qualname: str
    scope: str
    spot: Spot
    owner: int
    outer: int
    decorators: list[Tree]
    params: list[Parameter]
    returns: Tree | None
    returned: list[Tree]
    type_params: list[str]


class Call(TypedDict):
    """A call that runs. ``func`` is the index of the innermost function around it, or -1.

    ``when`` are the conditions on parameters (``conditions``) under which it does.
    """

    scope: str
    func: int
    tree: Tree
    caught: list[str]
    when: list[tuple[Tree, bool]]


class Value(TypedDict):
    """``target = value``, also ``self.x = value`` and ``for target in (value, ...)``."""

    scope: str
    target: str
    value: Tree
    func: int


class Annotated(TypedDict):
    """``target: annotation = value`` outside a class body."""

    scope: str
    func: int
    target: str
    annotation: Tree
    valued: bool


class Guarded(TypedDict):
    """A name that a block binds which only type checkers see. ``plain``: an import or an assignment
    directly under ``if FLAG:`` where FLAG is a bare name imported from ``typing``.
    """

    scope: str
    name: str
    spot: Spot
    plain: bool


class Shape(TypedDict):
    """All of one file.

    ``binds`` maps a scope to the names that run-time code binds in it. ``firm`` are the names that
    a plain statement of the module binds and that nothing deletes.
    """

    future: bool
    imports: list[Import]
    classes: list[Klass]
    functions: list[Func]
    calls: list[Call]
    values: list[Value]
    annotated: list[Annotated]
    binds: dict[str, list[str]]
    firm: list[str]
    guarded: list[Guarded]


def extract(data: bytes) -> Shape | None:
    """The shape of a file; ``None`` when it is not valid Python of any version known here."""
    from guard_rules._annotations.walk import Walker

    parsed = _parse(data)
    if parsed is None:
        return None
    tree, lines = parsed
    return Walker(lines).run(tree)


def _parse(data: bytes) -> tuple[ast.Module, list[str]] | None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(data)
            return tree, _text(data).split("\n")
        except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError):
            pass
        from guard_rules._annotations.lower import lower

        return lower(data)


def _text(data: bytes) -> str:
    """The decoded source with plain line ends, as the tokenizer sees it (PEP 263)."""
    import io
    import tokenize

    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


SHAPES: Extractor[Shape | None] = Extractor("annotation-shapes", "3", extract)
