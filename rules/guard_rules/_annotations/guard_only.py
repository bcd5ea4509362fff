"""Which names of a resolved annotation exist only for type checkers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from guard.model import Place
from guard_rules._annotations.expressions import place
from guard_rules._annotations.shapes import Shape, Spot, Tree

GuardOnly = Callable[[str, str, str], Place | None]
"""``(path, scope, name)``: where a guard binds the name, if nothing binds it at run time; the

scope is "" for the module, else the qualified name of a function.
"""

Word = tuple[str, str, Spot]
"""First name, dotted name, place."""


def guard_only_by_shape(load: Callable[[str], Shape | None]) -> GuardOnly:
    """The answer from the shapes alone: bound under a guard in the scope and nowhere else in it."""

    def guard_only(path: str, scope: str, name: str) -> Place | None:
        shape = load(path)
        if shape is None or name in shape["binds"].get(scope, ()):
            return None
        for entry in shape["guarded"]:
            if entry["scope"] == scope and entry["name"] == name:
                return place(path, entry["spot"])
        return None

    return guard_only


def words(tree: Tree, *, whole: bool, inside: bool) -> Iterator[Word]:
    """The names that resolving an annotation loads.

    ``whole``: Python left all of it unevaluated; otherwise only what is quoted is loaded.
    ``inside``: strings within the annotation are resolved too, not just the annotation itself.
    """
    kind, text, spot, parts = tree
    if kind == "name":
        if whole:
            first = text.partition(".")[0]
            line, column, end = spot
            exact = end and end - column == len(text)
            yield first, text, (line, column, column + len(first)) if exact else spot
    elif kind == "str":
        if inside or not whole:
            yield from words(parts[0], whole=True, inside=inside)
    elif kind in ("sub", "op", "attr", "call", "arg", "kw", "star"):
        for part in parts:
            if not inside and not whole and part[0] == "str":
                continue  # a quoted part of what Python evaluated stays a string
            yield from words(part, whole=whole, inside=inside)


def unquoted(tree: Tree) -> Iterator[Word]:
    """The names of an annotation that are not in quotes."""
    if tree[0] != "str":
        if tree[0] == "name":
            yield from words(tree, whole=True, inside=False)
        for part in tree[3]:
            yield from unquoted(part)
