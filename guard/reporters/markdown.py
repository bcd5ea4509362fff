"""Markdown for a job summary or a pull-request comment.

Everything from the change goes into code spans or is escaped: a path or a message cannot open a
table cell, a link, an HTML tag, a mention or an issue reference.
"""

from __future__ import annotations

import re

from guard.model import Finding, Place, Report
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

LIMIT = 200
"""A comment on GitHub holds 65,536 characters."""

_SPECIAL = re.compile(
    r"[\\`*_\[\]#|~<>&@$]|://|\b[Gg][Hh]-(?=[0-9])|\bwww\.|^[-+=]|^[0-9]{1,9}[.)]", re.ASCII
)
_BREAK = "&#8203;"
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def render(report: Report, context: ReportContext) -> str:
    """A heading, one table of findings, what was not verified, the notes."""
    lines = [
        f"## guard: {report.verdict.value}",
        "",
        prose(summary_of(report, context.elapsed)),
        "",
    ]
    findings = report.findings
    if findings:
        lines += ["| Level | Where | Name | What | Fix |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(finding, context) for finding in findings[:LIMIT]]
        lines.append("")
    if len(findings) > LIMIT:
        lines += [f"{len(findings) - LIMIT} more findings are not shown here.", ""]
    lines += _section("Waiting", _rules(report, context, held=True))
    lines += _section("Not verified", _unverified(report, context))
    lines += _section("Notes", [prose(note) for note in report.notes])
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(title: str, items: list[str]) -> list[str]:
    return [f"### {title}", "", *(f"- {item}" for item in items), ""] if items else []


def _row(finding: Finding, context: ReportContext) -> str:
    what = prose(finding.message)
    if finding.raises:
        what += f"<br>{code(finding.raises)}, {prose(when_words(finding))}"
    if finding.guard:
        what += f"<br>guarded at {code(_at(finding.guard, context))}"
    if finding.victims:
        what += f"<br>takes down {code(victims_words(finding, VICTIMS_SHOWN))}"
    level = f"{finding.level.value}<br>{code(finding.rule)}"
    cells = (level, code(_at(finding.place, context)), code(finding.name), what, prose(finding.fix))
    return f"| {' | '.join(cells)} |"


def _unverified(report: Report, context: ReportContext) -> list[str]:
    items = [
        f"{code(context.from_repository(path) + (f':{line}' if line else ''))}: {prose(reason)}"
        for path, line, reason in unjudged(report)
    ]
    return items + _rules(report, context, held=False)


def _rules(report: Report, context: ReportContext, *, held: bool) -> list[str]:
    """The rules that gave no plain answer: those whose turn it is not, or all others."""
    return [
        f"{code(rule)}: {verdict} {prose(reason)}".rstrip()
        for rule, verdict, reason in unusual(report, context.debug)
        if (verdict == "hold") is held
    ]


def _at(place: Place, context: ReportContext) -> str:
    return context.whereabouts(place, repository=True)


def code(text: str) -> str:
    """A code span that ``text`` cannot leave, also in a table (GFM splits cells before spans)."""
    shown = terminal(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """Plain words. Forges look for ``@name``, ``#1``, ``GH-1`` and bare links after Markdown is
    rendered, so a backslash does not stop them; a zero-width space does.
    """
    parts = re.split(r"(`[^`]+`)", terminal(text).strip())
    return "".join(
        code(part[1:-1]) if number % 2 else _SPECIAL.sub(_escaped, part)
        for number, part in enumerate(parts)
    )


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    if found in _ENTITIES:
        return _ENTITIES[found]
    if found in ("@", "www.") or found[-1] == "-" != found:
        return found + _BREAK
    if found == "://":
        return f":{_BREAK}//"
    if found[-1] in ".)":
        return f"{found[:-1]}\\{found[-1]}"
    return f"\\{found}{_BREAK if found == '#' else ''}"
