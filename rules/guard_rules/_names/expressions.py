"""The abstract run of expressions: which names they load, in the order in which Python does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import libcst as cst

from guard_rules._names.bindings import collect, dotted, normal, target_names
from guard_rules._names.compiled import builtin_names
from guard_rules._names.constants import FLAG, Conditions, Known
from guard_rules._names.frames import ASSUMED, Frame, Function, Ref, State, join
from guard_rules._names.tables import is_table, literal, literal_keys
from guard_rules._names.walker import children

CAUGHT_BY = {
    "NameError": {"NameError", "Exception", "BaseException"},
    "UnboundLocalError": {"UnboundLocalError", "NameError", "Exception", "BaseException"},
    "ImportError": {"ImportError", "Exception", "BaseException"},
    "AttributeError": {"AttributeError", "Exception", "BaseException"},
}
ANYTHING = "*"
_MAY_RAISE = (
    cst.Attribute,
    cst.Await,
    cst.BinaryOperation,
    cst.Call,
    cst.Comparison,
    cst.FormattedString,
    cst.Subscript,
    cst.UnaryOperation,
    cst.Yield,
)
LAZY_ATTRIBUTES = {
    "__value__": "value",
    "evaluate_value": "value",
    "__bound__": "bound",
    "__constraints__": "bound",
    "evaluate_bound": "bound",
    "evaluate_constraints": "bound",
    "__default__": "default",
    "evaluate_default": "default",
}
# Functions that only read the namespace that they are given.
_READERS = frozenset(
    "dict dir getattr hasattr id isinstance len list print sorted vars setattr eval get_type_hints "
    "get_annotations signature model_rebuild update_forward_refs rebuild_dataclass".split()
)
INLINE_DEPTH = 6
INLINE_TIMES = 4


@dataclass(slots=True, eq=False)
class Use:
    """An occurrence that is evaluated while its name is surely unbound."""

    name: str
    node: cst.CSTNode
    kind: str
    """``global``, ``local`` or ``free``: the three ways in which CPython says so."""
    frame: Frame
    """Where to look for the guard: the scope of the name, or for a global that of the use."""
    at_import: bool
    scope: str
    stars: int
    """How many of the module's star imports ran before: one of them may bind the name."""
    function: Function | None
    annotation: bool
    """It stands in an annotation."""


@dataclass(slots=True, eq=False)
class AttributeUse:
    """A chain of attributes read from a module: ``a.b.c`` with ``a`` bound by an import."""

    ref: tuple[object, ...]
    nodes: tuple[cst.CSTNode, ...]
    """The expressions ``a.b`` and ``a.b.c``."""
    attributes: tuple[str, ...]
    root: str
    present: int
    """How many of the attributes the program made sure of: ``hasattr``, ``import a.b``."""
    at_import: bool
    scope: str


@dataclass(slots=True, eq=False)
class Asked:
    """One run of the module's ``__getattr__``: what if it is asked for a certain name?"""

    tables: dict[str, cst.BaseExpression]
    """Literal containers of the module that nothing changes, by name."""
    changed: frozenset[str]
    """Names of any scope that something may change in place."""
    branches: int = 0
    """The depth of conditions at which the statement at hand stands."""
    fails: bool = False
    """The expression at hand surely raises a ``KeyError``."""
    raised: set[tuple[str, ...]] = field(default_factory=set)
    """The exceptions that leave it, each by its name and the names of its bases."""


def guard_of(use: Use) -> cst.CSTNode | None:
    """Where guarded code binds the name that a use misses; asked when the run has ended."""
    if use.kind != "global":
        return use.frame.guards.get(use.name)
    frame: Frame | None = use.frame
    while frame is not None:
        if frame.kind in ("class", "module") and use.name in frame.guards:
            return frame.guards[use.name]
        frame = frame.parent
    return None


