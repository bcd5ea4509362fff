"""``guard evidence``: what checks said of a tree, kept in git."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.model import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.change import Evidence
    from guard.repository import Repository

_REMOTE = click.option(
    "--remote", metavar="NAME", help="The records of this remote, not those kept here."
)
_OWN = ("check", "smoke")
_DAY = 86400


@click.group()
def evidence() -> None:
    """What each check said of a tree: records in refs/guard/evidence."""


@evidence.command()
@click.argument("rev", default="HEAD", metavar="[REV|TREE]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_REMOTE
@click.pass_obj
def show(around: Surroundings, rev: str, form: str, remote: str | None) -> int:
    """Print the records of one tree, oldest first (default: that of HEAD).

    Exit code: 0 if the newest word of each check in each environment is a pass, 1 if one is not,
    3 if nothing is recorded.
    """
    import json

    from guard._wire import dump
    from guard.cli._evidence import open_records, worst

    records = open_records(remote, around.environ)
    tree = tree_named(records.git, rev)
    found = records.evidence(tree)
    code = worst([each.verdict.value for each in newest(found)])
    if form == "json":
        document = {"version": 1, "tree": tree, "evidence": [dump(each) for each in found]}
        from guard.reporters._escape import json_in_log

        say(json_in_log(json.dumps(document, indent=1)) + "\n")
        return code
    standing = newest(found)
    lines = [line for each in found for line in _lines(each, each in standing)]
    say("\n".join((f"tree {tree}", *lines)) + "\n")
    if not found:
        say("guard: nothing is recorded of this tree\n", err=True)
    return code


@evidence.command()
@click.argument("check")
@click.option("--rev", required=True, metavar="REV", help="What was judged: a whole commit.")
@click.option(
    "--verdict", required=True, type=click.Choice(["pass", "fail", "unverified"]), metavar="VERDICT"
)
@click.option("--python", metavar="PYTHON", help="The project's interpreter that it ran in.")
@_REMOTE
@click.pass_obj
def record(around: Surroundings, /, **options: str | None) -> int:
    """Record what another CHECK said of a commit: tests, a type checker ...

    What `guard check` and `guard smoke` say they record themselves, with --record.
    """
    from guard.change import Evidence
    from guard.cli._evidence import TOOL, open_records, place
    from guard.cli._where import locate
    from guard.fingerprint import digest, of_project
    from guard.reporters._escape import terminal
    from guard.smoke.environment import environment
    from guard.smoke.interpreter import find_interpreter

    check, rev = options["check"] or "", options["rev"] or ""
    if not check.strip() or check.partition(":")[0] in _OWN:
        raise UsageError(
            f"{check!r}: `guard check --record` and `guard smoke --record` record that"
        )
    records = open_records(options["remote"], around.environ)
    commit = records.git.resolve(rev)
    python = find_interpreter(locate(()).top, options["python"], None, around.environ)
    variables = environment(around.environ, {}, (), python.path).variables
    facts = of_project(python.path, variables, {})
    item = Evidence(
        records.git.tree_of(commit),
        check,
        Verdict(options["verdict"]),
        digest(facts),
        facts,
        policy_blob(records.git, commit),
        TOOL,
        int(time.time()),
        place(around.environ),
        commit,
    )
    records.record_evidence([item])
    say(f"recorded: {terminal(check)} {item.verdict.value} of the tree {item.tree[:12]}\n")
    return 0


@evidence.command()
@_REMOTE
@click.pass_obj
def verify(around: Surroundings, remote: str | None) -> int:
    """Prove that each record is as it was written, and about a tree that is here."""
    from guard.cli._evidence import open_records
    from guard.ledger import paths
    from guard.records import ARRIVALS, EVIDENCE
    from guard.reporters._escape import terminal
    from guard.reporters._words import count
    from guard.upkeep import faults

    records = open_records(remote, around.environ)
    found = faults(records)
    for fault in found:
        say(f"{terminal(fault)}\n")
    kinds = ((EVIDENCE, "evidence"), (EVIDENCE, "deployment"), (ARRIVALS, "arrival"))
    total = sum(len(paths(records.git, records.tip(ref), kind)) for ref, kind in kinds)
    say(f"{count(total, 'record')}, {count(len(found), 'fault')}\n")
    if found and records.git.is_shallow():
        say("guard: this clone is shallow: trees may be missing that the records are about\n", True)
    return 1 if found else 0


@evidence.command()
@click.option("--keep-days", type=click.IntRange(0), metavar="N", help="Take out what is older.")
@click.option("--unreachable", is_flag=True, help="Take out what is about no commit.")
@click.pass_obj
def prune(around: Surroundings, keep_days: int | None, unreachable: bool) -> int:
    """Take out evidence that nobody needs; never what a lane still asks for.

    Run it where all branches are: on the server. The history of the records keeps all.
    """
    from guard import upkeep
    from guard.cli._evidence import open_records
    from guard.reporters._words import count

    if (keep_days is None) == (not unreachable):
        raise UsageError("say what to take out: either --keep-days N or --unreachable")
    records = open_records(None, around.environ)
    if records.git.is_shallow():
        raise UsageError("this clone is shallow: it cannot tell what is needed")
    now = int(time.time())
    if keep_days is None:
        done = upkeep.unreachable(records, now)
    else:
        done = upkeep.older_than(records, now - keep_days * _DAY, now)
    spared = f", {done.needed} of them needed by a lane or a branch" if done.needed else ""
    say(f"took out {count(done.removed, 'record')}, kept {done.kept}{spared}\n")
    return 0


def newest(found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The newest word of each check in each environment under each policy; the worse of two."""
    standing: dict[tuple[str, str, str], Evidence] = {}
    for each in sorted(found, key=lambda one: (one.at, one.verdict is not Verdict.PASS)):
        standing[each.check, each.environment, each.policy] = each
    return tuple(each for each in found if each in standing.values())


def tree_named(repository: Repository, rev: str) -> str:
    """The tree that a revision, or a tree's own id, names. Raises ``UsageError``."""
    from guard.git import is_oid

    if is_oid(rev) and repository.kinds([rev]).get(rev) in (None, "tree"):
        return rev  # a tree can have evidence in a clone that lacks it
    return repository.tree_of(repository.resolve(rev))


def policy_blob(repository: Repository, commit: str) -> str:
    """The blob of the policy in a commit; empty where there is none."""
    from guard.config import POLICY_NAME

    out = repository.run("ls-tree", "-z", "--full-tree", commit, "--", POLICY_NAME)
    return out.decode("ascii", "replace").split("\t")[0].split(" ")[2] if out else ""


def moment(seconds: int) -> str:
    """A time as people write it, in UTC."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _lines(each: Evidence, stands: bool) -> tuple[str, ...]:
    from guard.reporters._escape import terminal

    over = "" if stands else " (superseded)"
    policy = f"policy {each.policy[:12]}" if each.policy else "no policy"
    head = f"{each.verdict.value}  {each.check}  {moment(each.at)}  {each.where}{over}"
    body = f"    {each.tool}, {policy}, environment {each.environment[:12]}"
    facts = (f"        {fact}" for fact in each.surroundings)
    return tuple(map(terminal, (head, body, *facts)))
