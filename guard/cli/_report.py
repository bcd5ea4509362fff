"""A report on its way out: rendered in every format that was asked for, then written."""

from __future__ import annotations

from dataclasses import dataclass

from guard import __version__
from guard.cli._output import Sink, say, write
from guard.errors import GuardError
from guard.reporters.context import ReportContext, RuleInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from guard.cli._where import Where
    from guard.config import Policy
    from guard.model import Report
    from guard.rule import Rule

    class Readable(Protocol):
        """What excerpts are taken from."""

        def read_file(self, path: str) -> bytes | None:
            """The content of a file; ``None`` where there is none."""


@dataclass(frozen=True, slots=True)
class Done:
    """A report and what it was made from."""

    report: Report
    where: Where
    tree: Readable
    policy: Policy
    rules: tuple[Rule, ...]
    whole: str = "change"
    """What a finding without a file is about."""


@dataclass(frozen=True, slots=True)
class Style:
    """How the command line wants it; ``elapsed`` are the seconds that it took."""

    color: bool
    verbose: bool
    quiet: bool
    debug: bool
    elapsed: float


def emit(
    wanted: tuple[Sink, ...],
    done: Done,
    style: Style,
    shown: Callable[[Report, Sink], Report] = lambda report, _: report,
) -> str | None:
    """Files first: a reader of standard output that goes away must not cost a file its report.

    ``shown`` is what of the report a sink gets. Answers with what was printed, if that was all and
    its last line alone tells the time.
    """
    from guard.reporters import LINES, reporter
    from guard.reporters._words import summary_of

    texts = []
    for sink in wanted:
        context = _context(done, style, sink)
        texts.append((sink, reporter(sink.format)(shown(done.report, sink), context)))
    for sink, text in texts:
        if sink.file is not None:
            write(sink.file, text)
    for sink, text in texts:
        if sink.file is None:
            say(text)
    if all(sink.file is not None for sink in wanted) and not style.quiet:
        say(f"guard: {summary_of(done.report, style.elapsed)}\n", err=True)
    (sink, text), *more = texts
    return None if more or sink.file is not None or sink.format not in LINES else text


def _context(done: Done, style: Style, sink: Sink) -> ReportContext:
    def source(path: str) -> bytes | None:
        try:
            return done.tree.read_file(path)
        except (GuardError, OSError):
            return None  # an excerpt is a convenience: the finding stands without it

    return ReportContext(
        source=source,
        prefix=done.where.prefix,
        way=done.where.way,
        repository=done.where.repository,
        whole=done.whole,
        elapsed=style.elapsed,
        rules=_infos(done, sink.format == "sarif"),
        color=style.color and sink.file is None,
        verbose=style.verbose,
        quiet=style.quiet,
        debug=style.debug,
        version=__version__,
    )


def _infos(done: Done, with_help: bool) -> tuple[RuleInfo, ...]:
    if not with_help:
        return ()
    from guard.plugins import readme

    judged = {result.rule for result in done.report.results}
    return tuple(
        RuleInfo(rule.id, rule.summary, done.policy.rules[rule.id].level.value, readme(rule))
        for rule in done.rules
        if rule.id in judged
    )
