"""A change touches what judges it, and no owner approved that."""

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

    roles: tuple[str, ...] = option(("owner",), "The approver needs one of these roles.")
    touched: Who = option(
        Who.AI, "Whose changes need it that weaken nothing: `ai` or `all`.", looser="less"
    )
    own: bool = option(
        True, "An owner may approve a change of their own, if it is no AI's.", looser="more"
    )

    def __post_init__(self) -> None:
        if not self.roles:
            raise ValueError("name at least one role; to ask for no approval, set the level to off")


class PolicyWeakened(LandingRule):
    """See the README beside this file."""

    id = "policy-weakened"
    summary = "A change touches what judges it, and no owner approved that."
    options = Options

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.policy_weakened.cases import CASES

        return CASES

    def check(self, change: Change, options: Options) -> Iterable[Finding | Held | Missing]:
        from guard_rules.policy_weakened.check import findings

        return findings(self.id, change, options)


RULE = PolicyWeakened()
