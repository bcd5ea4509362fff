"""The format for people: excerpts with carets at the use and at the guard, a summary at the end."""

from __future__ import annotations

from guard.reporters._escape import log_line, log_path, terminal
from guard.reporters._source import Sources, marked
from guard.reporters._words import (
    OUTPUT_SHOWN,
    VICTIMS_SHOWN,
    same_start,
    summary_of,
    unjudged,
    unusual,
    victims_words,
    when_words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from guard.model import Finding, Place, Report
    from guard.reporters.context import ReportContext

_USES_SHOWN = 3
_PLACES_SHOWN = 10
"""Of a cause that takes modules down: each one has to be mended."""
_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "use": "1;31",
    "guard": "1;36",
    "dim": "2",
    "bold": "1",
    "good": "1;32",
}


def render(report: Report, context: ReportContext) -> str:
    """The whole text output. Paths are relative to the current directory."""
    writer = _Writer(context)
    blocks = ["\n".join(writer.finding(finding)) for finding in report.findings]
    told = list(writer.unverified(report)) + list(writer.rules(report))
    if not context.quiet:
        told += [f"{writer.paint('dim', 'note:')} {terminal(note)}" for note in report.notes]
    if told:
        blocks.append("\n".join(told))
    if not context.quiet:
        style = {"pass": "good", "fail": "error"}.get(report.verdict.value, "warning")
        blocks.append(writer.paint(style, summary_of(report, context.elapsed)))
    return "\n\n".join(blocks) + "\n" if blocks else ""


class _Writer:
    def __init__(self, context: ReportContext) -> None:
        self.context = context
        self.sources = Sources(context.source)

    def paint(self, style: str, text: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.context.color and text else text

    def at(self, place: Place) -> str:
        return log_path(self.context.whereabouts(place))

    def finding(self, finding: Finding) -> Iterator[str]:
        level = finding.level.value
        head = self.paint(level, f"{level}[{terminal(finding.rule)}]")
        yield f"{self.paint('bold', self.at(finding.place))}: {head} {terminal(finding.message)}"
        digits = len(str(max(finding.place.line, finding.guard.line if finding.guard else 0)))
        gutter = " " * (digits + 1)
        yield from self.excerpt(finding.place, digits, "use", "^", "")
        if finding.guard:
            if finding.guard.path != finding.place.path:
                yield f"{gutter}{self.paint('dim', '::')} {self.at(finding.guard)}"
            yield from self.excerpt(
                finding.guard, digits, "guard", "-", "bound for type checkers only"
            )
        for label, values in self.details(finding):
            for number, value in enumerate(values):
                begin = f"= {label}:" if number == 0 else " " * (len(label) + 3)
                yield f"{gutter}{self.paint('dim', begin)} {value}"

    def excerpt(
        self, place: Place, digits: int, style: str, mark: str, label: str
    ) -> Iterator[str]:
        line = self.sources.line(place)
        if line is None:
            return
        shown, before, size = marked(line, place)
        bar = self.paint("dim", "|")
        number = self.paint("dim", f"{place.line:>{digits}}")
        caret = self.paint(style, mark * size + (f" {label}" if label else ""))
        yield f"{number} {bar} {shown}".rstrip()
        yield f"{' ' * digits} {bar} {' ' * before}{caret}"

    def details(self, finding: Finding) -> Iterator[tuple[str, list[str]]]:
        if finding.raises:
            yield "raises", [terminal(finding.raises)]
            yield "when", [terminal(when_words(finding))]
        others = [use for use in finding.uses if not same_start(use.place, finding.place)]
        if others:
            yield "also at" if finding.victims else "also used", self.uses(finding, len(others))
        if finding.chain:
            yield "import chain", [f"{self.at(s.place)}: {terminal(s.text)}" for s in finding.chain]
        if finding.victims:
            shown = len(finding.victims) if self.context.verbose else VICTIMS_SHOWN
            yield "takes down", [terminal(victims_words(finding, shown))]
        if finding.output:
            lines = finding.output.rstrip().splitlines()
            if not self.context.verbose:
                lines = lines[-OUTPUT_SHOWN:]
            yield "output", [*map(log_line, lines)]
        yield self.paint("good", "fix"), [terminal(finding.fix)]

    def uses(self, finding: Finding, total: int) -> list[str]:
        others = (use for use in finding.uses if not same_start(use.place, finding.place))
        most = _PLACES_SHOWN if finding.victims else _USES_SHOWN
        shown = [
            f"{self.at(use.place)} in {terminal(use.scope)}, at {use.when.value}"
            for number, use in enumerate(others)
            if self.context.verbose or number < most
        ]
        if total > len(shown):
            shown.append(f"and {total - len(shown)} more")
        return shown

    def unverified(self, report: Report) -> Iterator[str]:
        for (path, line, reason), rules in unjudged(report).items():
            where = log_path(self.context.from_cwd(path)) + (f":{line}" if line else "")
            by = f" ({', '.join(map(terminal, rules))})" if self.context.verbose else ""
            word = self.paint("warning", "unverified")
            yield f"{self.paint('bold', where)}: {word} {terminal(reason)}{by}"

    def rules(self, report: Report) -> Iterator[str]:
        """The rules that gave no plain answer; with ``verbose``, every rule."""
        for rule, verdict, reason in unusual(report, self.context.debug):
            head, *trace = reason.split("\n") if reason else ["no reason given"]
            yield f"{terminal(rule)}: {self.paint('warning', verdict)} {terminal(head)}"
            yield from (f"    {log_line(line)}" for line in trace)
        if self.context.verbose:
            for result in report.results:
                why = result.reason if result.verdict.value == "skipped" else ""
                verdict = self.paint("bold", result.verdict.value)
                yield f"{terminal(result.rule)}: {verdict} {terminal(why)}".rstrip()
