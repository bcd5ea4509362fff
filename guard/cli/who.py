"""``guard who``: say who made a change, and by which signs."""

from __future__ import annotations

import json
import os
import sys

import click

from guard.change import Person
from guard.cli._options import Options
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from guard.change import Commit, Provenance
    from guard.git import Git

_TIERS = {
    "A": "platform identity",
    "B": "git identity",
    "C": "trailer",
    "D": "branch or text",
    "P": "policy",
}


@click.command()
@click.argument("what", metavar="REV|RANGE")
@click.option("--branch", metavar="NAME", help="The branch that the change comes from.")
@click.option("--title", metavar="TEXT", help="The title of the pull request.")
@click.option("--body-file", metavar="FILE", help="A file with its description; - is the input.")
@click.option("--opener", metavar="LOGIN[:ID]", help="The account that opened it.")
@click.option("--each", is_flag=True, help="Judge each commit of the range by itself.")
@click.option("--config", metavar="FILE", help="The policy file, instead of guard.yaml.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--debug", is_flag=True, help="Print tracebacks.")
@click.pass_obj
def who(around: Surroundings, /, **options: object) -> int:
    """Say whether a change is an AI's, and by which signs.

    REV is a commit, or the change that a merge commit brings; A..B is one change of all its
    commits. The exit code is 0 whatever the answer is.
    """
    del around
    chosen = Options(options)
    from guard.cli._changes import policy_here, repository_here
    from guard.provenance import Seen, judge

    git = repository_here()
    policy = policy_here(chosen.text("config"))
    seen = Seen(
        chosen.text("branch") or "",
        chosen.text("title") or "",
        _body(chosen.text("body_file")),
        _opener(chosen.text("opener")),
    )
    found = [
        (rev, commits, judge(commits, seen, policy.provenance, policy.people))
        for rev, commits in _changes(git, str(options["what"]), each=chosen.flag("each"))
    ]
    if chosen.text("form") == "json":
        print(json.dumps([_object(rev, judged) for rev, _, judged in found], indent=2))
    else:
        for rev, commits, judged in found:
            print("\n".join(_lines(rev, commits, judged)))
    return 0


def _changes(git: Git, what: str, *, each: bool) -> Iterator[tuple[str, tuple[Commit, ...]]]:
    from guard.commits import commits

    old, dots, new = what.partition("..")
    if dots and new.startswith("."):
        raise UsageError(f"{what}: write A..B; with three dots it would be another range")
    tip = git.resolve((new if dots else old) or "HEAD")
    if dots:
        found = commits(git, [tip], [git.resolve(old or "HEAD")])
        if not found:
            raise UsageError(f"{what}: there is no commit in this range")
    else:
        (head,) = commits(git, [tip], [], limit=0)[-1:]
        found = (head,)
        if len(head.parents) > 1:
            found = commits(git, [tip], [head.parents[0]])
    if each:
        yield from ((commit.rev, (commit,)) for commit in found)
    else:
        yield tip, found


def _body(file: str | None) -> str:
    if file is None:
        return ""
    try:
        if file == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(os.fspath(file), "rb") as stream:
                data = stream.read()
    except OSError as error:
        raise UsageError(f"--body-file {file}: {error.strerror}") from error
    return data.decode("utf-8", "backslashreplace")


def _opener(text: str | None) -> Person:
    login, colon, number = (text or "").partition(":")
    if colon and not number.isdecimal():
        raise UsageError(f"--opener {text}: the id of an account is a number")
    return Person(login=login, id=int(number) if number else None)


def _object(rev: str, judged: Provenance) -> dict[str, object]:
    signs = [
        {"tier": each.tier, "agent": each.agent, "what": each.what, "where": each.where}
        for each in judged.signals
    ]
    return {
        "rev": rev,
        "provenance": judged.origin.value,
        "signals": signs,
        "declared": judged.declared,
        "conflict": judged.conflict,
        "must_declare": judged.must_declare,
    }


def _lines(rev: str, commits: tuple[Commit, ...], judged: Provenance) -> Iterator[str]:
    from guard.reporters._words import count

    yield f"{rev[:12]} {judged.origin.value} ({count(len(commits), 'commit')})"
    for each in judged.signals:
        # Escaped: a letter that only looks like another one must be seen.
        yield f"  {each.tier} {_TIERS[each.tier]}: {_shown(each.agent)}"
        yield f"    {_shown(each.what)} ({_shown(each.where)})"
    if judged.declared:
        yield f"  declared: {_shown(judged.declared)}"
    if judged.conflict:
        yield f"  conflict: {_shown(judged.conflict)}"
    if judged.must_declare:
        yield "  the policy wants a declaration: a trailer AI-Assisted: yes, or no"


def _shown(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii").replace("\\\\", "\\")
