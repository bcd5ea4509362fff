"""The check: some files need a plan, and an AI change must come out again as it went in."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Change, Unit, Unknown
from guard.globs import Globs
from guard.model import Finding, Missing
from guard_rules._changes import Who
from guard_rules._changes.words import about, called, lacks, listed, units_of
from guard_rules.missing_rollback_plan import Options
from guard_rules.missing_rollback_plan.section import has_plan


def findings(rule: str, change: Change, options: Options) -> Iterator[Finding | Missing]:
    """A finding for each unit without a plan that needs one, and for a failed dry run.

    An exact revert needs neither: how to take it back is known, for it was on the target before.
    """
    units = units_of(change)
    if isinstance(units, Missing):
        yield units
        return
    forward = [unit for unit in units if not unit.reverts]
    planned = Globs(options.paths)
    for unit in forward if planned else ():
        yield from _plan(rule, change, unit, planned)
    tried = [unit for unit in forward if options.dry_run is Who.ALL or unit.is_ai]
    if tried:
        yield from _dry_run(rule, change, tried)


def _plan(rule: str, change: Change, unit: Unit, planned: Globs) -> Iterator[Finding | Missing]:
    if isinstance(unit.files, Unknown):
        yield lacks("units.files", unit.files)
        return
    paths = sorted(file.path for file in unit.files if planned.matches(file.path))
    if not paths:
        return
    commits = () if isinstance(unit.commits, Unknown) else unit.commits
    texts = [commit.message for commit in commits]
    texts += [change.body] if isinstance(change.body, str) else []
    if any(map(has_plan, texts)):
        return
    fix = "Write a section `Rollback:` with the steps into the description or a commit message."
    if isinstance(unit.commits, Unknown):
        yield lacks("units.commits", unit.commits)
    elif isinstance(change.body, Unknown):
        yield lacks("body", change.body, "No commit message has a plan; a commit message will do.")
    else:
        message = f"{called(unit)} changes {listed(paths)} and does not say how to take that back"
        yield about(rule, unit.id, message, fix, paths[0])


def _dry_run(rule: str, change: Change, tried: list[Unit]) -> Iterator[Finding | Missing]:
    rollback = change.rollback
    if isinstance(rollback, Unknown):
        yield lacks("rollback", rollback)
        return
    what = listed([called(unit) for unit in tried])
    if not rollback.applies or rollback.conflicts:
        where = f": conflicts in {listed(rollback.conflicts)}" if rollback.conflicts else ""
        message = f"taking {what} back does not apply to what would land{where}"
        fix = "Bring the change up to date with the target, and keep it apart from other changes."
        yield about(rule, "conflict", message, fix)
    if rollback.worse:
        message = (
            f"with {what} taken back, checks fail that pass on {change.target} today: "
            f"{listed(rollback.worse)}"
        )
        fix = "Make the change so that the code of today still works once it is taken back."
        yield about(rule, "worse", message, fix)
