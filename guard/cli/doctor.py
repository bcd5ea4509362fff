"""``guard doctor``: what makes the gate hollow."""

from __future__ import annotations

import os
import time

import click

from guard.cli._options import Options
from guard.cli._output import sinks
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.model import EXIT_CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.cli._output import Sink
    from guard.doctor.facts import Checkout, Settings
    from guard.model import Report


@click.command()
@click.option("--github", is_flag=True, help="Read GitHub's settings too; the default in Actions.")
@click.option("--offline", is_flag=True, help="Look at the checkout alone, in Actions too.")
@click.option("--repo", metavar="OWNER/NAME", help="The repository at GitHub; default: origin's.")
@click.option("--target", "targets", multiple=True, metavar="BRANCH", help="A protected branch.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help="text, json, jsonl, sarif, github, junit or markdown (repeatable).",
)
@click.option("--output", "-o", metavar="FILE", help="Write the report there.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings, and nothing else.")
@click.option("--verbose", "-v", is_flag=True, help="Print the verdict of each check.")
@click.option("--debug", is_flag=True, help="Print tracebacks.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.pass_obj
def doctor(around: Surroundings, /, **options: object) -> int:
    """Find what lets a change land without the guard's word: workflows, hooks, owners, settings.

    Exit codes: 0 sound, 1 hollow, 3 something could not be read. What the token may not read is
    never taken for fine.
    """
    from guard.cli._where import locate
    from guard.doctor.checkout import read_checkout
    from guard.doctor.examine import examine
    from guard.git import find_top

    chosen = Options(options)
    if chosen.flag("quiet") and chosen.flag("verbose"):
        raise UsageError("--quiet and --verbose contradict each other")
    if chosen.flag("github") and chosen.flag("offline"):
        raise UsageError("--github and --offline contradict each other")
    wanted = sinks(chosen.many("formats"), chosen.text("output"))
    top = find_top(locate(()).top)
    if top is None:
        raise UsageError(f"{os.getcwd()} is in no git repository")
    checkout = read_checkout(top, around.rules(), chosen.many("targets"))
    in_actions = around.environ.get("GITHUB_ACTIONS") == "true"
    settings = None
    if chosen.flag("github") or (in_actions and not chosen.flag("offline")):
        settings = _settings(around, chosen.text("repo"), checkout)
    report = examine(checkout, settings)
    _emit(wanted, top, report, (chosen, around))
    return EXIT_CODES[report.verdict]


def _settings(around: Surroundings, repo: str | None, checkout: Checkout) -> Settings:
    from guard.cli._github import place, repository
    from guard.doctor.remote import read_settings

    found = repository(around, repo or "")
    client = place(around, found, 0).client
    try:
        return read_settings(client, found.path, checkout.targets)
    finally:
        client.close()


def _emit(
    wanted: tuple[Sink, ...], top: str, report: Report, asked: tuple[Options, Surroundings]
) -> None:
    from guard.cli._report import Done, emit
    from guard.cli._where import Where
    from guard.config import default_policy
    from guard.project import WorkTree

    chosen, around = asked
    here = os.path.realpath(os.getcwd())
    inside = os.path.relpath(here, os.path.realpath(top)).replace(os.sep, "/")
    where = Where(top, (), "" if inside == "." else inside, "", "")
    done = Done(report, where, WorkTree(top), default_policy(()), (), "settings")
    emit(wanted, done, chosen.style(around.environ, time.perf_counter() - around.started))
