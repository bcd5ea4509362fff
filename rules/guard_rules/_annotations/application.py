"""The annotations of a class or a function that a reach resolves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from guard_rules._annotations.calls import Calls
from guard_rules._annotations.evaluated import Evaluated
from guard_rules._annotations.expressions import calls_in, walk
from guard_rules._annotations.mapped import parts
from guard_rules._annotations.reach import Reach
from guard_rules._annotations.selection import Selection
from guard_rules._annotations.shapes import Call, Field, Func, Parameter, Tree
from guard_rules._annotations.symbol import Symbol

MayMatter = Callable[[str, Collection[str]], bool]
"""``(path, names)``: whether what these stand for may be annotated with guarded names."""


class Application:
    """Applies a reach: follows it into bases, nested classes and what metadata injects."""

    def __init__(self, calls: Calls, may_matter: MayMatter) -> None:
        self.calls = calls
        self.symbols = calls.symbols
        self.table = calls.table
        self.may_matter = may_matter
        self.selection = Selection(self.symbols, self.table)

    def called(self, path: str, call: Call) -> Iterator[Evaluated]:
        """The annotations that a call in a file resolves."""
        for reach, target in self.calls.reached(path, call):
            if reach.unless:
                continue
            for subject in self.calls.reached_subjects(path, call, reach, target):
                if self.calls.may_get_there(reach, subject, target):
                    yield from self.apply(subject, reach, as_type=True)

    def apply(
        self,
        symbol: Symbol,
        reach: Reach,
        *,
        as_type: bool = False,
        seen: frozenset[Symbol] = frozenset(),
    ) -> Iterator[Evaluated]:
        """The annotations of a class or a function that ``reach`` resolves.

        ``as_type``: it is met as a type, not decorated or derived. ``seen``: what led there.
        """
        if symbol in seen:
            return
        if not seen and symbol.kind == "cls":
            reach = replace(reach, root=self.symbols.klass(symbol)["name"])
        seen = seen | {symbol}
        reads = reach.reads
        if symbol.kind == "made" and symbol.of is not None:
            if reads.init:
                made = symbol.of.kind == "cls"
                method = self.symbols.method(symbol.of, "__call__") if made else None
                if method is not None:
                    yield from self._function(method, reach, seen)
            elif symbol.of.kind == "cls":
                yield from self.apply(symbol.of, reach, as_type=as_type, seen=seen)
        elif symbol.kind in ("fun", "method") and (reads.params or reads.returns):
            yield from self._function(symbol, reach, seen)
        elif symbol.kind == "cls":
            yield from self._class_annotations(symbol, reach, as_type, seen)

    def _class_annotations(
        self, symbol: Symbol, reach: Reach, as_type: bool, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        reads = reach.reads
        if symbol.name == "__init__":  # C.__init__ where a dataclass makes it
            symbol = replace(symbol, name="")
            as_type = False
        if reads.init:
            init = self.symbols.method(symbol, "__init__")
            if init is not None:
                yield from self._function(init, reach, seen)
        if reads.methods:
            shape = self.symbols.load(symbol.path)
            for index, func in enumerate(shape["functions"] if shape else ()):
                if func["owner"] == symbol.index:
                    yield from self._function(Symbol("fun", symbol.path, index), reach, seen)
            if self.selection.is_record(symbol, frozenset({"dataclasses.dataclass"})):
                reads = replace(reads, fields=True, inherited=False)
        model = self.selection.abstract_model(symbol) if as_type and reads.collects else None
        if not reads.fields:
            return
        if model is not None:
            reads = replace(reads, public_only=model.public_only, skip_fields=model.skip_fields)
        elif as_type:
            if not self.selection.is_record(symbol, reads.records):
                return
            # what a library skips in its own classes counts in those of others
            reads = replace(reads, public_only=False, skip_fields=frozenset())
        reach = replace(reach, reads=reads)
        given: set[str] = set()
        for base in self.selection.fielded(symbol, reads):
            fields = self.symbols.klass(base)["fields"]
            for field in fields:
                if reads.shadowed or field["name"] not in given:
                    yield from self._field(symbol, base, field, reach, seen)
            given.update(field["name"] for field in fields)

    def _field(
        self,
        owner: Symbol,
        base: Symbol,
        field: Field,
        reach: Reach,
        seen: frozenset[Symbol],
    ) -> Iterator[Evaluated]:
        reads = reach.reads
        if self.selection.skips_field(base, field, reads):
            return
        klass = self.symbols.klass(base)
        scope = klass["qualname"]
        trees: list[tuple[Tree, str]] = [(field["annotation"], reads.raises)]
        if reads.mapped:
            unmapped = base != owner and not self.selection.is_mapped(base)
            trees = list(parts(self.symbols, base, field, inherited=unmapped))
        elif self.selection.keeps(base.path, scope, field["annotation"], reads):
            return
        for tree, raises in trees:
            yield Evaluated(
                path=base.path,
                owner=klass["qualname"],
                spot=klass["spot"],
                label=f"field {field['name']}",
                tree=tree,
                scope=klass["scope"],
                body=(*klass["binds"], *klass["type_params"]),
                within=reach.root or klass["name"],
                raises=raises,
                reach=reach,
                wholly=reads.mapped and field["annotation"][0] == "str",
            )
        yield from self._metadata(base.path, scope, field["annotation"])
        if reads.nested:
            yield from self._nested(base.path, scope, field["annotation"], reach, seen)

    def _function(
        self, symbol: Symbol, reach: Reach, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        func = self.symbols.func(symbol)
        reads = reach.reads
        if self.selection.skips_function(symbol, reads):
            return
        shape = self.symbols.load(symbol.path)
        around = shape["classes"][func["owner"]]["name"] if shape and func["owner"] >= 0 else ""
        common = {"path": symbol.path, "owner": func["qualname"], "spot": func["spot"]}
        given: list[tuple[str, Tree]] = []
        for param in func["params"] if reads.params else ():
            annotation = param["annotation"]
            if annotation is None:
                continue
            yield from self._injected(symbol, func, param, reach, seen)
            if not self.selection.skips_parameter(symbol.path, func["scope"], param, reads):
                given.append((f"parameter {param['name']}", annotation))
        if reads.first_only:
            given = given[:1]
        if reads.returns and func["returns"] is not None:
            given.append(("return", func["returns"]))
        for label, tree in given:
            if self.selection.keeps(symbol.path, func["scope"], tree, reads):
                continue
            yield Evaluated(
                **common,  # type: ignore[arg-type]
                label=label,
                tree=tree,
                scope=func["scope"],
                body=tuple(func["type_params"]),
                within=around or reach.root,
                raises=reads.raises,
                reach=reach,
                wholly=False,
            )
            if reads.nested:
                yield from self._nested(symbol.path, func["scope"], tree, reach, seen)

    def _injected(
        self, symbol: Symbol, func: Func, param: Parameter, reach: Reach, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        """What a parameter's metadata brings in: ``Annotated[X, Depends(f)]``, ``Depends()``."""
        path, scope, annotation = symbol.path, func["scope"], param["annotation"]
        if annotation is None:
            return
        yield from self._metadata(path, scope, annotation)
        default = param["default"]
        made_by_default = [default] if default is not None and default[0] == "call" else []
        for tree in (*calls_in(annotation), *made_by_default):
            if len(tree[3]) > 1:
                continue
            callee = self.symbols.resolve(path, scope, tree[3][0])
            for argument in self.table.functions.get(self.symbols.canonical(callee), ()):
                if argument.reads.init:
                    given = self.symbols.resolve(path, scope, _plain(annotation))
                    if given is not None and given.kind == "cls":
                        again = Reach(argument.reads, reach.steps)
                        yield from self.apply(given, again, seen=seen)

    def _metadata(self, path: str, scope: str, annotation: Tree) -> Iterator[Evaluated]:
        """What the calls in an annotation resolve: ``Annotated[X, Depends(f)]``."""
        for tree in calls_in(annotation):
            call: Call = {"scope": scope, "func": -1, "tree": tree, "caught": [], "when": []}
            yield from self.called(path, call)

    def _nested(
        self, path: str, scope: str, tree: Tree, reach: Reach, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        """What is resolved with an annotation: the fields of the classes that it names."""
        for part in walk(tree):
            if part[0] != "name" or not self.may_matter(path, {part[1].partition(".")[0]}):
                continue
            symbol = self.symbols.resolve(path, scope, part)
            if symbol is not None and symbol.kind == "cls":
                yield from self.apply(symbol, reach, as_type=True, seen=seen)


def _plain(tree: Tree) -> Tree:
    """``X`` of ``Annotated[X, ...]``, quoted or not."""
    while tree[0] == "str":
        tree = tree[3][0]
    if tree[0] == "sub" and tree[3][0][1].rpartition(".")[2] == "Annotated" and len(tree[3]) > 1:
        return tree[3][1]
    return tree
