"""What looks at a class as it is defined or made: its bases, its metaclass, its own methods."""

from __future__ import annotations

from collections.abc import Iterator

from guard.model import Step
from guard_rules._annotations.calls import Calls
from guard_rules._annotations.definitions import metaclass
from guard_rules._annotations.expressions import place
from guard_rules._annotations.frameworks import Reads
from guard_rules._annotations.reach import Reach
from guard_rules._annotations.symbol import Symbol

_OWN_HOOKS = ("__init__", "__new__", "__post_init__", "__attrs_post_init__")


class Hooks:
    """Finds, for one class, what resolves its annotations without being named at the class."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.symbols = calls.symbols
        self.table = calls.table

    def library_bases(self, symbol: Symbol) -> Iterator[Reach]:
        """Bases in libraries that resolve the annotations of their subclasses."""
        direct = {self.symbols.canonical(base) for base in self.symbols.bases(symbol)}
        seen: set[Reads] = set()
        for base in self.symbols.mro(symbol)[1:]:
            name = self.symbols.canonical(base)
            reads = self.table.bases.get(name)
            if reads is None or reads in seen or not reads.applies(self.calls.target):
                continue
            seen.add(reads)
            if not reads.direct and name in direct:
                continue
            if reads.mapped and "__abstract__" in self.symbols.klass(symbol)["binds"]:
                continue
            yield Reach(reads, self._way(symbol, base), model=symbol)

    def own_hooks(self, symbol: Symbol) -> Iterator[Reach]:
        """Code of the project that looks at the class: base hooks, metaclass, descriptors."""
        klass = self.symbols.klass(symbol)
        for base in self.symbols.mro(symbol)[1:]:
            if base.kind != "cls":
                continue
            if "__init_subclass__" in self.symbols.klass(base)["binds"]:
                steps = self._way(symbol, base)
                hook = self.symbols.method(base, "__init_subclass__")
                yield from self.calls.done_to(hook, 0, steps)
                if hook is None or not self._calls_super(hook):
                    break
        for name in _OWN_HOOKS:
            method = self.symbols.method(symbol, name)
            yield from self.calls.done_to(method, 0, ())
        meta = metaclass(self.symbols, symbol)
        if meta is not None and meta.kind == "cls":
            step = Step(
                place(symbol.path, klass["spot"]),
                f"class {klass['qualname']} has the metaclass {self.symbols.klass(meta)['name']}",
            )
            for name in ("__new__", "__init__", "__call__"):
                yield from self.calls.done_to(self.symbols.method(meta, name), 0, (step,))
        shape = self.symbols.load(symbol.path)
        for value in shape["values"] if shape else ():
            if value["scope"] == klass["qualname"] and value["value"][0] == "call":
                made = self.symbols.resolve(symbol.path, klass["qualname"], value["value"])
                if made is not None and made.kind == "made" and made.of and made.of.kind == "cls":
                    hook = self.symbols.method(made.of, "__set_name__")
                    yield from self.calls.done_to(hook, 1, ())

    def _way(self, symbol: Symbol, goal: Symbol) -> tuple[Step, ...]:
        """How a class comes to derive from ``goal``, one step a class statement."""
        for base in self.symbols.bases(symbol):
            klass = self.symbols.klass(symbol)
            name = self.symbols.canonical(base)
            shown = name if base.kind != "cls" else self.symbols.klass(base)["qualname"]
            step = Step(
                place(symbol.path, klass["spot"]),
                f"class {klass['qualname']} derives from {shown.removesuffix('()')}",
            )
            if base == goal:
                return (step,)
            if base.kind == "cls" and base != symbol and goal in self.symbols.mro(base):
                return (step, *self._way(base, goal))
        return ()

    def _calls_super(self, method: Symbol) -> bool:
        shape = self.symbols.load(method.path)
        name = self.symbols.func(method)["name"]
        return any(
            call["func"] == method.index
            and call["tree"][3][0][0] == "attr"
            and call["tree"][3][0][1] == name
            for call in (shape["calls"] if shape else ())
        )
