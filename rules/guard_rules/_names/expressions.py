"""The abstract run of expressions: which names they load, in the order in which Python does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from guard_rules._names.bindings import dotted, target_names
from guard_rules._names.frames import Frame, Function, Ref, State, join, joined_or_empty
from guard_rules._names.lazy import LAZY_ATTRIBUTES, Lazy
from guard_rules._names.shapes import is_empty, parameters_of
from guard_rules._names.uses import AttributeUse
from guard_rules._names.walker import children

_MAY_RAISE: frozenset[type[cst.CSTNode]] = frozenset(
    {
        cst.Attribute,
        cst.Await,
        cst.BinaryOperation,
        cst.Call,
        cst.Comparison,
        cst.FormattedString,
        cst.Subscript,
        cst.UnaryOperation,
        cst.Yield,
    }
)


class Expressions(Lazy):
    """The part of the run that evaluates."""

    def __init__(self, target: tuple[int, int]) -> None:
        super().__init__(target)
        self._evaluators: dict[type[cst.CSTNode], Callable[[cst.CSTNode], Ref] | None] = {}

    def evaluate(self, node: cst.CSTNode | None) -> Ref:
        """Evaluate an expression (or a part of one) and everything in it, in Python's order."""
        if node is None:
            return None
        kind = type(node)
        if kind in _MAY_RAISE and isinstance(node, cst.BaseExpression):
            self.risks += self.conditions.evaluate(node) is None
        if kind not in self._evaluators:
            self._evaluators[kind] = getattr(self, "eval_" + kind.__name__, None)
        method = self._evaluators[kind]
        if method is not None:
            return method(node)
        for child in children(node):
            self.evaluate(child)
        return None

    def eval_Name(self, node: cst.Name) -> Ref:
        return self.load(self.mangled(node.value), node)

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

    def eval_Call(self, node: cst.Call) -> Ref:
        name = dotted(node.func)
        ref = self.evaluate(node.func)
        for argument in node.args:
            self.evaluate(argument.value)
        self.note_call(name, node)
        if ref is not None:
            self.inline(ref)
        return None

    def eval_Arg(self, node: cst.Arg) -> Ref:
        return self.evaluate(node.value)

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

    def eval_NamedExpr(self, node: cst.NamedExpr) -> Ref:
        ref = self.evaluate(node.value)
        for name, _ in target_names(node.target):
            self.assign(name, self.constant(node.value) or ref)
        return ref

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
                self.set_present(spelled)
        else:
            self.evaluate(target)

    def eval_Lambda(self, node: cst.Lambda) -> Ref:
        self.defaults(node.params)
        function = Function(node, self.frame, self.frame.inner_name("<lambda>"))
        if self.function is not None:
            function.references.append(self.function)
        self.frame.deferred.append(function)
        return ("function", function)

    def defaults(self, parameters: cst.Parameters) -> None:
        for parameter in parameters_of(parameters):
            self.evaluate(parameter.default)

    def eval_GeneratorExp(self, node: cst.GeneratorExp | cst.ListComp | cst.SetComp) -> Ref:
        self.comprehension(node.for_in, (node.elt,))
        return None

    eval_ListComp = eval_SetComp = eval_GeneratorExp

    def eval_DictComp(self, node: cst.DictComp) -> Ref:
        self.comprehension(node.for_in, (node.key, node.value))
        return None

    def comprehension(self, loop: cst.CompFor, results: Sequence[cst.CSTNode]) -> None:
        self.evaluate(loop.iter)  # the first iterable belongs to the scope around
        if is_empty(loop.iter):
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
