"""A change does not say whether an AI took part, or says no and bears the sign of one."""

from __future__ import annotations

from guard_rules._changes import LandingRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase, NoOptions


class UndeclaredAiChange(LandingRule):
    """See the README beside this file."""

    id = "undeclared-ai-change"
    summary = "A change does not say whether an AI took part, or says no and bears the sign of one."

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.undeclared_ai_change.cases import CASES

        return CASES

    def check(self, change: Change, options: NoOptions) -> Iterable[Finding | Held | Missing]:
        from guard_rules.undeclared_ai_change.check import findings

        return findings(self.id, change)


RULE = UndeclaredAiChange()
