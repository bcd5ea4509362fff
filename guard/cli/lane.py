"""``guard lane``: who holds the lane, what its release misses, and the records of both."""

from __future__ import annotations

import click

from guard.cli._surroundings import Surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from guard.cli._lane import Asked

TARGET = click.option("--target", metavar="BRANCH", help="The protected branch; default: all.")
REMOTE = click.option(
    "--remote", metavar="NAME", help="Read and write the records of this remote, not those here."
)
NOW = click.option(
    "--now",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="The time, in seconds since 1970 UTC, instead of the machine's clock.",
)
FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
REASON = click.option("--reason", default="", help="Why; every later report shows it.")
BY = click.option("--by", default="", help="The human who answers for it.")


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.pass_obj(TARGET(REMOTE(NOW(command))))


def _ask(around: Surroundings, values: dict[str, Any], *, only_looks: bool = False) -> Asked:
    from guard.cli._lane import ask

    return ask(around, values, only_looks=only_looks)


@click.group()
def lane() -> None:
    """One AI change at a time: who holds the lane, and what frees it.

    Works in the repository of the current directory: on the server itself, or in a clone with
    --remote. The policy is the one at the target's tip.
    """


@lane.command()
@_common
@FORMAT
def status(around: Surroundings, form: str, **values: Any) -> int:
    """Show each lane: its holder, since when, what its release misses, and who waits."""
    from guard.cli._lane_words import show

    asked = _ask(around, values, only_looks=True)
    return show([asked.report(keeper) for keeper in asked.keepers()], form)


@lane.command()
@_common
@FORMAT
@click.option("-n", "--limit", type=click.IntRange(min=1), help="The newest so many records.")
def log(around: Surroundings, form: str, limit: int | None, **values: Any) -> int:
    """Show the records, the newest first."""
    from itertools import islice

    from guard.cli._lane_words import show_log

    keeper = _ask(around, values, only_looks=True).one()
    records = keeper.reader.records.lane_history(keeper.target)
    return show_log(keeper.target, islice(records, limit), form)


@lane.command()
@click.argument("rev", required=False)
@_common
@click.option("--again", is_flag=True, help="Begin anew, as after a rewrite of the branch.")
@REASON
@BY
def start(
    around: Surroundings, rev: str | None, again: bool, reason: str, by: str, **values: Any
) -> int:
    """Begin the lane after REV, by default the target's tip: what landed before is not its matter.

    With --again, which needs --reason and --by, a lane that has begun begins anew.
    """
    from guard.cli._lane_words import appended
    from guard.errors import UsageError

    asked = _ask(around, values)
    keeper = asked.one()
    if again and not reason.strip():
        raise UsageError("--again needs a --reason")
    who = asked.human(by, "--again") if again else (by or asked.account())
    at = asked.commit(rev) if rev else keeper.tip()
    return appended(keeper.target, keeper.start(at, asked.now, who, reason if again else ""))


@lane.command()
@click.argument("rev", required=False)
@_common
def release(around: Surroundings, rev: str | None, **values: Any) -> int:
    """Release the landing of REV, by default the holder, if its evidence is there.

    Otherwise it says what is missing (exit code 1). A human's word instead: `guard lane override`.
    """
    from guard.cli._lane_words import released

    asked = _ask(around, values)
    keeper = asked.one()
    return released(keeper, asked, rev)


@lane.command()
@click.argument("rev")
@_common
@REASON
@BY
def override(around: Surroundings, rev: str, reason: str, by: str, **values: Any) -> int:
    """Release the landing of REV without evidence, on the word of a human."""
    from guard.cli._lane_words import appended

    asked = _ask(around, values)
    keeper = asked.one()
    who, oid = asked.human(by, "an override"), asked.commit(rev)
    return appended(keeper.target, keeper.override(oid, reason, asked.now, who))


@lane.command()
@click.argument("rev")
@_common
@REASON
@BY
def clear(around: Surroundings, rev: str, reason: str, by: str, **values: Any) -> int:
    """Record that the change whose last commit is REV is not an AI's, whatever its signs say."""
    from guard.cli._lane_words import appended

    asked = _ask(around, values)
    keeper = asked.one()
    who, oid = asked.human(by, "clearing a change"), asked.commit(rev)
    return appended(keeper.target, keeper.clear(oid, reason, asked.now, who))


@lane.command()
@_common
def verify(around: Surroundings, **values: Any) -> int:
    """Prove that the records are whole and agree with the branch's history (exit code 1 if not)."""
    from guard.cli._lane_words import show_check
    from guard.lanecheck import verify as check

    found = [
        (keeper.target, check(keeper.reader, keeper.target, keeper.tip()))
        for keeper in _ask(around, values, only_looks=True).keepers()
    ]
    return show_check(found)


@lane.command()
@_common
@FORMAT
@click.option("--by", default="reconcile", help="Who writes, for the records.")
@click.option("--github", is_flag=True, help="On GitHub: its check runs too; wants GITHUB_TOKEN.")
@click.option("--repo", metavar="OWNER/NAME", help="With --github; default: this one's.")
def reconcile(
    around: Surroundings, form: str, by: str, github: bool, repo: str | None, **values: Any
) -> int:
    """Record new landings, release what is due, and say what is missing.

    For cron or a CI job; two at once, or one that is killed, do no harm. On a server it first
    writes down what pushes left in the spool of the hooks. Exit code 1 where a landing is watched
    for longer than the deadline, or where the lane was passed by.
    """
    if github or repo:
        from guard.cli._github import clock, reconcile_all, repository, show_reconciled
        from guard.errors import UsageError

        if values["remote"]:
            raise UsageError("--github reads and writes the records there: drop --remote")
        where, target = repository(around, repo or ""), values["target"] or ""
        found = reconcile_all(around, where, target, clock(values["now"]), by)
        return show_reconciled(found, form)
    from guard.cli._lane import empty_spool
    from guard.cli._lane_words import alarmed, show

    asked = _ask(around, values)
    if not values["remote"]:
        empty_spool(around)
    reports = []
    for keeper in asked.keepers():
        outcome = keeper.reconcile(asked.now, by)
        reports.append(asked.report(keeper, outcome))
    code = show(reports, form)
    return code or (1 if alarmed(reports) else 0)
