"""What functions of libraries do to the arguments of a call, with the names that it supplies."""

from __future__ import annotations

from collections.abc import Iterator

from guard.model import Place, Step
from guard_rules._annotations.expressions import argument_of, shown
from guard_rules._annotations.frameworks import Argument, Reads
from guard_rules._annotations.reach import Reach, Reached
from guard_rules._annotations.shapes import UNKNOWN_KEY, Call, Tree
from guard_rules._annotations.symbols import Symbols

_CATCH_ALL = frozenset({"Exception", "BaseException"})


def is_caught(call: Call, reads: Reads) -> bool:
    """Whether a handler around the call takes the exception."""
    kind = reads.raises.partition(":")[0]
    return any(name == kind or name in _CATCH_ALL for name in call["caught"])


class Arguments:
    """Reads the arguments of calls to functions of the table."""

    def __init__(self, symbols: Symbols, target: tuple[int, int]) -> None:
        self.symbols = symbols
        self.target = target

    def argument(self, path: str, call: Call, argument: Argument, here: Place) -> Iterator[Reached]:
        """What the function does to one argument, unless a namespace may supply any name."""
        tree = call["tree"]
        reads = argument.reads
        keywords = {part[1]: part[3][0] for part in tree[3][1:] if part[0] == "kw"}
        told = {name for name, value in keywords.items() if not value[1].endswith("Format.VALUE")}
        if not reads.applies(self.target) or reads.off & told:
            return
        if argument.requires and keywords.get(argument.requires, ("", ""))[1] != "True":
            return
        if argument.catches and is_caught(call, reads):
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
