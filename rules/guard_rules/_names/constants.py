"""What a condition is at run time, where the text alone decides it.

``TYPE_CHECKING`` is false when the program runs (PEP 484, typing.TYPE_CHECKING); a comparison of
``sys.version_info`` is decided by the target version; everything else is unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import libcst as cst

from guard_rules._names.bindings import dotted

TYPING_MODULES = frozenset({"typing", "typing_extensions"})
FLAG = "TYPE_CHECKING"


@dataclass(frozen=True, slots=True)
class Known:
    """A value that is known before the program runs."""

    value: Any
    flag: bool = False
    """It rests on a constant that is false when the program runs: code may stand under it that only
    a type checker reads."""
    strong: bool = False
    """That constant is ``TYPE_CHECKING``. ``if False:`` has other uses too."""

    @property
    def truth(self) -> bool:
        return bool(self.value)


Lookup = Callable[[cst.BaseExpression], Known | None]
"""What a name or an attribute stands for, where the state of the program says it."""
Contains = Callable[[cst.BaseExpression, str], bool | None]
"""Whether a container that the module writes out holds a string; None where nobody can tell."""

_COMPARE: dict[type[cst.BaseCompOp], Callable[[Any, Any], Any]] = {
    cst.Equal: operator.eq,
    cst.NotEqual: operator.ne,
    cst.LessThan: operator.lt,
    cst.LessThanEqual: operator.le,
    cst.GreaterThan: operator.gt,
    cst.GreaterThanEqual: operator.ge,
    cst.Is: operator.is_,
    cst.IsNot: operator.is_not,
}


class Conditions:
    """Evaluates expressions for one target version."""

    def __init__(self, target: tuple[int, int], lookup: Lookup, contains: Contains) -> None:
        self.lookup = lookup
        self.contains = contains
        self.target = target
        self._methods: dict[type[cst.CSTNode], Callable[[Any], Known | None] | None] = {}

    def evaluate(self, node: cst.BaseExpression) -> Known | None:
        """The value of ``node``, or None where only the run can tell."""
        kind = type(node)
        if kind not in self._methods:
            self._methods[kind] = getattr(self, "_" + kind.__name__, None)
        method = self._methods[kind]
        return method(node) if method is not None else None

    def _Name(self, node: cst.Name) -> Known | None:
        if node.value in ("True", "False", "None"):
            # ``if False:`` is the oldest spelling of the flag.
            return Known({"True": True, "False": False, "None": None}[node.value], flag=True)
        return self.lookup(node)

    def _Integer(self, node: cst.Integer) -> Known:
        return Known(node.evaluated_value, flag=True)

    def _SimpleString(self, node: cst.SimpleString) -> Known:
        return Known(node.evaluated_value)

    def _Tuple(self, node: cst.Tuple) -> Known | None:
        values = [self.evaluate(element.value) for element in node.elements]
        if any(value is None for value in values):
            return None
        return Known(tuple(value.value for value in values if value is not None))

    def _Attribute(self, node: cst.Attribute) -> Known | None:
        text = dotted(node)
        if text in ("sys.version_info.major", "sys.version_info.minor"):
            return Known(self.target[0 if text.endswith("major") else 1])
        return self.lookup(node)

    def _Subscript(self, node: cst.Subscript) -> Known | None:
        if dotted(node.value) != "sys.version_info" or len(node.slice) != 1:
            return None
        index = node.slice[0].slice
        if isinstance(index, cst.Index):
            at = self.evaluate(index.value)
            if at is not None and at.value in (0, 1):
                return Known(self.target[at.value])
        elif isinstance(index, cst.Slice) and index.lower is None and index.step is None:
            upper = self.evaluate(index.upper) if index.upper is not None else None
            if upper is not None and upper.value in (1, 2):
                return Known(self.target[: upper.value])
        return None

    def _Call(self, node: cst.Call) -> Known | None:
        if dotted(node.func) == "bool" and len(node.args) == 1:
            inner = self.evaluate(node.args[0].value)
            return None if inner is None else Known(inner.truth, inner.flag, inner.strong)
        if isinstance(node.func, cst.Attribute) and node.args:
            return self._method(node.func, [argument.value for argument in node.args])
        return None

    def _method(self, func: cst.Attribute, values: list[cst.BaseExpression]) -> Known | None:
        """``table.get(name)`` of a name that it does not hold; ``name.startswith("__")``."""
        if func.attr.value == "get":
            key = self.evaluate(values[0])
            if key is None or not isinstance(key.value, str):
                return None
            if self.contains(func.value, key.value) is not False:
                return None
            return self.evaluate(values[1]) if len(values) > 1 else Known(None)
        if func.attr.value in ("startswith", "endswith") and len(values) == 1:
            text, part = self.evaluate(func.value), self.evaluate(values[0])
            if text is not None and part is not None and isinstance(text.value, str):
                try:
                    return Known(getattr(text.value, func.attr.value)(part.value))
                except TypeError:
                    return None
        return None

    def _NamedExpr(self, node: cst.NamedExpr) -> Known | None:
        return self.evaluate(node.value)

    def _UnaryOperation(self, node: cst.UnaryOperation) -> Known | None:
        inner = self.evaluate(node.expression)
        if inner is None or not isinstance(node.operator, cst.Not):
            return None
        return Known(not inner.truth, inner.flag, inner.strong)

    def _BooleanOperation(self, node: cst.BooleanOperation) -> Known | None:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        is_and = isinstance(node.operator, cst.And)
        if left is not None and left.truth != is_and:
            # Decided by the left side alone; the flag matters if either side rests on it.
            other = right if right is not None and right.flag and not right.truth else left
            return Known(left.value, left.flag or other.flag, left.strong or other.strong)
        if left is not None and right is not None:
            return Known(right.value, left.flag or right.flag, left.strong or right.strong)
        if is_and and right is not None and not right.truth:
            return Known(
                False, right.flag, right.strong
            )  # unknown and false: false, whatever the left side is
        if not is_and and right is not None and right.truth:
            return Known(True, right.flag, right.strong)
        return None

    def _Comparison(self, node: cst.Comparison) -> Known | None:
        if len(node.comparisons) != 1:
            return None
        operation = node.comparisons[0].operator
        version = self._version(node.left, operation, node.comparisons[0].comparator)
        if version is not None:
            return version
        left, right = self.evaluate(node.left), self.evaluate(node.comparisons[0].comparator)
        compare = _COMPARE.get(type(operation))
        if isinstance(operation, cst.In | cst.NotIn) and left is not None:
            if isinstance(left.value, str):
                held = self.contains(node.comparisons[0].comparator, left.value)
                if held is not None:
                    return Known(held == isinstance(operation, cst.In), left.flag)
            return None
        if left is None or right is None or compare is None:
            return None
        try:
            strong = left.strong or right.strong
            return Known(compare(left.value, right.value), left.flag or right.flag, strong)
        except TypeError:
            return None

    def _version(
        self, left: cst.BaseExpression, operation: cst.BaseCompOp, right: cst.BaseExpression
    ) -> Known | None:
        """``sys.version_info >= (3, 12)``: a release of the target, say (3, 12, 1), is longer."""
        if dotted(left) not in ("sys.version_info", "version_info"):
            return None
        wanted, compare = self.evaluate(right), _COMPARE.get(type(operation))
        if wanted is None or compare is None or not isinstance(wanted.value, tuple):
            return None
        # The micro version is not known: the answer must be the same for the first and the last.
        try:
            first, last = ((*self.target, micro, "final", 0) for micro in (0, 99))
            answers = {bool(compare(first, wanted.value)), bool(compare(last, wanted.value))}
        except TypeError:
            return None
        return Known(answers.pop()) if len(answers) == 1 else None
