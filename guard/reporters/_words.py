"""The words that several formats share. Imports nothing heavy: a quick pass prints them too."""

from __future__ import annotations

VICTIMS_SHOWN = 5
OUTPUT_SHOWN = 10
"""Lines from the end of what the code wrote."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.model import Finding, Place, Report, RuleResult, Unjudged


def count(number: int, noun: str) -> str:
    """``1 file``, ``2 files``, ``4,213 files``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def summary_line(
    *,
    files: int,
    rules: int,
    seconds: float,
    found: str = "no findings",
    verdict: str = "pass",
    unit: str = "file",
) -> str:
    """The last line of the text output. ``found`` is what ``found_words`` answers."""
    told = "" if verdict in ("pass", "fail") else f"; verdict {verdict}"
    checked = f"{count(files, unit)} checked, {count(rules, 'rule')}, {seconds:.2f} s"
    return f"{found}{told} ({checked})"


def found_words(report: Report) -> str:
    """``2 errors, 1 warning in 1 file, 3 files unverified`` or ``no findings``."""
    findings = report.findings
    errors = sum(1 for finding in findings if finding.level.value == "error")
    counts = [(errors, "error"), (len(findings) - errors, "warning")]
    words = ", ".join(count(number, noun) for number, noun in counts if number)
    paths = _paths(findings) - {""}  # the change as a whole is no file
    if paths:
        words += f" in {count(len(paths), 'file')}"
    down = len({name for finding in findings for name in finding.victims})
    if down:
        words += f", {count(down, 'module')} affected"
    unverified = len({path for path, _, _ in unjudged(report)})
    if unverified:
        words = f"{words or 'no findings'}, {count(unverified, 'file')} unverified"
    return words or "no findings"


def _paths(findings: tuple[Finding, ...]) -> set[str]:
    """The files at fault. A cause that takes modules down may lie in several."""
    paths = {finding.place.path for finding in findings}
    return paths.union(
        use.place.path for finding in findings if finding.victims for use in finding.uses
    )


def summary_of(report: Report, seconds: float) -> str:
    """The summary line of a report."""
    return summary_line(
        files=report.files,
        rules=sum(1 for result in report.results if result.verdict.value != "skipped"),
        seconds=seconds,
        found=found_words(report),
        verdict=report.verdict.value,
        unit=report.unit,
    )


def unjudged(report: Report) -> dict[tuple[str, int | None, str], list[str]]:
    """The files that could not be judged: (path, line, reason) -> the rules that say so."""
    told: dict[tuple[str, int | None, str], list[str]] = {}
    entries: list[tuple[Unjudged, str]] = [
        (item, result.rule) for result in report.results for item in result.unjudged
    ]
    for item, rule in sorted(entries, key=lambda entry: (entry[0].path, entry[0].line or 0)):
        told.setdefault((item.path, item.line, item.reason), []).append(rule)
    return told


def unusual(report: Report, debug: bool = False) -> list[tuple[str, str, str]]:
    """(rule, verdict, reason) of each rule that neither passed, failed nor was skipped.

    The first line of a reason is its summary; the traceback of a crash follows, for ``debug``.
    """
    if not report.results:
        return [("guard", "unverified", "no rule ran")]
    return [
        (result.rule, result.verdict.value, reason_of(result, debug))
        for result in report.results
        if result.verdict.value not in ("pass", "fail", "skipped")
        and (result.reason or not result.unjudged)
    ]


def reason_of(result: RuleResult, debug: bool = False) -> str:
    """The reason of a verdict; without ``debug`` its first line alone."""
    return result.reason if debug else result.reason.partition("\n")[0]


def when_words(finding: Finding) -> str:
    """At which moment Python raises, in words. Empty for a finding about something else."""
    if not finding.raises:
        return ""
    if finding.when.value == "import":
        return "while the module is imported"
    if finding.when.value == "start":
        return "when the entry point starts"
    if finding.when.value == "call":
        scope = next(
            (use.scope for use in finding.uses if same_start(use.place, finding.place)), ""
        )
        return f"when {scope}() runs" if scope not in ("", "module") else "when the function runs"
    return "when something resolves the annotation"


def victims_words(finding: Finding, shown: int) -> str:
    """``7 modules: a, b, c, d, e and 2 more``; empty where a finding takes none down."""
    names = finding.victims
    if not names:
        return ""
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return f"{count(len(names), 'module')}: {', '.join(names[:shown])}{more}"


def same_start(one: Place, other: Place) -> bool:
    """Whether two places begin at the same character."""
    return (one.path, one.line, one.column) == (other.path, other.line, other.column)
