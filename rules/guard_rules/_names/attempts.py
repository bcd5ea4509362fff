"""The abstract run of what raises, and of what catches: ``try``, ``with``, ``raise``."""

from __future__ import annotations

import libcst as cst

from guard_rules._names.bindings import dotted, target_names
from guard_rules._names.branches import Branches
from guard_rules._names.errors import SWALLOWING, bases_of_builtin, catches, exceptions, reraises
from guard_rules._names.frames import join, joined_or_empty
from guard_rules._names.shapes import body_of
from guard_rules._names.walker import children


class Attempts(Branches):
    """Runs handlers from every state that their ``try`` may raise in."""

    def do_Try(self, node: cst.Try | cst.TryStar) -> None:
        frame = self.frame
        caught: set[str] = set()
        for handler in node.handlers:
            if not reraises(handler.body):
                caught |= exceptions(handler.type)
        frame.attempts.append(dict(frame.state))
        self.catching.append(caught)
        risks = self.risks
        raised_before = self.asked.raised if self.asked is not None else set()
        if self.asked is not None:
            self.asked.raised = set()
        self.block(body_of(node))
        if self.asked is not None:
            self.asked.raised = raised_before | {
                error
                for error in self.asked.raised
                if not any(catches(handler.type, error) for handler in node.handlers)
            }
        handlers = node.handlers if self.risks > risks else ()
        self.catching.pop()
        start = frame.attempts.pop()
        if self.reached and node.orelse is not None:
            self.block(body_of(node.orelse))
        after = self.path()
        with self.branch():
            for handler in handlers:
                self.take(dict(start))
                self.handler(handler)
                after = join(after, self.path())
        self.take(after)
        if node.finalbody is not None:
            self.take(joined_or_empty(after, start))
            self.block(body_of(node.finalbody))
            if after is None:
                self.stop()

    do_TryStar = do_Try

    def handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> None:
        self.evaluate(node.type)
        if node.name is not None:
            self.bind_target(node.name.name)
        self.block(body_of(node))
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
                        caught |= exceptions(argument.value)
        if not swallows:
            self.block(body_of(node))
            return
        self.frame.attempts.append(dict(self.frame.state))
        self.catching.append(caught)
        self.block(body_of(node))
        self.catching.pop()
        self.take(join(self.path(), self.frame.attempts.pop()))

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
