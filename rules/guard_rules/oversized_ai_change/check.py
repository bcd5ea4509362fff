"""The check: count what a human has to read."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Change, FileChange, Unit, Unknown
from guard.globs import Globs
from guard.model import Finding, Missing
from guard_rules._changes.words import about, called, count, lacks, listed, units_of
from guard_rules.oversized_ai_change import Options

_LARGEST = 3


def findings(rule: str, change: Change, options: Options) -> Iterator[Finding | Missing]:
    """A finding for each AI change beyond a limit. To take a landing back is never too large."""
    units = units_of(change)
    if isinstance(units, Missing):
        yield units
        return
    for unit in units:
        if unit.is_ai and not unit.reverts:
            yield from _of_unit(rule, unit, options)


def _of_unit(rule: str, unit: Unit, options: Options) -> Iterator[Finding | Missing]:
    if isinstance(unit.files, Unknown):
        yield lacks("units.files", unit.files)
        return
    excluded = Globs(options.exclude)
    files = [file for file in unit.files if not excluded.matches(file.path)]
    lines = sum(map(_lines, files))
    if lines <= options.lines and len(files) <= options.files:
        return
    binary = sum(file.added is None for file in files)
    size = f"{count(lines, 'line')} in {count(len(files), 'file')}"
    size += f", {binary:,} of them binary" if binary else ""
    largest = sorted(files, key=lambda file: (-_lines(file), file.path))[:_LARGEST]
    message = (
        f"{called(unit)} changes {size}; the policy allows {count(options.lines, 'line')} in "
        f"{count(options.files, 'file')}. The largest: {listed([*map(_told, largest)])}"
    )
    fix = "Split it into changes that stand alone, each small enough to be read line by line."
    yield about(rule, unit.id, message, fix)


def _lines(file: FileChange) -> int:
    return (file.added or 0) + (file.deleted or 0)


def _told(file: FileChange) -> str:
    return f"{file.path} ({'binary' if file.added is None else _lines(file)})"
