"""Guards: tests that only a type checker takes for true."""

from __future__ import annotations

import ast

from guard_rules._annotations.trees import dotted_name

_FLAG = "TYPE_CHECKING"
_TYPING = frozenset({"typing", "typing_extensions"})


class Flags:
    """The names of one file that stand for ``TYPE_CHECKING``, as its imports give them."""

    def __init__(self) -> None:
        self._names = {_FLAG}
        self._of_typing: set[str] = set()

    def learn(self, module: str, name: str, bound: str) -> None:
        """``from module import name as bound``."""
        if name == _FLAG:
            self._names.add(bound)
            if module in _TYPING:
                self._of_typing.add(bound)

    def is_plain(self, test: ast.expr) -> bool:
        """Whether a test is a bare name that was imported from ``typing``."""
        return isinstance(test, ast.Name) and test.id in self._of_typing

    def guard(self, test: ast.expr) -> bool | None:
        """True: the body is for type checkers alone; False: the else branch is; None: neither."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self.guard(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            found = [self.guard(value) for value in test.values]
            if isinstance(test.op, ast.And):
                return True if True in found else None
            return True if all(value is True for value in found) else None
        if isinstance(test, ast.Constant):
            return None if test.value else True
        name = dotted_name(test)
        return True if name in self._names or name.endswith("." + _FLAG) else None
