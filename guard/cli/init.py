"""``guard init``: the policy, and for GitHub the workflows."""

from __future__ import annotations

import os

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.reporters._escape import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from guard.github.setup import Pin, Plan


@click.command()
@click.option("--github", is_flag=True, help="The workflows too, for a repository on GitHub.")
@click.option("--branch", metavar="NAME", help="The branch to guard; default: the remote's HEAD.")
@click.option("--ref", metavar="SHA", help="The commit of the guard to pin; default: this one's.")
@click.option("--action", metavar="OWNER/NAME", help="The guard's repository at GitHub.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, as a diff.")
@click.option("--force", is_flag=True, help="Replace files that are there and differ.")
@click.pass_obj
def init(around: Surroundings, /, **options: object) -> int:
    """Write guard.yaml, and with --github the workflows that run the guard.

    A file that is there and differs is never overwritten without --force: then nothing is written,
    the difference is shown, and the exit code is 1. With --github a guard.yaml that is there stays
    as it is.
    """
    from guard.git import find_top
    from guard.github import setup

    top = find_top(os.getcwd())
    if top is None:
        raise UsageError(f"{os.getcwd()} is in no git repository; run git init first")
    wanted = setup.plans(top, _branch(top, options), _pin(around.environ, options))
    clash = [plan for plan in wanted if plan.differs]
    if options["dry_run"]:
        _show(wanted)
        return 1 if clash and not options["force"] else 0
    if clash and not options["force"]:
        _show(clash)
        names = ", ".join(plan.path for plan in clash)
        _tell([f"nothing is written: {names} would change. --force replaces, or move it away"])
        return 1
    fresh = tuple(plan for plan in wanted if plan.before != plan.text)
    setup.write(top, fresh)
    done = {True: "replaced", False: "written"}
    _tell(
        f"{plan.path}: {done[plan.differs] if plan in fresh else 'is so already'}"
        for plan in wanted
    )
    if setup.POLICY not in {plan.path for plan in wanted}:
        _tell([f"{setup.POLICY}: is there, and stays as it is"])
    return 0


def _branch(top: str, options: Mapping[str, object]) -> str:
    from guard.github.origin import default_branch

    branch = str(options["branch"] or default_branch(top))
    if not branch:
        raise UsageError("no branch is checked out, and origin has no HEAD: name it with --branch")
    if branch.startswith(("-", "refs/")) or not branch.isprintable() or " " in branch:
        raise UsageError(f"not the name of a branch: {branch!r}; write it as main")
    return branch


def _pin(environ: Mapping[str, str], options: Mapping[str, object]) -> Pin | None:
    from urllib.parse import urlsplit

    from guard.github import origin
    from guard.github.setup import Pin

    if not options["github"]:
        given = [name for name in ("ref", "action") if options[name]]
        if given:
            raise UsageError(f"--{given[0]} is for the workflows; add --github")
        return None
    host = urlsplit(environ.get("GITHUB_SERVER_URL", "")).netloc or "github.com"
    action, ref = origin.running(host)
    action, ref = str(options["action"] or action), str(options["ref"] or ref)
    if not ref:
        raise UsageError(
            "the commit of this guard is not known: it was not installed from git. Name the commit "
            "that the workflows shall use with --ref SHA"
        )
    if not action:
        raise UsageError(
            f"the guard's repository at {host} is not known; name it with --action OWNER/NAME"
        )
    return Pin(action, ref)


def _show(wanted: Iterable[Plan]) -> None:
    for plan in wanted:
        _tell(plan.diff().splitlines())


def _tell(lines: Iterable[str]) -> None:
    say("".join(f"{terminal(line)}\n" for line in lines))
