"""Guarded blocks, read from CPython's own syntax tree where the bytes do not show them plainly.

``None`` still means that nobody can tell without the abstract run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from guard_rules._names.guards import Guards

_FLAG = "TYPE_CHECKING"
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_MAY_LEAVE = frozenset(("exit", "_exit", "abort", "quit", "skip"))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NAMED = (*_DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_PLACES = ("body", "orelse", "finalbody", "handlers", "cases")


class _Unclear(Exception):
    """The tree does not tell either."""


def read_guards(data: bytes, flags: frozenset[bytes]) -> Guards | None:
    """What ``guards.read_guards`` gives, with a tree to be compiled for the reduced text."""
    try:
        tree = ast.parse(data)
        return _Reader(tree, {flag.decode("utf-8", "replace") for flag in flags}).read(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError, _Unclear):
        return None


class _Reader:
    """Sets each test that a flag decides to a constant, and notes what never runs."""

    def __init__(self, tree: ast.Module, flags: set[str]) -> None:
        self.tree = tree
        self.constants = flags - {_FLAG}
        self.flags = flags | {_FLAG}
        self.imported: set[str] = set()
        self.decided: set[ast.AST] = set()
        self.dropped: list[list[ast.stmt]] = []
        self.undecided: list[list[ast.stmt]] = []
        """What a flag and something else decide, perhaps the version."""
        self.inner: list[tuple[int, frozenset[str]]] = []

    def read(self, data: bytes) -> Guards:
        self._find_flags()
        self._block(self.tree.body, inside=False)
        self._check_other_loads()
        ast.fix_missing_locations(self.tree)
        names: set[str] = set()
        submodules: set[str] = set()
        for block in self.undecided:
            names |= _bound(block)
        for block in self.dropped:
            names |= _bound(block)
            submodules |= _submodules(block)
        running = _without(data, self.dropped)
        return Guards(
            self.tree, frozenset(names), tuple(self.inner), frozenset(submodules), running
        )

    # flags

    def _find_flags(self) -> None:
        """The flags' other names, and whether anything else is ever bound to one of them."""
        false: set[ast.AST] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                self.flags.update(
                    alias.asname for alias in node.names if alias.name == _FLAG and alias.asname
                )
            elif isinstance(node, ast.Import):
                self.imported.update(alias.asname or alias.name for alias in node.names)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                if isinstance(node.value, ast.Constant) and node.value.value is False:
                    false.update(node.targets if isinstance(node, ast.Assign) else [node.target])
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                words = [node.id] if isinstance(node.ctx, ast.Store) and node not in false else []
            elif isinstance(node, ast.arg):
                words = [node.arg]
            else:
                words = node.names if isinstance(node, ast.Global | ast.Nonlocal) else []
            if not self.flags.isdisjoint(words):
                raise _Unclear

    def _is_flag(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self.flags and isinstance(node.ctx, ast.Load)
        return isinstance(node, ast.Attribute) and node.attr == _FLAG

    def _check_other_loads(self) -> None:
        """No flag may decide anything in another way than by the tests that are known."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
                self._refuse(self._deciding(node.test))
            elif isinstance(node, ast.BoolOp | ast.NamedExpr | ast.comprehension):
                self._refuse(self._deciding(node))
            elif isinstance(node, ast.Match):
                self._refuse(self._deciding(node.subject))
            elif not isinstance(node, ast.Name) or node.id not in self.constants:
                self._refuse((node,))

    def _refuse(self, nodes: Iterable[ast.AST]) -> None:
        if any(self._is_flag(node) and node not in self.decided for node in nodes):
            raise _Unclear

    def _deciding(self, tree: ast.AST) -> Iterator[ast.AST]:
        """The parts of a test that may decide it by a flag alone."""
        yield tree
        if isinstance(tree, ast.Call):
            return
        if isinstance(tree, ast.Compare):
            operands = (tree.left, *tree.comparators)
            if not all(isinstance(part, ast.Constant) or self._is_flag(part) for part in operands):
                return
        for child in ast.iter_child_nodes(tree):
            yield from self._deciding(child)

    # statements

    def _block(self, body: list[ast.stmt], *, inside: bool) -> None:
        """Decide the tests of a block; what stands behind a sure end never runs."""
        for index, statement in enumerate(body):
            rest = body[index + 1 :]
            if self._statement(statement, inside=inside) and rest:
                body[index + 1 :] = [ast.If(ast.Constant(False), rest, [])]
                self._drop(statement.lineno, rest, inside=inside)
                return

    def _statement(self, statement: ast.stmt, *, inside: bool) -> bool:
        """Decide what stands in one statement; whether it ends the block because of a flag."""
        for expression in _expressions(statement):
            if isinstance(expression, ast.IfExp):
                self._decide(expression)
        if isinstance(statement, ast.If | ast.While):
            return self._test(statement, inside=inside)
        if isinstance(statement, ast.Assert) and self._value(statement.test) is False:
            if any(map(self._is_flag, ast.walk(statement.test))):
                raise _Unclear  # nothing runs behind it
        inside = inside or isinstance(statement, _DEFINITIONS)
        before = len(self.dropped)
        for place in _PLACES:
            for block in _blocks(statement, place):
                self._block(block, inside=inside)
        if isinstance(statement, ast.Try | ast.TryStar):
            handled = {name for part in statement.handlers for name in _bound(part.body)}
            if any(not handled.isdisjoint(_bound(block)) for block in self.dropped[before:]):
                raise _Unclear  # without the block nothing may fail, and the handlers never run
        return False

    def _test(self, statement: ast.If | ast.While, *, inside: bool) -> bool:
        value = self._value(statement.test)
        if value is None or (value and isinstance(statement, ast.While)):
            if any(map(self._is_flag, ast.walk(statement.test))):
                self.undecided.append(statement.body + statement.orelse)
            self._block(statement.body, inside=inside)
            self._block(statement.orelse, inside=inside)
            return False
        self._decide(statement)
        dead, running = statement.body, statement.orelse
        if value:
            dead, running = running, dead
        if dead:
            self._drop(statement.lineno, dead, inside=inside)
        self._block(running, inside=inside)
        return _leaves(running)

    def _drop(self, line: int, block: list[ast.stmt], *, inside: bool) -> None:
        self.dropped.append(block)
        names = frozenset(_bound(block))
        if inside and names:
            self.inner.append((line, names))
        for statement in block:  # nothing in there decides anything any more
            self.decided.update(node for node in ast.walk(statement) if self._is_flag(node))

    # tests

    def _decide(self, node: ast.If | ast.While | ast.IfExp) -> None:
        value = self._value(node.test)
        if value is not None:
            tree = node if isinstance(node, ast.IfExp) else node.test
            if any(isinstance(part, ast.NamedExpr) for part in ast.walk(tree)):
                raise _Unclear  # it may bind what nothing binds now
            node.test = ast.Constant(value)

    def _value(self, test: ast.expr) -> bool | None:
        """What a test is at run time: only flags, constants and what joins them can be known."""
        if isinstance(test, ast.Constant):
            return bool(test.value)
        if self._is_flag(test):
            if isinstance(test, ast.Attribute) and ast.unparse(test.value) not in self.imported:
                raise _Unclear
            self.decided.add(test)
            return False
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            value = self._value(test.operand)
            return None if value is None else not value
        if isinstance(test, ast.BoolOp):
            return self._joined(test)
        return None

    def _joined(self, test: ast.BoolOp) -> bool | None:
        ending = isinstance(test.op, ast.Or)
        unknown = False
        for part in test.values:
            value = self._value(part)
            if value is ending:
                if unknown:
                    raise _Unclear  # decided, but only after something else was evaluated
                return ending
            unknown |= value is None
        return None if unknown else not ending


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """All parts of a statement but for the statements in it."""
    for field, value in ast.iter_fields(statement):
        for part in value if isinstance(value, list) else [value]:
            if field not in _PLACES and isinstance(part, ast.AST):
                yield from ast.walk(part)


def _blocks(statement: ast.stmt, place: str) -> list[list[ast.stmt]]:
    value = getattr(statement, place, None) or []
    if place in ("handlers", "cases"):
        return [part.body for part in value]
    return [value]


def _leaves(block: list[ast.stmt]) -> bool:
    """Whether a block that runs surely ends what stands around it."""
    for statement in block:
        if isinstance(statement, _LEAVING):
            return True
        if isinstance(statement, ast.If):
            if statement.orelse and _leaves(statement.body) and _leaves(statement.orelse):
                return True
            continue  # it may be passed over
        if any(map(_may_leave, _walk_here(statement))):
            raise _Unclear
    return False


def _may_leave(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", getattr(node.func, "id", "")) in _MAY_LEAVE
    return isinstance(node, _LEAVING)


def _walk_here(tree: ast.AST) -> Iterator[ast.AST]:
    """A node and those below it, without what functions and classes define."""
    yield tree
    if not isinstance(tree, (*_DEFINITIONS, ast.Lambda)):
        for child in ast.iter_child_nodes(tree):
            yield from _walk_here(child)


def _bound(block: list[ast.stmt]) -> set[str]:
    """The names that a block binds, and perhaps some that functions in it do."""
    found: set[str] = set()
    for statement in block:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.Import):
                found.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.update(alias.asname or alias.name for alias in node.names)
            elif isinstance(node, _NAMED) and node.name:
                found.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                found.add(node.rest)
    return found


def _submodules(block: list[ast.stmt]) -> set[str]:
    return {
        alias.name
        for statement in block
        for node in ast.walk(statement)
        if isinstance(node, ast.Import)
        for alias in node.names
        if "." in alias.name and not alias.asname
    }


def _without(data: bytes, blocks: list[list[ast.stmt]]) -> bytes:
    """The text without the lines of the blocks."""
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    spans = sorted(
        (
            starts[block[0].lineno - 1] + block[0].col_offset,
            starts[block[-1].end_lineno or -1],
        )
        for block in blocks
    )
    parts, at = [], 0
    for start, end in spans:
        if start >= at:
            parts += [data[at:start], b"pass\n"]
            at = end
    return b"".join([*parts, data[at:]])
