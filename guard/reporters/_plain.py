"""The report as plain values for JSON. The contract is ``report.schema.json`` beside this file."""

from __future__ import annotations

from dataclasses import asdict

from guard.model import Finding, Level, Place, Report
from guard.reporters._words import reason_of, unjudged
from guard.reporters.context import ReportContext

Plain = dict[str, object]

VERSION = 1


def finding(found: Finding, context: ReportContext) -> Plain:
    """One finding. Paths are relative to the current directory, so that they can be opened."""

    def at(place: Place) -> Plain:
        path = context.from_cwd(place.path) if place.path else ""
        return {"path": path, "line": place.line, "column": place.column}

    place = found.place
    return {
        "rule": found.rule,
        "level": found.level.value,
        "id": found.id,
        **at(place),
        "end_line": place.end_line,
        "end_column": place.end_column,
        "name": found.name,
        "message": found.message,
        "raises": found.raises,
        "when": found.when.value,
        "guard": at(found.guard) if found.guard else None,
        "uses": [
            {**at(use.place), "when": use.when.value, "scope": use.scope} for use in found.uses
        ],
        "chain": [{**at(step.place), "text": step.text} for step in found.chain],
        "fix": found.fix,
        "victims": list(found.victims),
        "output": found.output,
    }


def unjudged_files(report: Report, context: ReportContext) -> list[Plain]:
    """The files that could not be judged, each once, with the rules that say so."""
    return [
        {"path": context.from_cwd(path), "line": line, "reason": reason, "rules": rules}
        for (path, line, reason), rules in unjudged(report).items()
    ]


def head(report: Report, context: ReportContext) -> Plain:
    """All but the findings and the files: what was judged, by what, and the outcome."""
    findings = report.findings
    errors = sum(1 for found in findings if found.level is Level.ERROR)
    return {
        "version": VERSION,
        "tool": {"name": "premerge-guard", "version": context.version},
        "subject": report.subject,
        "top": context.top(),
        "verdict": report.verdict.value,
        "summary": {
            "errors": errors,
            "warnings": len(findings) - errors,
            "unjudged": len({path for path, _, _ in unjudged(report)}),
            "files": report.files,
            "rules": len(report.results),
            "seconds": round(context.elapsed, 3),
        },
        "rules": [
            {
                "id": result.rule,
                "verdict": result.verdict.value,
                "reason": reason_of(result, context.debug),
                "held": [asdict(each) for each in result.held],
                "missing": [asdict(each) for each in result.missing],
            }
            for result in report.results
        ],
        "notes": list(report.notes),
    }
