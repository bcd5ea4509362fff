"""The definitions of one file by scope and name."""

from __future__ import annotations

from dataclasses import dataclass

from guard_rules._annotations.shapes import Import, Shape, Tree


@dataclass(frozen=True, slots=True)
class Index:
    """Where a name of a scope is defined, as indices into the shape of the file and as statements.

    By ``(scope, name)``, or by qualified name; in the order of the file.
    """

    classes: dict[tuple[str, str], list[int]]
    functions: dict[tuple[str, str], list[int]]
    imports: dict[tuple[str, str], list[Import]]
    values: dict[tuple[str, str], list[Tree]]
    classes_by_qualname: dict[str, list[int]]
    functions_by_qualname: dict[str, list[int]]


def index_of(shape: Shape) -> Index:
    """The index of a file."""
    found = Index({}, {}, {}, {}, {}, {})
    for number, klass in enumerate(shape["classes"]):
        found.classes.setdefault((klass["scope"], klass["name"]), []).append(number)
        found.classes_by_qualname.setdefault(klass["qualname"], []).append(number)
    for number, func in enumerate(shape["functions"]):
        found.functions.setdefault((func["scope"], func["name"]), []).append(number)
        found.functions_by_qualname.setdefault(func["qualname"], []).append(number)
    for entry in shape["imports"]:
        found.imports.setdefault((entry["scope"], entry["bound"]), []).append(entry)
    for value in shape["values"]:
        found.values.setdefault((value["scope"], value["target"]), []).append(value["value"])
    return found
