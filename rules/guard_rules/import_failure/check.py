"""One finding for each cause for which modules cannot be imported."""

from __future__ import annotations

from collections.abc import Iterator

from guard.model import Finding, Use, When
from guard.observed import SmokeRun
from guard.rule import Project
from guard_rules._startup.causes import explain
from guard_rules._startup.failures import text_of
from guard_rules._startup.faults import Fault, faults_of
from guard_rules._startup.sources import sources_of
from guard_rules._startup.words import Setting, shown_list


def findings(rule: str, run: SmokeRun, project: Project) -> Iterator[Finding]:
    """What stops modules from being imported, each cause once, with all that it takes down."""
    setting = Setting(run, project, sources_of(project))
    for fault in faults_of(run, project):
        yield _finding(rule, fault, setting)


def _finding(rule: str, fault: Fault, setting: Setting) -> Finding:
    words = explain(fault, setting)
    places = [setting.sources.place(spot.path, spot.line, spot.name) for spot in fault.spots]
    uses = tuple(
        Use(place, When.IMPORT, spot.scope) for place, spot in zip(places, fault.spots, strict=True)
    )
    stopped = fault.failure is None
    return Finding(
        rule=rule,
        place=places[0],
        name=words.name or fault.runs[0].module,
        message=words.message + _besides(fault),
        raises=text_of(fault.failure) if fault.failure is not None else "",
        when=When.IMPORT,
        fix=words.fix,
        guard=words.guard,
        uses=uses if len(uses) > 1 else (),
        chain=fault.chain,
        victims=fault.victims,
        output=fault.runs[0].output if stopped else "",
    )


def _besides(fault: Fault) -> str:
    """What the declarations of optional modules have to do with it."""
    optional = [run for run in fault.runs if run.optional is not None]
    words = ""
    seen = fault.runs[0].failure
    if seen is not None and fault.failure is not None:
        if (seen.type, seen.message) != (fault.failure.type, fault.failure.message):
            words += f"; it shows as {text_of(seen)}"
    if optional and optional[0].optional is not None:
        reason = optional[0].optional.reason
        words += f"; `{optional[0].module}` may fail ({reason}), but not for this"
    if fault.declared:
        names = shown_list([f"`{run.module}`" for run in fault.declared])
        words += f"; {names} may fail so, but what needs it may not"
    return words
