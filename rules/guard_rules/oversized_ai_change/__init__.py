"""An AI change is larger than a human can review with care."""

from __future__ import annotations

from dataclasses import dataclass

from guard.model import Level
from guard.options import option
from guard_rules._changes import LandingRule, check_patterns

GENERATED = (
    "*.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "go.sum",
    "packages.lock.json",
)
"""Files that a tool writes and nobody reads."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.change import Change
    from guard.model import Finding, Held, Missing
    from guard.rule import ChangeCase


@dataclass(frozen=True, slots=True)
class Options:
    """What the policy may say."""

    lines: int = option(500, "The most lines, added and deleted ones together.", looser="more")
    files: int = option(25, "The most files.", looser="more")
    exclude: tuple[str, ...] = option(
        GENERATED, "Path patterns of files that do not count.", looser="more"
    )

    def __post_init__(self) -> None:
        if self.lines < 1 or self.files < 1:
            raise ValueError("lines and files are 1 or more")
        check_patterns(self.exclude)


class OversizedAIChange(LandingRule):
    """See the README beside this file."""

    id = "oversized-ai-change"
    summary = "An AI change is larger than a human can review with care."
    default_level = Level.WARNING
    options = Options

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.oversized_ai_change.cases import CASES

        return CASES

    def check(self, change: Change, options: Options) -> Iterable[Finding | Held | Missing]:
        from guard_rules.oversized_ai_change.check import findings

        return findings(self.id, change, options)


RULE = OversizedAIChange()
