"""What would land was not tested as it would land."""

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

    checks: tuple[str, ...] = option(
        (), "The checks that must have passed, such as `smoke`.", looser="less"
    )
    environments: tuple[str, ...] = option(
        (), "Where: fingerprints, or `name=value` such as `python=3.12`; default: anywhere."
    )
    who: Who = option(Who.ALL, "Whose changes need it: `ai` or `all`.", looser="less")


class UntestedMergeResult(LandingRule):
    """See the README beside this file."""

    id = "untested-merge-result"
    summary = "What would land was not tested as it would land."
    options = Options

    def cases(self) -> tuple[ChangeCase, ...]:
        from guard_rules.untested_merge_result.cases import CASES

        return CASES

    def idle(self, change: Change, options: Options) -> str:
        return LandingRule.idle(self, change, options) or (
            "" if options.checks else "the policy names no checks that a change needs"
        )

    def check(self, change: Change, options: Options) -> Iterable[Finding | Held | Missing]:
        from guard_rules.untested_merge_result.check import findings

        return findings(self.id, change, options)


RULE = UntestedMergeResult()
