"""Which annotations an entry of the table leaves alone: by class, field, parameter or metadata."""

from __future__ import annotations

from guard_rules._annotations.definitions import is_abstract
from guard_rules._annotations.expressions import calls_in
from guard_rules._annotations.frameworks import Reads, Table
from guard_rules._annotations.shapes import Field, Parameter, Tree
from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols


class Selection:
    """Answers for a class, a function or one annotation whether ``Reads`` speaks of it."""

    def __init__(self, symbols: Symbols, table: Table) -> None:
        self.symbols = symbols
        self.table = table

    # classes

    def is_record(self, symbol: Symbol, records: frozenset[str]) -> bool:
        """Whether one of these bases or decorators makes the class; none given: any class is."""
        return not records or any(
            self._collects(base, records)
            if base.kind == "cls"
            else self.symbols.canonical(base) in records
            for base in self.symbols.mro(symbol)
        )

    def _collects(self, symbol: Symbol, decorators: frozenset[str]) -> bool:
        """Whether one of the decorators is on this very class."""
        klass = self.symbols.klass(symbol)
        for tree in klass["decorators"] if decorators else ():
            callee = tree[3][0] if tree[0] == "call" else tree
            given = self.symbols.resolve(symbol.path, klass["scope"], callee)
            if self.symbols.canonical(given) in decorators:
                return True
        return False

    def fielded(self, symbol: Symbol, reads: Reads) -> list[Symbol]:
        """The class and those of its bases whose annotations are resolved with its own."""
        found = [
            base
            for base in self.symbols.mro(symbol)
            if base.kind == "cls" and (base == symbol or reads.inherited)
        ]
        collected = [base for base in found if self._collects(base, reads.collects)]
        return collected or found

    def abstract_model(self, symbol: Symbol) -> Reads | None:
        """How an abstract model is read where it is a type; other models are read of themselves."""
        for base in self.symbols.mro(symbol):
            reads = self.table.bases.get(self.symbols.canonical(base))
            if reads is not None and reads.rebuilt and is_abstract(self.symbols, symbol):
                return reads
        return None

    def is_mapped(self, symbol: Symbol) -> bool:
        """Whether SQLAlchemy maps the class itself, not only what derives from it."""
        direct = {self.symbols.canonical(base) for base in self.symbols.bases(symbol)}
        klass = self.symbols.klass(symbol)
        for base in self.symbols.mro(symbol)[1:]:
            name = self.symbols.canonical(base)
            reads = self.table.bases.get(name)
            if reads is not None and reads.mapped:
                return (reads.direct or name not in direct) and "__abstract__" not in klass["binds"]
        return False

    # fields, functions and parameters

    def skips_field(self, base: Symbol, field: Field, reads: Reads) -> bool:
        """Whether a field of ``base`` is left alone, for its name or for its default."""
        name, value = field["name"], field["value"]
        if name in reads.skip_fields or (
            reads.public_only and name.startswith("_") and name not in reads.extra_fields
        ):
            return True
        if value is None or value[0] != "call" or not (reads.skip_defaults or reads.collects):
            return False
        scope = self.symbols.klass(base)["qualname"]
        callee = self.symbols.canonical(self.symbols.resolve(base.path, scope, value[3][0]))
        if callee in reads.skip_defaults:
            return True
        return bool(reads.collects) and callee == "dataclasses.field" and not _is_filled(value)

    def skips_function(self, symbol: Symbol, reads: Reads) -> bool:
        """Whether a function is left alone, for its class or for its decorators."""
        func = self.symbols.func(symbol)
        if reads.within:
            owner = Symbol("cls", symbol.path, func["owner"])
            if func["owner"] < 0 or not self.is_record(owner, reads.within):
                return True
        return any(
            self.symbols.canonical(self.symbols.resolve(symbol.path, func["scope"], tree))
            in reads.unchecked
            for tree in (func["decorators"] if reads.unchecked else ())
        )

    def skips_parameter(self, path: str, scope: str, param: Parameter, reads: Reads) -> bool:
        """Whether a parameter is left alone for its default."""
        default = param["default"]
        if not reads.skip_defaults or default is None or default[0] != "call":
            return False
        callee = self.symbols.resolve(path, scope, default[3][0])
        return self.symbols.canonical(callee) in reads.skip_defaults

    def keeps(self, path: str, scope: str, tree: Tree, reads: Reads) -> bool:
        """Whether wrappers or metadata keep an annotation of ``path`` from being resolved."""
        quoted = tree[0] == "str"
        while tree[0] == "str":
            tree = tree[3][0]
        head = tree[3][0] if tree[0] == "sub" else tree
        known = self.symbols.canonical(self.symbols.resolve(path, scope, head, types=True))
        if known in reads.skip_wrappers:
            return True
        shape = self.symbols.load(path)
        future = quoted or (shape is not None and shape["future"])
        skipped = reads.skip_metadata | (frozenset() if future else reads.skip_quoted_metadata)
        for call in calls_in(tree) if skipped else ():
            callee = self.symbols.resolve(path, scope, call[3][0])
            if self.symbols.canonical(callee) in skipped:
                return True
        return False


def _is_filled(tree: Tree) -> bool:
    """Whether ``field(...)`` has an ``init`` or a default: else pydantic leaves it alone."""
    keywords = {part[1]: part[3][0][1] for part in tree[3][1:] if part[0] == "kw"}
    return keywords.get("init") != "False" or bool(
        keywords.keys() & {"", "default", "default_factory"}
    )
