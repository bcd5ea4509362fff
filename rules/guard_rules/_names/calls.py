"""Functions and lambdas: when their bodies run, and with which names."""

from __future__ import annotations

import libcst as cst

from guard_rules._names.bindings import Bindings, collect
from guard_rules._names.frames import Frame, Function, State, joined_or_empty
from guard_rules._names.namespace import Namespace
from guard_rules._names.shapes import body_of, parameters_of

INLINE_DEPTH = 6
INLINE_TIMES = 4


class Calls(Namespace):
    """Runs the module's functions: at a call, and once more when the module has been imported."""

    def __init__(self, target: tuple[int, int]) -> None:
        super().__init__(target)
        self.scopes: dict[int, Bindings] = {}
        self.guard_exit = False
        """The code at hand stands behind a statement that leaves if no type checker reads it."""

    def scope_of(self, node: cst.FunctionDef | cst.ClassDef) -> Bindings:
        """The bindings of a function's or a class's own scope."""
        if id(node) not in self.scopes:
            self.scopes[id(node)] = collect([node.body])
        return self.scopes[id(node)]

    def run_deferred(self, frame: Frame) -> None:
        """The functions of a scope, once the scope has run to its end."""
        queue, frame.deferred = frame.deferred, []
        for function in queue:
            self.catching, catching = [], self.catching
            self.branches, branches = 0, self.branches
            inner = self.run_function(function)
            self.catching, self.branches = catching, branches
            self.run_deferred(inner)

    def run_function(self, function: Function) -> Frame:
        node = function.node
        loops_before, self.first_iteration = self.first_iteration, None
        exit_before, self.guard_exit = self.guard_exit, False
        if isinstance(node, cst.Lambda):
            inner = self.lambda_frame(function)
            with self.inside(inner):
                self.evaluate(node.body)
        else:
            found = self.scope_of(node)
            parameters = {p.name.value for p in parameters_of(node.params)}
            inner = Frame(
                "function",
                function.frame,
                function.qualname,
                local_names=found.local_names | parameters,
                global_names=found.global_names,
                state=dict.fromkeys(parameters),
                function=function,
            )
            with self.inside(inner):
                self.block(body_of(node))
                inner.state = joined_or_empty(inner.exits, self.path())
        self.first_iteration, self.guard_exit = loops_before, exit_before
        for nested in inner.deferred:  # a nested function may bind names of this one
            if isinstance(nested.node, cst.FunctionDef):
                for name in self.scope_of(nested.node).nonlocal_names:
                    inner.state.setdefault(name, None)
        return inner

    def lambda_frame(self, function: Function) -> Frame:
        """The scope of a lambda's body: its parameters and any walrus in it."""
        node = function.node
        names = {parameter.name.value for parameter in parameters_of(node.params)}
        state: State = dict.fromkeys(names)
        bound = collect([node.body]).local_names
        return Frame(
            "function",
            function.frame,
            function.qualname,
            local_names=names | bound,
            state=state,
            function=function,
        )

    def inline(self, ref: tuple[object, ...]) -> None:
        """Follow a call of one of the module's own functions, with the names as they stand now."""
        if len(ref) < 2:
            return
        function = ref[1]
        if ref[0] == "class" and isinstance(ref[2], dict):
            method = ref[2].get("__init__")
            function = method[1] if method is not None else None
        if not isinstance(function, Function) or self.deferred or function.is_lazy:
            return
        if (
            function in self.inlining
            or len(self.inlining) >= INLINE_DEPTH
            or function.inlined >= INLINE_TIMES
        ):
            return
        function.inlined += 1
        self.inlining.append(function)
        try:
            self.run_function(function)
        finally:
            self.inlining.pop()
