"""Which annotations of a project are resolved at run time, by what, and when.

Links the shapes of the files that matter: classes through their bases (across modules), what
decorators do, what calls do, metaclasses and ``__init_subclass__``. What cannot be resolved is
left alone: nothing is reported on a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from guard.model import Step
from guard_rules._annotations.application import Application, MayMatter
from guard_rules._annotations.calls import Calls
from guard_rules._annotations.decorators import Decorators
from guard_rules._annotations.definitions import transparent
from guard_rules._annotations.evaluated import Evaluated
from guard_rules._annotations.expressions import dotted_names, first_names
from guard_rules._annotations.frameworks import Reads, Table
from guard_rules._annotations.hooks import Hooks
from guard_rules._annotations.reach import Reach
from guard_rules._annotations.shapes import Func, Klass, Shape, Tree
from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols

MayResolve = Callable[[str, Iterable[str]], bool]
"""``(path, names)``: whether what one of the dotted names stands for may resolve annotations."""


class Evaluation:
    """The annotations that are resolved, file by file."""

    def __init__(
        self,
        symbols: Symbols,
        table: Table,
        target: tuple[int, int],
        may_matter: MayMatter,
        may_resolve: MayResolve,
    ) -> None:
        self.symbols = symbols
        self.may_matter = may_matter
        self.may_resolve = may_resolve
        self.calls = Calls(symbols, table, target)
        self.hooks = Hooks(self.calls)
        self.decorators = Decorators(self.calls)
        self.application = Application(self.calls, may_matter)

    def in_file(self, path: str) -> Iterator[Evaluated]:
        """What is resolved because of the classes, decorators and calls in one file."""
        shape = self.symbols.load(path)
        if shape is None:
            return
        made = _makers_by_scope(shape)
        for index, klass in enumerate(shape["classes"]):
            lookers = (klass["name"], *_lookers(klass), *made.get(klass["qualname"], ()))
            if self.may_resolve(path, lookers) and self.may_matter(path, _names_of_class(klass)):
                yield from self._class(Symbol("cls", path, index))
        for index, func in enumerate(shape["functions"]):
            lookers = tuple(dotted_names(func["decorators"]))
            if (
                lookers
                and self.may_resolve(path, lookers)
                and self.may_matter(path, _names_of_function(func))
            ):
                symbol = Symbol("fun", path, index)
                yield from self._decorated(symbol, path, func["scope"], func["decorators"])
        for call in shape["calls"]:
            if self.calls.may_matter(path, call):
                yield from self.application.called(path, call)

    def package_wide(self, path: str, reads: Reads, step: Step) -> Iterator[Evaluated]:
        """What an import hook resolves in a module of its package: also annotated assignments."""
        shape = self.symbols.load(path)
        if shape is None:
            return
        reach = Reach(reads, (step,))
        for index in range(len(shape["functions"])):
            yield from self.application.apply(Symbol("fun", path, index), reach)
        for entry in shape["annotated"]:
            if entry["valued"]:
                yield Evaluated(
                    path=path,
                    owner=entry["scope"] or "module",
                    spot=entry["annotation"][2],
                    label=f"variable {entry['target']}",
                    tree=entry["annotation"],
                    scope=entry["scope"],
                    body=(),
                    within="",
                    raises="NameError: name '{name}' is not defined",
                    reach=reach,
                    wholly=False,
                )

    def _class(self, symbol: Symbol) -> Iterator[Evaluated]:
        klass = self.symbols.klass(symbol)
        for reach in self.hooks.library_bases(symbol):
            yield from self.application.apply(symbol, reach)
        yield from self._decorated(symbol, symbol.path, klass["scope"], klass["decorators"])
        for reach in self.hooks.own_hooks(symbol):
            yield from self.application.apply(symbol, reach)

    def _decorated(
        self, symbol: Symbol, path: str, scope: str, decorators: list[Tree]
    ) -> Iterator[Evaluated]:
        for tree in reversed(decorators):
            for reach in self.decorators.reaches(path, scope, tree):
                # what an inner decorator made of a function may be anything
                first = symbol.kind == "cls" or tree is decorators[-1]
                if not first or not self.calls.excluded(reach, symbol):
                    yield from self.application.apply(symbol, reach)
            callee = tree[3][0] if tree[0] == "call" else tree
            if not transparent(self.symbols, self.symbols.resolve(path, scope, callee)):
                return


def _lookers(klass: Klass) -> Iterator[str]:
    """The names by which something may look at a class when it is defined."""
    yield from dotted_names(klass["bases"])
    yield from dotted_names(klass["decorators"])
    yield from dotted_names(value for _, value in klass["keywords"])


def _makers_by_scope(shape: Shape) -> dict[str, list[str]]:
    """By scope, the names of what makes the values there: a descriptor may look at its class."""
    found: dict[str, list[str]] = {}
    for value in shape["values"]:
        if value["value"][0] == "call":
            found.setdefault(value["scope"], []).extend(dotted_names([value["value"][3][0]]))
    return found


def _names_of_class(klass: Klass) -> set[str]:
    trees = [*klass["bases"], *klass["decorators"]]
    trees += [field["annotation"] for field in klass["fields"]]
    return {klass["name"], *first_names(trees)}


def _names_of_function(func: Func) -> set[str]:
    trees = [func["returns"], *func["decorators"]]
    for param in func["params"]:
        trees += [param["annotation"], param["default"]]
    return {func["name"], *first_names(tree for tree in trees if tree is not None)}
