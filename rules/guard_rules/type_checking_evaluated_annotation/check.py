"""From the project to the files that may matter: in most projects there are none."""

from __future__ import annotations

from guard_rules._annotations.files import Files
from guard_rules._annotations.frameworks import last_name
from guard_rules.type_checking_evaluated_annotation.frameworks import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from guard.model import Finding, Unjudged
    from guard.rule import Project
    from guard_rules.type_checking_evaluated_annotation import Options


def check(rule: str, project: Project, options: Options) -> Iterator[Finding | Unjudged]:
    """The findings of the rule, and the files that could not be judged."""
    table = TABLE.extended(options.base_classes, options.decorators, options.functions)
    extra = [*options.base_classes, *options.decorators, *options.functions]
    files = Files(project, table, tuple(last_name(name).encode() for name in extra))
    if files.is_hopeless():
        return
    from guard_rules.type_checking_evaluated_annotation.findings import findings

    yield from findings(rule, project, files, frozenset(options.exempt))
