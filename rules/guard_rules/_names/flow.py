"""The abstract run of a module: every statement in the order in which CPython runs it.

Conditions on ``TYPE_CHECKING`` are decided, other conditions go both ways. Code that only the type
checker sees is not run; the names that it binds are kept as *guarded*. What is then loaded while it
is surely unbound is what Python will raise for. Functions run where the module calls them and once
more after the import, when somebody else may call them.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from guard_rules._names.bindings import (
    Bindings,
    collect,
    dotted,
    import_binding,
    target_names,
)
from guard_rules._names.constants import FLAG, TYPING_MODULES, Known
from guard_rules._names.expressions import (
    ANYTHING,
    CAUGHT_BY,
    Asked,
    Expressions,
    is_globals,
    is_own_module,
    joined_or_empty,
)
from guard_rules._names.frames import Frame, Function, Loop, Ref, State, join
from guard_rules._names.tables import literal, tables
from guard_rules._names.walker import Walker, children

EXITS = frozenset(
    {"sys.exit", "os._exit", "os.abort", "exit", "quit", "pytest.skip", "pytest.exit"}
)
Refusal = tuple[tuple[str, bool], ...]
"""Exceptions, each by the name of its class (empty where nobody can tell), and whether it is an
``AttributeError``."""
SWALLOWING = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex"})


@dataclass(slots=True, eq=False)
class Import:
    """One name (or one module) that an import statement fetches at run time."""

    node: cst.CSTNode
    level: int
    module: str
    name: str
    """The name that ``from module import name`` fetches; ``*``; empty for ``import module``."""
    at_import: bool
    scope: str
    handled: bool
    """An ``ImportError`` raised here is caught."""


@dataclass(slots=True, eq=False)
class Listed:
    """A name that ``__all__`` lists."""

    name: str
    node: cst.CSTNode


class Flow(Expressions):
    """Runs one module for one target version. Read the results off the attributes."""

    def __init__(self, module: cst.Module, target: tuple[int, int]) -> None:
        super().__init__(target)
        self.tree = module
        self.future = any(_is_future(statement) for statement in module.body)
        self.eager_annotations = not self.future and target < (3, 14)
        self.scopes: dict[int, Bindings] = {}
        self.imports: list[Import] = []
        self.guarded_stars: list[cst.ImportFrom] = []
        self.guarded_submodules: dict[str, cst.CSTNode] = {}
        self.listed: list[Listed] = []
        self.all_is_known = True
        self.flag_sources: set[tuple[int, str]] = set()
        self.class_guards: dict[str, dict[str, cst.CSTNode]] = {}
        self.guard_exit = False
        self.tables: tuple[dict[str, cst.BaseExpression], frozenset[str]] | None = None

    def run(self) -> Flow:
        """Run the module, then its functions."""
        found = collect(self.tree.body)
        dynamic = _Dynamic()
        dynamic.walk(self.tree)
        self.global_assigned = _assigned_globals(self.tree) | dynamic.names
        self.dynamic = dynamic.unknown
        self.module.local_names = set(found.nodes)
        self.frame = self.module
        self.block(self.tree.body)
        self.module.state = joined_or_empty(self.module.exits, self.path())
        self.end = dict(self.module.state)
        self.deferred = True
        for name in self.global_assigned:
            self.module.state.setdefault(name, None)
        self.run_deferred(self.module)
        return self

    def refusal(self, name: str) -> Refusal | None:
        """What the module's own ``__getattr__`` surely raises for ``name`` (PEP 562).

        None where it may serve the name, or where there is none.
        """
        ref = self.end.get("__getattr__")
        if ref is None or ref[0] != "function" or not isinstance(ref[1].node, cst.FunctionDef):
            return None
        node: cst.FunctionDef = ref[1].node
        parameters = [parameter.name.value for parameter in self.parameters(node.params)]
        if len(parameters) != 1 or node.decorators:
            return None
        found = self.scope_of(node)
        if self.tables is None:
            self.tables = tables(self.tree)
        inner = Frame(
            "function",
            self.module,
            "__getattr__",
            local_names=found.local_names | set(parameters),
            global_names=found.global_names,
            state={parameters[0]: ("known", name, False)},
            function=ref[1],
        )
        self.asked = asked = Asked(*self.tables)
        with self.inside(inner):
            self.block(_body(node))
            falls_through = self.reached
        self.asked = None
        if inner.returns or falls_through:
            return None
        errors = {
            (error[0], "AttributeError" in error) if error else ("", False)
            for error in asked.raised
        }
        return tuple(sorted(errors))

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
            parameters = {p.name.value for p in self.parameters(node.params)}
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
                self.block(_body(node))
                inner.state = joined_or_empty(inner.exits, self.path())
        self.first_iteration, self.guard_exit = loops_before, exit_before
        for nested in inner.deferred:  # a nested function may bind names of this one
            if isinstance(nested.node, cst.FunctionDef):
                for name in self.scope_of(nested.node).nonlocal_names:
                    inner.state.setdefault(name, None)
        return inner

    # -- blocks ------------------------------------------------------------------

    @property
    def reached(self) -> bool:
        return _UNREACHABLE not in self.frame.state

    def stop(self) -> None:
        """Nothing after this point runs; functions defined before it may still be called."""
        self.frame.exits = join(self.frame.exits, self.path())
        self.frame.state = {_UNREACHABLE: None}

    def path(self) -> State | None:
        """The current path, None where it has ended."""
        return self.frame.state if self.reached else None

    def take(self, state: State | None) -> None:
        self.frame.state = {_UNREACHABLE: None} if state is None else state

    def block(self, statements: Iterable[cst.CSTNode]) -> None:
        asked = self.asked
        for statement in statements:
            if isinstance(statement, _MAY_RAISE):
                self.risks += 1
            if asked is not None:
                asked.branches = self.branches
            if not self.reached:
                if self.guard_exit:
                    self.guarded([statement], strong=True)
                continue
            if isinstance(statement, cst.SimpleStatementLine | cst.SimpleStatementSuite):
                self.block(statement.body)
                continue
            method = getattr(self, "do_" + type(statement).__name__, None)
            if method is not None:
                method(statement)
            else:
                self.evaluate(statement)
            if asked is not None and asked.fails:
                asked.fails = False
                asked.raised.add(bases_of_builtin("KeyError"))
                self.stop()
            if self.reached:
                self.guard_exit = False
                for index, start in enumerate(self.frame.attempts):
                    self.frame.attempts[index] = joined_or_empty(start, self.frame.state)

    def guarded(self, nodes: Sequence[cst.CSTNode], *, strong: bool) -> None:
        """Code that only the type checker sees: keep what it binds, run nothing.

        Under ``if False:`` only imports and definitions count: an assignment there may be meant to
        make a name local, and no type checker believes in it.
        """
        if self.asked is not None:
            return
        statements = nodes
        found = collect(statements)
        if not strong:
            found.nodes = {name: found.nodes[name] for name in found.definitions}
        self.keep(found)
        for name in found.loads:
            ref = self.find(name)[1]
            if ref is not None and ref[0] == "function":
                ref[1].references.append("guarded")
        self.guarded_stars.extend(found.stars)
        functions = _Globals()
        for statement in statements:
            _Submodules(self.guarded_submodules).walk(statement)
            functions.walk(statement)
        for name, node in functions.nodes.items():
            self.module.guards.setdefault(name, node)

    def keep(self, found: Bindings) -> None:
        frame: Frame | None = self.frame
        while frame is not None and frame.kind in ("comprehension", "type parameters"):
            frame = frame.parent
        for name, nodes in found.nodes.items():
            is_global = frame is None or name in found.global_names or name in frame.global_names
            owner = self.module if is_global or frame is None else frame
            if owner.kind == "function" and name not in owner.local_names:
                owner = self.owner_of_nonlocal(name, owner)
            if not any(isinstance(node, cst.Del) for node in nodes):
                owner.guards.setdefault(name, nodes[0])
            if owner.kind == "class":
                self.class_guards.setdefault(owner.qualname, {}).setdefault(name, nodes[0])

    # -- branches ----------------------------------------------------------------

    def do_If(self, node: cst.If) -> None:
        self.evaluate(node.test)
        test = self.conditions.evaluate(node.test)
        body, orelse = _body(node), _orelse(node)
        if test is not None:
            self.decided(test, body if test.truth else orelse, orelse if test.truth else body)
            return
        is_main = _is_main(node.test)
        self.main_block += is_main
        before = dict(self.frame.state)
        self.narrow(node.test, truth=True)
        with self.branch():
            self.block(body)
        taken = self.path()
        self.main_block -= is_main
        self.take(dict(before))
        self.narrow(node.test, truth=False)
        with self.branch():
            self.block(orelse)
        self.take(join(taken, self.path()))

    def decided(
        self, test: Known, taken: Sequence[cst.CSTNode], untaken: Sequence[cst.CSTNode]
    ) -> None:
        if test.flag:
            self.guarded(untaken, strong=test.strong)
        self.block(taken)
        if not self.reached and test.flag:
            self.guard_exit = True

    def do_Assert(self, node: cst.Assert) -> None:
        self.evaluate(node.test)
        test = self.conditions.evaluate(node.test)
        if test is not None and not test.truth:
            self.guard_exit = test.flag
            self.stop()
            return
        with self.branch():
            self.evaluate(node.msg)
        self.narrow(node.test, truth=True)

    def do_While(self, node: cst.While) -> None:
        self.evaluate(node.test)
        test = self.conditions.evaluate(node.test)
        if test is not None and not test.truth:
            self.decided(test, _orelse(node), _body(node))
            return
        self.loop(node, forever=test is not None)

    def do_For(self, node: cst.For) -> None:
        self.evaluate(node.iter)
        self.loop(node, forever=False)

    def loop(self, node: cst.While | cst.For, *, forever: bool) -> None:
        """The first iteration starts as the loop does; a later one may know more names."""
        before = dict(self.frame.state)
        outer = self.first_iteration
        if outer is None:
            self.first_iteration = self.branches
        self.iterate(node)
        self.first_iteration = outer
        once = self.path()
        self.take(joined_or_empty(before, once))
        with self.branch():
            loop = self.iterate(node)
        ended = None if forever else joined_or_empty(before, self.path())
        self.take(ended)
        if ended is not None:
            self.block(_orelse(node))
        self.take(join(self.path(), loop.breaks))

    def iterate(self, node: cst.While | cst.For) -> Loop:
        if isinstance(node, cst.For):
            self.bind_target(node.target)
        else:
            self.narrow(node.test, truth=True)
        loop = Loop()
        self.frame.loops.append(loop)
        self.block(_body(node))
        self.frame.loops.pop()
        self.take(join(self.path(), loop.continues))
        return loop

    def do_Break(self, node: cst.Break) -> None:
        if self.frame.loops:
            loop = self.frame.loops[-1]
            loop.breaks = join(loop.breaks, self.frame.state)
        self.stop()

    def do_Continue(self, node: cst.Continue) -> None:
        if self.frame.loops:
            loop = self.frame.loops[-1]
            loop.continues = join(loop.continues, self.frame.state)
        self.stop()

    def do_Return(self, node: cst.Return) -> None:
        self.evaluate(node.value)
        if self.asked is None or not self.asked.fails:
            self.frame.returns = True
        self.stop()

    def do_Raise(self, node: cst.Raise) -> None:
        for child in children(node):
            self.evaluate(child)
        if self.asked is not None and not self.asked.fails:
            self.asked.raised.add(self.exception(node.exc))
        self.stop()

    def exception(self, node: cst.BaseExpression | None) -> tuple[str, ...]:
        """The class of what is raised, then its bases, by name; nothing where nobody can tell."""
        name = node.func if isinstance(node, cst.Call) else node
        if not isinstance(name, cst.Name):
            return ()
        _, ref, frame = self.find(name.value)
        if name.value not in frame.state:
            return bases_of_builtin(name.value)
        if ref is None or ref[0] != "class":
            return ()
        bases = [base for argument in ref[1].bases for base in self.exception(argument.value)]
        return (name.value, *bases)

    def do_Expr(self, node: cst.Expr) -> None:
        self.evaluate(node.value)
        if isinstance(node.value, cst.Call):
            self.note_handover(node.value)
            if dotted(node.value.func) in EXITS:
                self.stop()

    def note_handover(self, node: cst.Call) -> None:
        """``install(__name__)`` for its effect alone: the callee may replace or fill the module."""
        if self.at_top and any(dotted(argument.value) == "__name__" for argument in node.args):
            self.dynamic = True

    def do_Try(self, node: cst.Try | cst.TryStar) -> None:
        frame = self.frame
        caught: set[str] = set()
        for handler in node.handlers:
            if not _raises(handler.body):
                caught |= _exceptions(handler.type)
        frame.attempts.append(dict(frame.state))
        self.catching.append(caught)
        risks = self.risks
        raised_before = self.asked.raised if self.asked is not None else set()
        if self.asked is not None:
            self.asked.raised = set()
        self.block(_body(node))
        if self.asked is not None:
            self.asked.raised = raised_before | {
                error
                for error in self.asked.raised
                if not any(_catches(handler.type, error) for handler in node.handlers)
            }
        handlers = node.handlers if self.risks > risks else ()
        self.catching.pop()
        start = frame.attempts.pop()
        if self.reached and node.orelse is not None:
            self.block(_body(node.orelse))
        after = self.path()
        with self.branch():
            for handler in handlers:
                self.take(dict(start))
                self.handler(handler)
                after = join(after, self.path())
        self.take(after)
        if node.finalbody is not None:
            self.take(joined_or_empty(after, start))
            self.block(_body(node.finalbody))
            if after is None:
                self.stop()

    do_TryStar = do_Try

    def handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> None:
        self.evaluate(node.type)
        if node.name is not None:
            self.bind_target(node.name.name)
        self.block(_body(node))
        if node.name is not None and self.reached:
            for name, _ in target_names(node.name.name):
                self.unassign(name)  # language reference, 8.4.1: deleted at the handler's end

    def do_With(self, node: cst.With) -> None:
        caught: set[str] = set()
        swallows = False
        for item in node.items:
            self.evaluate(item.item)
            if item.asname is not None:
                self.bind_target(item.asname.name)
            if isinstance(item.item, cst.Call):
                name = dotted(item.item.func) or ""
                if name.rpartition(".")[2] in SWALLOWING:
                    swallows = True
                    for argument in item.item.args:
                        caught |= _exceptions(argument.value)
        if not swallows:
            self.block(_body(node))
            return
        self.frame.attempts.append(dict(self.frame.state))
        self.catching.append(caught)
        self.block(_body(node))
        self.catching.pop()
        self.take(join(self.path(), self.frame.attempts.pop()))

    def do_Match(self, node: cst.Match) -> None:
        self.evaluate(node.subject)
        subject = self.conditions.evaluate(node.subject)
        after: State | None = None
        before = self.frame.state
        for case in node.cases:
            matches = _matches(case, subject)
            if matches is False:
                if subject is not None and subject.flag:
                    self.guarded(_body(case), strong=subject.strong)
                continue
            self.frame.state = dict(before)
            with self.branch():
                self.pattern(case.pattern)
                if case.guard is not None:
                    self.evaluate(case.guard)
                    test = self.conditions.evaluate(case.guard)
                    if test is not None and not test.truth:
                        if test.flag:
                            self.guarded(_body(case), strong=test.strong)
                        continue
                self.block(_body(case))
            after = join(after, self.path())
            if matches:
                self.take(after)
                return
        self.take(join(after, before))

    def pattern(self, node: cst.CSTNode) -> None:
        """Evaluate the classes and values of a pattern, bind its captures."""
        if isinstance(node, cst.MatchAs | cst.MatchStar | cst.MatchMapping):
            name = node.rest if isinstance(node, cst.MatchMapping) else node.name
            for child in children(node):
                if child is not name:
                    self.pattern(child)
            if name is not None:
                self.assign(name.value)
        elif isinstance(node, cst.MatchClass):
            self.evaluate(node.cls)
            for positional in node.patterns:
                self.pattern(positional.value)
            for keyword in node.kwds:
                self.pattern(keyword.pattern)
        elif isinstance(node, cst.MatchValue):
            self.evaluate(node.value)
        elif isinstance(node, cst.BaseExpression):
            self.evaluate(node)
        else:
            for child in children(node):
                self.pattern(child)

    # -- bindings ----------------------------------------------------------------

    def do_Assign(self, node: cst.Assign) -> None:
        ref = self.evaluate(node.value)
        ref = self.constant(node.value) or ref
        if isinstance(node.value, cst.Call) and isinstance(node.targets[0].target, cst.Tuple):
            self.note_handover(node.value)
        for target in node.targets:
            self.note_target(target.target, node.value)
            self.bind_target(target.target, ref)

    def note_target(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        """Assignments that the module's namespace hangs on: ``__all__`` and ``globals()[...]``."""
        if isinstance(target, cst.Name) and target.value == "__all__" and self.at_top:
            self.listed.clear()
            self.list_names(value)
        elif isinstance(target, cst.Subscript):
            if dotted(target.value) == "sys.modules":
                self.dynamic = True  # the module replaces itself, or another one
            elif is_globals(target.value):
                index = target.slice[0].slice
                key = index.value if isinstance(index, cst.Index) else None
                if isinstance(key, cst.SimpleString):
                    self.module.state[str(key.evaluated_value)] = None
                else:
                    self.dynamic = True

    @property
    def at_top(self) -> bool:
        return self.frame is self.module

    def list_names(self, value: cst.CSTNode) -> None:
        """Add the entries of a literal to ``__all__``; anything else is unknown."""
        if isinstance(value, cst.List | cst.Tuple | cst.Set):
            for element in value.elements:
                inner = element.value
                if isinstance(inner, cst.SimpleString):
                    self.listed.append(Listed(str(inner.evaluated_value), inner))
                else:
                    self.all_is_known = False
        elif isinstance(value, cst.BinaryOperation):
            self.list_names(value.left)
            self.list_names(value.right)
        else:
            self.all_is_known = False

    def change_all(self, name: str, value: cst.BaseExpression) -> None:
        if not self.at_top:
            self.all_is_known = False
        elif name.endswith("extend"):
            self.list_names(value)
        elif not isinstance(value, cst.SimpleString):
            self.all_is_known = False
        elif name.endswith("append"):
            self.listed.append(Listed(str(value.evaluated_value), value))
        else:
            self.listed = [item for item in self.listed if item.name != value.evaluated_value]

    def do_AnnAssign(self, node: cst.AnnAssign) -> None:
        simple = isinstance(node.target, cst.Name)
        if node.value is not None:
            ref = self.evaluate(node.value)
            ref = self.constant(node.value) or ref
            self.note_target(node.target, node.value)
            self.bind_target(node.target, ref)
        elif not simple and isinstance(node.target, cst.Attribute | cst.Subscript):
            self.evaluate(node.target.value)
        # PEP 526: the annotation comes last, and is never evaluated in a function.
        if self.eager_annotations and self.frame.kind in ("module", "class"):
            self.evaluate(node.annotation)

    def do_AugAssign(self, node: cst.AugAssign) -> None:
        self.evaluate(node.target)
        self.evaluate(node.value)
        if isinstance(node.target, cst.Name):
            if node.target.value == "__all__" and self.at_top:
                self.list_names(node.value)
            self.assign(node.target.value)

    def do_Del(self, node: cst.Del) -> None:
        for name, target in target_names(node.target):
            self.load(name, target)
            self.unassign(name)
        if isinstance(node.target, cst.Attribute):
            self.evaluate(node.target)  # the attribute must be there, as for a read
        elif isinstance(node.target, cst.Subscript):
            self.evaluate(node.target.value)

    def do_Global(self, node: cst.Global) -> None:
        """A declaration: nothing runs."""

    do_Nonlocal = do_Global

    def do_TypeAlias(self, node: cst.TypeAlias) -> None:
        inner = self.type_parameters(node)
        self.assign(node.name.value, ("alias", node, inner))

    def type_parameters(self, node: cst.TypeAlias | cst.FunctionDef | cst.ClassDef) -> Frame:
        """The scope of ``[T: Bound = Default]`` (PEP 695); the scope around where there is none."""
        if node.type_parameters is None:
            return self.frame
        inner = Frame("type parameters", self.frame, self.frame.qualname)
        for parameter in node.type_parameters.params:
            name = parameter.param.name.value
            inner.local_names.add(name)
            inner.state[name] = ("typevar", parameter, inner)
        return inner

    # -- definitions -------------------------------------------------------------

    def do_FunctionDef(self, node: cst.FunctionDef) -> None:
        decorators = [self.evaluate(decorator.decorator) for decorator in node.decorators]
        self.defaults(node.params)
        inner = self.type_parameters(node)
        with self.inside(inner):
            if self.eager_annotations:
                for parameter in self.parameters(node.params):
                    self.evaluate(parameter.annotation)
                self.evaluate(node.returns)
        body = self.scope_of(node)
        function = Function(
            node,
            inner,
            self.frame.inner_name(node.name.value),
            is_lazy=node.asynchronous is not None or body.is_generator,
            nonlocal_names=frozenset(body.nonlocal_names),
        )
        if node.decorators:
            function.references.append("live")
        self.decorate(decorators)
        self.assign(node.name.value, ("function", function))
        self.frame.deferred.append(function)

    def decorate(self, decorators: Sequence[Ref]) -> None:
        for ref in reversed(decorators):
            if ref is not None:
                self.inline(ref)

    def do_ClassDef(self, node: cst.ClassDef) -> None:
        decorators = [self.evaluate(decorator.decorator) for decorator in node.decorators]
        around = self.type_parameters(node)
        found = self.scope_of(node)
        inner = Frame(
            "class",
            around,
            self.frame.inner_name(node.name.value),
            local_names=found.local_names,
            global_names=found.global_names,
        )
        with self.inside(around):
            for argument in (*node.bases, *node.keywords):
                self.evaluate(argument)
        with self.inside(inner):
            exit_before, self.guard_exit = self.guard_exit, False
            self.block(_body(node))
            self.guard_exit = exit_before
        members = {
            name: ref
            for name, ref in inner.state.items()
            if ref is not None and ref[0] in ("function", "alias", "class")
        }
        self.frame.deferred.extend(inner.deferred)
        self.decorate(decorators)
        self.assign(node.name.value, ("class", node, members))

    # -- imports -----------------------------------------------------------------

    def do_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            module = dotted(alias.name) or ""
            self.note_import(alias, 0, module, "")
            name, _ = import_binding(alias, whole=True)
            bound = module if alias.asname is not None else name
            self.assign(name, ("module", 0, bound))
            if "." in module:
                self.frame.state[module] = None

    def do_ImportFrom(self, node: cst.ImportFrom) -> None:
        module, level = dotted(node.module) or "", len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            self.note_import(node, level, module, "*")
            self.stars.append(node)
            if module in TYPING_MODULES and not level:
                self.assign(FLAG, ("known", False, True))
            return
        for alias in node.names:
            fetched = dotted(alias.name) or ""
            self.note_import(alias, level, module, fetched)
            ref: Ref = ("from", level, module, fetched)
            if fetched == FLAG:
                self.flag_sources.add((level, module))
                ref = ("known", False, True)
            self.assign(import_binding(alias, whole=False)[0], ref)

    def note_import(
        self, node: cst.CSTNode, level: int, module: str, name: str, *, handled: bool = False
    ) -> None:
        if self.asked is not None:
            return
        self.imports.append(
            Import(
                node,
                level,
                module,
                name,
                self.at_import,
                self.scope,
                handled or self.is_caught("ImportError"),
            )
        )


