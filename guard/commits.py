"""The commits of a range as facts, read in one process.

Trailers are what git itself takes for trailers (git-interpret-trailers(1)): the last paragraph of a
message if it is a block of them, and nothing that a text quotes.
"""

from __future__ import annotations

from collections.abc import Sequence

from guard.change import Commit, Person, Trailer
from guard.errors import GitError, UsageError
from guard.git import Git, is_oid

# `--no-show-signature`: the configuration could have git start a program for each commit.
# The separators and the comment character are configuration too, and decide what a trailer is.
_FIXED = ("-c", "trailer.separators=:", "-c", "core.commentChar=#", "-c", "log.mailmap=false")
_FIELDS = ("%H", "%T", "%P", "%an", "%ae", "%cn", "%ce", "%ct", "%B")
_TRAILERS = "%(trailers:only=true,unfold=true,separator=%x01,key_value_separator=%x02)"
_FORMAT = "--format=" + "%x00".join((*_FIELDS, _TRAILERS)) + "%x00"


def commits(
    git: Git, include: Sequence[str], exclude: Sequence[str] = (), limit: int | None = None
) -> tuple[Commit, ...]:
    """The commits in the history of ``include`` and not of ``exclude``, parents before children.

    All are full object names. With ``limit`` the newest so many are read, and one more tells that
    there are more. Bytes of a message that are no UTF-8 are shown as escapes. Raises ``GitError``.
    """
    for oid in (*include, *exclude):
        if not is_oid(oid):
            raise UsageError(f"not a commit: {oid!r}")
    if not include:
        return ()
    most = [] if limit is None else [f"--max-count={limit + 1}"]
    asked = ("log", "--stdin", "--topo-order", "--encoding=UTF-8", "--no-show-signature")
    options = (*most, "--no-notes", "--no-patch", "--no-color", "-z", _FORMAT)
    text = "".join(f"{oid}\n" for oid in (*include, *(f"^{oid}" for oid in exclude)))
    out = git.run(*_FIXED, *asked, *options, stdin=text.encode("ascii"))
    fields = out.decode("utf-8", "backslashreplace").split("\0")
    width = len(_FIELDS) + 1
    # `-z` ends each commit with a NUL of its own: an empty field after the last one.
    found = [_commit(fields[at : at + width]) for at in range(0, len(fields) - 1, width + 1)]
    return tuple(reversed(found))


def _commit(fields: Sequence[str]) -> Commit:
    if len(fields) != len(_FIELDS) + 1 or not is_oid(fields[0]):
        raise GitError(f"git log answered {fields[:1]!r} where a commit was expected")
    rev, tree, parents, *people, at, message, trailers = fields
    author, author_mail, committer, committer_mail = people
    return Commit(
        rev,
        tree,
        tuple(parents.split()),
        Person(author, author_mail),
        Person(committer, committer_mail),
        int(at),
        message,
        tuple(_trailer(line) for line in trailers.split("\x01") if "\x02" in line),
    )


def _trailer(line: str) -> Trailer:
    key, _, value = line.partition("\x02")
    return Trailer(key.strip(), value.strip())
