"""Exceptions by name: which are raised, which a handler catches."""

from __future__ import annotations

import builtins

import libcst as cst

from guard_rules._names.bindings import dotted

CAUGHT_BY = {
    "NameError": {"NameError", "Exception", "BaseException"},
    "UnboundLocalError": {"UnboundLocalError", "NameError", "Exception", "BaseException"},
    "ImportError": {"ImportError", "Exception", "BaseException"},
    "AttributeError": {"AttributeError", "Exception", "BaseException"},
}
ANYTHING = "*"
EXITS = frozenset(
    {"sys.exit", "os._exit", "os.abort", "exit", "quit", "pytest.skip", "pytest.exit"}
)
SWALLOWING = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex"})


def reraises(body: cst.BaseSuite) -> bool:
    """The handler ends by raising: what it caught goes on."""
    last: cst.CSTNode | None = body.body[-1] if body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, cst.Raise)


def exceptions(node: cst.BaseExpression | None) -> set[str]:
    """The exceptions that ``except node:`` catches, by name; anything for a bare ``except``."""
    if node is None:
        return {ANYTHING}
    if isinstance(node, cst.Tuple):
        return {name for element in node.elements for name in exceptions(element.value)}
    name = (dotted(node) or "").rpartition(".")[2]
    known = set().union(*CAUGHT_BY.values())
    if name in known:
        return {name}
    # A class cannot be a base of NameError unless Python made it so; a constant may be a tuple.
    return set() if name[:1].isupper() and not name.isupper() else {ANYTHING}


def catches(node: cst.BaseExpression | None, error: tuple[str, ...]) -> bool:
    """Whether ``except node:`` surely catches an exception with these classes."""
    if isinstance(node, cst.Tuple):
        return any(catches(element.value, error) for element in node.elements)
    return node is None or dotted(node) in error


def bases_of_builtin(name: str) -> tuple[str, ...]:
    """A built-in exception and the classes that it descends from, by name."""
    found = getattr(builtins, name, None)
    if not isinstance(found, type) or not issubclass(found, BaseException):
        return ()
    return tuple(base.__name__ for base in found.__mro__)
