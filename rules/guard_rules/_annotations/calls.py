"""Which calls resolve annotations, of what: library functions, and functions of the project that

hand their own parameters on to such a function, through any number of levels and modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from guard.model import Place, Step
from guard_rules._annotations.conditions import names as condition_names
from guard_rules._annotations.expressions import argument_of, may_give, place, shown
from guard_rules._annotations.frameworks import Argument, Reads, Table
from guard_rules._annotations.passing import Condition, Passing
from guard_rules._annotations.reach import Reach, Reached
from guard_rules._annotations.shapes import NOWHERE, OPAQUE, UNKNOWN_KEY, Call, Tree
from guard_rules._annotations.symbols import Symbol, Symbols

_SAME_PARAM = frozenset(
    {"__init__", "__call__", "__func__", "__wrapped__", "__class__", "__new__", "__post_init__"}
)
_SPECIAL = frozenset(
    {"__init__", "__new__", "__call__", "__init_subclass__", "__set_name__"}
    | {"__post_init__", "__attrs_post_init__"}
)
_TYPE = Symbol("ext", name="builtins.type")
_CATCH_ALL = frozenset({"Exception", "BaseException"})
_DEPTH = 6


class Calls:
    """Answers what a call resolves, and what a function does to its parameters."""

    def __init__(self, symbols: Symbols, table: Table, target: tuple[int, int]) -> None:
        self.symbols = symbols
        self.table = table
        self.target = target
        self.passing = Passing(symbols)
        self.words: set[str] = {last_name(name) for name in (*table.functions, *table.methods)}
        """Last names of what may resolve annotations; other calls are not looked at."""
        self._summaries: dict[tuple[str, int], dict[str, list[Reach]]] = {}
        self._by_func: dict[str, dict[int, list[Call]]] = {}
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
            grouped: dict[int, list[Call]] = {}
            shape = self.symbols.load(path)
            for call in shape["calls"] if shape else ():
                grouped.setdefault(call["func"], []).append(call)
            for number, func in enumerate(shape["functions"] if shape else ()):
                if func["outer"] >= 0:
                    # an inner function comes after the one around it
                    grouped.setdefault(-2 - func["outer"], []).append(
                        {"scope": "", "func": number, "tree": OPAQUE, "caught": [], "when": []}
                    )
            self._by_func[path] = grouped
        grouped = self._by_func[path]
        for call in grouped.get(index, ()):
            if self.may_matter(path, call):
                yield call
        for inner in grouped.get(-2 - index, ()):
            yield from self.calls_of(path, inner["func"])

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

    def applies(self, reads: Reads) -> bool:
        """Whether an entry of the table is for the target version."""
        after = reads.since is None or self.target >= reads.since
        return after and (reads.until is None or self.target < reads.until)

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
                yield from self._argument(path, call, argument, here)
            reads = self.table.methods.get(name)
            if reads is not None and callee.of is not None and callee.kind == "extmethod":
                yield Reach(reads, (Step(here, f"{shown(tree)}() is called"),)), callee.of
        yield from self._own(path, call, callee, here)

    def _argument(
        self, path: str, call: Call, argument: Argument, here: Place
    ) -> Iterator[Reached]:
        tree = call["tree"]
        reads = argument.reads
        keywords = {part[1]: part[3][0] for part in tree[3][1:] if part[0] == "kw"}
        told = {name for name, value in keywords.items() if not value[1].endswith("Format.VALUE")}
        if not self.applies(reads) or reads.off & told:
            return
        if argument.requires and keywords.get(argument.requires, ("", ""))[1] != "True":
            return
        if argument.catches and self.caught(call, reads):
            return
        given = argument_of(tree, argument.position, argument.keyword)
        if given is None:
            return
        spaces = [
            space
            for position, keyword in argument.namespaces
            if (space := argument_of(tree, position, keyword)) is not None
        ]
        supplied: set[str] = set()
        unless: set[str] = set()
        for space in spaces:
            names = self._namespace(path, call, space)
            if names is None:
                return
            supplied |= names[0]
            unless |= names[1]
        step = Step(here, f"{shown(tree)}() resolves them")
        reach = Reach(reads, (step,), frozenset(supplied), frozenset(unless))
        if not argument.of_type:
            symbol = self.symbols.resolve(path, call["scope"], given)
            if symbol is not None and symbol.kind == "made" and symbol.of is not None:
                yield reach, symbol.of
            return
        yield reach, given

    def _namespace(
        self, path: str, call: Call, tree: Tree
    ) -> tuple[frozenset[str], frozenset[str]] | None:
        """The names that a namespace argument supplies and the parameters that could supply more;

        ``None`` when nobody can tell.
        """
        nothing: frozenset[str] = frozenset()
        if tree[0] == "const" and tree[1] == "None":
            return nothing, nothing
        if tree[0] == "dict":
            keys = frozenset(tree[1].split("\0")) if tree[1] else nothing
            return None if UNKNOWN_KEY in keys else (keys, nothing)
        callee = tree[3][0][1] if tree[0] == "call" else ""
        if callee == "globals" or (callee == "locals" and not call["scope"]):
            shape = self.symbols.load(path)
            return frozenset(shape["binds"].get("", ()) if shape else ()), nothing
        symbol = self.symbols.resolve(path, call["scope"], tree)
        if symbol is not None and symbol.kind == "param":
            func = self.symbols.func(symbol)
            for param in func["params"]:
                default = param["default"]
                if param["name"] == symbol.name and default and default[1] == "None":
                    return nothing, frozenset({symbol.name})
        return None

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
                if given is None or self.caught(call, reach.reads):
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

    def caught(self, call: Call, reads: Reads) -> bool:
        """Whether a handler around the call takes the exception."""
        kind = reads.raises.partition(":")[0]
        return any(name == kind or name in _CATCH_ALL for name in call["caught"])

    def reached_subjects(
        self, path: str, call: Call, reach: Reach, target: Tree | Symbol
    ) -> Iterator[Symbol]:
        """The classes, functions and parameters whose annotations a call resolves."""
        if not isinstance(target, Symbol) and target[0] == "sub" and not reach.reads.parts:
            target = target[3][0]
        yield from self.subjects(path, call["scope"], target)

    def subjects(
        self, path: str, scope: str, tree: Tree | Symbol, depth: int = 0
    ) -> Iterator[Symbol]:
        """The classes, functions and parameters that an argument stands for."""
        if isinstance(tree, Symbol):
            yield tree
            return
        kind, text, _, parts = tree
        if depth > _DEPTH:
            return
        if kind in ("sub", "op", "str", "arg", "kw"):
            for part in parts:
                yield from self.subjects(path, scope, part, depth + 1)
            return
        if kind == "call":
            callee = parts[0]
            last = callee[1].rpartition(".")[2]
            if last == "__new__" or callee[1] in ("type", "inspect.unwrap", "functools.partial"):
                inner = [part[3][0] for part in parts[1:2]]
                if last == "__new__":
                    yield from self._first_parameter(path, scope)
                for part in inner if last != "__new__" else ():
                    for symbol in self.subjects(path, scope, part, depth + 1):
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
        shape = self.symbols.load(path)
        for value in shape["values"] if shape else ():
            if value["scope"] == scope and value["target"] == name:
                yield from self.subjects(path, scope, value["value"], depth + 1)

    def _first_parameter(self, path: str, scope: str) -> Iterator[Symbol]:
        shape = self.symbols.load(path)
        for index, func in enumerate(shape["functions"] if shape else ()):
            if func["qualname"] == scope and func["owner"] >= 0 and func["params"]:
                yield Symbol("param", path, index, func["params"][0]["name"])


def last_name(name: str) -> str:
    """The last part of a canonical name, without calls."""
    return name.replace("()", "").rpartition(".")[2]
