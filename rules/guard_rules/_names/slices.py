"""A file without the function bodies that cannot matter to its own guarded names.

The syntax tree that gives exact positions costs microseconds a byte, the interpreter's own parser a
tenth of that: it tells where the functions are. A body that names nothing of interest is replaced
by ``pass`` and empty lines, so that every position stays.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from guard_rules._names.guards import flag_names, has_never, read_guards

# What changes a namespace in another way than by naming a name.
_ALWAYS = (
    rb"\b(?:global|nonlocal|globals|vars|locals|setattr|exec|__all__|__dict__|__getattr__"
    rb"|TYPE_CHECKING|modules)\b"
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def without_idle_bodies(data: bytes) -> bytes:
    """``data`` with the same lines; unchanged where the text or the parser does not help."""
    flags = flag_names(data)
    guards = read_guards(data, flags) if flags or has_never(data) else None
    if guards is None or "*" in guards.names or b"\r" in data.replace(b"\r\n", b"\n"):
        return data
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return data
    lines = data.split(b"\n")
    functions = [
        (function, b"\n".join(lines[function.body[0].lineno - 1 : function.end_lineno]))
        for function in _functions(tree.body)
    ]
    words = set(guards.names) | {part for name in guards.submodules for part in name.split(".")}
    idle = functions
    while True:
        wanted = re.compile(
            b"|".join([_ALWAYS, *(rb"\b%b\b" % re.escape(word.encode()) for word in sorted(words))])
        )
        kept = [
            function
            for function, text in idle
            if function.name == "__getattr__" or wanted.search(text)
        ]
        if not kept:
            break
        names = {function.name for function in kept} - {"__init__"}
        idle = [(function, text) for function, text in idle if function not in kept]
        if names <= words:
            break
        words = names  # whoever calls one of these may run it too early
    for function, _ in idle:
        _blank(lines, function)
    return b"\n".join(lines)


def _functions(body: list[ast.stmt]) -> Iterator[_Function]:
    """The functions of a module and of its classes, not those in functions."""
    for statement in body:
        if isinstance(statement, _Function):
            yield statement
        else:
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                inner = getattr(statement, field, None)
                if isinstance(inner, list):
                    yield from _functions(inner)


def _blank(lines: list[bytes], function: _Function) -> None:
    start = function.body[0]
    decorators = getattr(start, "decorator_list", [])
    first = min([start.lineno, *(decorator.lineno for decorator in decorators)])
    last = function.end_lineno or 0
    indent = lines[first - 1][: len(lines[first - 1]) - len(lines[first - 1].lstrip())]
    header = b"" if decorators else lines[first - 1][len(indent) : start.col_offset]
    if header.strip() or first <= function.lineno:
        return  # the body begins on the header's line
    lines[first - 1] = indent + b"pass"
    lines[first:last] = [b""] * (last - first)
