"""A module takes from another one a name that exists there for the type checker alone."""

from __future__ import annotations

from collections.abc import Iterable

from guard.model import Finding
from guard.rule import NoOptions, Project, SourceRule
from guard_rules._names.link import cross_defects
from guard_rules.type_checking_cross_module.cases import CASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard_rules._names.defects import Defect


class TypeCheckingCrossModule(SourceRule):
    """See the README beside this file. Files that cannot be judged are the other rule's to name."""

    id = "type-checking-cross-module"
    summary = "A name is taken from a module that binds it only under `if TYPE_CHECKING:`."
    cases = CASES

    def check(self, project: Project, options: NoOptions) -> Iterable[Finding]:
        for defect in cross_defects(project):
            yield Finding(
                rule=self.id,
                place=defect.uses[0].place,
                name=defect.name,
                message=_message(defect),
                raises=defect.raises,
                when=defect.uses[0].when,
                fix=_fix(defect),
                guard=defect.guard,
                uses=defect.uses,
                chain=defect.chain,
            )


def _message(defect: Defect) -> str:
    where = defect.guard.path if defect.guard is not None else "its module"
    if defect.kind == "listed":
        return f"`__all__` offers `{defect.name}`, which {where} binds only for the type checker"
    if defect.kind == "attribute":
        return f"`{defect.name}` is read, but {where} binds it only for the type checker"
    if defect.kind == "star":
        return f"no star import brings `{defect.name}`: {where} binds it only for the type checker"
    return f"`{defect.name}` is imported, but {where} binds it only for the type checker"


def _fix(defect: Defect) -> str:
    name = defect.name.rpartition(".")[2]
    where = f"{defect.guard.path}:{defect.guard.line}" if defect.guard is not None else "its module"
    move = f"Move what binds `{name}` in {where} out of the guard"
    if defect.kind == "listed":
        return f"{move}, or take it out of `__all__`."
    return f"{move}, or import `{name}` from where it is defined."


RULE = TypeCheckingCrossModule()
