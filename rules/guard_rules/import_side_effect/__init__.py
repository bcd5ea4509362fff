"""A module does more than define things while it is imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from guard.model import Finding, Level
from guard.options import option
from guard.rule import Project, SmokeCase, SmokeRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.observed import SmokeRun


@dataclass(frozen=True, slots=True)
class Options:
    """How much each kind of effect weighs, at most as much as the rule."""

    network: Level = option(Level.ERROR, "Reaching for the network, or resolving a name.")
    subprocess: Level = option(Level.ERROR, "Starting a process.")
    left_child: Level = option(Level.ERROR, "A process that still runs when the import is over.")
    write: Level = option(Level.WARNING, "Writing, making or removing a file or folder.")
    thread: Level = option(Level.WARNING, "Starting a thread.")
    changed_folder: Level = option(Level.WARNING, "Changing the working directory.")
    slow: Level = option(Level.WARNING, "Taking longer than `slow-after`.")
    slow_after: float = option(1.0, "The seconds after which an import is slow.")


KINDS = tuple(name for name in Options.__slots__ if name != "slow_after")


class ImportSideEffect(SmokeRule):
    """See the README beside this file."""

    id = "import-side-effect"
    summary = "A module does more than define things while it is imported."
    default_level = Level.OFF
    options = Options

    def cases(self) -> tuple[SmokeCase, ...]:
        from guard_rules.import_side_effect.cases import CASES

        return CASES

    def idle(self, run: SmokeRun, options: Options) -> str:
        if all(getattr(options, kind) is Level.OFF for kind in KINDS):
            return "every kind of effect is off"
        return super().idle(run, options)

    def check(self, run: SmokeRun, project: Project, options: Options) -> Iterable[Finding]:
        from guard_rules.import_side_effect.check import findings

        return findings(self.id, run, project, options)


RULE = ImportSideEffect()
