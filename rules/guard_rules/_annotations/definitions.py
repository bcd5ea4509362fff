"""What a class or a function of the project is like: its metaclass, abstract, transparent."""

from __future__ import annotations

from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols

_ABSTRACT = frozenset(
    f"abc.abstract{kind}" for kind in ("method", "property", "classmethod", "staticmethod")
)


def metaclass(symbols: Symbols, symbol: Symbol) -> Symbol | None:
    """The first metaclass that the class or a base names."""
    for base in symbols.mro(symbol):
        if base.kind != "cls":
            continue
        klass = symbols.klass(base)
        for keyword, value in klass["keywords"]:
            if keyword == "metaclass":
                return symbols.resolve(base.path, klass["scope"], value)
    return None


def is_abstract(symbols: Symbols, symbol: Symbol) -> bool:
    """Whether a class has abstract methods left, so that it cannot be called."""
    given: set[str] = set()
    for base in symbols.mro(symbol):
        if base.kind != "cls":
            continue
        shape = symbols.shape(base.path)
        for func in shape["functions"]:
            if func["owner"] == base.index and func["name"] not in given:
                for tree in func["decorators"]:
                    known = symbols.canonical(symbols.resolve(base.path, func["scope"], tree))
                    if known in _ABSTRACT:
                        return True
        given.update(symbols.klass(base)["binds"])
    return False


def transparent(symbols: Symbols, decorator: Symbol | None) -> bool:
    """Whether what a decorator gives still shows the annotations of what it decorates.

    Only a decorator of the project that plainly returns another function is opaque.
    """
    if decorator is not None and decorator.kind == "made":
        decorator = decorator.of
    if decorator is None or decorator.kind != "fun":
        return True
    shape = symbols.shape(decorator.path)
    func = symbols.func(decorator)
    names = {tree[1] for tree in func["returned"] if tree[0] == "name"}
    for index, inner in enumerate(shape["functions"]):
        if inner["outer"] != decorator.index or inner["name"] not in names:
            continue
        if not inner["decorators"] and not _mends(symbols, decorator):
            nested = Symbol("fun", decorator.path, index)
            return _returns_functions(symbols, nested) and transparent(symbols, nested)
    return True


def _returns_functions(symbols: Symbols, symbol: Symbol) -> bool:
    shape = symbols.shape(symbol.path)
    names = {tree[1] for tree in symbols.func(symbol)["returned"] if tree[0] == "name"}
    return any(
        inner["outer"] == symbol.index and inner["name"] in names for inner in shape["functions"]
    )


def _mends(symbols: Symbols, symbol: Symbol) -> bool:
    """Whether a function makes another one look like what it was given."""
    shape = symbols.shape(symbol.path)
    scope = symbols.func(symbol)["qualname"]
    return any(
        call["scope"] == scope
        and call["tree"][3][0][1].rpartition(".")[2] in ("update_wrapper", "wraps", "decorate")
        for call in shape["calls"]
    ) or any(
        value["scope"] == scope and value["target"].rpartition(".")[2].startswith("__")
        for value in shape["values"]
    )
