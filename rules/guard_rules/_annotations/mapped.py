"""SQLAlchemy's declarative mapping: which names of ``Mapped[...]`` it resolves.

Found by running SQLAlchemy 2 (``tests/frameworks``): a column's type is resolved when the class is
defined; the class that a relationship names is looked up in the registry later, so that only the
containers around it (``List`` in ``Mapped[List[Other]]``) must exist.
"""

from __future__ import annotations

from collections.abc import Iterator

from guard_rules._annotations.shapes import Field, Tree
from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols

_ORM = ("sqlalchemy.orm", "sqlalchemy.orm.base", "sqlalchemy.orm.relationships")
MAPPED = frozenset(
    f"{module}.{name}"
    for module in (*_ORM, "sqlalchemy.orm.dynamic", "sqlalchemy.orm.writeonly")
    for name in ("Mapped", "DynamicMapped", "WriteOnlyMapped")
)
_LOOKED_AT = MAPPED | {
    "sqlalchemy.ext.associationproxy.AssociationProxy",
    "typing.ClassVar",
    "typing_extensions.ClassVar",
}
_SPECIAL = frozenset({"Optional", "Union", "Annotated"})
_COLUMN = frozenset({"mapped_column"})
_RELATIONSHIP = frozenset({"relationship", "dynamic_loader", "backref"})


_UNREADABLE = "MappedAnnotationError: Could not interpret annotation "
_UNRESOLVED = "MappedAnnotationError: Could not resolve all types within mapped annotation: "
_UNQUOTED = "NameError: Could not de-stringify annotation '{name}'"


def parts(
    symbols: Symbols, owner: Symbol, field: Field, *, inherited: bool
) -> Iterator[tuple[Tree, str]]:
    """The parts of a field's annotation that are resolved, each with how that fails.

    ``inherited``: the field comes from a class that is not mapped itself.
    """
    klass = symbols.klass(owner)
    annotation = field["annotation"]
    while annotation[0] == "str":
        annotation = annotation[3][0]
    head = annotation[3][0] if annotation[0] == "sub" else annotation
    known = symbols.canonical(symbols.resolve(owner.path, klass["qualname"], head, types=True))
    if known in _LOOKED_AT and not inherited:
        yield head, _UNREADABLE
    if known not in MAPPED or annotation[0] != "sub":
        return
    maker = _maker(symbols, owner.path, klass["qualname"], field["value"])
    column = maker in _COLUMN or (maker == "" and not inherited)
    for part in annotation[3][1:]:
        if column or (maker == "composite" and not _has_argument(symbols, owner, field)):
            optional = part[0] == "sub" and part[3][0][1].rpartition(".")[2] in _SPECIAL
            yield part, _UNQUOTED if optional and field["value"] is None else _UNRESOLVED
        elif maker in _RELATIONSHIP and not inherited:
            for head in _containers(part):
                yield head, _UNREADABLE


def _containers(tree: Tree) -> Iterator[Tree]:
    """The heads of the subscripted parts of a relationship's type."""
    kind, _, _, inner = tree
    if kind == "sub":
        yield inner[0]
        if len(inner) == 2:
            yield from _containers(inner[1])
    elif kind in ("op", "str"):
        for part in inner:
            yield from _containers(part)


def _maker(symbols: Symbols, path: str, scope: str, value: Tree | None) -> str:
    """The function that makes the attribute: its last name, "" for no value, "?" for another."""
    if value is None:
        return ""
    if value[0] != "call":
        return "?"
    callee = symbols.resolve(path, scope, value[3][0])
    known = symbols.canonical(callee)
    if known.startswith("sqlalchemy."):
        return known.rpartition(".")[2]
    if callee is not None and callee.kind == "fun":
        func = symbols.func(callee)
        made = {
            _maker(symbols, callee.path, func["qualname"], tree)
            for tree in func["returned"]
            if tree[0] == "call"
        }
        return made.pop() if len(made) == 1 else "?"
    return "?"


def _has_argument(symbols: Symbols, owner: Symbol, field: Field) -> bool:
    """Whether ``composite(Class, ...)`` names its class."""
    value = field["value"]
    args = [part for part in value[3][1:] if part[0] == "arg"] if value else []
    if not args:
        return False
    first = args[0][3][0]
    return not (first[0] == "call" and first[3][0][1].rpartition(".")[2] == "mapped_column")
