"""``guard who``: who made a change, and every sign of it."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass

import click

from guard.cli._options import Options
from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from guard.change import Commit, Provenance, Signal
    from guard.git import Git
    from guard.provenance import Near, Told

_RANGE = re.compile(r"(.*?)(\.\.\.?)(.*)", re.DOTALL)
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Subject:
    """One change: ``base..rev``."""

    base: str
    rev: str
    commits: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    subject: _Subject
    provenance: Provenance
    near: tuple[Near, ...]


@click.command()
@click.argument("revs", nargs=-1, metavar="[REV|RANGE]...")
@click.option("--each", is_flag=True, help="Judge each commit alone.")
@click.option("--branch", metavar="NAME", help="The branch that the change comes from.")
@click.option("--title", metavar="TEXT", help="The title of the pull request.")
@click.option("--body-file", metavar="FILE", help="Its description; '-' is standard input.")
@click.option("--opener", metavar="LOGIN", help="The account that opened it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--config", metavar="FILE", help="The policy file, instead of guard.yaml.")
@click.pass_obj
def who(around: Surroundings, /, revs: tuple[str, ...], **values: object) -> int:
    """Say who made a change: ai, human, bot or undeclared, with every sign.

    A REV is that commit, and for a merge the change that it merges (REV^1..REV). A RANGE A..B is
    one change of all its commits; A...B begins where both parted. The default is HEAD.
    """
    from guard.cli._where import locate
    from guard.config import read_policy
    from guard.git import Git, find_top
    from guard.provenance import judge, near

    options = Options(values)
    top = locate(()).top
    if find_top(top) is None:
        raise UsageError(f"{top} is in no git repository")
    policy = read_policy(top, around.rules(), options.text("config"))
    found = [*_subjects(Git(top), revs or ("HEAD",), options.flag("each"))]
    told = _told(options, len(found))
    answers = [
        _Answer(
            each,
            judge(each.commits, told, policy.provenance, policy.people),
            near(each.commits, told, policy.provenance, policy.people),
        )
        for each in found
    ]
    if options.text("form") == "json":
        from guard.reporters._escape import json_in_log

        say(json_in_log(json.dumps([_json(each) for each in answers], indent=1)) + "\n")
    else:
        say("".join(f"{line}\n" for each in answers for line in _lines(each)))
    return 0


def _subjects(git: Git, asked: Sequence[str], each: bool) -> Iterator[_Subject]:
    for text in asked:
        subject = _subject(git, text)
        if each:
            for commit in subject.commits:
                yield _Subject(_before(commit), commit.rev, (commit,))
        else:
            yield subject


def _subject(git: Git, asked: str) -> _Subject:
    from guard.commits import commits, these

    match = _RANGE.fullmatch(asked)
    if match is None:
        (commit,) = these(git, [git.resolve(asked)])
        if len(commit.parents) < 2:
            return _Subject(_before(commit), commit.rev, (commit,))
        base, tip = commit.parents[0], commit.rev
    else:
        base, tip = git.resolve(match[1] or "HEAD"), git.resolve(match[3] or "HEAD")
        if match[2] == "...":
            parted = git.merge_base(base, tip)
            if parted is None:
                raise UsageError(f"{asked}: the two have no commit in common")
            base = parted
    found = commits(git, [base], [tip])
    if not found:
        raise UsageError(f"{asked}: no commits, so there is nobody who made them")
    return _Subject(base, tip, found)


def _before(commit: Commit) -> str:
    return commit.parents[0] if commit.parents else ""


def _told(options: Options, changes: int) -> Told:
    """What git does not hold, from the command line: it can be about one change only."""
    from guard.change import Person
    from guard.provenance import Told

    known = ("branch", "title", "body_file", "opener")
    given = [name for name in known if options.text(name) is not None]
    if given and changes != 1:
        name = given[0].replace("_", "-")
        raise UsageError(f"--{name} is about one change, and {changes} are asked for")
    opener = options.text("opener")
    return Told(
        branch=options.text("branch") or "",
        title=options.text("title") or "",
        body=_text(options.text("body_file")),
        opener=Person(login=opener) if opener else None,
    )


def _text(file: str | None) -> str:
    if file is None:
        return ""
    try:
        if file == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as stream:
                data = stream.read()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    return data.decode("utf-8", "backslashreplace")


def _json(answer: _Answer) -> dict[str, object]:
    found = answer.provenance
    return {
        "rev": answer.subject.rev,
        "base": answer.subject.base,
        "commits": len(answer.subject.commits),
        "subject": _title(answer.subject),
        "provenance": found.origin.value,
        "signals": [
            {"tier": each.tier, "agent": each.agent, "what": each.what, "where": each.where}
            for each in found.signals
        ],
        "declared": found.declared,
        "conflict": found.conflict,
        "must_declare": found.must_declare,
        "silent": list(found.silent),
        "near": [{"what": each.what, "where": each.where, "why": each.why} for each in answer.near],
    }


def _title(subject: _Subject) -> str:
    return subject.commits[-1].subject.rstrip("\r")


def _lines(answer: _Answer) -> Iterator[str]:
    from guard.reporters._escape import terminal
    from guard.reporters._words import count

    subject, found = answer.subject, answer.provenance
    many = len(subject.commits)
    size = f"{count(many, 'commit')}, the last: " if many > 1 else ""
    yield f"{subject.rev[:12]}  {found.origin.value:<10}  {terminal(size + _title(subject))}"
    groups = _grouped(found.signals)
    for (tier, agent, what), places in groups[:_SHOWN]:
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield "  " + terminal(f"{tier}  {agent}: {what}  ({places[0]}{more})")
    if len(groups) > _SHOWN:
        yield f"  and {len(groups) - _SHOWN} more; --format json has them all"
    if found.declared:
        yield "  declared: " + terminal(found.declared)
    if found.conflict:
        yield "  conflict: " + terminal(found.conflict)
    if found.must_declare:
        yield "  the policy wants a declaration, AI-Assisted: yes or no"
    for near in answer.near[:_SHOWN]:
        yield "  near: " + terminal(f"{near.what}  ({near.where}): {near.why}")
    if len(answer.near) > _SHOWN:
        yield f"  and {len(answer.near) - _SHOWN} more that come near"


def _grouped(
    signals: Sequence[Signal],
) -> list[tuple[tuple[str, str, str], list[str]]]:
    """Where each sign was found; the surest first."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in signals:
        groups.setdefault((each.tier, each.agent, each.what), []).append(each.where)
    return sorted(groups.items(), key=lambda item: item[0][0])
