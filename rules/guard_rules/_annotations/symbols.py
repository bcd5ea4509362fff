"""What a name stands for: symbols, followed through scopes, imports and modules.

A symbol is a small tuple. Nothing is guessed: what cannot be resolved is ``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from guard.rule import Modules
from guard_rules._annotations.shapes import Func, Import, Klass, Shape, Tree

_RESOLVED = frozenset({"name", "attr", "sub", "call", "str"})
_ABSTRACT = frozenset(
    f"abc.abstract{kind}" for kind in ("method", "property", "classmethod", "staticmethod")
)
_INNER = frozenset({"__wrapped__", "__func__", "fget", "func"})


@dataclass(frozen=True, slots=True)
class Symbol:
    """``kind``: ``ext`` (canonical name outside the project), ``mod`` (a file), ``cls`` and ``fun``

    (index into the shape of a file), ``made`` (what calling ``of`` gives), ``method`` (function
    ``index`` reached through the class ``of``), ``extmethod`` (a canonical method reached through
    the class ``of``), ``param`` (parameter ``name`` of function ``index``).
    """

    kind: str
    path: str = ""
    index: int = -1
    name: str = ""
    of: Symbol | None = None


@dataclass(frozen=True, slots=True)
class _Index:
    """The definitions, imports and values of one file by scope and name; functions by name."""

    defined: dict[tuple[str, str], list[Symbol]]
    functions: dict[str, list[int]]
    imports: dict[tuple[str, str], list[Import]]
    values: dict[tuple[str, str], list[Tree]]


class Symbols:
    """Resolves names over the shapes of a project, which are asked for one by one."""

    def __init__(self, load: Callable[[str], Shape | None], modules: Modules) -> None:
        self.load = load
        self.modules = modules
        self._classes: dict[str, dict[str, list[int]]] = {}
        self._members: dict[tuple[str, str, str], list[Symbol]] = {}
        self._mro: dict[Symbol, tuple[Symbol, ...]] = {}
        self._busy: set[tuple[str, str, str]] = set()
        self._indices: dict[str, _Index] = {}
        self._known: dict[tuple[str, str, Tree, bool], Symbol | None] = {}

    # shapes

    def klass(self, symbol: Symbol) -> Klass:
        """The class statement of a ``cls`` symbol."""
        return self._shape(symbol.path)["classes"][symbol.index]

    def func(self, symbol: Symbol) -> Func:
        """The def statement of a ``fun`` or ``method`` symbol."""
        return self._shape(symbol.path)["functions"][symbol.index]

    def _shape(self, path: str) -> Shape:
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
        classes = self.class_indices(path)
        outer = scope.rpartition(".")[0]
        while outer in classes:
            outer = outer.rpartition(".")[0]
        return outer

    def class_indices(self, path: str) -> dict[str, list[int]]:
        """The classes of a file by qualified name."""
        if path not in self._classes:
            found: dict[str, list[int]] = {}
            shape = self.load(path)
            for index, klass in enumerate(shape["classes"] if shape else ()):
                found.setdefault(klass["qualname"], []).append(index)
            self._classes[path] = found
        return self._classes[path]

    def members(self, path: str, scope: str, name: str, *, types: bool = False) -> list[Symbol]:
        """What ``name`` can be in exactly this scope."""
        key = (path, scope, name)
        if types:
            return self._members_of(path, scope, name, types=True)
        if key not in self._members:
            if key in self._busy:
                return []
            self._busy.add(key)
            self._members[key] = self._members_of(path, scope, name, types=False)
            self._busy.discard(key)
        return self._members[key]

    def _members_of(self, path: str, scope: str, name: str, *, types: bool) -> list[Symbol]:
        shape = self.load(path)
        if shape is None:
            return []
        index = self._index(path, shape)
        found = list(index.defined.get((scope, name), ()))
        for number in index.functions.get(scope, ()):
            found += self._parameter(path, number, shape["functions"][number], name)
        for entry in index.imports.get((scope, name), ()):
            if types or not entry["guarded"]:
                symbol = self.imported(path, entry)
                if symbol is not None:
                    found.append(symbol)
        for tree in index.values.get((scope, name), ()):
            symbol = self.resolve(path, scope, tree)
            if symbol is not None:
                found.append(symbol)
        return found

    def _index(self, path: str, shape: Shape) -> _Index:
        if path not in self._indices:
            index = _Index({}, {}, {}, {})
            for number, klass in enumerate(shape["classes"]):
                key = (klass["scope"], klass["name"])
                index.defined.setdefault(key, []).append(Symbol("cls", path, number))
            for number, func in enumerate(shape["functions"]):
                key = (func["scope"], func["name"])
                index.defined.setdefault(key, []).append(Symbol("fun", path, number))
                index.functions.setdefault(func["qualname"], []).append(number)
            for entry in shape["imports"]:
                index.imports.setdefault((entry["scope"], entry["bound"]), []).append(entry)
            for value in shape["values"]:
                key = (value["scope"], value["target"])
                index.values.setdefault(key, []).append(value["value"])
            self._indices[path] = index
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
        functions = (
            shape["functions"][n] for n in self._index(path, shape).functions.get(scope, ())
        )
        return any(
            func["owner"] >= 0 and bool(func["params"]) and func["params"][0]["name"] == name
            for func in functions
        )

    def _self_attribute(self, path: str, scope: str, name: str) -> Symbol | None:
        """``self.x`` from an assignment in any method, or from the class."""
        shape = self._shape(path)
        klass = scope.rpartition(".")[0]
        attr = name.partition(".")[2]
        for value in shape["values"]:
            if value["target"].partition(".")[2] == attr and value["scope"].startswith(klass + "."):
                found = self.resolve(path, value["scope"], value["value"])
                if found is not None:
                    return found
        for index in self.class_indices(path).get(klass, ()):
            return self.attribute(Symbol("made", of=Symbol("cls", path, index)), attr)
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
            return self._of_function(symbol, name)
        if symbol.kind == "method" and name in _INNER:
            return symbol
        if symbol.kind == "cls":
            return self._of_class(symbol, name, made=False)
        if symbol.kind == "made" and symbol.of is not None:
            if name == "__class__":
                return symbol.of
            if symbol.of.kind == "cls":
                return self._of_class(symbol.of, name, made=True)
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

    def _of_function(self, symbol: Symbol, name: str) -> Symbol | None:
        """An attribute of a decorated function: ``show.register`` after ``@singledispatch``."""
        func = self.func(symbol)
        for decorator in func["decorators"]:
            given = self.resolve(symbol.path, func["scope"], decorator)
            known = self.canonical(given).removesuffix("()")
            if known and given is not None and given.kind in ("ext", "made"):
                return Symbol("ext", name=f"{known}().{name}")
        return symbol if name in _INNER else None

    def _of_class(self, symbol: Symbol, name: str, *, made: bool) -> Symbol | None:
        outside: list[str] = []
        for base in self.mro(symbol):
            if base.kind != "cls":
                known = self.canonical(base)
                if known:
                    outside.append(f"{known}().{name}" if made else f"{known}.{name}")
                    outside.append(f"{known}.{name}")
                continue
            klass = self.klass(base)
            for member in self.members(base.path, klass["qualname"], name):
                if member.kind == "fun":
                    return self._method(member, symbol)
                return member
            for decorator in klass["decorators"]:
                given = self.resolve(base.path, klass["scope"], decorator)
                known = self.canonical(given).removesuffix("()")
                if known:
                    outside.append(f"{known}().{name}")
        return Symbol("extmethod", name="\0".join(outside), of=symbol) if outside else None

    def _method(self, member: Symbol, klass: Symbol) -> Symbol:
        """A function that is reached through a class; a decorated one may be something else."""
        func = self.func(member)
        for decorator in func["decorators"]:
            given = self.resolve(member.path, func["scope"], decorator)
            known = self.canonical(given).removesuffix("()")
            if known.startswith("functools.singledispatch"):
                return member
        return Symbol("method", member.path, member.index, of=klass)

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

    def metaclass(self, symbol: Symbol) -> Symbol | None:
        """The first metaclass that the class or a base names."""
        for base in self.mro(symbol):
            if base.kind != "cls":
                continue
            klass = self.klass(base)
            for keyword, value in klass["keywords"]:
                if keyword == "metaclass":
                    return self.resolve(base.path, klass["scope"], value)
        return None

    def method(self, symbol: Symbol, name: str) -> Symbol | None:
        """The function that ``name`` is in the class or in a base of the project."""
        found = self._of_class(symbol, name, made=True)
        return found if found is not None and found.kind == "method" else None

    def is_abstract(self, symbol: Symbol) -> bool:
        """Whether a class has abstract methods left, so that it cannot be called."""
        given: set[str] = set()
        for base in self.mro(symbol):
            if base.kind != "cls":
                continue
            shape = self._shape(base.path)
            for func in shape["functions"]:
                if func["owner"] == base.index and func["name"] not in given:
                    for tree in func["decorators"]:
                        known = self.canonical(self.resolve(base.path, func["scope"], tree))
                        if known in _ABSTRACT:
                            return True
            given.update(self.klass(base)["binds"])
        return False

    def transparent(self, decorator: Symbol | None) -> bool:
        """Whether what a decorator gives still shows the annotations of what it decorates.

        Only a decorator of the project that plainly returns another function is opaque.
        """
        if decorator is not None and decorator.kind == "made":
            decorator = decorator.of
        if decorator is None or decorator.kind != "fun":
            return True
        shape = self._shape(decorator.path)
        func = self.func(decorator)
        names = {tree[1] for tree in func["returned"] if tree[0] == "name"}
        for index, inner in enumerate(shape["functions"]):
            if inner["outer"] != decorator.index or inner["name"] not in names:
                continue
            if not inner["decorators"] and not self._mends(decorator.path, decorator.index):
                nested = Symbol("fun", decorator.path, index)
                return bool(self._returns_functions(nested)) and self.transparent(nested)
        return True

    def _returns_functions(self, symbol: Symbol) -> bool:
        shape = self._shape(symbol.path)
        names = {tree[1] for tree in self.func(symbol)["returned"] if tree[0] == "name"}
        return any(
            inner["outer"] == symbol.index and inner["name"] in names
            for inner in shape["functions"]
        )

    def _mends(self, path: str, index: int) -> bool:
        shape = self._shape(path)
        scope = shape["functions"][index]["qualname"]
        return any(
            call["scope"] == scope
            and call["tree"][3][0][1].rpartition(".")[2] in ("update_wrapper", "wraps", "decorate")
            for call in shape["calls"]
        ) or any(
            value["scope"] == scope and value["target"].rpartition(".")[2].startswith("__")
            for value in shape["values"]
        )