class Expressions:
    """The part of the abstract run that evaluates; ``flow.Flow`` adds the statements."""

    def __init__(self, target: tuple[int, int]) -> None:
        self.target = target
        self.builtins = builtin_names(target)
        self.conditions = Conditions(target, self.known, self.contains)
        self.module = Frame("module", None, "")
        self.frame = self.module
        self.deferred = False
        """The module has been imported; functions run at some later time."""
        self.main_block = 0
        self.catching: list[set[str]] = []
        self.branches = 0
        self.first_iteration: int | None = None
        self.inlining: list[Function] = []
        self.risks = 0
        """How much was evaluated that may raise: a handler around nothing of it never runs."""
        self.annotation = 0
        self.dynamic = False
        self.stars: list[cst.ImportFrom] = []
        self.uses: dict[int, Use] = {}
        self.attributes: dict[int, AttributeUse] = {}
        self.global_assigned: set[str] = set()
        self.asked: Asked | None = None
        """The run of ``__getattr__`` for one name, while it goes on."""

    # -- names -------------------------------------------------------------------

    @property
    def at_import(self) -> bool:
        return not self.deferred and not self.main_block

    def find(self, name: str) -> tuple[str, Ref, Frame]:
        """Look ``name`` up: ``("bound" | "global" | "local" | "free", what it means, scope)``."""
        frame: Frame | None = self.frame
        if name == "__class__" and any(outer.kind == "class" for outer in self.frames()):
            return "bound", None, self.frame  # the cell that ``super()`` uses
        sees_class, crossed = True, False
        while frame is not None and frame.kind != "module":
            if name in frame.state and frame.state[name] == ASSUMED:
                return "bound", None, frame
            if name in frame.global_names:
                break
            if frame.kind == "class":
                if sees_class and name in frame.local_names:
                    if name in frame.state:
                        return "bound", frame.state[name], frame
                    break  # LOAD_NAME: from the class straight to the globals
                sees_class, crossed = False, True  # class bodies do not nest
            elif name in frame.local_names:
                if name in frame.state:
                    return "bound", frame.state[name], frame
                return ("free" if crossed else "local"), None, frame
            if frame.kind in ("function", "comprehension"):
                sees_class = False
                crossed = crossed or frame.kind == "function"
            frame = frame.parent
        module = self.module
        if name in module.state:
            ref = module.state[name]
            return "bound", None if ref == ASSUMED else ref, module
        if name in self.builtins:
            return "bound", None, module
        return "global", None, module

    def load(self, name: str, node: cst.CSTNode) -> Ref:
        """Evaluate a name; report it where it is surely unbound."""
        kind, ref, frame = self.find(name)
        function = self.function
        if kind == "bound":
            if ref is not None and ref[0] == "function":
                self.refer(ref[1])
            if function is not None and frame is self.module and not self.deferred:
                function.bound_when_called.add(name)
            return ref
        self.risks += 1
        if kind == "global" and self.dynamic:
            return None
        error = "UnboundLocalError" if kind == "local" else "NameError"
        if self.asked is not None or self.is_caught(error):
            return None
        if self.first_iteration is not None and self.branches > self.first_iteration:
            return None
        if self.deferred and function is not None and name in function.bound_when_called:
            return None
        known = self.uses.get(id(node))
        if known is None or (self.at_import and not known.at_import):
            self.uses[id(node)] = Use(
                name,
                node,
                kind,
                self.frame if kind == "global" else frame,
                self.at_import,
                self.scope,
                len(self.stars),
                function,
                self.annotation > 0,
            )
        return None

    @property
    def function(self) -> Function | None:
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.function is not None:
                return frame.function
            frame = frame.parent
        return None

    @property
    def scope(self) -> str:
        frame: Frame | None = self.frame
        while frame is not None and frame.kind not in ("module", "class", "function"):
            frame = frame.parent
        return frame.qualname if frame is not None and frame.qualname else "module"

    def guarded(self, nodes: Sequence[cst.CSTNode], *, strong: bool) -> None:
        """Code that only the type checker sees. ``flow.Flow`` keeps what it binds."""
        raise NotImplementedError

    def refer(self, function: Function) -> None:
        """Note how the module refers to one of its functions; whoever has it may call it."""
        for name in function.nonlocal_names if self.deferred else ():
            self.owner_of_nonlocal(name, function.frame).state.setdefault(name, None)
        if self.is_caught("NameError"):
            function.references.append("handled")
        else:
            function.references.append(self.function if self.function is not None else "live")

    def is_caught(self, error: str) -> bool:
        accepted = CAUGHT_BY[error] | {ANYTHING}
        return any(caught & accepted for caught in self.catching)

    def assign(self, name: str, ref: Ref = None) -> None:
        """Bind a name in the scope that Python binds it in."""
        name = normal(name)
        frame: Frame | None = self.frame
        while frame is not None and frame.kind in ("comprehension", "type parameters"):
            if name in frame.local_names and frame.kind == "comprehension":
                break
            frame = frame.parent
        if frame is None or name in frame.global_names:
            frame = self.module
        elif frame.kind == "function" and name not in frame.local_names:
            frame = self.owner_of_nonlocal(name, frame)
        if name == FLAG and ref is not None and ref[0] == "known":
            ref = ("known", ref[1], True)
        if frame is self.module and name in self.global_assigned:
            ref = None
        for key in [key for key in frame.state if key.startswith(f"{name}.")]:
            del frame.state[key]
        frame.state[name] = ref

    def owner_of_nonlocal(self, name: str, frame: Frame) -> Frame:
        outer: Frame | None = frame
        while outer is not None:
            if outer.kind == "function" and name in outer.local_names:
                return outer
            outer = outer.parent
        return frame

    def unassign(self, name: str) -> None:
        kind, _, frame = self.find(name)
        if kind == "bound":
            frame.state.pop(name, None)

    def known(self, node: cst.BaseExpression) -> Known | None:
        """For conditions: what a name or an attribute is known to be."""
        if isinstance(node, cst.Name):
            kind, ref, _ = self.find(node.value)
            if kind == "global" and node.value == FLAG and self.stars:
                return Known(False, flag=True, strong=True)  # ``from typing import *`` brings it
            if ref is not None and ref[0] == "known":
                return Known(ref[1], flag=True, strong=ref[2] or node.value == FLAG)
        elif isinstance(node, cst.Attribute) and node.attr.value == FLAG:
            ref = self.find(node.value.value)[1] if isinstance(node.value, cst.Name) else None
            if ref is not None and (
                ref[0] == "module" or (ref[0] == "from" and ref[3].endswith("typing"))
            ):
                return Known(False, flag=True, strong=True)
        return None

    def contains(self, node: cst.BaseExpression, key: str) -> bool | None:
        """For conditions: ``key in node``, where ``node`` is a literal or a constant table."""
        keys = literal_keys(self.table(node) or node)
        return None if keys is None else key in keys

    def table(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """The literal that a name, or ``name.keys()``, surely stands for."""
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and not node.args:
            return self.table(node.func.value) if node.func.attr.value == "keys" else None
        if self.asked is None or not isinstance(node, cst.Name):
            return None
        _, ref, frame = self.find(node.value)
        if frame is self.module:
            return self.asked.tables.get(node.value)
        if ref is None or ref[0] != "table" or node.value in self.asked.changed:
            return None
        table: cst.BaseExpression = ref[1]
        return table

    # -- expressions -------------------------------------------------------------

    def evaluate(self, node: cst.CSTNode | None) -> Ref:
        """Evaluate an expression (or a part of one) and everything in it, in Python's order."""
        if node is None:
            return None
        if isinstance(node, _MAY_RAISE) and self.conditions.evaluate(node) is None:
            self.risks += 1
        method = getattr(self, "eval_" + type(node).__name__, None)
        if method is not None:
            ref: Ref = method(node)
            return ref
        for child in children(node):
            self.evaluate(child)
        return None

    def eval_Name(self, node: cst.Name) -> Ref:
        return self.load(self.mangled(node.value), node)

    def mangled(self, name: str) -> str:
        """``__part`` in a class ``Box`` is ``_Box__part`` (language reference, 6.2.1)."""
        if name.startswith("__") and not name.endswith("__"):
            for frame in self.frames():
                if frame.kind == "class":
                    return f"_{frame.qualname.rpartition('.')[2].lstrip('_')}{name}"
        return normal(name)

    def eval_SimpleString(self, node: cst.SimpleString) -> Ref:
        return None

    def eval_Attribute(self, node: cst.Attribute) -> Ref:
        nodes: list[cst.Attribute] = []
        root: cst.BaseExpression = node
        while isinstance(root, cst.Attribute):
            nodes.append(root)
            root = root.value
        ref = self.evaluate(root)
        if any(item.attr.value in LAZY_ATTRIBUTES for item in nodes):
            self.follow(root, ref, nodes)
        if isinstance(root, cst.Name) and ref is not None and ref[0] in ("module", "from"):
            self.read_attributes(ref, root.value, tuple(reversed(nodes)))
        return None

    def read_attributes(self, ref: Ref, root: str, nodes: tuple[cst.Attribute, ...]) -> None:
        """Record ``a.b.c`` for the linking of modules, unless the program made sure of it."""
        names = tuple(node.attr.value for node in nodes)
        if ref is None or self.asked is not None or self.is_caught("AttributeError"):
            return
        spelled, present = root, 0
        for count, name in enumerate(names, start=1):
            spelled += f".{name}"
            if any(spelled in frame.state for frame in self.frames()):
                present = count
        if present == len(names):
            return
        known = self.attributes.get(id(nodes[0]))
        if known is None or (self.at_import and not known.at_import):
            self.attributes[id(nodes[0])] = AttributeUse(
                ref, nodes, names, root, present, self.at_import, self.scope
            )

    def frames(self) -> Iterator[Frame]:
        frame: Frame | None = self.frame
        while frame is not None:
            yield frame
            frame = frame.parent

    def follow(self, root: cst.CSTNode, ref: Ref, nodes: list[cst.Attribute]) -> None:
        """Walk ``Box.Alias.__value__.__value__`` from the left, forcing what is lazy."""
        while isinstance(root, cst.Subscript | cst.Call | cst.Attribute):
            root = root.func if isinstance(root, cst.Call) else root.value
            if isinstance(root, cst.Name):
                ref = self.find(root.value)[1]
        for node in reversed(nodes):
            name = node.attr.value
            if name in LAZY_ATTRIBUTES:
                ref = self.force(ref, LAZY_ATTRIBUTES[name])
            elif ref is not None and ref[0] == "class":
                ref = ref[2].get(name)

    def force(self, ref: Ref, what: str) -> Ref:
        """Evaluate what PEP 695 and PEP 696 keep lazy until it is asked for."""
        if ref is None:
            return None
        if ref[0] == "alias" and what == "value":
            with self.inside(ref[2]):
                return self.evaluate(ref[1].value)
        if ref[0] == "typevar":
            self.force_parameter(ref[1], ref[2], what)
        elif ref[0] in ("function", "class"):
            definition = ref[1].node if ref[0] == "function" else ref[1]
            parameters = getattr(definition, "type_parameters", None)
            for parameter in parameters.params if parameters is not None else ():
                self.force_parameter(parameter, self.frame, what)
        return None

    def force_parameter(self, parameter: cst.TypeParam, frame: Frame, what: str) -> None:
        with self.inside(frame):
            if what == "default":
                self.evaluate(parameter.default)
            elif what == "bound":
                self.evaluate(getattr(parameter.param, "bound", None))

    @contextmanager
    def inside(self, frame: Frame) -> Iterator[Frame]:
        """Run something in another scope."""
        before, self.frame = self.frame, frame
        try:
            yield frame
        finally:
            self.frame = before

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Code that runs on a condition that only the run can tell."""
        self.branches += 1
        try:
            yield
        finally:
            self.branches -= 1

    def eval_BooleanOperation(self, node: cst.BooleanOperation) -> Ref:
        self.evaluate(node.left)
        left = self.conditions.evaluate(node.left)
        is_and = isinstance(node.operator, cst.And)
        if left is not None and left.truth != is_and:
            if left.flag:
                self.guarded((node.right,), strong=left.strong)
            return None  # decided: the right side never runs
        if left is not None:
            self.evaluate(node.right)
            return None
        before = dict(self.frame.state)
        self.narrow(node.left, truth=is_and)
        with self.branch():
            self.evaluate(node.right)
        self.frame.state = joined_or_empty(before, self.frame.state)
        return None

    def eval_IfExp(self, node: cst.IfExp) -> Ref:
        self.evaluate(node.test)
        test = self.conditions.evaluate(node.test)
        if test is not None:
            if test.flag:
                self.guarded((node.orelse if test.truth else node.body,), strong=test.strong)
            return self.evaluate(node.body if test.truth else node.orelse)
        before = self.frame.state
        after: State | None = None
        for truth, side in ((True, node.body), (False, node.orelse)):
            self.frame.state = dict(before)
            self.narrow(node.test, truth=truth)
            with self.branch():
                self.evaluate(side)
            after = join(after, self.frame.state)
        self.frame.state = after or {}
        return None

    def narrow(self, test: cst.BaseExpression, *, truth: bool) -> None:
        """Assume that ``test`` came out as ``truth``: the names that it proves exist from here."""
        for name in _proves(test, truth=truth):
            self.frame.state.setdefault(name, ASSUMED)

    def eval_NamedExpr(self, node: cst.NamedExpr) -> Ref:
        ref = self.evaluate(node.value)
        for name, _ in target_names(node.target):
            self.assign(name, self.constant(node.value) or ref)
        return ref

    def constant(self, node: cst.BaseExpression) -> Ref:
        """What to remember of an assigned value: a flag that a later condition may test."""
        known = self.conditions.evaluate(node)
        if self.asked is not None:
            if known is not None:
                return ("known", known.value, known.strong)
            return ("table", node) if is_table(node) else None
        if known is None or known.value not in (True, False):
            return None
        return ("known", bool(known.value), known.strong)

    def eval_Subscript(self, node: cst.Subscript) -> Ref:
        for child in children(node):
            self.evaluate(child)
        if self.asked is not None and self.branches == self.asked.branches:
            table = self.table(node.value) or node.value
            index = node.slice[0].slice
            key = self.conditions.evaluate(index.value) if isinstance(index, cst.Index) else None
            if isinstance(table, cst.Dict) and key is not None and isinstance(key.value, str):
                if self.contains(table, key.value) is False:
                    self.asked.fails = True
        return None

    def eval_Lambda(self, node: cst.Lambda) -> Ref:
        self.defaults(node.params)
        function = Function(node, self.frame, self.frame.inner_name("<lambda>"))
        if self.function is not None:
            function.references.append(self.function)
        self.frame.deferred.append(function)
        return ("function", function)

    def defaults(self, parameters: cst.Parameters) -> None:
        for parameter in self.parameters(parameters):
            self.evaluate(parameter.default)

    @staticmethod
    def parameters(parameters: cst.Parameters) -> Iterator[cst.Param]:
        yield from parameters.posonly_params
        yield from parameters.params
        if isinstance(parameters.star_arg, cst.Param):
            yield parameters.star_arg
        yield from parameters.kwonly_params
        if parameters.star_kwarg is not None:
            yield parameters.star_kwarg

    def eval_GeneratorExp(self, node: cst.GeneratorExp | cst.ListComp | cst.SetComp) -> Ref:
        self.comprehension(node.for_in, (node.elt,))
        return None

    eval_ListComp = eval_SetComp = eval_GeneratorExp

    def eval_DictComp(self, node: cst.DictComp) -> Ref:
        self.comprehension(node.for_in, (node.key, node.value))
        return None

    def comprehension(self, loop: cst.CompFor, results: Sequence[cst.CSTNode]) -> None:
        self.evaluate(loop.iter)  # the first iterable belongs to the scope around
        if _is_empty(loop.iter):
            return
        names: set[str] = set()
        part: cst.CompFor | None = loop
        while part is not None:
            names.update(name for name, _ in target_names(part.target))
            part = part.inner_for_in
        inner = Frame("comprehension", self.frame, self.frame.qualname, local_names=names)
        with self.inside(inner), self.branch():
            part = loop
            while part is not None:
                if part is not loop:
                    self.evaluate(part.iter)
                self.bind_target(part.target)
                for condition in part.ifs:
                    self.evaluate(condition.test)
                    test = self.conditions.evaluate(condition.test)
                    if test is not None and not test.truth:
                        return
                    self.narrow(condition.test, truth=True)
                part = part.inner_for_in
            for result in results:
                self.evaluate(result)

    def bind_target(self, target: cst.CSTNode, ref: Ref = None) -> None:
        """Store to a target: a subscript or an attribute loads its object first."""
        if isinstance(target, cst.Name):
            self.assign(target.value, ref)
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self.bind_target(element.value)
        elif isinstance(target, cst.StarredElement):
            self.bind_target(target.value)
        elif isinstance(target, cst.Attribute):
            self.evaluate(target.value)
            spelled = dotted(target)
            if spelled is not None:
                self.frame.state[spelled] = None
        else:
            self.evaluate(target)

    def eval_Call(self, node: cst.Call) -> Ref:
        name = dotted(node.func)
        ref = self.evaluate(node.func)
        for argument in node.args:
            self.evaluate(argument.value)
        self.note_call(name, node)
        if ref is not None:
            self.inline(ref)
        return None

    def note_call(self, name: str | None, node: cst.Call) -> None:
        """Calls that change what is bound, and reads that are written as calls."""
        if self.frame is self.module and any(
            is_globals(argument.value) or is_own_module(argument.value) for argument in node.args
        ):
            if (name or "").rpartition(".")[2] not in _READERS:
                self.dynamic = True  # the callee may fill the module's namespace
        texts = [literal(argument.value) for argument in node.args]
        if name == "getattr" and len(node.args) == 2 and texts[1]:
            self.read_by_name(node.args[0].value, texts[1], node)
        elif name in ("exec", "globals().update", "vars().update"):
            self.dynamic = True
        elif name in ("__all__.append", "__all__.extend", "__all__.remove") and node.args:
            self.change_all(name, node.args[0].value)
        elif name is not None and name.rpartition(".")[2] in ("import_module", "__import__"):
            if texts and texts[0]:
                self.note_import(node, 0, texts[0], "", handled=True)
        elif name is None and isinstance(node.func, cst.Attribute):
            owner = node.func.value
            if node.func.attr.value in ("update", "setdefault", "__setitem__") and is_globals(
                owner
            ):
                self.bind_dynamically(node)
        elif name == "setattr" and len(node.args) == 3:
            self.set_attribute(node.args[0].value, texts[1])

    def set_attribute(self, owner: cst.BaseExpression, name: str | None) -> None:
        """``setattr(module, "name", value)``."""
        if is_own_module(owner):
            if name:
                self.module.state[name] = None
            else:
                self.dynamic = True
        elif dotted(owner) is not None and name:
            self.frame.state[f"{dotted(owner)}.{name}"] = None

    def change_all(self, name: str, value: cst.BaseExpression) -> None:
        """``__all__.append(...)`` and the like. ``flow.Flow`` keeps the list."""
        raise NotImplementedError

    def note_import(
        self, node: cst.CSTNode, level: int, module: str, name: str, *, handled: bool = False
    ) -> None:
        """Keep an import. ``flow.Flow`` does."""
        raise NotImplementedError

    def bind_dynamically(self, node: cst.Call) -> None:
        """``globals().update(a=1)``: the names where the text says them, else any name."""
        keywords = [argument.keyword for argument in node.args]
        if keywords and all(keyword is not None for keyword in keywords):
            for keyword in keywords:
                if keyword is not None:
                    self.module.state[keyword.value] = None
            return
        first = node.args[0].value if node.args else None
        key = literal(first) if first is not None else None
        if key:
            self.module.state[key] = None
        elif isinstance(first, cst.Dict) and all(
            isinstance(item, cst.DictElement) and literal(item.key) for item in first.elements
        ):
            for item in first.elements:
                if isinstance(item, cst.DictElement):
                    self.module.state[literal(item.key) or ""] = None
        else:
            self.dynamic = True

    def read_by_name(self, owner: cst.BaseExpression, name: str, node: cst.Call) -> None:
        ref = self.find(owner.value)[1] if isinstance(owner, cst.Name) else None
        if ref is None or ref[0] not in ("module", "from") or not isinstance(owner, cst.Name):
            return
        if self.asked is not None or self.is_caught("AttributeError"):
            return
        spelled = f"{owner.value}.{name}"
        if not any(spelled in frame.state for frame in self.frames()):
            self.attributes[id(node)] = AttributeUse(
                ref, (node,), (name,), owner.value, 0, self.at_import, self.scope
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

    def run_function(self, function: Function) -> Frame:
        """Run a function's body in a new scope. ``flow.Flow`` knows how to run statements."""
        raise NotImplementedError

    def eval_Arg(self, node: cst.Arg) -> Ref:
        return self.evaluate(node.value)

    def eval_Annotation(self, node: cst.Annotation) -> Ref:
        self.annotation += 1
        self.evaluate(node.annotation)
        self.annotation -= 1
        return None

    def eval_FormattedStringExpression(
        self, node: cst.FormattedStringExpression | cst.TemplatedStringExpression
    ) -> Ref:
        self.evaluate(node.expression)
        for part in node.format_spec or ():
            self.evaluate(part)
        return None

    eval_TemplatedStringExpression = eval_FormattedStringExpression

    def lambda_frame(self, function: Function) -> Frame:
        """The scope of a lambda's body: its parameters and any walrus in it."""
        node = function.node
        names = {parameter.name.value for parameter in self.parameters(node.params)}
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


def joined_or_empty(left: State | None, right: State | None) -> State:
    """The join of two paths, as a state even where nothing reaches it."""
    return join(left, right) or {}


def is_globals(node: cst.CSTNode) -> bool:
    """``globals()``, ``vars()`` of a module body, ``sys.modules[__name__].__dict__``."""
    if isinstance(node, cst.Call) and dotted(node.func) in ("globals", "vars", "locals"):
        return not node.args or is_own_module(node.args[0].value)
    return (
        isinstance(node, cst.Attribute)
        and node.attr.value == "__dict__"
        and is_own_module(node.value)
    )


def is_own_module(node: cst.CSTNode) -> bool:
    """``sys.modules[__name__]``."""
    if not isinstance(node, cst.Subscript) or dotted(node.value) not in ("sys.modules", "modules"):
        return False
    index = node.slice[0].slice
    return isinstance(index, cst.Index) and dotted(index.value) == "__name__"


def _is_empty(node: cst.CSTNode) -> bool:
    """A literal ``()``, ``[]``, ``{}`` or ``""``: the loop over it never runs."""
    if isinstance(node, cst.Tuple | cst.List | cst.Dict):
        return not node.elements
    return literal(node) == ""


def _proves(test: cst.BaseExpression, *, truth: bool) -> Iterator[str]:
    """Names (or ``object.attribute``) that exist if ``test`` comes out as ``truth``."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from _proves(test.expression, truth=not truth)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) == truth:
            yield from _proves(test.left, truth=truth)
            yield from _proves(test.right, truth=truth)
    elif isinstance(test, cst.Call) and dotted(test.func) == "hasattr" and truth:
        owner, name = dotted(test.args[0].value), literal(test.args[-1].value)
        if owner and name:
            yield f"{owner}.{name}"
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        comparison = test.comparisons[0]
        is_in = isinstance(comparison.operator, cst.In)
        name = literal(test.left)
        if name and (is_in or isinstance(comparison.operator, cst.NotIn)) and is_in == truth:
            yield from _members(comparison.comparator, name)


def _members(container: cst.BaseExpression, name: str) -> Iterator[str]:
    """``"X" in globals()``, ``in dir()``, ``in vars(module)``, ``in module.__dict__``."""
    if isinstance(container, cst.Call) and dotted(container.func) in (
        "globals",
        "vars",
        "locals",
        "dir",
    ):
        if not container.args:
            yield name
        elif owner := dotted(container.args[0].value):
            yield f"{owner}.{name}"
    elif isinstance(container, cst.Attribute) and container.attr.value == "__dict__":
        if owner := dotted(container.value):
            yield f"{owner}.{name}"
