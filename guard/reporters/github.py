"""GitHub Actions workflow commands, which the runner shows as annotations on the changed lines.

Escaping as in the runner's ``ActionCommand`` and the toolkit's ``command.ts``: ``%``, CR, LF in
the message; also ``:`` and ``,`` in a property. The runner shows at most ten errors and ten
warnings a step; the rest stays in the log, and a notice says so.
"""

from __future__ import annotations

from guard.model import Finding, Level, Report, Verdict
from guard.reporters._escape import terminal
from guard.reporters._words import (
    VICTIMS_SHOWN,
    summary_of,
    unjudged,
    unusual,
    victims_words,
    when_words,
)
from guard.reporters.context import ReportContext

LIMIT = 10


def render(report: Report, context: ReportContext) -> str:
    """The commands, one a line. Paths are relative to the root of the repository."""
    lines = [
        _command(
            "error", f"Not verified: {reason}", _where(context, path, line), "guard: unverified"
        )
        for (path, line, reason) in unjudged(report)
    ]
    for rule, verdict, reason in unusual(report, context.debug):
        text = f"{verdict}: {reason or 'no reason given'}"
        # Whose turn it is not has done nothing wrong.
        kind = "notice" if verdict == Verdict.HOLD.value else "error"
        lines.append(_command(kind, text, {}, f"guard: {rule}"))
    lines += [_finding(finding, context) for finding in report.findings]
    lines += [_command("notice", note, {}, "guard") for note in report.notes]
    shown = [sum(line.startswith(f"::{kind} ") for line in lines) for kind in ("error", "warning")]
    if max(shown) > LIMIT:
        text = f"GitHub shows {LIMIT} errors and {LIMIT} warnings of a step; all are in its log."
        lines.append(_command("notice", text, {}, "guard"))
    lines.append(f"guard: {summary_of(report, context.elapsed)}")
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, context: ReportContext) -> str:
    place = finding.place
    where = _where(context, place.path, place.line)
    # The runner drops columns unless the annotation is on one line.
    if not place.line:
        pass
    elif place.end_line in (None, place.line):
        where["col"] = str(place.column)
        if place.end_column is not None:
            where["endColumn"] = str(place.end_column)
    else:
        where["endLine"] = str(place.end_line)
    text = [finding.message]
    if finding.raises:
        text.append(f"Raises {finding.raises} ({when_words(finding)}).")
    if finding.guard:
        guard = context.from_repository(finding.guard.path)
        text.append(f"Bound for type checkers only: {guard}:{finding.guard.line}.")
    if finding.victims:
        text.append(f"Takes down {victims_words(finding, VICTIMS_SHOWN)}.")
    text.append(f"Fix: {finding.fix}")
    kind = "error" if finding.level is Level.ERROR else "warning"
    return _command(kind, "\n".join(text), where, f"guard: {finding.rule}")


def _where(context: ReportContext, path: str, line: int | None) -> dict[str, str]:
    if not path:
        return {}
    where = {"file": context.from_repository(path)}
    return {**where, "line": str(line)} if line else where


def _command(kind: str, message: str, where: dict[str, str], title: str) -> str:
    properties = {**where, "title": title}
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{kind} {listed}::{_data(message)}"


def _data(text: str) -> str:
    # Only line feeds stay line breaks; other control characters would reach the log's terminal.
    return "%0A".join(terminal(line) for line in text.replace("%", "%25").split("\n"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
