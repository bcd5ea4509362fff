"""An annotation that something resolves at run time needs a name that only type checkers see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from guard.model import Finding, Unjudged
from guard.options import option
from guard.rule import Case, Project, SourceRule
from guard_rules.type_checking_evaluated_annotation.cases import CASES


@dataclass(frozen=True, slots=True)
class Options:
    """What a project adds to the built-in table of frameworks, or takes out of it."""

    base_classes: tuple[str, ...] = option(
        (), "Dotted names of base classes that resolve the annotated fields of their subclasses."
    )
    decorators: tuple[str, ...] = option(
        (),
        "Dotted names of decorators that resolve the annotations of what they decorate; "
        "`pkg.App().route` is a method of an instance.",
    )
    functions: tuple[str, ...] = option(
        (), "Dotted names of functions that resolve the annotations of their first argument."
    )
    exempt: tuple[str, ...] = option(
        (),
        "Dotted names (module and qualified name) of classes and functions whose annotations are "
        "supplied with names in a way that the rule cannot see.",
    )


class EvaluatedAnnotation(SourceRule):
    """See the README beside this file."""

    id = "type-checking-evaluated-annotation"
    summary = "An annotation that something resolves at run time needs a TYPE_CHECKING-only name."
    options = Options
    cases: ClassVar[tuple[Case, ...]] = CASES

    def check(self, project: Project, options: Options) -> Iterable[Finding | Unjudged]:
        """One finding for each owner and name; files that could not be parsed."""
        from guard_rules.type_checking_evaluated_annotation.check import check

        found: Iterator[Finding | Unjudged] = check(self.id, project, options)
        return found


RULE = EvaluatedAnnotation()
