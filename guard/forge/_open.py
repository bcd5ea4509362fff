"""Other changes that are open for a target: the branches that it does not have yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from guard.change import (
    Arrival,
    Commit,
    OpenChange,
    Opinion,
    Origin,
    Person,
    Review,
    Waiting,
)
from guard.commits import commits as read_commits
from guard.landings import Reader, changed_paths
from guard.mergeresult import merge, trees
from guard.provenance import Told, judge
from guard.repository import Repository
from guard.settings import PersonSettings, ProvenanceSettings

HEADS = "refs/heads/"
MOST_COMMITS = 20_000
"""Of all open branches together; with more of them nobody knows what is open."""


@dataclass(frozen=True, slots=True)
class Branch:
    """An open branch, and what it would bring."""

    id: str
    """``refs/heads/topic``, or ``#23``."""
    name: str
    head: str
    tree: str
    origin: Origin
    opener: Person
    """Who sent it first, or else who made its first commit."""
    makers: frozenset[str]
    """The addresses and accounts of those who made its commits, folded."""
    sent_at: int
    """When its head came to the server, if that is known, else 0."""


@dataclass(frozen=True, slots=True)
class Judges:
    """What of the policy says whose changes are an AI's."""

    settings: ProvenanceSettings | None
    people: tuple[PersonSettings, ...]


def open_branches(
    git: Repository, tip: str, heads: Mapping[str, str], arrivals: Sequence[Arrival], by: Judges
) -> tuple[Branch, ...]:
    """Those of ``heads`` (branch to commit) that have commits which ``tip`` has not, by name.

    Raises ``GitError``, and ``guard.commits.TooMany``.
    """
    if not heads:
        return ()
    wanted = sorted(set(heads.values()))
    found = read_commits(git, [tip] if tip else [], wanted, MOST_COMMITS)
    known = {each.rev: each for each in found}
    branches = []
    for name, head in sorted(heads.items()):
        if head in known:
            mine = [each for each in arrivals if each.ref == HEADS + name]
            branches.append(_branch(name, reached(head, found, known), mine, by))
    return tuple(branches)


def reached(head: str, found: Iterable[Commit], known: Mapping[str, Commit]) -> tuple[Commit, ...]:
    """Those of ``found``, by revision in ``known``, that lie in the history of ``head``."""
    seen, waiting = set[str](), [head]
    while waiting:
        rev = waiting.pop()
        if rev in known and rev not in seen:
            seen.add(rev)
            waiting.extend(known[rev].parents)
    return tuple(each for each in found if each.rev in seen)


def _branch(
    name: str, commits: tuple[Commit, ...], arrivals: Sequence[Arrival], by: Judges
) -> Branch:
    head = commits[-1]
    revs = {each.rev for each in commits}
    mine = [each for each in arrivals if each.rev in revs]
    opener = Person(login=mine[0].by) if mine and mine[0].by else None
    earlier = Origin.AI if any(each.origin is Origin.AI for each in mine) else None
    told = Told(branch=name, opener=opener, earlier=earlier)
    said = judge(commits, told, by.settings, by.people)
    sent = [each.at for each in mine if each.rev == head.rev]
    makers = frozenset(
        person.email.casefold() for each in commits for person in (each.author, each.committer)
    )
    first = opener or commits[0].author
    at = min(sent, default=0)
    return Branch(HEADS + name, name, head.rev, head.tree, said.origin, first, makers, at)


def as_open(branches: Iterable[Branch]) -> tuple[OpenChange, ...]:
    """The facts for ``Change.others``."""
    return tuple(OpenChange(each.id, each.origin, each.opener) for each in branches)


@dataclass(frozen=True, slots=True)
class Line:
    """What says who waits for the lane: what is open, what reviewers said, where it would land.

    A change is ready once its tree has the approval of someone who may write and had no part in it,
    and merges into the tip. What else the rules want is not looked at: it can cost others no more
    than its turn.
    """

    git: Repository
    reader: Reader
    tip: str
    reviews: tuple[Review, ...]
    """All of the target, of this change or another."""

    def waiting(self, branches: Iterable[Branch]) -> tuple[Waiting, ...]:
        """The AI changes among ``branches``, ready to land or not. Raises ``GitError``."""
        return tuple(self._waiting(each) for each in branches if each.origin is Origin.AI)

    def _waiting(self, branch: Branch) -> Waiting:
        name, every = branch.id, self.reader.names()
        approved = self._approved(branch)
        if approved is None:
            return Waiting(name, branch.head, every, None, "an approval of its tree")
        merged = merge(self.git, self.tip, branch.head).tree
        if merged is None:
            return Waiting(
                name, branch.head, every, None, "a merge into the target without conflicts"
            )
        base = trees(self.git, self.tip)[0]
        (paths,) = changed_paths(self.git, [(base, merged)])
        if not paths:  # squashed, and the branch was left
            missing = "work that the target does not have"
            return Waiting(name, branch.head, every, None, missing)
        since = max(approved, branch.sent_at)
        return Waiting(name, branch.head, self.reader.lanes_of(paths), since)

    def _approved(self, branch: Branch) -> int | None:
        """When the first approval that stands was given; ``None`` for none, or an objection."""
        times = []
        for login in dict.fromkeys(each.by.login.casefold() for each in self.reviews):
            mine = [
                each
                for each in self.reviews
                if each.by.login.casefold() == login and each.tree == branch.tree
            ]
            last = max(mine, key=_when, default=None)
            if last is None or last.may_write is not True:
                continue
            if last.opinion is Opinion.CHANGES_REQUESTED:
                return None
            emails = last.emails if isinstance(last.emails, tuple) else ()
            names = (last.by.login, *emails)
            made = not branch.makers.isdisjoint(each.casefold() for each in names)
            own = made or login == branch.opener.login.casefold()
            if last.opinion is Opinion.APPROVED and not own:
                times.append(last.at)
        return min(times, default=None)


def _when(review: Review) -> tuple[int, bool]:
    return review.at, review.opinion is not Opinion.APPROVED


def without(heads: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """``heads``, whose keys are whole references, by branch and without ``names``."""
    short = {ref.removeprefix(HEADS): oid for ref, oid in heads.items()}
    return {name: oid for name, oid in short.items() if name not in names}
