"""What an argument stands for: the classes, functions and parameters whose annotations count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from guard_rules._annotations.shapes import Tree
from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols

_SAME_PARAM = frozenset(
    {"__init__", "__call__", "__func__", "__wrapped__", "__class__", "__new__", "__post_init__"}
)
_TYPE = Symbol("ext", name="builtins.type")
_DEPTH = 6


class Subjects:
    """Follows arguments through calls that hand on what they are given, and through assignments."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def of(self, path: str, scope: str, tree: Tree | Symbol, depth: int = 0) -> Iterator[Symbol]:
        """The classes, functions and parameters that an argument stands for."""
        if isinstance(tree, Symbol):
            yield tree
            return
        kind, text, _, parts = tree
        if depth > _DEPTH:
            return
        if kind in ("sub", "op", "str", "arg", "kw"):
            for part in parts:
                yield from self.of(path, scope, part, depth + 1)
            return
        if kind == "call":
            callee = parts[0]
            last = callee[1].rpartition(".")[2]
            if last == "__new__" or callee[1] in ("type", "inspect.unwrap", "functools.partial"):
                inner = [part[3][0] for part in parts[1:2]]
                if last == "__new__":
                    yield from self._first_parameter(path, scope)
                for part in inner if last != "__new__" else ():
                    for symbol in self.of(path, scope, part, depth + 1):
                        if symbol.kind == "param" and callee[1] == "type":
                            yield replace(symbol, of=_TYPE)
                        else:
                            yield symbol.of if symbol.kind == "made" and symbol.of else symbol
                return
        if kind not in ("name", "attr", "call"):
            return
        if kind == "name" and "." in text:
            first, *rest = text.split(".")
            for symbol in self.symbols.lookup(path, scope, first):
                if symbol.kind == "param" and set(rest) <= _SAME_PARAM:
                    yield replace(symbol, of=_TYPE) if "__class__" in rest else symbol
                    return
        plain = kind == "name" and "." not in text
        found = (
            self.symbols.dotted(path, scope, text)
            if plain
            else self.symbols.resolve(path, scope, tree)
        )
        if found is not None and found.kind in ("cls", "fun", "method", "param", "made"):
            yield found
            if found.kind == "param" and found.name == text:  # it may have got another value
                yield from self._assigned(path, scope, text, depth + _DEPTH // 2)
            return
        if kind == "name" and text.endswith(".__init__"):
            owner = self.symbols.dotted(path, scope, text.removesuffix(".__init__"))
            if owner is not None and owner.kind == "cls":
                yield replace(owner, name="__init__")
            return
        if kind == "name" and found is None:
            yield from self._assigned(path, scope, text, depth)

    def _assigned(self, path: str, scope: str, name: str, depth: int) -> Iterator[Symbol]:
        """What the assignments to a name in exactly this scope give it."""
        shape = self.symbols.load(path)
        for value in shape["values"] if shape else ():
            if value["scope"] == scope and value["target"] == name:
                yield from self.of(path, scope, value["value"], depth + 1)

    def _first_parameter(self, path: str, scope: str) -> Iterator[Symbol]:
        """The parameter of a method that stands for its instance or its class."""
        shape = self.symbols.load(path)
        for index, func in enumerate(shape["functions"] if shape else ()):
            if func["qualname"] == scope and func["owner"] >= 0 and func["params"]:
                yield Symbol("param", path, index, func["params"][0]["name"])
