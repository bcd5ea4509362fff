"""A name that its own module binds for the type checker alone is evaluated at run time."""

from __future__ import annotations

from collections.abc import Iterable

from guard.model import Finding, Unjudged
from guard.rule import NoOptions, Project, SourceRule
from guard_rules._names.link import own_defects, unjudged
from guard_rules.type_checking_runtime_use.cases import CASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard_rules._names.defects import Defect


class TypeCheckingRuntimeUse(SourceRule):
    """See the README beside this file."""

    id = "type-checking-runtime-use"
    summary = "A name bound only under `if TYPE_CHECKING:` is evaluated at run time."
    cases = CASES

    def check(self, project: Project, options: NoOptions) -> Iterable[Finding | Unjudged]:
        yield from unjudged(project)
        for defect in own_defects(project):
            yield Finding(
                rule=self.id,
                place=defect.uses[0].place,
                name=defect.name,
                message=_message(defect),
                raises=defect.raises,
                when=defect.uses[0].when,
                fix=_fix(defect, project.target >= (3, 14)),
                guard=defect.guard,
                uses=defect.uses,
                chain=defect.chain,
            )


def _message(defect: Defect) -> str:
    if defect.kind == "submodule":
        return f"`{defect.name}` is read at run time, but only the type checker imports it"
    if defect.kind == "annotation":
        return f"the annotation evaluates `{defect.name}`, which only the type checker binds"
    return f"`{defect.name}` is evaluated at run time, but only the type checker binds it"


def _fix(defect: Defect, lazy: bool) -> str:
    line = f" (line {defect.guard.line})" if defect.guard is not None else ""
    move = f"Move what binds `{defect.name}`{line} out of the guard"
    if defect.kind == "submodule":
        return f"Import `{defect.name}`{line} outside the guard too."
    if defect.kind == "annotation" and not lazy:
        return (
            "Add `from __future__ import annotations` to this module if nothing resolves its "
            f"annotations at run time, or {move[0].lower()}{move[1:]}."
        )
    return f"{move}, or import it in the function that needs it."


RULE = TypeCheckingRuntimeUse()
