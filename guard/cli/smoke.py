"""``guard smoke``: import every module cold, start every entry point, and judge what happened."""

from __future__ import annotations

import sys
import time

import click

from guard.cli._options import Options, split
from guard.cli._output import sinks
from guard.cli._progress import Progress
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.model import EXIT_CODES, Stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.cli._evidence import Recorder
    from guard.cli._smoke_request import SmokeRequest


@click.command()
@click.argument("named", nargs=-1, metavar="[MODULE|PATH]...")
@click.option("--staged", is_flag=True, help="What the staged changes affect (the git hook).")
@click.option("--since", metavar="REV", help="What changed since the merge base with REV affects.")
@click.option("--rev", metavar="REV", help="Run this commit, in a temporary worktree.")
@click.option("--entry", is_flag=True, help="Start the entry points, import nothing.")
@click.option("--no-entry", is_flag=True, help="Import, and start no entry point.")
@click.option("--python", metavar="PYTHON", help="The project's interpreter.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS")
@click.option("--jobs", "-j", type=click.IntRange(1, 1024), metavar="N", help="Modules at a time.")
@click.option("--mode", type=click.Choice(["auto", "fresh"]), default="auto")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Do not import (repeatable).")
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts, the same everywhere.")
@click.option("--durations", metavar="FILE", help="Balance the shards by this earlier record.")
@click.option("--record", is_flag=True, help="Keep the verdict on the tree as evidence, in git.")
@click.option("--remote", metavar="NAME", help="With --record: keep it at this remote.")
@click.option("--record-run", metavar="FILE", help="Write there what was observed.")
@click.option("--merge", is_flag=True, help="Judge the records of all shards: each an argument.")
@click.option("--stage", type=click.Choice([s.value for s in Stage]), help="The door to play.")
@click.option("--config", metavar="FILE", help="The policy file, instead of guard.yaml.")
@click.option("--select", multiple=True, metavar="RULE", help="Run this rule alone (repeatable).")
@click.option("--ignore", multiple=True, metavar="RULE", help="Do not run this rule (repeatable).")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help="text, json, jsonl, sarif, github, junit or markdown (repeatable).",
)
@click.option("--output", "-o", metavar="FILE", help="Write the report there.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings, and nothing else.")
@click.option("--verbose", "-v", is_flag=True, help="Print all notes, and every exclusion.")
@click.option("--debug", is_flag=True, help="Print tracebacks.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.pass_obj
def smoke(around: Surroundings, /, **options: object) -> int:
    """Prove that the code starts: import every module cold, start every entry point.

    MODULE (with all below it) and PATH limit what is imported. This runs the project's code. With
    --merge the arguments are the files that the shards wrote with --record-run.
    """
    chosen = _Options(options)
    request = chosen.request()
    wanted = sinks(chosen.many("formats"), chosen.text("output"))
    recorder = chosen.recorder(around)
    progress = Progress(sys.stderr, what="modules")
    from guard.cli._interrupt import ends_cleanly
    from guard.cli._smoke import smoke as run

    with ends_cleanly():
        try:
            smoked = run(request, around, progress)
        finally:
            progress.clear()
    from guard.cli._report import emit
    from guard.cli._smoke_words import shown

    elapsed = time.perf_counter() - around.started
    style = chosen.style(around.environ, elapsed)
    emit(wanted, smoked.done, style, lambda report, sink: shown(report, smoked.run, sink, style))
    if recorder is not None:
        from guard.cli._smoke_evidence import keep

        keep(recorder, smoked, request, around.environ, chosen.flag("quiet"))
    return EXIT_CODES[smoked.done.report.verdict]


class _Options(Options):
    def recorder(self, around: Surroundings) -> Recorder | None:
        """What will record the verdict, if that is wanted of a whole tree."""
        if not self.wants_record():
            return None
        from guard.cli._evidence import Recorder, refuse

        partial = ("staged", "since", "entry", "no_entry", "timeout", "shard", "merge", "stage")
        options = {f"--{name.replace('_', '-')}": self.given(name) for name in partial}
        lists = {f"--{name}": self.many(name) for name in ("exclude", "select", "ignore")}
        refuse({"MODULE and PATH": self.many("named"), **options, **lists})
        return Recorder("smoke", self.text("rev"), self.text("remote"), around.environ)

    def request(self) -> SmokeRequest:
        from guard.cli._session import RuleChoice
        from guard.cli._smoke_request import HowToRun, Shards, SmokeRequest
        from guard.cli._subject import Wanted

        self._is_sound()
        merge = self.flag("merge")
        shard = self.text("shard")
        timeout, jobs = self.text("timeout"), self.text("jobs")
        return SmokeRequest(
            named=() if merge else self.many("named"),
            wanted=Wanted(self.flag("staged"), self.text("since"), self.text("rev")),
            modules=not self.flag("entry"),
            entries=True if self.flag("entry") else False if self.flag("no_entry") else None,
            stage=self.stage(),
            config=self.text("config"),
            rules=RuleChoice(split(self.many("select")), split(self.many("ignore"))),
            how=HowToRun(
                self.text("python"),
                None if timeout is None else float(timeout),
                None if jobs is None else int(jobs),
                _patterns(self.many("exclude")),
                self.text("mode") == "fresh",
            ),
            shards=Shards(
                None if shard is None else _shard(shard),
                self.text("durations"),
                self.many("named") if merge else (),
                self.text("record_run"),
            ),
        )

    def _is_sound(self) -> None:
        if self.flag("entry") and self.flag("no_entry"):
            raise UsageError("--entry and --no-entry contradict each other")
        if self.text("durations") is not None and self.text("shard") is None:
            raise UsageError("--durations balances shards: it needs --shard")
        if self.flag("merge"):
            running = ("entry", "no_entry", "python", "timeout", "jobs", "shard", "exclude")
            if any(self.given(name) for name in running):
                raise UsageError(
                    "--merge judges what other runs recorded; what is to be run was said there"
                )
            if not self.many("named"):
                raise UsageError("--merge needs the files that the shards wrote with --record-run")

    def given(self, name: str) -> bool:
        value = self._values[name]
        return bool(value)


def _shard(text: str) -> tuple[int, int]:
    from guard.smoke.shards import parse_shard

    return parse_shard(text)


def _patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    from guard import globs

    for pattern in patterns:
        fault = globs.problem(pattern)
        if fault:
            raise UsageError(f"--exclude {pattern!r}: {fault}")
    return patterns
