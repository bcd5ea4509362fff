"""``guard deployment``: how a revision does in an environment, kept in git."""

from __future__ import annotations

import time

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError

_REMOTE = click.option(
    "--remote", metavar="NAME", help="The records of this remote, not those kept here."
)
STATES = ("started", "healthy", "failed", "stopped")


@click.group()
def deployment() -> None:
    """How revisions do in staging, in production ...: records in refs/guard/evidence."""


@deployment.command()
@click.option("--env", "environment", required=True, metavar="NAME", help="staging, production ...")
@click.option("--rev", required=True, metavar="REV", help="The commit that is deployed.")
@click.option("--state", required=True, type=click.Choice(STATES))
@click.option("--by", metavar="NAME", help="Who says so (default: the user of this system).")
@_REMOTE
@click.pass_obj
def record(around: Surroundings, /, **options: str | None) -> int:
    """Record that a revision was started, is healthy, failed or was stopped."""
    from guard.change import Deployment, State
    from guard.cli._evidence import open_records
    from guard.reporters._escape import terminal

    environment, rev = options["environment"] or "", options["rev"] or ""
    if not environment.strip():
        raise UsageError("--env needs the name of an environment")
    records = open_records(options["remote"], around.environ)
    commit = records.git.resolve(rev)
    item = Deployment(
        environment,
        commit,
        records.git.tree_of(commit),
        State(options["state"]),
        int(time.time()),
        options["by"] or _user(),
    )
    records.record_deployment(item)
    say(f"recorded: {commit[:12]} is {item.state.value} in {terminal(environment)}\n")
    return 0


@deployment.command()
@click.option("--env", "environment", metavar="NAME", help="This environment alone.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_REMOTE
@click.pass_obj
def show(around: Surroundings, environment: str | None, form: str, remote: str | None) -> int:
    """Print the deployments, oldest first. Exit code 3 if there are none."""
    import json

    from guard._wire import dump
    from guard.cli._evidence import open_records
    from guard.cli.evidence import moment
    from guard.reporters._escape import json_in_log, terminal

    if environment is not None and not environment.strip():
        raise UsageError("--env needs the name of an environment")
    found = open_records(remote, around.environ).deployments(environment or "")
    if form == "json":
        document = {"version": 1, "deployments": [dump(each) for each in found]}
        say(json_in_log(json.dumps(document, indent=1)) + "\n")
    else:
        for each in found:
            line = f"{moment(each.at)}  {each.environment}  {each.rev[:12]}  {each.state.value}"
            say(terminal(f"{line}  {each.by}") + "\n")
    if not found:
        say("guard: no deployment is recorded\n", err=True)
    return 0 if found else 3


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in some containers
        raise UsageError("this system has no name for you; say who with --by NAME") from None
