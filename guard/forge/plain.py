"""The facts of a change from git alone: no forge is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from guard.change import (
    Change,
    Commit,
    Deployment,
    LaneFacts,
    Person,
    Review,
    Unit,
    Unknown,
)
from guard.errors import GuardError
from guard.forge._open import HEADS, Branch, Judges, open_branches, without
from guard.forge._proof import Prover
from guard.forge._reviews import Approval, approvals, of_change, review
from guard.forge._senders import Sent, sent
from guard.forge.gather import Asked, Gathering
from guard.forge.rulebook import Rulebook
from guard.provenance import Told
from guard.records import Records
from guard.refs import Refs
from guard.repository import Repository
from guard.settings import LaneSettings

__all__ = ["Asked", "gather", "who_waits"]

_FEW = 8


def gather(
    git: Repository,
    refs: Refs,
    asked: Asked,
    book: Rulebook,
    needs: frozenset[str] = frozenset(),
) -> Change:
    """All that git knows of the change, see ``guard.forge.gather.Gathering.change``."""
    gathering = _gathering(git, refs, asked, book)
    return gathering.promotion() if asked.promotes_to else gathering.change(needs)


def who_waits(
    git: Repository, refs: Refs, target: str, tip: str, book: Rulebook
) -> LaneFacts | Unknown:
    """The facts of the lane into ``target``, whose tip is ``tip``, with the changes that wait."""
    return _gathering(git, refs, Asked(target, tip, tip, 0), book).line()


def _gathering(git: Repository, refs: Refs, asked: Asked, book: Rulebook) -> Gathering:
    records = Records(git, refs)
    return Gathering(git, records, asked, book, _Git(git, refs, asked, book, records))


@dataclass
class _Git:
    """What the guard's own references say, where its hooks wrote them."""

    git: Repository
    refs: Refs
    asked: Asked
    book: Rulebook
    records: Records
    _heads: dict[str, str] | None = None
    _given: tuple[Approval, ...] | GuardError | None = None

    def told(self) -> Mapping[str, Told]:
        return {}

    def cuts(self) -> tuple[str, ...]:
        return ()

    def proved(self, unit: Unit) -> Unit:
        try:
            given = self._approvals()
        except GuardError:  # the rule that reads the reviews says so
            given = ()
        return Prover(self.git, given).prove(unit)

    def behind(self, rev: str) -> tuple[Commit, ...]:
        return ()

    def named(self, commits: tuple[Commit, ...]) -> tuple[Commit, ...]:
        return commits

    def sent(self, units: tuple[Unit, ...]) -> tuple[Sent, ...]:
        branch = self.asked.branch if isinstance(self.asked.branch, str) else ""
        only = branch if len(units) == 1 else ""
        return tuple(self._sent(unit, only) for unit in units)

    def _sent(self, unit: Unit, branch: str) -> Sent:
        each = sent(self.git, self.records, unit, branch, self._branches_at)
        pusher = self.asked.pusher
        if isinstance(each.opener, Unknown) and self.asked.fresh:
            if isinstance(pusher, Person) and pusher.login:
                return replace(each, opener=pusher)
        return each

    def reviews(
        self, units: tuple[Unit, ...], sent: tuple[Sent, ...] | Unknown
    ) -> tuple[Review, ...]:
        trees_of = {unit.tree for unit in units}
        heads = set[str]()
        for unit in units:
            trees_of |= {unit.head_tree} if isinstance(unit.head_tree, str) else set()
            heads |= {unit.head} if isinstance(unit.head, str) else set()
            if not isinstance(unit.commits, Unknown):
                heads |= {each.rev for each in unit.commits}
        for each in () if isinstance(sent, Unknown) else sent:
            heads |= each.heads
        mine = of_change(self._approvals(), heads, trees_of)
        return tuple(review(each, self.book.policy) for each in mine)

    def all_reviews(self) -> tuple[Review, ...]:
        return tuple(review(each, self.book.policy) for each in self._approvals())

    def branches(self) -> tuple[Branch, ...]:
        heads = without(self._all_heads(), {self.asked.target, *self._targets()})
        if len(heads) > _FEW:
            arrivals = self.records.all_arrivals()
        else:
            arrivals = tuple(a for name in heads for a in self.records.arrivals(HEADS + name))
        policy = self.book.policy
        judges = Judges(policy.provenance, policy.people)
        return open_branches(self.git, self.asked.base, heads, arrivals, judges)

    def deployments(self) -> tuple[Deployment, ...]:
        return ()

    def _approvals(self) -> tuple[Approval, ...]:
        if self._given is None:
            try:
                self._given = approvals(self.git, self.refs, self.asked.target)
            except GuardError as error:
                self._given = error
        if isinstance(self._given, GuardError):
            raise self._given
        return self._given

    def _branches_at(self, commit: str) -> Iterable[str]:
        heads = without(self._all_heads(), (self.asked.target, *self._targets()))
        return [name for name, oid in heads.items() if oid == commit]

    def _targets(self) -> tuple[str, ...]:
        return (self.book.policy.lane or LaneSettings()).targets

    def _all_heads(self) -> dict[str, str]:
        if self._heads is None:
            self._heads = self.refs.list(HEADS)
        return self._heads
