"""Which names a block of code binds, by Python's scoping rules (language reference, 4.2).

The compiler decides what is local to a function from the text alone: a binding in code that never
runs, such as the body of ``if TYPE_CHECKING:``, makes the name local all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from unicodedata import normalize

import libcst as cst

from guard_rules._names.walker import Walker


@dataclass(slots=True)
class Bindings:
    """Names bound in one scope, each with the nodes that bind it, in order of the text."""

    nodes: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)
    definitions: set[str] = field(default_factory=set)
    """Those that an import, a ``def`` or a ``class`` binds."""
    stars: list[cst.ImportFrom] = field(default_factory=list)
    loads: set[str] = field(default_factory=set)
    """Every name that is read anywhere below, nested scopes included; where that was asked for."""
    is_generator: bool = False

    @property
    def local_names(self) -> set[str]:
        """The names that belong to the scope itself."""
        return set(self.nodes) - self.global_names - self.nonlocal_names

    def bind(self, name: str, node: cst.CSTNode) -> None:
        self.nodes.setdefault(normal(name), []).append(node)


def normal(name: str) -> str:
    """The name as Python sees it: in the normal form NFKC (language reference, 2.3)."""
    return name if name.isascii() else normalize("NFKC", name)


def collect(nodes: Iterable[cst.CSTNode], *, loads: bool = False) -> Bindings:
    """The bindings that ``nodes`` make in the scope that they stand in."""
    collector = _LoadCollector() if loads else _Collector()
    for node in nodes:
        collector.walk(node)
    return collector.found


def target_names(target: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    """The names that an assignment, ``for``, ``with`` or ``del`` target stands for."""
    if isinstance(target, cst.Name):
        yield target.value, target
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            yield from target_names(element.value)
    elif isinstance(target, cst.StarredElement):
        yield from target_names(target.value)


def import_binding(alias: cst.ImportAlias, *, whole: bool) -> tuple[str, cst.CSTNode]:
    """The name that one alias binds: ``import a.b`` binds ``a``. ``whole``: of ``import``."""
    if alias.asname is not None:
        name = alias.asname.name
        if isinstance(name, cst.Name):
            return name.value, name
    node: cst.BaseExpression = alias.name
    while whole and isinstance(node, cst.Attribute):
        node = node.value
    while isinstance(node, cst.Attribute):
        node = node.attr
    if not isinstance(node, cst.Name):  # pragma: no cover - the grammar allows nothing else
        raise TypeError(type(node).__name__)
    return node.value, node


def dotted(node: cst.CSTNode | None) -> str | None:
    """``a.b.c`` for a chain of names, otherwise None."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        left = dotted(node.value)
        return None if left is None else f"{left}.{node.attr.value}"
    return None


class _Collector(Walker):
    """Walks one scope, and leaves out the scopes in it."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Bindings()

    def _bind(self, name: str, node: cst.CSTNode) -> None:
        self.found.bind(name, node)

    def _define(self, name: str, node: cst.CSTNode) -> None:
        self._bind(name, node)
        self.found.definitions.add(name)

    def _inner(self, body: cst.CSTNode) -> None:
        """The body of a nested function, class or lambda."""

    def _bind_targets(self, target: cst.CSTNode) -> None:
        for name, node in target_names(target):
            self._bind(name, node)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self._define(node.name.value, node.name)
        self._visit_outer(node)
        self._inner(node.body)
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self._define(node.name.value, node.name)
        self._visit_outer(node)
        self._inner(node.body)
        return False

    def _visit_outer(self, node: cst.FunctionDef | cst.ClassDef) -> None:
        """What the enclosing scope evaluates: a walrus may stand in a decorator or a default."""
        for decorator in node.decorators:
            self.walk(decorator)
        if isinstance(node, cst.FunctionDef):
            self.walk(node.params)
            if node.returns is not None:
                self.walk(node.returns)
        else:
            for argument in (*node.bases, *node.keywords):
                self.walk(argument)

    def visit_Param(self, node: cst.Param) -> bool:
        for part in (node.annotation, node.default):
            if part is not None:
                self.walk(part)
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        self.walk(node.params)
        self._inner(node.body)
        return False

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self._bind_targets(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._bind_targets(node.target)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._bind_targets(node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        # PEP 572: the target of a walrus in a comprehension belongs to the scope around it.
        for name, target in target_names(node.target):
            self._bind(name, target)

    def visit_For(self, node: cst.For) -> None:
        self._bind_targets(node.target)

    def visit_Del(self, node: cst.Del) -> None:
        self._bind_targets(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self._bind_targets(node.name)

    def visit_Import(self, node: cst.Import) -> bool:
        for alias in node.names:
            self._define(*import_binding(alias, whole=True))
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        if isinstance(node.names, cst.ImportStar):
            self.found.stars.append(node)
        else:
            for alias in node.names:
                self._define(*import_binding(alias, whole=False))
        return False

    def visit_TypeAlias(self, node: cst.TypeAlias) -> None:
        self._bind(node.name.value, node.name)

    def visit_MatchAs(self, node: cst.MatchAs) -> None:
        if node.name is not None:
            self._bind(node.name.value, node.name)

    def visit_MatchStar(self, node: cst.MatchStar) -> None:
        if node.name is not None:
            self._bind(node.name.value, node.name)

    def visit_MatchMapping(self, node: cst.MatchMapping) -> None:
        if node.rest is not None:
            self._bind(node.rest.value, node.rest)

    def visit_Global(self, node: cst.Global) -> bool:
        self.found.global_names.update(item.name.value for item in node.names)
        return False

    def visit_Nonlocal(self, node: cst.Nonlocal) -> bool:
        self.found.nonlocal_names.update(item.name.value for item in node.names)
        return False

    def visit_Yield(self, node: cst.Yield) -> None:
        self.found.is_generator = True

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        self.walk(node.value)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        self.walk(node.value)
        return False


class _LoadCollector(_Collector):
    """Walks nested scopes too, for the names that they read."""

    def visit_Name(self, node: cst.Name) -> None:
        self.found.loads.add(node.value)

    def _inner(self, body: cst.CSTNode) -> None:
        inner = _LoadCollector()
        inner.walk(body)
        self.found.loads |= inner.found.loads
