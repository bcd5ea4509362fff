"""The target fails its own checks, and the change does not mend it."""

from __future__ import annotations

from guard.model import Level
from guard.rule import NoOptions
from guard_rules._changes import LandingRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase


class BrokenTarget(LandingRule):
    """See the README beside this file."""

    id = "broken-target"
    summary = "The target fails its own checks, and the change does not mend it."
    default_level = Level.OFF
    needs = frozenset({"target_health", "result_health"})

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.broken_target.cases import CASES

        return CASES

    def idle(self, change: Change, options: NoOptions) -> str:
        return LandingRule.idle(self, change, options) or (
            "" if change.base else f"{change.target} does not exist yet"
        )

    def check(self, change: Change, options: NoOptions) -> Iterable[Finding | Held | Missing]:
        from guard_rules.broken_target.check import findings

        return findings(self.id, change)


RULE = BrokenTarget()
