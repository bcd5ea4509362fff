"""A module of the project cannot be imported."""

from __future__ import annotations

from collections.abc import Iterable

from guard.model import Finding
from guard.rule import NoOptions, Project, SmokeCase, SmokeRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.observed import SmokeRun


class ImportFailure(SmokeRule):
    """See the README beside this file."""

    id = "import-failure"
    summary = "A module of the project cannot be imported."

    def cases(self) -> tuple[SmokeCase, ...]:
        from guard_rules.import_failure.cases import CASES

        return CASES

    def check(self, run: SmokeRun, project: Project, options: NoOptions) -> Iterable[Finding]:
        from guard.observed import Outcome

        if all(module.outcome in (Outcome.OK, Outcome.LOST) for module in run.modules):
            return ()  # most runs: what makes the words is not even loaded
        from guard_rules.import_failure.check import findings

        return findings(self.id, run, project)


RULE = ImportFailure()
