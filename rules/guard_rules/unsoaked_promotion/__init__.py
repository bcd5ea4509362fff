"""A revision is deployed that has not proved itself where it was before."""

from __future__ import annotations

from dataclasses import dataclass

from guard.options import Duration, option
from guard.rule import ChangeRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase


@dataclass(frozen=True, slots=True)
class Options:
    """What the policy may say."""

    from_: str = option("staging", "The environment where a revision proves itself.")
    to: tuple[str, ...] = option(
        ("production",), "The environments that want the proof.", looser="less"
    )
    free: tuple[str, ...] = option((), "Other environments, which want none.", looser="more")
    soak: Duration = option(
        Duration(3600), "How long it must have been healthy there.", looser="less"
    )

    def __post_init__(self) -> None:
        if not self.from_ or not self.to:
            raise ValueError("from and to are names of environments")
        if {self.from_, *self.free} & set(self.to):
            raise ValueError("an environment of to is neither from nor free")


class UnsoakedPromotion(ChangeRule):
    """See the README beside this file."""

    id = "unsoaked-promotion"
    summary = "A revision is deployed that has not proved itself where it was before."
    options = Options

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.unsoaked_promotion.cases import CASES

        return CASES

    def idle(self, change: Change, options: Options) -> str:
        return "" if change.promotes_to else "it is no deployment"

    def check(self, change: Change, options: Options) -> Iterable[Finding | Held | Missing]:
        from guard_rules.unsoaked_promotion.check import findings

        return findings(self.id, change, options)


RULE = UnsoakedPromotion()
