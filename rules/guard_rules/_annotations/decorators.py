"""What a decorator does to the annotations of what it decorates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from guard.model import Step
from guard_rules._annotations.calls import Calls
from guard_rules._annotations.expressions import place, shown
from guard_rules._annotations.reach import Reach
from guard_rules._annotations.shapes import Tree
from guard_rules._annotations.symbol import Symbol


class Decorators:
    """Knows the decorators of libraries and follows those that the project defines."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.symbols = calls.symbols
        self.table = calls.table

    def reaches(self, path: str, scope: str, tree: Tree) -> Iterator[Reach]:
        """What a decorator does to the annotations of what it decorates."""
        called = tree[0] == "call"
        callee = self.symbols.resolve(path, scope, tree[3][0] if called else tree)
        if callee is None:
            return
        step = Step(place(path, tree[2]), f"@{shown(tree)} resolves them")
        keywords = {part[1] for part in tree[3][1:] if part[0] == "kw"} if called else set()
        for name in set(self.symbols.canonical(callee).split("\0")) - {""}:
            reads = self.table.decorators.get(name)
            if reads is not None and reads.applies(self.calls.target) and not reads.off & keywords:
                if reads.returns_off & keywords:
                    reads = replace(reads, returns=False)
                yield Reach(reads, (step,))
            for argument in self.table.functions.get(name, ()) if not called else ():
                if argument.position == 0 and not argument.requires:
                    if argument.reads.applies(self.calls.target):
                        yield Reach(argument.reads, (step,))
        for reach in self._own(callee, called):
            if reach.to_type:
                continue  # nobody looks at a metaclass
            yield replace(reach, steps=(step, *reach.steps), unless=frozenset())

    def _own(self, callee: Symbol, called: bool) -> Iterator[Reach]:
        """A decorator that the project defines: a function, a class, a method."""
        if callee.kind == "made" and callee.of is not None and callee.of.kind == "cls":
            yield from self.calls.done_to(self.symbols.method(callee.of, "__call__"), 1, ())
        elif callee.kind == "cls":
            name = "__call__" if called else "__init__"
            yield from self.calls.done_to(self.symbols.method(callee, name), 1, ())
        elif callee.kind in ("fun", "method"):
            first = 1 if callee.kind == "method" else 0
            if not called:
                yield from self.calls.done_to(callee, first, (), alone=True)
                return
            shape = self.symbols.load(callee.path)
            func = self.symbols.func(callee)
            names = {tree[1] for tree in func["returned"] if tree[0] == "name"}
            for index, inner in enumerate(shape["functions"] if shape else ()):
                if inner["outer"] == callee.index and inner["name"] in names:
                    nested = Symbol("fun", callee.path, index)
                    yield from self.calls.done_to(nested, 0, ())
            again = [tree for tree in func["returned"] if tree[0] == "call"]
            if any(func["name"] in [p[3][0][1] for p in t[3][1:2]] for t in again):
                yield from self.calls.done_to(callee, first, ())