_MAY_RAISE = (
    cst.Assert,
    cst.AugAssign,
    cst.ClassDef,
    cst.Del,
    cst.For,
    cst.FunctionDef,
    cst.Import,
    cst.ImportFrom,
    cst.Match,
    cst.Raise,
    cst.With,
)
_UNREACHABLE = "<unreachable>"


class _Submodules(Walker):
    """``import a.b`` under a guard: ``a.b`` is there for the checker alone."""

    def __init__(self, found: dict[str, cst.CSTNode]) -> None:
        super().__init__()
        self.found = found

    def visit_Import(self, node: cst.Import) -> bool:
        for alias in node.names:
            name = dotted(alias.name)
            if name and "." in name and alias.asname is None:
                self.found.setdefault(name, alias)
        return False


class _Globals(Walker):
    """The names that functions bind in the module through ``global``."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[str, cst.CSTNode] = {}
        self.functions: list[cst.FunctionDef] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.functions.append(node)
        self.walk_below(node)
        self.functions.pop()
        return False

    def visit_Global(self, node: cst.Global) -> None:
        if self.functions:
            found = collect([self.functions[-1].body])
            for name in found.global_names & set(found.nodes):
                self.nodes.setdefault(name, found.nodes[name][0])


class _Dynamic(Walker):
    """Names that functions put into the module's dictionary: ``globals()["name"] = ...``."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.names: set[str] = set()
        self.unknown = False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.depth += 1
        self.walk_below(node)
        self.depth -= 1
        return False

    def add(self, key: cst.CSTNode | None) -> None:
        if isinstance(key, cst.SimpleString):
            self.names.add(str(key.evaluated_value))
        else:
            self.unknown = True

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        target = node.target
        if not self.depth:
            return
        if isinstance(target, cst.Subscript) and is_globals(target.value):
            index = target.slice[0].slice
            self.add(index.value if isinstance(index, cst.Index) else None)
        elif isinstance(target, cst.Attribute) and is_own_module(target.value):
            self.names.add(target.attr.value)

    def visit_Call(self, node: cst.Call) -> None:
        if not self.depth or not node.args:
            return
        func = node.func
        if dotted(func) == "setattr" and is_own_module(node.args[0].value):
            self.add(node.args[1].value)
        elif isinstance(func, cst.Attribute) and is_globals(func.value):
            if func.attr.value == "setdefault":
                self.add(node.args[0].value)
            elif func.attr.value == "update":
                self.update(node.args)

    def update(self, arguments: Sequence[cst.Arg]) -> None:
        for argument in arguments:
            if argument.keyword is not None:
                self.names.add(argument.keyword.value)
            elif isinstance(argument.value, cst.Dict):
                for item in argument.value.elements:
                    self.add(item.key if isinstance(item, cst.DictElement) else None)
            else:
                self.unknown = True


