"""Names that a file evaluates and nothing binds: guarded in the file, or behind a star import."""

from __future__ import annotations

from collections.abc import Iterator

from guard_rules._names.answers import ABSENT, PRESENT, UNKNOWN, Answer, Missing, place
from guard_rules._names.defects import Defect, uses
from guard_rules._names.imported import missing_listed
from guard_rules._names.modules import Namespaces
from guard_rules._names.raised import name_error
from guard_rules._names.summary import Span, Summary, UseFact


def guarded_names(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """Names that the file guards and evaluates itself."""
    causes: dict[tuple[str, str, Span], list[UseFact]] = {}
    for use in summary["uses"]:
        guard = use["guard"] or _guarding_star(spaces, path, summary, use)
        if guard is None or _is_idle(spaces, path, use):
            continue
        if use["kind"] == "global" and (
            _from_star(spaces, path, summary, use) != ABSENT
            or spaces.is_filled(path, use["name"], path)
        ):
            continue
        causes.setdefault((use["name"], use["kind"], guard), []).append(use)
    for (name, kind, guard), found in causes.items():
        yield Defect(
            path,
            name,
            name_error(name, kind),
            uses(path, found),
            place(path, guard),
            kind="annotation" if all(use["annotation"] for use in found) else "use",
        )


def starred_names(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """Names that a star import was to bring, from a module that guards them."""
    failing = {
        name
        for item in summary["imports"]
        if item["name"] == "*"
        for name, _ in missing_listed(spaces, path, item["level"], item["module"])
    }
    causes: dict[str, tuple[Missing, list[UseFact]]] = {}
    for use in summary["uses"]:
        if use["name"] in failing:
            continue  # the star import itself raises for it
        if use["guard"] is None and use["kind"] == "global" and use["stars"]:
            answer = _from_star(spaces, path, summary, use)
            if (
                isinstance(answer, Missing)
                and not _is_idle(spaces, path, use)
                and not spaces.is_filled(answer.module, use["name"], path)
            ):
                causes.setdefault(use["name"], (answer, []))[1].append(use)
    for name, (missing, found) in causes.items():
        raises = name_error(name, "global")
        yield Defect(path, name, raises, uses(path, found), missing.guard, missing.chain, "star")


def _guarding_star(spaces: Namespaces, path: str, summary: Summary, use: UseFact) -> Span | None:
    """``from m import *`` under a guard: the only statement that can have meant the name."""
    if use["kind"] != "global":
        return None
    for level, module, span in summary["guarded_stars"]:
        target = spaces.source(path, level, module)
        if target is None or spaces.attribute(target, use["name"]) != ABSENT:
            return span
    return None


def _is_idle(spaces: Namespaces, path: str, use: UseFact) -> bool:
    """The use stands in a function that guarded code alone calls, here and elsewhere."""
    name = use["only_guarded"]
    if not name:
        return False
    return not spaces.is_fetched(path, name)


def _from_star(spaces: Namespaces, path: str, summary: Summary, use: UseFact) -> Answer:
    """What the star imports that ran before a use bind its name to."""
    answer: Answer = ABSENT
    stars = [item for item in summary["imports"] if item["name"] == "*"]
    for item in stars[: use["stars"]]:
        found = spaces.through_star(path, item["level"], item["module"], use["name"])
        if found in (PRESENT, UNKNOWN):
            return found
        if isinstance(found, Missing):
            here = place(path, item["span"])
            answer = ABSENT if use["guard"] else found.through(here, "star import")
    return answer
