"""A change lacks the approval of a human who had no part in it."""

from __future__ import annotations

from dataclasses import dataclass

from guard.options import option
from guard_rules._changes import LandingRule, Who

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase


@dataclass(frozen=True, slots=True)
class Options:
    """What the policy may say."""

    count: int = option(1, "How many approvals are needed.", looser="less")
    who: Who = option(Who.AI, "Whose changes need them: `ai`, or `all`.", looser="less")
    roles: tuple[str, ...] = option((), "Roles of which an approver needs one; default: none.")
    code_owners: bool = option(
        False, "Each file with code owners wants one of them among the approvers.", looser="less"
    )
    pusher: bool = option(
        True, "The approval of the one who asks for the landing counts.", looser="more"
    )
    objections: bool = option(
        True, "Requested changes block until their author approves.", looser="less"
    )

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("count is 1 or more; to ask for no approval, set the level to off")


class MissingHumanApproval(LandingRule):
    """See the README beside this file."""

    id = "missing-human-approval"
    summary = "A change lacks the approval of a human who had no part in it."
    options = Options

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.missing_human_approval.cases import CASES

        return CASES

    def check(self, change: Change, options: Options) -> Iterable[Finding | Held | Missing]:
        from guard_rules.missing_human_approval.check import findings

        return findings(self.id, change, options)


RULE = MissingHumanApproval()
