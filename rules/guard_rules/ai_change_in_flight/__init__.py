"""An AI change would land while another one is not released."""

from __future__ import annotations

from guard_rules._changes import LandingRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase, NoOptions


class AiChangeInFlight(LandingRule):
    """See the README beside this file."""

    id = "ai-change-in-flight"
    summary = "An AI change would land while another one is not released."

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.ai_change_in_flight.cases import CASES

        return CASES

    def check(self, change: Change, options: NoOptions) -> Iterable[Finding | Held | Missing]:
        from guard_rules.ai_change_in_flight.check import findings

        return findings(self.id, change)


RULE = AiChangeInFlight()
