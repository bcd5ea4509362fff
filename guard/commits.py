"""Commits as frozen values, their trailers read by git itself.

One process reads them all. Trailers are what ``%(trailers)`` gives (git-log(1)), by the rules of
git-interpret-trailers(1): the last paragraph, if it is a block of trailers. A line ``---`` does not
end a commit's message, as it ends that of a patch in a mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
