"""One finding for each entry point that did not show that it lives."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from guard.model import Finding, Place, When
from guard.observed import EntryRun, ModuleRun, Outcome, SmokeRun
from guard.rule import Project
from guard_rules._startup.causes import explain
from guard_rules._startup.failures import own_frames, text_of
from guard_rules._startup.faults import fault_of
from guard_rules._startup.sources import sources_of
from guard_rules._startup.words import Setting


def findings(rule: str, run: SmokeRun, project: Project) -> Iterator[Finding]:
    """The entry points that failed, each with what led to it as far as that is known."""
    setting = Setting(run, project, sources_of(project))
    for entry in run.entries:
        if entry.outcome in (Outcome.OK, Outcome.LOST) or entry.failed_as_declared:
            continue
        if entry.failure is not None:
            yield _raised(rule, entry, setting)
        else:
            place = setting.sources.place(entry.path, max(entry.line, 1))
            message, fix = _words(entry)
            yield _finding(rule, entry, place, message, fix)


def _raised(rule: str, entry: EntryRun, setting: Setting) -> Finding:
    """An exception came to light: its cause is explained as that of an import is."""
    assert entry.failure is not None
    as_module = ModuleRun(entry.name, entry.path, Outcome.RAISED)
    fault = fault_of(entry.failure, as_module, setting.project)
    words, spot = explain(fault, setting), fault.spots[0]
    place = setting.sources.place(spot.path, spot.line, spot.name)
    if fault.failure is None or not (own_frames(fault.failure) or fault.failure.file):
        place = setting.sources.place(entry.path, max(entry.line, 1))
    return Finding(
        rule=rule,
        place=place,
        name=entry.name,
        message=f"{_who(entry)} does not start: {words.message}",
        raises=text_of(fault.failure) if fault.failure is not None else "",
        when=When.START,
        fix=words.fix,
        guard=words.guard,
        chain=fault.chain,
        output=entry.output,
    )


def _finding(rule: str, entry: EntryRun, place: Place, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        place=place,
        name=entry.name,
        message=f"{_who(entry)} {message}",
        raises="",
        when=When.START,
        fix=fix,
        output=entry.output,
    )


def _who(entry: EntryRun) -> str:
    command = shlex.join(entry.command)
    if entry.command[:2] == ("python", "-c") and entry.command[3:] == ("--help",):
        command = f"{entry.name} --help"  # a script of the metadata, started as it would start
    return f"entry point `{entry.name}` ({command}, from {entry.origin})"


def _words(entry: EntryRun) -> tuple[str, str]:
    status = entry.status or "no more is known"
    by_hand = f"Run it by hand in the project's environment: {shlex.join(entry.command)}."
    if entry.outcome is Outcome.TIMEOUT:
        return f"gave no sign of life in time: {status}", (
            f"{by_hand} If it is merely slow, raise its `timeout:`; if it lives in another way, "
            "say so under `proof:`."
        )
    if entry.outcome is Outcome.FLOOD:
        return f"wrote more than the runner takes: {status}", by_hand
    return f"ended without the sign of life that it owes: {status}", by_hand
