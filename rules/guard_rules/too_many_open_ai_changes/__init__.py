"""More AI changes are open than the policy allows."""

from __future__ import annotations

from dataclasses import dataclass

from guard.model import Level
from guard.options import option
from guard_rules._changes import LandingRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase


@dataclass(frozen=True, slots=True)
class Options:
    """What the policy may say."""

    per_author: int | None = option(
        3, "Open AI changes of one opener; `null`: any number.", looser="more"
    )
    total: int | None = option(10, "Open AI changes in all; `null`: any number.", looser="more")

    def __post_init__(self) -> None:
        for name, most in (("per-author", self.per_author), ("total", self.total)):
            if most is not None and most < 1:
                raise ValueError(f"{name} is 1 or more, or null for any number")


class TooManyOpenAIChanges(LandingRule):
    """See the README beside this file."""

    id = "too-many-open-ai-changes"
    summary = "More AI changes are open than the policy allows."
    default_level = Level.WARNING
    options = Options

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.too_many_open_ai_changes.cases import CASES

        return CASES

    def check(self, change: Change, options: Options) -> Iterable[Finding | Held | Missing]:
        from guard_rules.too_many_open_ai_changes.check import findings

        return findings(self.id, change, options)


RULE = TooManyOpenAIChanges()
