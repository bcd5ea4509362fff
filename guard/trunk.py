"""The way that a branch took, and what landed on it as one. Pure: commits in, pieces out.

The way leads from an older tip of the branch to a newer one. It mostly follows first parents; where
somebody merged the branch into his own and pushed that, the branch's older tips lie behind another
parent, and the way goes where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from guard.change import Commit


@dataclass(frozen=True, slots=True)
class Piece:
    """What landed as one: ``base`` and ``rev`` are next to each other among the branch's tips."""

    base: str
    """Empty where the branch began with it."""
    rev: str
    commits: tuple[Commit, ...]
    """All that came with it, oldest first; the last one is ``rev``."""


def way(
    commits: Sequence[Commit], start: str, tip: str, tips: Iterable[str] = ()
) -> tuple[str, ...] | None:
    """The revisions of the branch from ``start`` to ``tip``, both included.

    ``commits`` are those of ``start..tip``, each after its parents. ``tips`` are revisions that
    surely were the branch's at some time: the way leads over those that it can. ``None`` where
    ``start`` is not in the history of ``tip``: the branch was rewritten. An empty ``start`` is the
    beginning of all.
    """
    if start == tip:
        return (start,)
    known = {each.rev: each for each in commits}
    if tip not in known:  # it was set back to what it had before
        return None
    order = {each.rev: number for number, each in enumerate(commits)}
    found = [start]
    stops = sorted({each for each in tips if each in order} | {tip}, key=lambda rev: order[rev])
    for stop in stops:
        part = _part(commits, known, found[-1], stop)
        if part is not None:
            found += part
    return tuple(found) if found[-1] == tip else None


def _part(
    commits: Sequence[Commit], known: dict[str, Commit], low: str, high: str
) -> list[str] | None:
    """The revisions after ``low`` up to ``high``; ``None`` where ``high`` does not have it."""
    after = {low}
    for each in commits:
        if not low or not after.isdisjoint(each.parents):
            after.add(each.rev)
    if high not in after:
        return None
    found = []
    at = high
    while at != low:
        found.append(at)
        parents = [parent for parent in known[at].parents if parent in after]
        at = parents[0] if parents else ""
    return found[::-1]


def pieces(
    commits: Sequence[Commit], revisions: Sequence[str], cuts: Iterable[str] = ()
) -> tuple[Piece, ...]:
    """What landed on the way ``revisions``, oldest first.

    Each merge into the branch is one piece. Plain commits in a row are one, as what was pushed or
    rebased; and so are the commits after a merge *of* the branch into something else, with that
    merge and all that it brings (``git pull``, then ``git push``). ``cuts`` are revisions where a
    piece surely ended. Without them two squashed changes that follow each other look like one
    branch, and count as one.
    """
    known = {each.rev: each for each in commits}
    order = {each.rev: number for number, each in enumerate(commits)}
    ends = set(cuts)
    found: list[Piece] = []
    taken: set[str] = set()
    base, run = revisions[0], list[Commit]()
    for before, rev in pairwise(revisions):
        parents = known[rev].parents
        if run and (len(parents) > 1 or before in ends):
            found.append(Piece(base, before, tuple(run)))
            base, run = before, []
        brought = _brought(known, rev, taken)
        run += sorted(brought, key=lambda each: order[each.rev])
        if len(parents) > 1 and parents[0] == before:
            found.append(Piece(base, rev, tuple(run)))
            base, run = rev, []
    if run:
        found.append(Piece(base, revisions[-1], tuple(run)))
    return tuple(found)


def _brought(known: dict[str, Commit], rev: str, taken: set[str]) -> list[Commit]:
    """What ``rev`` has in its history and the way before it has not."""
    found, left = [], [rev]
    while left:
        at = left.pop()
        if at in known and at not in taken:
            taken.add(at)
            found.append(known[at])
            left += known[at].parents
    return found
