"""``guard gate`` on GitHub: the event in, a check run, annotations and a summary out."""

from __future__ import annotations

import time

from guard.change import Change, Unknown
from guard.cli._github import (
    clock,
    event,
    judge_event,
    place,
    pull_of,
    reconcile_all,
    repository,
    show_reconciled,
    unprotected,
)
from guard.cli._options import Options
from guard.cli._output import append, say, sinks, write
from guard.cli._report import Done, emit
from guard.cli._surroundings import Surroundings
from guard.cli._where import Where
from guard.decisions import decision
from guard.errors import GuardError, UsageError
from guard.forge.facts import write_facts
from guard.github.answers import cut
from guard.github.event import Deploying, GroupMade, Moved, Nothing, PullChanged
from guard.github.scene import Scene
from guard.model import EXIT_CODES, Report, Stage, Verdict
from guard.project import Commit
from guard.reporters._escape import terminal
from guard.reporters.context import ReportContext
from guard.reporters.markdown import render

_OF_GIT = ("target", "rev", "base", "branch", "pusher", "remote", "promote_to", "facts", "config")

_LONGEST_SUMMARY = 1 << 20
"""Bytes for each step (GitHub Docs, "Workflow commands": "Adding a job summary")."""


def gate_on_github(around: Surroundings, chosen: Options) -> int:
    """Judge what the event, or ``--pr``, is about. Answers with the exit code."""
    for name in _OF_GIT:
        if chosen.text(name) is not None:
            raise UsageError(f"on GitHub the event says it all: drop --{name.replace('_', '-')}")
    now = chosen.text("now")
    time_of = clock(None if now is None else int(now))
    runner = bool(around.environ.get("GITHUB_EVENT_NAME"))
    wanted = sinks(chosen.many("formats") or (("github",) if runner else ()), chosen.text("output"))
    number = chosen.text("pr")
    if number is None:
        found = event(around)
        if isinstance(found, Moved):
            return show_reconciled(reconcile_all(around, found.repo, "", time_of, "gate"), "text")
        if isinstance(found, Nothing):
            return _skipped(found.why)
        where = place(around, found.repo, time_of)
        why = unprotected(where, found)
        if why:
            return _skipped(why)
    else:
        repo = repository(around, chosen.text("repo") or "")
        where = place(around, repo, time_of)
        found = pull_of(where, repo, int(number))
    happened: PullChanged | GroupMade | Deploying = found
    scene, change, report, code = judge_event(where, happened, tell=runner)
    if chosen.flag("record"):
        door = Stage.MERGE_QUEUE if isinstance(happened, GroupMade) else Stage.PULL_REQUEST
        scene.records.log(change.target, [decision(change, report, door)])
    dump = chosen.text("write_facts")
    if dump is not None:
        write(dump, write_facts(change).decode("ascii"))
    style = chosen.style(around.environ, time.perf_counter() - around.started)
    emit(wanted, _done(scene, change, report), style)
    _for_the_runner(around, report)
    return code


def _skipped(why: str) -> int:
    say(terminal(f"guard: skipped: {why}") + "\n")
    return EXIT_CODES[Verdict.SKIPPED]


def _done(scene: Scene, change: Change, report: Report) -> Done:
    top = scene.place.git.top
    where = Where(top, (), "", "", "")
    tree: Commit | _Nothing = _Nothing()
    if not isinstance(change.result_tree, Unknown):
        try:
            tree = Commit(top, change.rev)
        except GuardError:  # no excerpts; the findings stand without
            tree = _Nothing()
    return Done(report, where, tree, scene.book.policy, scene.book.rules)


class _Nothing:
    """No files to show excerpts from."""

    def read_file(self, path: str) -> bytes | None:
        del path
        return None


def _for_the_runner(around: Surroundings, report: Report) -> None:
    """The job summary, and the verdict as an output of the step (GitHub Docs, "Workflow commands").

    What is written is Markdown in which nothing of the change's is live, and one of five words.
    """
    environ = around.environ
    summary, output = environ.get("GITHUB_STEP_SUMMARY"), environ.get("GITHUB_OUTPUT")
    if summary:
        append(summary, cut(render(report, ReportContext()), _LONGEST_SUMMARY))
    if output:
        append(output, f"verdict={report.verdict.value}\n")
