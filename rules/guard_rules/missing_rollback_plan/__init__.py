"""A change cannot be taken back, or does not say how."""

from __future__ import annotations

from dataclasses import dataclass

from guard.options import option
from guard_rules._changes import LandingRule, Who, check_patterns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase


@dataclass(frozen=True, slots=True)
class Options:
    """What the policy may say."""

    paths: tuple[str, ...] = option(
        (), "Path patterns; a change of such a file needs a plan.", looser="less"
    )
    dry_run: Who = option(
        Who.AI, "Whose changes are taken back in a dry run: `ai` or `all`.", looser="less"
    )

    def __post_init__(self) -> None:
        check_patterns(self.paths)


class MissingRollbackPlan(LandingRule):
    """See the README beside this file."""

    id = "missing-rollback-plan"
    summary = "A change cannot be taken back, or does not say how."
    needs = frozenset({"rollback"})
    options = Options

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.missing_rollback_plan.cases import CASES

        return CASES

    def check(self, change: Change, options: Options) -> Iterable[Finding | Held | Missing]:
        from guard_rules.missing_rollback_plan.check import findings

        return findings(self.id, change, options)


RULE = MissingRollbackPlan()
