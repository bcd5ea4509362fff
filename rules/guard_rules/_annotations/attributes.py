"""What an attribute of a class or a function of the project stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guard_rules._annotations.symbol import Symbol

if TYPE_CHECKING:
    from guard_rules._annotations.symbols import Symbols  # which asks here

INNER = frozenset({"__wrapped__", "__func__", "fget", "func"})
"""Attributes of what wraps a function that lead to the function."""


def of_function(symbols: Symbols, symbol: Symbol, name: str) -> Symbol | None:
    """An attribute of a decorated function: ``show.register`` after ``@singledispatch``."""
    func = symbols.func(symbol)
    for decorator in func["decorators"]:
        given = symbols.resolve(symbol.path, func["scope"], decorator)
        known = symbols.canonical(given).removesuffix("()")
        if known and given is not None and given.kind in ("ext", "made"):
            return Symbol("ext", name=f"{known}().{name}")
    return symbol if name in INNER else None


def of_class(symbols: Symbols, symbol: Symbol, name: str, *, made: bool) -> Symbol | None:
    """An attribute of a class, or of an instance of it (``made``)."""
    outside: list[str] = []
    for base in symbols.mro(symbol):
        if base.kind != "cls":
            known = symbols.canonical(base)
            if known:
                outside.append(f"{known}().{name}" if made else f"{known}.{name}")
                outside.append(f"{known}.{name}")
            continue
        klass = symbols.klass(base)
        for member in symbols.members(base.path, klass["qualname"], name):
            if member.kind == "fun":
                return _method(symbols, member, symbol)
            return member
        for decorator in klass["decorators"]:
            given = symbols.resolve(base.path, klass["scope"], decorator)
            known = symbols.canonical(given).removesuffix("()")
            if known:
                outside.append(f"{known}().{name}")
    return Symbol("extmethod", name="\0".join(outside), of=symbol) if outside else None


def _method(symbols: Symbols, member: Symbol, klass: Symbol) -> Symbol:
    """A function that is reached through a class; a decorated one may be something else."""
    func = symbols.func(member)
    for decorator in func["decorators"]:
        given = symbols.resolve(member.path, func["scope"], decorator)
        known = symbols.canonical(given).removesuffix("()")
        if known.startswith("functools.singledispatch"):
            return member
    return Symbol("method", member.path, member.index, of=klass)
