"""The abstract run of statements that choose and repeat: ``if``, ``while``, ``for``, ``match``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import libcst as cst

from guard_rules._names.constants import Known
from guard_rules._names.errors import bases_of_builtin
from guard_rules._names.expressions import Expressions
from guard_rules._names.frames import Loop, State, join, joined_or_empty
from guard_rules._names.shapes import body_of, is_script_test, matches, orelse_of
from guard_rules._names.walker import children

_MAY_RAISE: frozenset[type[cst.CSTNode]] = frozenset(
    {
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
    }
)


class Branches(Expressions):
    """Runs blocks: one way where the condition is decided, else all ways, and joins them."""

    def block(self, statements: Iterable[cst.CSTNode]) -> None:
        asked = self.asked
        for statement in statements:
            if type(statement) in _MAY_RAISE:
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

    def do_If(self, node: cst.If) -> None:
        self.evaluate(node.test)
        test = self.conditions.evaluate(node.test)
        body, orelse = body_of(node), orelse_of(node)
        if test is not None:
            self.decided(test, body if test.truth else orelse, orelse if test.truth else body)
            return
        as_script = is_script_test(node.test)
        self.main_block += as_script
        before = dict(self.frame.state)
        self.narrow(node.test, truth=True)
        with self.branch():
            self.block(body)
        taken = self.path()
        self.main_block -= as_script
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
            self.decided(test, orelse_of(node), body_of(node))
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
            self.block(orelse_of(node))
        self.take(join(self.path(), loop.breaks))

    def iterate(self, node: cst.While | cst.For) -> Loop:
        if isinstance(node, cst.For):
            self.bind_target(node.target)
        else:
            self.narrow(node.test, truth=True)
        loop = Loop()
        self.frame.loops.append(loop)
        self.block(body_of(node))
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

    def do_Match(self, node: cst.Match) -> None:
        self.evaluate(node.subject)
        subject = self.conditions.evaluate(node.subject)
        after: State | None = None
        before = self.frame.state
        for case in node.cases:
            fits = matches(case, subject)
            if fits is False:
                if subject is not None and subject.flag:
                    self.guarded(body_of(case), strong=subject.strong)
                continue
            self.frame.state = dict(before)
            with self.branch():
                self.pattern(case.pattern)
                if case.guard is not None:
                    self.evaluate(case.guard)
                    test = self.conditions.evaluate(case.guard)
                    if test is not None and not test.truth:
                        if test.flag:
                            self.guarded(body_of(case), strong=test.strong)
                        continue
                self.block(body_of(case))
            after = join(after, self.path())
            if fits:
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
