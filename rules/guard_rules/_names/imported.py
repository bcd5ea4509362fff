"""Names that an import fetches, or ``__all__`` lists, although their module only guards them."""

from __future__ import annotations

from collections.abc import Iterator

from guard.model import Use, When
from guard_rules._names.answers import Missing, place
from guard_rules._names.defects import Defect, in_order, use
from guard_rules._names.modules import Namespaces
from guard_rules._names.raised import attribute_error, import_error
from guard_rules._names.summary import Span, Summary


def fetched_names(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """Names that ``from module import name`` and star imports fetch in vain."""
    causes: dict[tuple[str, str], tuple[Missing, list[Use]]] = {}
    for item in summary["imports"]:
        name = item["name"]
        if not name or item["handled"]:
            continue
        here = use(path, item["span"], item["at_import"], item["scope"])
        module = "." * item["level"] + item["module"]
        if name == "*":
            for listed, missing in missing_listed(spaces, path, item["level"], item["module"]):
                yield Defect(
                    path,
                    listed,
                    attribute_error(
                        spaces, spaces.source(path, item["level"], item["module"]), listed, module
                    ),
                    (here,),
                    missing.guard,
                    missing.chain,
                    "listed",
                )
            continue
        answer = spaces.fetched(path, item["level"], item["module"], name)
        if answer is not None and not spaces.is_filled(answer.module, name, path):
            target = spaces.source(path, item["level"], item["module"])
            raised = import_error(spaces, target, name, module)
            causes.setdefault((name, raised), (answer, []))[1].append(here)
    for (name, raised), (missing, uses) in causes.items():
        yield Defect(
            path,
            name,
            raised,
            in_order(uses),
            missing.guard,
            missing.chain,
            "import",
        )


def listed_names(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """Names that ``__all__`` of the file lists: a star import of it would fail on them."""
    if not summary["has_all"]:
        return
    module = spaces.modules.module_of(path)[0]
    places: dict[str, list[Span]] = {}
    for name, span in summary["listed"]:
        places.setdefault(name, []).append(span)
    for name, spans in places.items():
        answer = spaces.listed(path, name)
        if answer is not None and not spaces.is_filled(path, name, path):
            yield Defect(
                path,
                name,
                attribute_error(spaces, path, name, module),
                tuple(Use(place(path, span), When.IMPORT) for span in spans),
                answer.guard,
                answer.chain,
                "listed",
            )


def missing_listed(
    spaces: Namespaces, path: str, level: int, module: str
) -> Iterator[tuple[str, Missing]]:
    """What a star import of a module fails on: names of its ``__all__`` that it guards."""
    target = spaces.source(path, level, module)
    if target is None or not spaces.may_fail_on_star(path, target):
        return
    summary = spaces.summary(target)
    if summary is None or not summary["has_all"]:
        return
    for name, span in dict(reversed(summary["listed"])).items():
        answer = spaces.listed(target, name)
        if answer is not None and not spaces.is_filled(target, name, path):
            yield name, answer.through(place(target, span), f"__all__ lists {name}")
