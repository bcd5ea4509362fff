"""``guard server-hook``: the guard as the hooks of a plain git server."""

from __future__ import annotations

import sys
import time

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.reporters._escape import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


@click.group("server-hook")
def server_hook() -> None:
    """Guard a bare repository: its pre-receive and post-receive hooks."""


@server_hook.command()
@click.argument("repo", metavar="BARE_REPO")
@click.option("--python", metavar="PYTHON", help="The interpreter that has the guard; this one.")
@click.option("--chain", is_flag=True, help="Keep the hooks that are there; they run first.")
@click.pass_obj
def install(around: Surroundings, repo: str, python: str | None, chain: bool) -> int:
    """Write the hooks, and begin the lane of each protected branch.

    May be run again: after an update, or when the policy names another protected branch.
    """
    from guard.server import install as installing

    folder = installing.repository_at(repo)
    rules = around.rules()
    done = list(installing.install(folder, python or sys.executable, chain))
    done += installing.start_lanes(folder, rules, int(time.time()))
    _tell(done)
    return 0


@server_hook.command()
@click.argument("repo", metavar="BARE_REPO")
def uninstall(repo: str) -> int:
    """Take the hooks away. The records stay."""
    from guard.server import install as installing

    _tell(installing.uninstall(installing.repository_at(repo)))
    return 0


@server_hook.command()
@click.argument("repo", metavar="BARE_REPO")
@click.pass_obj
def status(around: Surroundings, repo: str) -> int:
    """Say whether the hooks guard the repository: exit code 1 where they do not."""
    from guard.server import install as installing
    from guard.server.spool import Spool

    folder = installing.repository_at(repo)
    found = list(installing.faults(folder, around.rules()))
    for fault in found:
        _tell([f"fault: {fault.what}", *([f"  {fault.fix}"] if fault.fix else [])])
    waiting = Spool(folder).read(int(time.time()))
    _tell([f"spool: {len(waiting.intents)} to record, {len(waiting.broken)} that cannot be read"])
    if not found:
        _tell(["the hooks are in place"])
    return 1 if found else 0


@server_hook.command()
@click.argument("repo", metavar="BARE_REPO")
@click.pass_obj
def flush(around: Surroundings, repo: str) -> int:
    """Write down what pushes have left in the spool: refusals, and what a crash left over."""
    from guard.server import install as installing
    from guard.server.hook import Hook
    from guard.server.receive import flush_all
    from guard.server.receive import say as tell

    folder = installing.repository_at(repo)
    hook = Hook(folder, around.environ, b"", int(time.time()), tell, around.rules)
    return flush_all(hook)


@server_hook.command(hidden=True)
@click.argument("name", type=click.Choice(["pre-receive", "post-receive"]))
@click.pass_obj
def run(around: Surroundings, name: str) -> int:
    """What the hook scripts call; ``guard.__main__`` gets there without this group of commands."""
    from guard.server.receive import run_here

    return run_here(name, around.environ, around.rules)


def _tell(lines: Iterable[str]) -> None:
    say("".join(f"{terminal(line)}\n" for line in lines))
