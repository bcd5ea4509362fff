"""``guard gate``: may this change land? From git alone, or from a file of facts."""

from __future__ import annotations

import time

import click

from guard.cli._options import Options
from guard.cli._output import sinks, write
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.model import EXIT_CODES, Stage

_DOORS = (Stage.PULL_REQUEST, Stage.MERGE_QUEUE, Stage.PRE_RECEIVE)


@click.command()
@click.option("--facts", metavar="FILE", help="Judge the change in this file ('-': input).")
@click.option("--target", metavar="BRANCH", help="The branch that the change would land on.")
@click.option("--rev", metavar="REV", help="The change; default: HEAD.")
@click.option("--base", metavar="REV", help="The tip of the target; default: where it is.")
@click.option("--branch", metavar="NAME", help="The branch of the change; default: found by REV.")
@click.option("--pusher", metavar="LOGIN", help="The account that asks for it to land.")
@click.option("--promote-to", metavar="NAME", help="REV shall be deployed to this environment.")
@click.option("--remote", metavar="NAME", help="Read target and records there, not here.")
@click.option("--pr", type=click.IntRange(1), metavar="NUMBER", help="A pull request on GitHub.")
@click.option("--repo", metavar="OWNER/NAME", help="Its repository; default: this one's.")
@click.option(
    "--door",
    type=click.Choice([door.value for door in _DOORS]),
    default=Stage.PULL_REQUEST.value,
    show_default=True,
    help="The door to judge at.",
)
@click.option("--config", metavar="FILE", help="The policy, if the target's cannot be read here.")
@click.option("--now", type=click.IntRange(0, 1 << 40), metavar="SECONDS", help="The clock.")
@click.option("--record", is_flag=True, help="Append the decision to refs/guard/log/BRANCH.")
@click.option("--write-facts", metavar="FILE", help="Write what was known there, as for --facts.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help="text, json, jsonl, sarif, github, junit or markdown (repeatable).",
)
@click.option("--output", "-o", metavar="FILE", help="Write the report there.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings, and nothing else.")
@click.option("--verbose", "-v", is_flag=True, help="Print the verdict of each rule.")
@click.option("--debug", is_flag=True, help="Print tracebacks.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.pass_obj
def gate(around: Surroundings, /, **options: object) -> int:
    """Say whether a change may land on a protected branch, and why not.

    In a workflow on GitHub it reads the event, and answers with a check run; --pr asks about an
    open pull request there.

    The policy is that of the target's tip, never the change's own. At the pull request REV is a
    branch, and its merge into the target is judged; at the merge queue and in pre-receive REV is
    what the target would become. Exit codes: 0 it may land, 1 it may not, 75 it is not its turn
    (at the merge queue, which needs an answer: 1), 3 a fact is missing.
    """
    chosen = Options(options)
    runner = bool(around.environ.get("GITHUB_EVENT_NAME"))
    plain = chosen.text("target") is not None or chosen.text("facts") is not None
    if chosen.text("pr") is not None or (runner and not plain):
        from guard.cli._github_gate import gate_on_github

        return gate_on_github(around, chosen)
    _consistent(chosen)
    wanted = sinks(chosen.many("formats"), chosen.text("output"))
    from guard.cli._gate import FromFile, FromGit, judge

    now = options["now"]
    clock = now if isinstance(now, int) else int(time.time())
    door = Stage(chosen.text("door") or "")
    facts = chosen.text("facts")
    source: FromFile | FromGit
    if facts is not None:
        source = FromFile(facts, chosen.text("config"), chosen.flag("record"))
    else:
        source = FromGit(
            target=chosen.text("target") or "",
            rev=chosen.text("rev") or "HEAD",
            base=chosen.text("base"),
            branch=chosen.text("branch"),
            pusher=chosen.text("pusher"),
            remote=chosen.text("remote"),
            promotes_to=chosen.text("promote_to") or "",
            record=chosen.flag("record"),
        )
    judged = judge(source, door, clock, around)
    dump = chosen.text("write_facts")
    if dump is not None:
        write(dump, judged.facts())
    elapsed = time.perf_counter() - around.started
    from guard.cli._report import emit

    emit(wanted, judged.done, chosen.style(around.environ, elapsed))
    return EXIT_CODES[judged.done.report.verdict]


def _consistent(chosen: Options) -> None:
    """Raises ``UsageError`` for options that contradict each other."""
    if chosen.flag("quiet") and chosen.flag("verbose"):
        raise UsageError("--quiet and --verbose contradict each other")
    of_git = ("target", "rev", "base", "branch", "pusher", "remote", "promote_to")
    given = [name for name in of_git if chosen.text(name) is not None]
    shown = [f"--{name.replace('_', '-')}" for name in given]
    if chosen.text("facts") is not None:
        if given:
            raise UsageError(f"--facts names the change; drop {', '.join(shown)}")
        return
    if chosen.text("target") is None:
        raise UsageError(
            "which branch? use --target BRANCH with --rev REV, or --facts FILE; on GitHub --pr"
        )
    if chosen.text("config") is not None:
        raise UsageError("--config goes with --facts: from git the policy is that of the target")
    for name, option in zip(given, shown, strict=True):
        if not chosen.text(name):
            raise UsageError(f"{option} is empty")
