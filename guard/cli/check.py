"""``guard check``: judge a working tree, the index or a commit."""

from __future__ import annotations

import os
import re
import sys
import time

import click

from guard.cli._options import Options, split
from guard.cli._output import say, sinks, write
from guard.cli._progress import Progress
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.model import EXIT_CODES, Stage, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.cli._evidence import Recorder
    from guard.cli._session import Request
    from guard.model import Report
    from guard.rule import Version

NEW_BASELINE = "guard-baseline.json"


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--staged", is_flag=True, help="Judge what the staged changes cause (the git hook).")
@click.option("--since", metavar="REV", help="Only what was caused since the merge base with REV.")
@click.option("--rev", metavar="REV", help="Judge this commit, without a checkout.")
@click.option("--target-version", metavar="3.N", help="The oldest Python that must work.")
@click.option("--stage", type=click.Choice([s.value for s in Stage]), help="The door to play.")
@click.option("--config", metavar="FILE", help="The policy file, instead of guard.yaml.")
@click.option("--select", multiple=True, metavar="RULE", help="Run this rule alone (repeatable).")
@click.option("--ignore", multiple=True, metavar="RULE", help="Do not run this rule (repeatable).")
@click.option("--baseline", metavar="FILE", help="The known findings, instead of the policy's.")
@click.option("--no-baseline", is_flag=True, help="Report the known findings too.")
@click.option("--write-baseline", is_flag=True, help="Record today's findings as known.")
@click.option("--record", is_flag=True, help="Keep the verdict on the tree as evidence, in git.")
@click.option("--remote", metavar="NAME", help="With --record: keep it at this remote.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help="text, json, jsonl, sarif, github, junit or markdown (repeatable).",
)
@click.option("--output", "-o", metavar="FILE", help="Write the report there.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings, and nothing else.")
@click.option(
    "--verbose", "-v", is_flag=True, help="Print every use, and the verdict of each rule."
)
@click.option("--debug", is_flag=True, help="Print tracebacks.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.pass_obj
def check(around: Surroundings, /, **options: object) -> int:
    """Find run-time uses of names that exist only for type checkers.

    PATH (a file or a folder) limits what is reported; facts always come from the whole project.
    Without options the working tree is judged.
    """
    chosen = _Options(options)
    request = chosen.request()
    wanted = sinks(chosen.many("formats"), chosen.text("output"))
    recorder = chosen.recorder(around)
    if chosen.flag("write_baseline"):
        return _write_baseline(request, around)
    progress = Progress(sys.stderr)
    from guard.cli._session import check as judge

    try:
        done = judge(request, around, progress)
    finally:
        progress.clear()
    elapsed = time.perf_counter() - around.started
    from guard.cli._report import Done, emit

    made_of = Done(done.report, done.where, done.tree, done.policy, done.rules)
    said = emit(wanted, made_of, chosen.style(around.environ, elapsed))
    code = EXIT_CODES[done.report.verdict]
    if recorder is not None:
        from guard.fingerprint import of_check

        of_what = (done.report, done.where, done.tree, done.policy)
        recorder.record(of_what, request.config, of_check, chosen.flag("quiet"))
        return code  # never said again from memory: that would record nothing
    if around.recording is not None and said is not None and not chosen.flag("debug"):
        timed = not chosen.flag("quiet")
        around.recording.save(
            _around_time(said, elapsed) if timed else (said,),
            code,
            nothing_found=_found_nothing(done.report),
        )
    return code


class _Options(Options):
    def recorder(self, around: Surroundings) -> Recorder | None:
        """What will record the verdict, if that is wanted of a whole tree."""
        if not self.wants_record():
            return None
        from guard.cli._evidence import Recorder, refuse

        refuse(
            {
                "PATH": self.many("paths"),
                "--staged": self.flag("staged"),
                "--since": self.text("since"),
                "--target-version": self.text("target_version"),
                "--stage": self.text("stage"),
                "--select": self.many("select"),
                "--ignore": self.many("ignore"),
                "--baseline": self.text("baseline"),
                "--no-baseline": self.flag("no_baseline"),
                "--write-baseline": self.flag("write_baseline"),
            }
        )
        return Recorder("check", self.text("rev"), self.text("remote"), around.environ)

    def request(self) -> Request:
        from guard.cli._session import BaselineChoice, Request, RuleChoice
        from guard.cli._subject import Wanted

        if self.flag("no_baseline") and self.text("baseline") is not None:
            raise UsageError("--baseline and --no-baseline contradict each other")
        return Request(
            paths=self.many("paths"),
            wanted=Wanted(self.flag("staged"), self.text("since"), self.text("rev")),
            stage=self.stage(),
            target=_version(self.text("target_version")),
            config=self.text("config"),
            rules=RuleChoice(split(self.many("select")), split(self.many("ignore"))),
            baseline=BaselineChoice(not self.flag("no_baseline"), self.text("baseline")),
            cache=not self.flag("no_cache"),
        )


def _version(text: str | None) -> Version | None:
    if text is None:
        return None
    match = re.fullmatch(r"(?:py)?3\.?([0-9]{1,2})", text)
    if match is None:
        raise UsageError(f"not a target version: {text!r}; write it as 3.13")
    return (3, int(match[1]))


def _found_nothing(report: Report) -> bool:
    said = any(result.findings or result.unjudged for result in report.results)
    return report.verdict is Verdict.PASS and not said


def _around_time(text: str, elapsed: float) -> tuple[str, ...]:
    """What stands before and after the time that the last line tells."""
    seconds = f"{elapsed:.2f}"
    before, _, after = text.rpartition(seconds + " s)")
    return before, " s)" + after


def _write_baseline(request: Request, around: Surroundings) -> int:
    """Record the findings of the whole working tree; what could not be judged is not recorded."""
    from dataclasses import replace

    from guard.baseline import render_baseline
    from guard.cli._session import BaselineChoice, RuleChoice
    from guard.cli._session import check as judge
    from guard.cli._subject import Wanted
    from guard.model import Verdict
    from guard.reporters._words import count

    narrowed = request.paths or request.rules != RuleChoice() or request.wanted != Wanted()
    if narrowed or not request.baseline.use:
        raise UsageError(
            "--write-baseline records the whole working tree under all rules; use it without "
            "PATH, --staged, --since, --rev, --select, --ignore and --no-baseline"
        )
    done = judge(replace(request, baseline=BaselineChoice(use=False)), around)
    named = done.policy.baseline
    file = request.baseline.file
    if file is None:
        file = os.path.join(done.where.top, *(named or NEW_BASELINE).split("/"))
    findings = done.report.findings
    write(file, render_baseline(findings))
    shown = os.path.relpath(file)
    say(f"wrote {count(len(findings), 'finding')} to {shown}\n")
    if request.baseline.file is None and named is None:
        say(f"add to guard.yaml: 'baseline: {NEW_BASELINE}' (and 'version: 1' in a new file)\n")
    unverified = [r for r in done.report.results if r.verdict is Verdict.UNVERIFIED]
    for result in unverified:
        say(f"guard: warning: {result.rule} is unverified, see guard check\n", err=True)
    return 3 if unverified else 0
