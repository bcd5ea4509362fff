"""JUnit XML: one suite, a test case for each finding, and one for each rule that found nothing.

What could not be judged is an ``error``, never a passed case. Follows the dialect that Jenkins,
GitLab and pytest share: ``testsuites/testsuite/testcase`` with ``failure``, ``error``, ``skipped``.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from guard.model import Finding, Level, Report, RuleResult, Verdict
from guard.reporters._escape import visible
from guard.reporters._words import reason_of, victims_words, when_words
from guard.reporters.context import ReportContext

_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)
Cases = list[tuple[str, str]]
"""(outcome, XML) pairs; the outcome is counted in the suite's attributes."""


def render(report: Report, context: ReportContext) -> str:
    """The document. Paths are relative to the root of the repository."""
    cases: Cases = []
    for result in report.results:
        cases += _of_rule(result, context)
    if not report.results:
        cases.append(_case("guard", "rules", "error", "unverified", "no rule ran"))
    outcomes = [outcome for outcome, _ in cases]
    counts = (
        f'tests="{len(cases)}" failures="{outcomes.count("failure")}" '
        f'errors="{outcomes.count("error")}" skipped="{outcomes.count("skipped")}" '
        f'time="{context.elapsed:.3f}"'
    )
    body = "".join(xml for _, xml in cases)
    return _in_log(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuites name="guard" {counts}>\n'
        f"  <testsuite name={_attribute(f'guard: {report.subject}')} {counts}>\n"
        f"{body}  </testsuite>\n</testsuites>\n"
    )


def _in_log(document: str) -> str:
    """The same XML, in which GitHub's runner finds no workflow command: texts have line breaks."""
    return _COMMAND.sub(r"\1&#58;:", document).replace("##[", "##&#91;")


def _of_rule(result: RuleResult, context: ReportContext) -> Cases:
    cases = [_finding(finding, context) for finding in result.findings]
    for item in result.unjudged:
        path = context.from_repository(item.path)
        cases.append(_case(result.rule, path, "error", "unverified", item.reason))
    verdict = result.verdict.value
    reason = reason_of(result, context.debug) or verdict
    if result.verdict is Verdict.SKIPPED:
        cases.append(_case(result.rule, result.rule, "skipped", verdict, reason))
    elif result.verdict not in (Verdict.PASS, Verdict.FAIL) and (result.reason or not cases):
        cases.append(_case(result.rule, result.rule, "error", verdict, reason))
    elif result.verdict is Verdict.FAIL and not cases:
        cases.append(_case(result.rule, result.rule, "failure", verdict, reason))
    return cases or [_case(result.rule, result.rule)]


def _finding(finding: Finding, context: ReportContext) -> tuple[str, str]:
    place = finding.place
    where = context.whereabouts(place, repository=True)
    text = [finding.message]
    if finding.raises:
        text += [f"raises: {finding.raises}", f"when: {when_words(finding)}"]
    if finding.guard:
        guard = finding.guard
        text.append(f"guard: {context.from_repository(guard.path)}:{guard.line}:{guard.column}")
    if finding.victims:
        text.append(f"takes down: {victims_words(finding, len(finding.victims))}")
    text.append(f"fix: {finding.fix}")
    if finding.output:
        text.append(f"output:\n{finding.output}")
    # A warning does not fail the run, so its case passes, with the text as its output.
    kind = "failure" if finding.level is Level.ERROR else "system-out"
    return _case(finding.rule, f"{where} {finding.name}", kind, finding.message, "\n".join(text))


def _case(
    rule: str, name: str, kind: str = "", message: str = "", text: str = ""
) -> tuple[str, str]:
    head = f"    <testcase classname={_attribute(rule)} name={_attribute(name)}"
    if not kind:
        return kind, f"{head}/>\n"
    if kind == "system-out":
        return kind, f"{head}><system-out>{escape(_legal(text))}</system-out></testcase>\n"
    inner = f"<{kind} message={_attribute(message)}>{escape(_legal(text))}</{kind}>"
    return kind, f"{head}>{inner}</testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_legal(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _legal(text: str) -> str:
    """XML 1.0 has no way to write most control characters, surrogates, U+FFFE and U+FFFF."""
    return "".join(char if char in "\n\t" or char.isprintable() else visible(char) for char in text)