def _assigned_globals(tree: cst.Module) -> set[str]:
    """Names that some function binds in the module through ``global``."""
    visitor = _Globals()
    visitor.walk(tree)
    return set(visitor.nodes)


def _body(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    body = getattr(node, "body")  # noqa: B009 - every compound statement has one
    return tuple(body.body)


def _orelse(node: cst.If | cst.While | cst.For) -> Sequence[cst.CSTNode]:
    if node.orelse is None:
        return ()
    return (node.orelse,) if isinstance(node.orelse, cst.If) else _body(node.orelse)


def _is_future(statement: cst.CSTNode) -> bool:
    """``from __future__ import annotations`` (PEP 563)."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    for small in statement.body:
        if (
            isinstance(small, cst.ImportFrom)
            and dotted(small.module) == "__future__"
            and not isinstance(small.names, cst.ImportStar)
        ):
            if any(dotted(alias.name) == "annotations" for alias in small.names):
                return True
    return False


def _is_main(test: cst.BaseExpression) -> bool:
    """``__name__ == "__main__"``: runs as a script, not when the module is imported."""
    return isinstance(test, cst.Comparison) and dotted(test.left) == "__name__"


def _raises(body: cst.BaseSuite) -> bool:
    """The handler ends by raising: what it caught goes on."""
    last: cst.CSTNode | None = body.body[-1] if body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, cst.Raise)


def _exceptions(node: cst.BaseExpression | None) -> set[str]:
    """The exceptions that ``except node:`` catches, by name; anything for a bare ``except``."""
    if node is None:
        return {ANYTHING}
    if isinstance(node, cst.Tuple):
        return {name for element in node.elements for name in _exceptions(element.value)}
    name = (dotted(node) or "").rpartition(".")[2]
    known = set().union(*CAUGHT_BY.values())
    if name in known:
        return {name}
    # A class cannot be a base of NameError unless Python made it so; a constant may be a tuple.
    return set() if name[:1].isupper() and not name.isupper() else {ANYTHING}


def _catches(node: cst.BaseExpression | None, error: tuple[str, ...]) -> bool:
    """Whether ``except node:`` surely catches an exception with these classes."""
    if isinstance(node, cst.Tuple):
        return any(_catches(element.value, error) for element in node.elements)
    return node is None or dotted(node) in error


def bases_of_builtin(name: str) -> tuple[str, ...]:
    """A built-in exception and the classes that it descends from, by name."""
    found = getattr(builtins, name, None)
    if not isinstance(found, type) or not issubclass(found, BaseException):
        return ()
    return tuple(base.__name__ for base in found.__mro__)


def _matches(case: cst.MatchCase, subject: Known | None) -> bool | None:
    """Does a known subject match? None where only the run can tell."""
    same = _fits(case.pattern, subject)
    return same if not same or case.guard is None else None


def _fits(pattern: cst.MatchPattern, subject: Known | None) -> bool | None:
    if isinstance(pattern, cst.MatchAs) and pattern.pattern is None:
        return True
    if subject is None:
        return None
    if isinstance(pattern, cst.MatchSingleton) and pattern.value.value in ("True", "False"):
        return subject.value is (pattern.value.value == "True")
    if isinstance(pattern, cst.MatchValue) and isinstance(subject.value, str):
        text = literal(pattern.value)
        return None if text is None else text == subject.value
    if isinstance(pattern, cst.MatchOr):
        answers = {_fits(element.pattern, subject) for element in pattern.patterns}
        return True if True in answers else None if None in answers else False
    return None
