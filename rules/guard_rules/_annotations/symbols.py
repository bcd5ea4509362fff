"""What a name stands for: symbols, followed through scopes, imports and modules.

Nothing is guessed: what cannot be resolved is ``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from guard.rule import Modules
from guard_rules._annotations.attributes import INNER, of_class, of_function
from guard_rules._annotations.index import Index, index_of
from guard_rules._annotations.shapes import Func, Import, Klass, Shape, Tree
from guard_rules._annotations.symbol import Symbol

_RESOLVED = frozenset({"name", "attr", "sub", "call", "str"})


class Symbols:
    """Resolves names over the shapes of a project, which are asked for one by one."""

    def __init__(self, load: Callable[[str], Shape | None], modules: Modules) -> None:
        self.load = load
        self.modules = modules
        self._members: dict[tuple[str, str, str], list[Symbol]] = {}
        self._mro: dict[Symbol, tuple[Symbol, ...]] = {}
        self._busy: set[tuple[str, str, str]] = set()
        self._indices: dict[str, Index] = {}
        self._known: dict[tuple[str, str, Tree, bool], Symbol | None] = {}

    # shapes

    def klass(self, symbol: Symbol) -> Klass:
        """The class statement of a ``cls`` symbol."""
        return self.shape(symbol.path)["classes"][symbol.index]

    def func(self, symbol: Symbol) -> Func:
        """The def statement of a ``fun`` or ``method`` symbol."""
        return self.shape(symbol.path)["functions"][symbol.index]

    def shape(self, path: str) -> Shape:
        """The shape of a file that a symbol stands in; ``LookupError`` where there is none."""
        shape = self.load(path)
        if shape is None:
            raise LookupError(path)
        return shape

    def canonical(self, symbol: Symbol | None) -> str:
        """The dotted name of a symbol, also of one in the project; "" if it has none."""
        if symbol is None:
            return ""
        if symbol.kind == "ext":
            return symbol.name
        if symbol.kind in ("cls", "fun"):
            item = self.klass(symbol) if symbol.kind == "cls" else self.func(symbol)
            return f"{self.modules.module_of(symbol.path)[0]}.{item['qualname']}"
        if symbol.kind == "made":
            inner = self.canonical(symbol.of)
            return f"{inner}()" if inner else ""
        return symbol.name if symbol.kind == "extmethod" else ""

    # expressions

    def resolve(self, path: str, scope: str, tree: Tree, *, types: bool = False) -> Symbol | None:
        """What an expression in ``scope`` of ``path`` stands for.

        ``types``: the expression is an annotation, so that imports for type checkers count.
        """
        if tree[0] not in _RESOLVED:
            return None
        key = (path, scope, tree, types)
        if key not in self._known:
            self._known[key] = None  # what leads to itself stands for nothing
            self._known[key] = self._resolve(path, scope, tree, types=types)
        return self._known[key]

    def _resolve(self, path: str, scope: str, tree: Tree, *, types: bool) -> Symbol | None:
        kind, text, _, parts = tree
        if kind == "str":
            return self.resolve(path, scope, parts[0], types=types)
        if kind == "name":
            return self.dotted(path, scope, text, types=types)
        if kind == "sub":
            return self.resolve(path, scope, parts[0], types=types)
        if kind == "attr":
            return self.attribute(self.resolve(path, scope, parts[0]), text)
        if kind == "call":
            return self.called(path, scope, tree)
        return None

    def called(self, path: str, scope: str, tree: Tree) -> Symbol | None:
        """What a call gives."""
        callee = self.resolve(path, scope, tree[3][0])
        if callee is None:
            return None
        if self.canonical(callee) in ("typing.cast", "typing_extensions.cast") and len(tree[3]) > 2:
            return self.resolve(path, scope, tree[3][2][3][0])
        if callee.kind == "ext" and callee.name in ("functools.partial", "inspect.unwrap"):
            return self.resolve(path, scope, tree[3][1][3][0]) if len(tree[3]) > 1 else None
        if callee.kind == "ext" and callee.name == "builtins.type" and len(tree[3]) == 2:
            inner = self.resolve(path, scope, tree[3][1][3][0])
            return inner.of if inner is not None and inner.kind == "made" else None
        if callee.kind == "fun":
            returns = self.func(callee)["returns"]
            if returns is not None:
                scope = self.func(callee)["scope"]
                given = self.resolve(callee.path, scope, returns, types=True)
                if given is not None and given.kind in ("cls", "ext"):
                    return Symbol("made", of=given)
        return Symbol("made", of=callee)

    def dotted(self, path: str, scope: str, name: str, *, types: bool = False) -> Symbol | None:
        """What ``a.b.c`` in ``scope`` of ``path`` stands for."""
        first, *rest = name.split(".")
        if len(rest) and self._is_self(path, scope, first):
            found = self._self_attribute(path, scope, ".".join([first, rest[0]]))
            if found is not None:
                for part in rest[1:]:
                    found = self.attribute(found, part)
                return found
        for candidate in self.lookup(path, scope, first, types=types):
            symbol: Symbol | None = candidate
            for part in rest:
                symbol = self.attribute(symbol, part)
            if symbol is not None:
                return symbol
        return None

    def lookup(self, path: str, scope: str, name: str, *, types: bool = False) -> Iterator[Symbol]:
        """What ``name`` can be in ``scope``, by Python's scope rules (class bodies are skipped)."""
        shape = self.load(path)
        if shape is None:
            return
        current = scope
        while True:
            found = self.members(path, current, name, types=types)
            if found or name in shape["binds"].get(current, ()):
                yield from found
                return
            if not current:
                break
            current = self._outer(path, current)
        yield from self._stars(path, name)
        if name == "type":
            yield Symbol("ext", name="builtins.type")

    def _outer(self, path: str, scope: str) -> str:
        """The next scope that a name is looked up in: functions and the module, not classes."""
        classes = self._index(path).classes_by_qualname
        outer = scope.rpartition(".")[0]
        while outer in classes:
            outer = outer.rpartition(".")[0]
        return outer

    def members(self, path: str, scope: str, name: str, *, types: bool = False) -> list[Symbol]:
        """What ``name`` can be in exactly this scope."""
        key = (path, scope, name)
        if types:
            return self._members_of(path, scope, name, types=True)
        if key not in self._members:
            if key in self._busy:
                return []  # what leads to itself stands for nothing
            self._busy.add(key)
            self._members[key] = self._members_of(path, scope, name, types=False)
            self._busy.discard(key)
        return self._members[key]

    def _members_of(self, path: str, scope: str, name: str, *, types: bool) -> list[Symbol]:
        shape = self.load(path)
        if shape is None:
            return []
        index, key = self._index(path), (scope, name)
        found = [Symbol("cls", path, number) for number in index.classes.get(key, ())]
        found += [Symbol("fun", path, number) for number in index.functions.get(key, ())]
        for number in index.functions_by_qualname.get(scope, ()):
            found += self._parameter(path, number, shape["functions"][number], name)
        for entry in index.imports.get(key, ()):
            if types or not entry["guarded"]:
                symbol = self.imported(path, entry)
                if symbol is not None:
                    found.append(symbol)
        for tree in index.values.get(key, ()):
            symbol = self.resolve(path, scope, tree)
            if symbol is not None:
                found.append(symbol)
        return found

    def _index(self, path: str) -> Index:
        if path not in self._indices:
            self._indices[path] = index_of(self.shape(path))
        return self._indices[path]

    def _parameter(self, path: str, index: int, func: Func, name: str) -> list[Symbol]:
        for position, param in enumerate(func["params"]):
            if param["name"] != name:
                continue
            if position == 0 and func["owner"] >= 0:
                return [Symbol("param", path, index, name)]
            if param["annotation"] is not None:
                given = self.resolve(path, func["scope"], param["annotation"], types=True)
                if given is not None and given.kind in ("cls", "ext"):
                    known = self.canonical(given)
                    if known not in ("typing.Any", "collections.abc.Callable", "typing.Callable"):
                        return [Symbol("param", path, index, name), Symbol("made", of=given)]
            return [Symbol("param", path, index, name)]
        return []

    def _is_self(self, path: str, scope: str, name: str) -> bool:
        shape = self.load(path)
        if shape is None:
            return False
        numbers = self._index(path).functions_by_qualname.get(scope, ())
        functions = (shape["functions"][number] for number in numbers)
        return any(
            func["owner"] >= 0 and bool(func["params"]) and func["params"][0]["name"] == name
            for func in functions
        )

    def _self_attribute(self, path: str, scope: str, name: str) -> Symbol | None:
        """``self.x`` from an assignment in any method, or from the class."""
        shape = self.shape(path)
        klass = scope.rpartition(".")[0]
        attr = name.partition(".")[2]
        for value in shape["values"]:
            if value["target"].partition(".")[2] == attr and value["scope"].startswith(klass + "."):
                found = self.resolve(path, value["scope"], value["value"])
                if found is not None:
                    return found
        for number in self._index(path).classes_by_qualname.get(klass, ()):
            return self.attribute(Symbol("made", of=Symbol("cls", path, number)), attr)
        return None

    # imports

    def imported(self, path: str, entry: Import) -> Symbol | None:
        """What an import statement binds."""
        if entry["attr"] == "*":
            return None
        module = self._module(path, entry["level"], entry["module"])
        if not entry["attr"]:
            return module
        return self.attribute(module, entry["attr"]) if module is not None else None

    def _module(self, path: str, level: int, dotted: str) -> Symbol | None:
        if level:
            found = self.modules.relative(path, level, dotted)
            return None if found is None else Symbol("mod", found)
        found = self.modules.find(dotted, path)
        if found is not None:
            return Symbol("mod", found)
        if self.modules.is_namespace(dotted, path):
            return Symbol("space", path, name=dotted)
        return Symbol("ext", name=dotted)

    def _stars(self, path: str, name: str) -> Iterator[Symbol]:
        shape = self.load(path)
        for entry in shape["imports"] if shape else ():
            if entry["attr"] == "*" and not entry["guarded"] and not entry["scope"]:
                module = self._module(path, entry["level"], entry["module"])
                if module is None:
                    continue
                found = self.attribute(module, name)
                if found is not None:
                    yield found

    # attributes

    def attribute(self, symbol: Symbol | None, name: str) -> Symbol | None:
        """``symbol.name``."""
        if symbol is None:
            return None
        if symbol.kind == "ext":
            return Symbol("ext", name=f"{symbol.name}.{name}")
        if symbol.kind == "space":
            return self._module(symbol.path, 0, f"{symbol.name}.{name}")
        if symbol.kind == "mod":
            return self._of_module(symbol, name)
        if symbol.kind == "fun":
            return of_function(self, symbol, name)
        if symbol.kind == "method" and name in INNER:
            return symbol
        if symbol.kind == "cls":
            return of_class(self, symbol, name, made=False)
        if symbol.kind == "made" and symbol.of is not None:
            if name == "__class__":
                return symbol.of
            if symbol.of.kind == "cls":
                return of_class(self, symbol.of, name, made=True)
            inner = self.canonical(symbol.of)
            return Symbol("ext", name=f"{inner}().{name}") if inner else None
        return None

    def _of_module(self, symbol: Symbol, name: str) -> Symbol | None:
        for candidate in self.lookup(symbol.path, "", name):
            return candidate
        if symbol.path.endswith("__init__.py"):
            found = self.modules.submodule(symbol.path, name)
            if found is not None:
                return Symbol("mod", found)
        return None

    # classes

    def bases(self, symbol: Symbol) -> list[Symbol]:
        """The direct bases that can be resolved."""
        klass = self.klass(symbol)
        found = []
        for base in klass["bases"]:
            given = self.resolve(symbol.path, klass["scope"], base)
            if given is not None and given.kind in ("cls", "ext", "made"):
                found.append(given)
        return found

    def mro(self, symbol: Symbol) -> tuple[Symbol, ...]:
        """The class and all its bases, depth first; near enough to Python's own order here."""
        if symbol not in self._mro:
            self._mro[symbol] = (symbol,)  # a cycle ends here
            found = [symbol]
            for base in self.bases(symbol):
                for item in self.mro(base) if base.kind == "cls" else (base,):
                    if item in found:
                        found.remove(item)
                    found.append(item)
            self._mro[symbol] = tuple(found)
        return self._mro[symbol]

    def method(self, symbol: Symbol, name: str) -> Symbol | None:
        """The function that ``name`` is in the class or in a base of the project."""
        found = of_class(self, symbol, name, made=True)
        return found if found is not None and found.kind == "method" else None
