"""An entry point of the project does not start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guard.model import Finding
from guard.rule import NoOptions, Project, SmokeCase, SmokeRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.observed import SmokeRun


class EntrypointFailure(SmokeRule):
    """See the README beside this file."""

    id = "entrypoint-failure"
    summary = "An entry point of the project does not start."

    def cases(self) -> tuple[SmokeCase, ...]:
        from guard_rules.entrypoint_failure.cases import CASES

        return CASES

    def idle(self, run: SmokeRun, options: Any) -> str:
        return "" if run.entries else "no entry point was started"

    def check(self, run: SmokeRun, project: Project, options: NoOptions) -> Iterable[Finding]:
        from guard.observed import Outcome

        if all(entry.outcome in (Outcome.OK, Outcome.LOST) for entry in run.entries):
            return ()  # most runs: what makes the words is not even loaded
        from guard_rules.entrypoint_failure.check import findings

        return findings(self.id, run, project)


RULE = EntrypointFailure()
