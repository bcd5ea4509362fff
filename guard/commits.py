"""Commits as frozen values, their trailers read by git itself, and the parts that a range lands in.

One process reads them all. Trailers are what ``%(trailers)`` gives (git-log(1)), by the rules of
git-interpret-trailers(1): the last paragraph, if it is a block of trailers. A line ``---`` does not
end a commit's message, as it ends that of a patch in a mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guard.change import Commit, Person, Trailer
from guard.errors import GitError, UsageError
from guard.git import Git, is_oid

_FIELDS = ("%H", "%T", "%P", "%an", "%ae", "%cn", "%ce", "%ct", "%B")
_TRAILERS = "%(trailers:only,unfold,separator=%x00,key_value_separator=%x01)"
_FORMAT = "%x00".join((*_FIELDS, _TRAILERS, ""))
# What a repository's configuration could change of how a trailer or a comment looks.
PLAIN = ("-c", "trailer.separators=:", "-c", "core.commentChar=#")


class TooMany(UsageError):
    """There are more commits than the caller is ready for."""


def commits(
    git: Git, exclude: Iterable[str], include: Iterable[str], limit: int | None = None
) -> tuple[Commit, ...]:
    """What can be reached from ``include`` and not from ``exclude``: full ids, parents first.

    Text is UTF-8, converted by git from what the commit says it is in; other bytes become escapes
    (a backslash, ``x`` and two digits). Raises ``TooMany`` for more than ``limit`` commits, and
    ``GitError`` where history is cut off (a shallow clone): a part of the change may be missing.
    """
    wanted = [*include]
    if not wanted:
        raise UsageError("no commit was named")
    revs = [*wanted, *("^" + oid for oid in exclude)]
    most = () if limit is None else (f"--max-count={limit + 1}",)
    found = _listed(git, revs, "--topo-order", "--reverse", *most)
    if limit is not None and len(found) > limit:
        raise TooMany(f"more than {limit} commits")
    return found


def these(git: Git, oids: Sequence[str]) -> tuple[Commit, ...]:
    """Those commits themselves, each once, in that order. Raises as ``commits`` does."""
    return _listed(git, oids, "--no-walk=unsorted") if oids else ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Commits that came to a branch as one: ``base..rev``, parents first."""

    base: str
    """The tip before; empty where there was none."""
    rev: str
    commits: tuple[Commit, ...]


def first_parent_units(git: Git, base: str, tip: str) -> tuple[Stretch, ...]:
    """``stretches`` of what ``tip`` has and ``base`` (empty for none) has not, oldest first."""
    return stretches(commits(git, [base] if base else [], [tip]), base, tip)


def stretches(found: Sequence[Commit], base: str, tip: str) -> tuple[Stretch, ...]:
    """Divide ``found``, all of ``base..tip`` with parents first, into what landed as one.

    The main line leads from the tip to the base: at a merge by the first parent from which the base
    can be reached. A merge into the main line is a stretch with all that it brings. So is each run
    of plain commits. A merge *of* the main line into something else (its first parent is not the
    main line: ``git pull``, then ``git push``) begins a run: what it was merged into, and what was
    committed on top, were pushed as one.
    """
    known = {each.rev: each for each in found}
    reaching = set[str]()
    for each in found:
        if any(parent == base or parent in reaching for parent in each.parents):
            reaching.add(each.rev)
    line, at = list[tuple[Commit, str]](), tip
    while at in known:
        each = known[at]
        leads = (parent for parent in each.parents if parent == base or parent in reaching)
        at = next(leads, each.parents[0] if each.parents else "")
        line.append((each, at))
    groups = list[tuple[str, list[Commit]]]()
    runs = False
    for each, before in reversed(line):
        lands = len(each.parents) > 1 and each.parents[0] == before
        if not runs or len(each.parents) > 1:
            groups.append((before, []))
        groups[-1][1].append(each)
        runs = not lands
    seen = set[str]()
    parts = []
    for start, members in groups:
        mine = _reached(members, known, seen)
        ordered = tuple(each for each in found if each.rev in mine) if len(mine) > 1 else members
        parts.append(Stretch(start, members[-1].rev, tuple(ordered)))
    return tuple(parts)


def _reached(tops: Iterable[Commit], known: dict[str, Commit], seen: set[str]) -> set[str]:
    """What ``tops`` lead to and was not seen yet; it is seen then."""
    mine = set[str]()
    waiting = [each.rev for each in tops]
    while waiting:
        rev = waiting.pop()
        if rev in known and rev not in seen:
            seen.add(rev)
            mine.add(rev)
            waiting.extend(known[rev].parents)
    return mine


def _listed(git: Git, revs: Sequence[str], *how: str) -> tuple[Commit, ...]:
    for rev in revs:
        if not is_oid(rev.removeprefix("^")):
            raise UsageError(f"not an object id: {rev!r}")
    asked = ("rev-list", "--no-commit-header", "--encoding=UTF-8", f"--format={_FORMAT}", *how)
    # Without the type git passes over what is no commit, and answers with nothing.
    stdin = "".join(f"{rev}^{{commit}}\n" for rev in revs).encode("ascii")
    found = _read(git.run(*PLAIN, *asked, "--stdin", stdin=stdin))
    roots = [each.rev for each in found if not each.parents]
    if roots and git.is_shallow():
        raise GitError(
            f"the history of {git.top} is cut off at {roots[0]}: what came before it may belong to "
            "the change; get it with git fetch --unshallow"
        )
    return found


def _read(out: bytes) -> tuple[Commit, ...]:
    """Each commit: its fields, then its trailers, each ended by NUL; and a line feed.

    No field holds NUL: git takes it for the end of a message. No trailer begins with a line feed.
    """
    fields = out.decode("utf-8", "backslashreplace").split("\0")
    people = dict[tuple[str, str], Person]()

    def person(name: str, email: str) -> Person:
        return people.setdefault((name, email), Person(name, email))

    found, at, end = [], 0, len(fields) - 1
    while at < end:
        rev, tree, parents, author, address, committer, sender, when, text = fields[at : at + 9]
        at += 9
        trailers = []
        while not fields[at].startswith("\n"):
            key, told, value = fields[at].partition("\1")
            if told:
                trailers.append(Trailer(key, value))
            at += 1
        found.append(
            Commit(
                rev=rev.lstrip("\n"),
                tree=tree,
                parents=tuple(parents.split()),
                author=person(author, address),
                committer=person(committer, sender),
                at=int(when) if when.isdecimal() else 0,
                message=text,
                trailers=tuple(trailers),
            )
        )
    return tuple(found)
