"""Which calls resolve annotations, of what: library functions, and functions of the project that

hand their own parameters on to such a function, through any number of levels and modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from guard.model import Place, Step
from guard_rules._annotations.arguments import Arguments, is_caught
from guard_rules._annotations.conditions import names as condition_names
from guard_rules._annotations.expressions import argument_of, may_give, place, shown
from guard_rules._annotations.frameworks import Table, last_name
from guard_rules._annotations.passing import Condition, Passing
from guard_rules._annotations.reach import Reach, Reached
from guard_rules._annotations.shapes import NOWHERE, Call, Tree
from guard_rules._annotations.subjects import Subjects
from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols

_SPECIAL = frozenset(
    {"__init__", "__new__", "__call__", "__init_subclass__", "__set_name__"}
    | {"__post_init__", "__attrs_post_init__"}
)


class Calls:
    """Answers what a call resolves, and what a function does to its parameters."""

    def __init__(self, symbols: Symbols, table: Table, target: tuple[int, int]) -> None:
        self.symbols = symbols
        self.table = table
        self.target = target
        self.passing = Passing(symbols)
        self.subjects = Subjects(symbols)
        self.arguments = Arguments(symbols, target)
        self.words: set[str] = {last_name(name) for name in (*table.functions, *table.methods)}
        """Last names of what may resolve annotations; other calls are not looked at."""
        self._summaries: dict[tuple[str, int], dict[str, list[Reach]]] = {}
        self._by_func: dict[str, tuple[dict[int, list[Call]], dict[int, list[int]]]] = {}
        """By file: the calls in each function, and the functions that are defined in it."""
        self._bound: dict[str, set[str]] = {}

    def learn(self, paths: Iterable[str]) -> tuple[set[str], set[str]]:
        """Find what in these files resolves the annotations of what it is given: the names of

        functions (and of classes that are called), and of classes that do it to their subclasses
        or instances. Run it until no name is new.
        """
        names: set[str] = set()
        hooks: set[str] = set()
        self._summaries.clear()
        self._bound.clear()
        for path in paths:
            shape = self.symbols.load(path)
            for index, func in enumerate(shape["functions"] if shape else ()):
                reached = self.summary(path, index)
                if not shape or not reached:
                    continue
                owner = shape["classes"][func["owner"]] if func["owner"] >= 0 else None
                if owner is not None and set(reached) == {func["params"][0]["name"]}:
                    hooks.add(owner["name"])
                    names |= {func["name"]} - _SPECIAL
                    continue
                outer = func["qualname"].partition(".")[0]
                names |= {outer} | ({func["name"]} - _SPECIAL)
        self.words |= names | hooks
        return names, hooks

    def calls_of(self, path: str, index: int) -> Iterator[Call]:
        """The calls in a function and in the functions inside it that may matter."""
        if path not in self._by_func:
            calls: dict[int, list[Call]] = {}
            inner: dict[int, list[int]] = {}
            shape = self.symbols.load(path)
            for call in shape["calls"] if shape else ():
                calls.setdefault(call["func"], []).append(call)
            for number, func in enumerate(shape["functions"] if shape else ()):
                inner.setdefault(func["outer"], []).append(number)
            self._by_func[path] = calls, inner
        calls, inner = self._by_func[path]
        for call in calls.get(index, ()):
            if self.may_matter(path, call):
                yield call
        for number in inner.get(index, ()):
            yield from self.calls_of(path, number)

    def may_matter(self, path: str, call: Call) -> bool:
        """Whether the name of what is called is one that may resolve annotations."""
        if path not in self._bound:
            shape = self.symbols.load(path)
            self._bound[path] = {
                entry["bound"]
                for entry in (shape["imports"] if shape else ())
                if entry["attr"] in self.words and entry["bound"] != entry["attr"]
            } | {
                value["target"].rpartition(".")[2]
                for value in (shape["values"] if shape else ())
                if value["value"][1].rpartition(".")[2] in self.words
            }
        last = call["tree"][3][0][1].rpartition(".")[2]
        return last in self.words or last in self._bound[path]

    def summary(self, path: str, index: int) -> dict[str, list[Reach]]:
        """For each parameter of a function, how the annotations of its value are resolved."""
        key = (path, index)
        if key in self._summaries:
            return self._summaries[key]
        self._summaries[key] = {}  # a recursion adds nothing
        shape = self.symbols.load(path)
        found: dict[str, list[Reach]] = {}
        if shape is not None:
            for call in self.calls_of(path, index):
                for reach, target in self.reached(path, call):
                    for subject in self.reached_subjects(path, call, reach, target):
                        if (subject.kind, subject.path, subject.index) == ("param", path, index):
                            onward = self._onward(path, index, call, reach, target, subject)
                            if onward is not None:
                                found.setdefault(subject.name, []).append(onward)
        self._summaries[key] = found
        return found

    def done_to(
        self,
        method: Symbol | None,
        position: int,
        steps: tuple[Step, ...],
        *,
        alone: bool = False,
    ) -> Iterator[Reach]:
        """What a function does to one parameter where no call of it is written.

        ``alone``: no other parameter is given. ``steps`` lead there.
        """
        if method is None:
            return
        func = self.symbols.func(method)
        names = [param["name"] for param in func["params"]]
        if len(names) <= position:
            return
        given = frozenset(names[: position + 1] if alone else names)
        summary = self.summary(method.path, method.index)
        for reach in summary.get(names[position], ()):
            when = tuple(condition.close(func, given) for condition in reach.when)
            steps_on = (*steps, *reach.steps)
            yield replace(reach, steps=steps_on, unless=frozenset(), when=when)

    def _onward(
        self, path: str, index: int, call: Call, reach: Reach, target: Tree | Symbol, param: Symbol
    ) -> Reach | None:
        """How a function does to its own parameter what a call in it does."""
        of_type = param.of is not None
        if of_type and reach.to_type:
            return None  # nobody looks at a metaclass
        shape = self.symbols.load(path)
        assert shape is not None
        same = not isinstance(target, Symbol) and target[:2] == ("name", param.name)
        names = shape["binds"].get(shape["functions"][index]["qualname"], [])
        here = [
            Condition(path, index, tree, wanted, param.name)
            for tree, wanted in call["when"]
            if call["func"] == index or all(names.count(name) < 2 for name in condition_names(tree))
        ]
        when = (*here, *(reach.when if same else ()))
        return replace(reach, to_type=of_type or reach.to_type, when=when)

    def may_get_there(self, reach: Reach, subject: Symbol, given: Tree | Symbol) -> bool:
        """Whether a value that a function of the project is given is looked at.

        ``given`` is the argument that ``subject`` was found in.
        """
        if not reach.handed or isinstance(given, Symbol):
            return True
        if reach.to_type and subject.kind in ("cls", "fun"):
            return False
        if not reach.to_type and not reach.reads.init and subject.kind == "made":
            return False
        plain = given[0] in ("name", "attr") or (given[0] == "call" and subject.kind == "made")
        bare = subject.kind != "fun" or not self.symbols.func(subject)["decorators"]
        return not plain or not bare or not self.excluded(reach, subject)

    def excluded(self, reach: Reach, value: Symbol) -> bool:
        """Whether the value of a parameter surely does not get where it would be looked at."""
        return any(self.passing.excludes(condition, value) for condition in reach.when)

    def reached(self, path: str, call: Call) -> Iterator[Reached]:
        """What a call resolves the annotations of."""
        tree = call["tree"]
        callee = self.symbols.resolve(path, call["scope"], tree[3][0])
        if callee is None:
            return
        here = place(path, tree[2] if tree[2] != NOWHERE else tree[3][0][2])
        known = set(self.symbols.canonical(callee).split("\0")) - {""}
        for name in known:
            for argument in self.table.functions.get(name, ()):
                yield from self.arguments.argument(path, call, argument, here)
            reads = self.table.methods.get(name)
            if reads is not None and callee.of is not None and callee.kind == "extmethod":
                yield Reach(reads, (Step(here, f"{shown(tree)}() is called"),)), callee.of
        yield from self._own(path, call, callee, here)

    def _own(self, path: str, call: Call, callee: Symbol, here: Place) -> Iterator[Reached]:
        """What a function or class of the project does to the arguments of a call."""
        skip = 0
        receiver: Symbol | None = None
        if callee.kind == "cls":
            init = self.symbols.method(callee, "__init__")
            if init is None:
                return
            callee, skip = init, 1
        elif callee.kind == "method":
            receiver, skip = callee.of, 1
            decorators = self.symbols.func(callee)["decorators"]
            if any(tree[1] == "staticmethod" for tree in decorators):
                receiver, skip = None, 0
        elif callee.kind != "fun":
            return
        func = self.symbols.func(callee)
        names = [param["name"] for param in func["params"]]
        step = Step(here, f"{shown(call['tree'])}() hands them on")
        for name, reaches in self.summary(callee.path, callee.index).items():
            position = names.index(name)
            given: Tree | Symbol | None = argument_of(call["tree"], position - skip, name)
            if position == 0 and skip:
                given = receiver
            for reach in reaches:
                if given is None or is_caught(call, reach.reads):
                    continue
                if any(argument_of(call["tree"], names.index(n) - skip, n) for n in reach.unless):
                    continue
                steps = (step, *reach.steps)
                present = frozenset(
                    other["name"]
                    for number, other in enumerate(func["params"])
                    if may_give(call["tree"], number - skip, other["name"])
                )
                when = tuple(condition.close(func, present) for condition in reach.when)
                yield (
                    replace(reach, steps=steps, unless=frozenset(), handed=True, when=when),
                    given,
                )

    def reached_subjects(
        self, path: str, call: Call, reach: Reach, target: Tree | Symbol
    ) -> Iterator[Symbol]:
        """The classes, functions and parameters whose annotations a call resolves."""
        if not isinstance(target, Symbol) and target[0] == "sub" and not reach.reads.parts:
            target = target[3][0]
        yield from self.subjects.of(path, call["scope"], target)
