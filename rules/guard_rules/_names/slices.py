"""A file without the function bodies that cannot matter to its own guarded names.

The syntax tree that gives exact positions costs microseconds a byte, the interpreter's own parser a
tenth of that: it tells where the functions are, and the compiler which names may be missed. A body
that names nothing of interest is replaced by ``pass`` and empty lines: every position stays.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from guard_rules._names.guards import Guards, flag_names, has_never, read_guards
from guard_rules._names.scan import compiled_program

# What changes a namespace in another way than by naming a name.
_ALWAYS = (
    rb"\b(?:global|nonlocal|globals|vars|locals|setattr|exec|__all__|__dict__|__getattr__"
    rb"|TYPE_CHECKING|modules)\b"
)
_STATEMENTS = ("body", "orelse", "finalbody", "handlers", "cases")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def without_idle_bodies(data: bytes) -> bytes:
    """``data`` with the same lines; unchanged where the text or the parser does not help."""
    flags = flag_names(data)
    guards = read_guards(data, flags) if flags or has_never(data) else None
    if guards is None or "*" in guards.names or b"\r" in data.replace(b"\r\n", b"\n"):
        return data
    words = _missed(data, guards)
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return data
    if words is None:
        return data
    bodies = _Bodies(data, tree)
    words |= _tables(tree)
    bodies.keep(bodies.naming(words, _ALWAYS) | bodies.called("__getattr__"))
    lines = data.split(b"\n")
    for function in bodies.idle:
        _blank(lines, function)
    return b"\n".join(lines)


def _missed(data: bytes, guards: Guards) -> set[str] | None:
    """The names that something in the file may miss."""
    compiled = compiled_program(guards.reduced)
    if compiled is None:
        return None
    words = compiled.missed(guards.names)
    if compiled.misses_local(guards.inner):
        words.update(name for _, names in guards.inner for name in names)
    words.update(part for name in guards.submodules for part in name.split("."))
    if b"version_info" in data:
        words |= guards.names
    if b"*" in data:
        words |= compiled.unknown()
    return words


def _tables(tree: ast.Module) -> set[str]:
    """Variables of the module that a function may fill: those that its ``__getattr__`` reads,
    and those that hold the module itself.
    """
    names = {
        node.id
        for function, _ in _functions(tree.body, inside=False)
        if function.name == "__getattr__"
        for node in ast.walk(function)
        if isinstance(node, ast.Name)
    }
    tables: set[str] = set()
    for statement in reversed(tree.body):
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        found = {target.id for target in targets if isinstance(target, ast.Name)}
        value = getattr(statement, "value", None)
        if found and _is_own(value):
            tables |= found
        if found and isinstance(value, ast.Name) and value.id in names:
            tables |= found  # another name of the same object
        tables |= found & names
    return tables


def _is_own(value: ast.expr | None) -> bool:
    """``globals()``, ``sys.modules[__name__].__dict__`` and the like."""
    while isinstance(value, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(value, ast.Attribute) and value.attr == "modules":
            return True
        value = value.func if isinstance(value, ast.Call) else value.value
    return isinstance(value, ast.Name) and value.id in ("globals", "vars", "locals", "modules")


class _Bodies:
    """The functions of a module and of its classes, not those in functions."""

    def __init__(self, data: bytes, tree: ast.Module) -> None:
        lines = data.split(b"\n")
        self.tree = tree
        self.texts: dict[_Function, bytes] = {}
        self.methods: set[_Function] = set()
        for function, is_method in _functions(tree.body, inside=False):
            first = function.body[0].lineno - 1
            self.texts[function] = b"\n".join(lines[first : function.end_lineno])
            if is_method:
                self.methods.add(function)
        self.idle = dict.fromkeys(self.texts)
        """Those whose bodies do not matter, as far as is known."""

    def naming(self, words: Iterable[str], always: bytes = b"(?!)") -> set[_Function]:
        """The idle functions with one of the words in their body."""
        parts = (rb"\b%b\b" % re.escape(word.encode()) for word in sorted(words))
        wanted = re.compile(b"|".join((always, *parts)))
        return {function for function in self.idle if wanted.search(self.texts[function])}

    def called(self, name: str) -> set[_Function]:
        """The functions of that name."""
        return {function for function in self.idle if function.name == name}

    def keep(self, found: set[_Function]) -> None:
        """Keep functions, and those that name them: whoever calls one may run it too early."""
        early: set[_Function] | None = None
        while found:
            for function in found:
                del self.idle[function]
            plain = {function.name for function in found - self.methods}
            methods = {function.name for function in found & self.methods} - {"__init__"}
            found = self.naming(plain) if plain else set()
            if methods:
                # A method is not known by its name alone: what never runs early does not count.
                early = self._early() if early is None else early
                found |= self.naming(methods) & early

    def _early(self) -> set[_Function]:
        """The functions that code outside of functions may call, themselves or through others."""
        by_name: dict[str, list[_Function]] = {}
        for function in self.texts:
            by_name.setdefault(function.name, []).append(function)
        found: set[_Function] = set()
        todo = [name for part in self.tree.body for name in _names(part)]
        while todo:
            for function in by_name.pop(todo.pop(), ()):
                found.add(function)
                todo += [name for part in function.body for name in _names(part)]
        return found


def _functions(body: list[ast.stmt], *, inside: bool) -> Iterator[tuple[_Function, bool]]:
    """Each function, and whether it stands in a class."""
    for statement in body:
        if isinstance(statement, _Function):
            yield statement, inside
            continue
        for field in _STATEMENTS:
            inner = getattr(statement, field, None)
            if isinstance(inner, list):
                yield from _functions(inner, inside=inside or isinstance(statement, ast.ClassDef))


def _names(tree: ast.AST) -> Iterator[str]:
    """The names and attributes that code reads as it runs, without the bodies of functions."""
    if isinstance(tree, ast.Name):
        yield tree.id
    elif isinstance(tree, ast.Attribute):
        yield tree.attr
    for field, value in ast.iter_fields(tree):
        if field == "body" and isinstance(tree, _Function):
            continue
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, ast.AST):
                yield from _names(part)


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
