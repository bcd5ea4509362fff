"""Questions about the shape of a node, which need no run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from guard_rules._names.bindings import dotted
from guard_rules._names.constants import Known
from guard_rules._names.tables import literal


def body_of(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """The statements of a compound statement."""
    body = getattr(node, "body")  # noqa: B009 - every compound statement has one
    return tuple(body.body)


def orelse_of(node: cst.If | cst.While | cst.For) -> Sequence[cst.CSTNode]:
    """The statements of ``else``; for ``elif`` the ``if`` that it is short for."""
    if node.orelse is None:
        return ()
    return (node.orelse,) if isinstance(node.orelse, cst.If) else body_of(node.orelse)


def parameters_of(parameters: cst.Parameters) -> Iterator[cst.Param]:
    """All parameters, in the order of the text."""
    yield from parameters.posonly_params
    yield from parameters.params
    if isinstance(parameters.star_arg, cst.Param):
        yield parameters.star_arg
    yield from parameters.kwonly_params
    if parameters.star_kwarg is not None:
        yield parameters.star_kwarg


def is_future(statement: cst.CSTNode) -> bool:
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


def is_script_test(test: cst.BaseExpression) -> bool:
    """``__name__ == "__main__"``: runs as a script, not when the module is imported."""
    return isinstance(test, cst.Comparison) and dotted(test.left) == "__name__"


def is_empty(node: cst.CSTNode) -> bool:
    """A literal ``()``, ``[]``, ``{}`` or ``""``: the loop over it never runs."""
    if isinstance(node, cst.Tuple | cst.List | cst.Dict):
        return not node.elements
    return literal(node) == ""


def proves(test: cst.BaseExpression, *, truth: bool) -> Iterator[str]:
    """Names (or ``object.attribute``) that exist if ``test`` comes out as ``truth``."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from proves(test.expression, truth=not truth)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) == truth:
            yield from proves(test.left, truth=truth)
            yield from proves(test.right, truth=truth)
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


def matches(case: cst.MatchCase, subject: Known | None) -> bool | None:
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
