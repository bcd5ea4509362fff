"""How much of the notes a reader gets: counts for people, all for programs and with ``-v``."""

from __future__ import annotations

from dataclasses import replace

from guard.cli._output import Sink
from guard.cli._report import Style
from guard.model import Report
from guard.observed import SmokeRun
from guard.reporters._words import count

EXCLUDED = "not imported, "
WITHHELD = "withheld, as it looks like a secret: "
_WHOLE = frozenset({"json", "jsonl"})
_FEW = 8


def shown(report: Report, run: SmokeRun | None, sink: Sink, style: Style) -> Report:
    """``report`` with its notes as long as ``sink`` wants them."""
    if run is None:
        return report
    whole = style.verbose or sink.format in _WHOLE
    notes = [note for note in report.notes if not note.startswith(EXCLUDED)]
    if not whole:
        notes = [_brief(note) for note in notes]
    return replace(report, notes=(*notes, *_started(run, whole), *_excluded(run, whole)))


def _brief(note: str) -> str:
    if not note.startswith(WITHHELD):
        return note
    return f"{count(note.count(', ', len(WITHHELD)) + 1, 'variable')} withheld, -v names them"


def _started(run: SmokeRun, whole: bool) -> list[str]:
    names = [entry.name for entry in run.entries]
    if not names:
        return []
    told = ", ".join(names if whole else names[:_FEW])
    if not whole and len(names) > _FEW:
        told += f" and {len(names) - _FEW:,} more, -v lists them"
    return [f"started {count(len(names), 'entry point')}: {told}"]


def _excluded(run: SmokeRun, whole: bool) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for item in run.excluded:
        reasons.setdefault(item.reason, []).append(item.path)
    if whole:
        return [f"{EXCLUDED}{why}: {', '.join(sorted(paths))}" for why, paths in reasons.items()]
    if not reasons:
        return []
    told = "; ".join(f"{len(paths):,} {why}" for why, paths in reasons.items())
    return [f"{count(len(run.excluded), 'file')} not imported, -v lists them: {told}"]
