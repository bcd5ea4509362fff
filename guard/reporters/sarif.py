"""SARIF 2.1.0 (OASIS), as code-scanning services read it.

``partialFingerprints`` carries ``Finding.id``: a finding keeps its identity when lines move. Places
are relative to ``%SRCROOT%``, the root of the repository.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from guard.model import EXIT_CODES, Finding, Level, Place, Report, Step, Verdict
from guard.reporters._escape import json_in_log
from guard.reporters._words import VICTIMS_SHOWN, unjudged, unusual, victims_words, when_words
from guard.reporters.context import ReportContext, RuleInfo

Plain = dict[str, object]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_NO_FILE = "guard.yaml"
"""Where a finding about the change as a whole is put: a service refuses a result without a file."""
FINGERPRINT = "guardFinding/v1"


def render(report: Report, context: ReportContext) -> str:
    """The log with one run."""
    rules = _rules(report, context)
    index = {rule.id: number for number, rule in enumerate(rules)}
    run: Plain = {
        "tool": {
            "driver": {
                "name": "guard",
                "fullName": "premerge-guard",
                "version": context.version or "0",
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The root of the repository."}}
        },
        "invocations": [_invocation(report, context)],
        "results": [_result(finding, index[finding.rule], context) for finding in report.findings],
        "properties": {"subject": report.subject, "verdict": report.verdict.value},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_in_log(json.dumps(document, indent=2)) + "\n"


def _rules(report: Report, context: ReportContext) -> list[RuleInfo]:
    """The rules that are known, and those that only the report names (a bad suppression ...)."""
    known = {rule.id: rule for rule in context.rules}
    named = [result.rule for result in report.results] + [f.rule for f in report.findings]
    for rule in named:
        known.setdefault(rule, RuleInfo(rule, rule))
    return list(known.values())


def _rule(rule: RuleInfo) -> Plain:
    text = rule.help or rule.summary
    described: Plain = {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": "error" if rule.level == "error" else "warning"},
    }
    if rule.uri:
        described["helpUri"] = rule.uri
    return described


def _result(finding: Finding, index: int, context: ReportContext) -> Plain:
    related = []
    if finding.guard:
        related.append(_location(finding.guard, context, "bound for type checkers only"))
    related += [
        _location(use.place, context, f"also evaluated in {use.scope}, at {use.when.value}")
        for use in finding.uses
        if use.place != finding.place
    ]
    related += [_location(step.place, context, step.text) for step in finding.chain]
    for number, location in enumerate(related):
        location["id"] = number + 1
    raises = f"Raises {finding.raises} ({when_words(finding)})." if finding.raises else ""
    victims = victims_words(finding, VICTIMS_SHOWN)
    down = f"Takes down {victims}." if victims else ""
    text = " ".join(part for part in (finding.message, raises, down, finding.fix) if part)
    properties: Plain = {
        "name": finding.name,
        "raises": finding.raises,
        "when": finding.when.value,
    }
    if finding.victims:
        properties["victims"] = list(finding.victims)
    result: Plain = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": "error" if finding.level is Level.ERROR else "warning",
        "message": {"text": text},
        "locations": [_location(finding.place, context)],
        "partialFingerprints": {FINGERPRINT: finding.id},
        "properties": properties,
    }
    if related:
        result["relatedLocations"] = related
    if finding.chain:
        result["codeFlows"] = [_flow(finding, context)]
    return result


def _flow(finding: Finding, context: ReportContext) -> Plain:
    steps = (*finding.chain, Step(finding.place, finding.raises))
    locations = [{"location": _location(step.place, context, step.text)} for step in steps]
    return {"threadFlows": [{"locations": locations}]}


def _location(place: Place, context: ReportContext, message: str = "") -> Plain:
    physical: Plain = {"artifactLocation": _artifact(place.path or _NO_FILE, context)}
    location: Plain = {"physicalLocation": physical}
    if place.line:
        region: Plain = {"startLine": place.line, "startColumn": place.column}
        if place.end_line is not None:
            region["endLine"] = place.end_line
        if place.end_column is not None:
            region["endColumn"] = place.end_column
        physical["region"] = region
    if not place.path:
        location["logicalLocations"] = [{"name": context.whole, "kind": "resource"}]
    if message:
        location["message"] = {"text": message}
    return location


def _artifact(path: str, context: ReportContext) -> Plain:
    raw = context.from_repository(path).encode("utf-8", "surrogateescape")
    return {"uri": quote(raw), "uriBaseId": "%SRCROOT%"}


def _invocation(report: Report, context: ReportContext) -> Plain:
    """What could not be judged is a tool failure here: the format has no other word for it."""
    notifications: list[Plain] = []
    for path, line, reason in unjudged(report):
        physical: Plain = {"artifactLocation": _artifact(path, context)}
        if line:
            physical["region"] = {"startLine": line}
        notifications.append(
            {
                "level": "error",
                "message": {"text": f"Not verified: {reason}"},
                "locations": [{"physicalLocation": physical}],
            }
        )
    for rule, verdict, reason in unusual(report, context.debug):
        text = f"{rule}: {verdict} {reason}".rstrip()
        notifications.append({"level": "error", "message": {"text": text}})
    notifications += [{"level": "note", "message": {"text": note}} for note in report.notes]
    return {
        "executionSuccessful": report.verdict not in (Verdict.UNVERIFIED, Verdict.HOLD),
        "exitCode": EXIT_CODES[report.verdict],
        "toolExecutionNotifications": notifications,
    }
