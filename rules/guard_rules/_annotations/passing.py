"""Which values of a parameter get past the conditions of a function (``conditions``)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from guard_rules._annotations.definitions import metaclass
from guard_rules._annotations.shapes import NOWHERE, OPAQUE, Func, Tree
from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols

_CLASSES = frozenset({"builtins.type", "type", "abc.ABCMeta", "inspect.isclass"})
_FUNCTIONS = frozenset({"types.FunctionType", "types.LambdaType", "inspect.isfunction"})
_METHODS = frozenset({"types.MethodType", "inspect.ismethod"})
_CALLABLES = frozenset({"callable", "collections.abc.Callable", "typing.Callable"})
_ORIGINS = frozenset({"typing.get_origin", "typing_extensions.get_origin"})
_NOTHING: Tree = ("const", "None", NOWHERE, ())
_PLAIN = frozenset(
    {"str", "bytes", "int", "float", "bool", "dict", "list", "tuple", "set", "frozenset"}
)


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for a value to get on: in a function, ``tree`` is as ``wanted``.

    ``name`` is the parameter with the value, ``absent`` those that are not given; these are only
    known once ``closed``, when a call of the function has been seen.
    """

    path: str
    index: int
    tree: Tree
    wanted: bool
    name: str
    absent: frozenset[str] = frozenset()
    closed: bool = False

    def close(self, func: Func, given: frozenset[str]) -> Condition:
        """The same for a call that gives these parameters."""
        if self.closed:
            return self
        absent = {param["name"] for param in func["params"] if param["kind"] in ("pos", "kwonly")}
        return replace(self, absent=frozenset(absent - given - {self.name}), closed=True)


class Passing:
    """Says whether a value can get past a condition."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def excludes(self, condition: Condition, value: Symbol) -> bool:
        """Whether a value surely does not get on."""
        func = self.symbols.func(Symbol("fun", condition.path, condition.index))
        scope = func["qualname"]
        shape = self.symbols.load(condition.path)
        binds = shape["binds"].get(scope, []) if shape else []
        defaults = {
            param["name"]: param["default"]
            for param in func["params"]
            if param["name"] in condition.absent
            and param["default"] is not None
            and binds.count(param["name"]) < 2
        }

        def holds(tree: Tree) -> bool | None:
            kind, name, _, parts = tree
            if kind == "not":
                inner = holds(parts[0])
                return None if inner is None else not inner
            if kind in ("and", "or"):
                decisive = kind == "or"
                found = [holds(part) for part in parts]
                if decisive in found:
                    return decisive
                return None if None in found else not decisive
            if tree == OPAQUE:
                return None
            if name == condition.name:
                return self._of_value(condition.path, scope, tree, value)
            if self._is_origin(condition.path, scope, name, condition.name):
                return _of_default(tree, _NOTHING)  # it has one only if it is subscripted
            default = defaults.get(name)
            return None if default is None else _of_default(tree, default)

        held = holds(condition.tree)
        return held is not None and held != condition.wanted

    def _is_origin(self, path: str, scope: str, name: str, param: str) -> bool:
        """Whether ``name`` is ``get_origin(param)``."""
        shape = self.symbols.load(path)
        for value in shape["values"] if shape else ():
            tree = value["value"]
            if value["scope"] == scope and value["target"] == name and tree[0] == "call":
                known = self.symbols.canonical(self.symbols.resolve(path, scope, tree[3][0]))
                given = [part[3][0][:2] for part in tree[3][1:] if part[0] == "arg"]
                return known in _ORIGINS and given == [("name", param)]
        return False

    def _of_value(self, path: str, scope: str, tree: Tree, value: Symbol) -> bool | None:
        kind, _, _, parts = tree
        if kind == "is":
            return False if parts[0][0] == "const" else None
        if kind == "true":
            return True if value.kind in ("cls", "fun") else None
        found = [self._is(path, scope, kind, part, value) for part in parts]
        if True in found:
            return True
        return None if None in found else False

    def _is(self, path: str, scope: str, kind: str, tree: Tree, value: Symbol) -> bool | None:
        meant = self.symbols.resolve(path, scope, tree)
        known = self.symbols.canonical(meant) or (tree[1] if tree[0] == "name" else "")
        if kind == "issubclass":
            return self._is_below(value, meant)
        made = value.of if value.kind == "made" and value.of and value.of.kind == "cls" else None
        if known in _CLASSES:
            return self._is_class(value, made)
        if value.kind == "cls":
            if known in _CALLABLES:
                return True
            if known in _FUNCTIONS | _METHODS | _PLAIN or known == "inspect.isroutine":
                return False
            meta = metaclass(self.symbols, value)
            return False if meta is None and self._is_plain(meant) else None
        if value.kind == "fun":
            if known in _CALLABLES or known in ("types.FunctionType", "inspect.isfunction"):
                return True
            return False if known in _METHODS | _PLAIN or self._is_plain(meant) else None
        if made is not None:
            if known in _FUNCTIONS | _METHODS:
                return False
            return self._is_below(made, meant)
        return None

    def _is_class(self, value: Symbol, made: Symbol | None) -> bool | None:
        if value.kind == "cls":
            return True
        if value.kind == "fun":
            return False
        return False if made is not None and self._is_known(made) else None

    def _is_below(self, symbol: Symbol, other: Symbol | None) -> bool | None:
        if symbol.kind != "cls" or other is None or other.kind != "cls":
            return None
        if other in self.symbols.mro(symbol):
            return True
        return False if self._is_known(symbol) and self._is_plain(other) else None

    def _is_plain(self, symbol: Symbol | None) -> bool:
        """Whether only instances of a class and of its subclasses are instances of it."""
        if symbol is None or symbol.kind != "cls" or not self._is_known(symbol):
            return False
        return metaclass(self.symbols, symbol) is None

    def _is_known(self, symbol: Symbol) -> bool:
        """Whether all bases are classes of the project, so that there are no others."""
        return all(
            base.kind == "cls"
            and len(self.symbols.bases(base)) == len(self.symbols.klass(base)["bases"])
            for base in self.symbols.mro(symbol)
        )


def _of_default(tree: Tree, default: Tree) -> bool | None:
    kind, _, _, parts = tree
    nothing = default[:2] == ("const", "None")
    if kind == "is":
        if parts[0][:2] == default[:2]:
            return True
        return False if parts[0][0] == default[0] == "const" else None
    if kind == "true":
        return False if nothing or default[:2] == ("const", "False") else None
    return False if nothing and kind == "asks" else None
