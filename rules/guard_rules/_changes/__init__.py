"""What rules over changes share. Light: every run of the guard loads it."""

from __future__ import annotations

from guard.rule import ChangeRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from guard.change import Change


class LandingRule(ChangeRule):
    """A rule over what lands on a branch."""

    def idle(self, change: Change, options: Any) -> str:
        return "a deployment lands nothing on a branch" if change.promotes_to else ""
