"""Attributes of modules that are read although nothing puts them there."""

from __future__ import annotations

from collections.abc import Iterator

from guard.model import Use
from guard_rules._names import standard
from guard_rules._names.answers import PRESENT, UNKNOWN, Missing, place
from guard_rules._names.defects import Defect, in_order, use
from guard_rules._names.modules import Namespaces
from guard_rules._names.raised import attribute_error
from guard_rules._names.summary import AttributeFact, Summary


def missing_attributes(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """Attributes of modules that the file reads although these guard them."""
    causes: dict[str, tuple[Missing, str, list[Use]]] = {}
    for item in summary["attributes"]:
        found = _missing_attribute(spaces, path, item)
        if found is None:
            continue
        count, raised, missing = found
        name = ".".join((item["root"], *item["attributes"][:count]))
        span = item["spans"][min(count, len(item["spans"])) - 1]
        here = use(path, span, item["at_import"], item["scope"])
        causes.setdefault(name, (missing, raised, []))[2].append(here)
    for name, (missing, raised, uses) in causes.items():
        yield Defect(
            path,
            name,
            raised,
            in_order(uses),
            missing.guard,
            missing.chain,
            "attribute",
        )


def _missing_attribute(
    spaces: Namespaces, path: str, item: AttributeFact
) -> tuple[int, str, Missing] | None:
    """Walk ``a.b.c`` from the module that ``a`` stands for to the first name that is missing.

    How many attributes that is, what Python raises, and why.
    """
    module = _module_of_ref(spaces, path, item["ref"])
    dotted = str(item["ref"][2]) if item["ref"][0] == "module" else ""
    for count, attribute in enumerate(item["attributes"], start=1):
        dotted = f"{dotted}.{attribute}"
        if module is None:
            if not dotted.startswith(".") and item["ref"][0] == "module":
                module = spaces.modules.find(dotted, path)  # below a namespace package
            if module is None and not spaces.modules.is_namespace(dotted, path):
                return None
            continue
        if count > item["present"]:
            missing = spaces.missing(module, attribute)
            inner = spaces.submodule(module, attribute)
            if (
                missing is not None
                and (inner is None or not spaces.loads(path, inner))
                and not spaces.is_filled(module, attribute, path)
            ):
                owner = spaces.modules.module_of(module)[0]
                return count, attribute_error(spaces, module, attribute, owner), missing
        module = spaces.submodule(module, attribute)
    return None


def _module_of_ref(spaces: Namespaces, path: str, ref: tuple[object, ...]) -> str | None:
    """The file of the module that an import bound."""
    if ref[0] == "module":
        return spaces.modules.find(str(ref[2]), path)
    level, module, name = int(str(ref[1])), str(ref[2]), str(ref[3])
    package = spaces.source(path, level, module)
    if package is not None:
        inner = spaces.submodule(package, name)
        if inner is None or not spaces.may_miss(inner):
            return inner
        names = spaces.bound(package)[0]
        if names is None or name in names:
            if not spaces.imports_submodule(package, name):
                return None  # the package binds something else to that name
        return inner
    if level:
        return spaces.modules.relative(path, level, f"{module}.{name}" if module else name)
    return spaces.modules.find(f"{module}.{name}", path)


def unloaded_submodules(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """``import a`` at run time, ``import a.b`` for the type checker: ``a.b`` may not be there."""
    guarded = summary["guarded_submodules"]
    causes: dict[str, list[Use]] = {}
    for item in summary["attributes"]:
        if item["ref"][0] != "module" or not guarded:
            continue
        dotted = str(item["ref"][2])
        for count, attribute in enumerate(item["attributes"], start=1):
            dotted = f"{dotted}.{attribute}"
            if not any(name == dotted or name.startswith(dotted + ".") for name in guarded):
                break
            if count > item["present"] and _is_unloaded(spaces, path, summary, dotted):
                span = item["spans"][count - 1]
                here = use(path, span, item["at_import"], item["scope"])
                causes.setdefault(dotted, []).append(here)
                break
    for dotted, uses in causes.items():
        parent, _, name = dotted.rpartition(".")
        span = next(s for g, s in guarded.items() if g == dotted or g.startswith(dotted + "."))
        yield Defect(
            path,
            dotted,
            f"AttributeError: module '{parent}' has no attribute '{name}'",
            in_order(uses),
            place(path, span),
            kind="submodule",
        )


def _is_unloaded(spaces: Namespaces, path: str, summary: Summary, dotted: str) -> bool:
    """Whether nothing that the file imports loads the submodule."""
    parent, _, name = dotted.rpartition(".")
    package, file = spaces.modules.find(parent, path), spaces.modules.find(dotted, path)
    if package is not None:
        if spaces.attribute(package, name) in (PRESENT, UNKNOWN):
            return False
        return file is not None and not spaces.loads(path, file)
    names = {item["module"] for item in summary["imports"] if not item["level"]}
    names |= {f"{item['module']}.{item['name']}" for item in summary["imports"] if item["name"]}
    return standard.is_unloaded(dotted, tuple(sorted(names - {""})))
