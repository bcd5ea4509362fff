"""The abstract run of statements that bind names: assignments, definitions, imports."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from guard_rules._names.attempts import Attempts
from guard_rules._names.bindings import dotted, import_binding, target_names
from guard_rules._names.constants import FLAG, TYPING_MODULES
from guard_rules._names.errors import EXITS
from guard_rules._names.frames import Frame, Function, Ref
from guard_rules._names.shapes import body_of, parameters_of


class Definitions(Attempts):
    """Binds, in the order in which Python evaluates the parts of a statement."""

    def __init__(self, target: tuple[int, int]) -> None:
        super().__init__(target)
        self.eager_annotations = target < (3, 14)
        self.flag_sources: set[tuple[int, str]] = set()

    def do_Expr(self, node: cst.Expr) -> None:
        self.evaluate(node.value)
        if isinstance(node.value, cst.Call):
            self.note_handover(node.value)
            if dotted(node.value.func) in EXITS:
                self.stop()

    def do_Return(self, node: cst.Return) -> None:
        self.evaluate(node.value)
        if self.asked is None or not self.asked.fails:
            self.frame.returns = True
        self.stop()

    def do_Assign(self, node: cst.Assign) -> None:
        ref = self.evaluate(node.value)
        ref = self.constant(node.value) or ref
        if isinstance(node.value, cst.Call) and isinstance(node.targets[0].target, cst.Tuple):
            self.note_handover(node.value)
        for target in node.targets:
            self.note_target(target.target, node.value)
            self.bind_target(target.target, ref)

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

    def do_FunctionDef(self, node: cst.FunctionDef) -> None:
        decorators = [self.evaluate(decorator.decorator) for decorator in node.decorators]
        self.defaults(node.params)
        inner = self.type_parameters(node)
        with self.inside(inner):
            if self.eager_annotations:
                for parameter in parameters_of(node.params):
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
            self.block(body_of(node))
            self.guard_exit = exit_before
        members = {
            name: ref
            for name, ref in inner.state.items()
            if ref is not None and ref[0] in ("function", "alias", "class")
        }
        self.frame.deferred.extend(inner.deferred)
        self.decorate(decorators)
        self.assign(node.name.value, ("class", node, members))

    def do_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            module = dotted(alias.name) or ""
            self.note_import(alias, 0, module, "")
            name, _ = import_binding(alias, whole=True)
            bound = module if alias.asname is not None else name
            self.assign(name, ("module", 0, bound))
            if "." in module:
                self.set_present(module)

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
