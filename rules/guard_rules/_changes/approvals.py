"""Which reviews of a unit count as approvals, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guard.change import Change, Opinion, Person, Review, Unit, Unknown
from guard.model import Missing
from guard_rules._changes.people import authors, look_alike, same
from guard_rules._changes.words import lacks, name_of, short, unique

Doubt = str | Missing
"""Why an approval does not count, or what is not known of it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose approvals count."""

    roles: tuple[str, ...]
    """One of these is needed; none: anyone who may write."""
    pusher: bool
    """Whether that of the one who asks for the landing counts."""
    own: bool
    """Whether that of the opener and of the authors counts."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the reviews of a unit."""

    counted: tuple[Review, ...]
    refused: tuple[str, ...]
    """Each names who, and says why it does not count."""
    unsure: tuple[Missing, ...]
    """What is not known of those that would count otherwise."""
    maybe: int
    """How many of those there are."""
    objections: tuple[Review, ...]
    """Changes were requested, by someone who may write or of whom that is not known."""


def tally(change: Change, unit: Unit, reviews: tuple[Review, ...], wanted: Wanted) -> Tally:
    """Judge ``reviews``, those of ``change``, for its part ``unit``."""
    counted, maybe = list[Review](), 0
    refused, unsure = list[str](), list[Missing]()
    objections = []
    for mine in _by_person(_for_unit(change, unit, reviews)):
        last = mine[-1]
        if last.opinion is Opinion.CHANGES_REQUESTED and last.may_write is not False:
            objections.append(last)
        if last.opinion is not Opinion.APPROVED:
            refused += _withdrawn(mine)
            continue
        doubts = [*_doubts(change, unit, mine, wanted, reviews)]
        why = [doubt for doubt in doubts if isinstance(doubt, str)]
        if why:
            refused.append(why[0])
        elif doubts:
            maybe += 1
            unsure += [doubt for doubt in doubts if isinstance(doubt, Missing)]
        else:
            counted.append(last)
    return Tally(tuple(counted), unique(refused), tuple(unsure), maybe, tuple(objections))


def _for_unit(change: Change, unit: Unit, reviews: Iterable[Review]) -> Iterator[Review]:
    """Without the reviews that are of another part of the change."""
    units = () if isinstance(change.units, Unknown) else change.units
    others = {tree for each in units for tree in _trees(each)} - _trees(unit)
    return (review for review in reviews if review.tree not in others)


def _trees(unit: Unit) -> set[str]:
    known = () if isinstance(unit.head_tree, Unknown) else (unit.head_tree,)
    return {unit.tree, *known}


def _by_person(reviews: Iterable[Review]) -> list[list[Review]]:
    """The opinions of each account, the oldest first. A comment is none.

    Of two at the same time the one that is no approval counts as the later.
    """
    opinions = [each for each in reviews if each.opinion is not Opinion.COMMENTED]
    opinions.sort(key=lambda each: (each.at, each.opinion is not Opinion.APPROVED))
    people: list[list[Review]] = []
    for review in opinions:
        for mine in people:
            if _account(mine[0].by, review.by):
                mine.append(review)
                break
        else:
            people.append([review])
    return people


def _account(one: Person, other: Person) -> bool:
    if one.id is not None and other.id is not None:
        return one.id == other.id
    return one.login.casefold() == other.login.casefold()


def _withdrawn(mine: list[Review]) -> Iterator[str]:
    """What became of an approval that is not the last word."""
    who = name_of(mine[-1].by)
    if mine[-1].opinion is Opinion.DISMISSED:
        yield f"the approval by {who} was dismissed"
    elif any(each.opinion is Opinion.APPROVED for each in mine):
        yield f"{who} approved, and asked for changes after that"


def _standing(mine: list[Review]) -> list[Review]:
    """The approvals since the last opinion that was none."""
    found = []
    for review in reversed(mine):
        if review.opinion is not Opinion.APPROVED:
            break
        found.append(review)
    return found


def _doubts(
    change: Change, unit: Unit, mine: list[Review], wanted: Wanted, reviews: Iterable[Review]
) -> Iterator[Doubt]:
    """Why the approval of one person does not count, or may not; nothing if it does."""
    last = mine[-1]
    yield from _who(change, last, reviews)
    yield from _rights(change, last, wanted)
    yield from _not_involved(change, unit, last, wanted)
    yield from _machine(unit, last)
    bound = ([*_bound(unit, each)] for each in _standing(mine))
    yield from min(bound, key=_weight)


def _weight(doubts: list[Doubt]) -> tuple[bool, int]:
    """How far from counting: what is only not known may still count."""
    return (any(isinstance(doubt, str) for doubt in doubts), len(doubts))


def _who(change: Change, review: Review, reviews: Iterable[Review]) -> Iterator[Doubt]:
    by = review.by
    if not by.login and by.id is None:
        yield f"the approval by {name_of(by)} is of no account that the server or forge vouches for"
        return
    known = [each for each in (change.opener, change.pusher) if isinstance(each, Person)]
    known += [each.by for each in reviews]
    twin = look_alike(by.login, (each.login for each in known))
    if twin:
        yield f"the account {by.login!a} ({by.login}) looks like {twin!r} and is another one"


def _rights(change: Change, review: Review, wanted: Wanted) -> Iterator[Doubt]:
    who = name_of(review.by)
    if isinstance(review.may_write, Unknown):
        yield lacks("reviews.may_write", review.may_write)
    elif not review.may_write:
        yield f"{who} may not write to {change.target}: no member, or no member any more"
    if wanted.roles and not set(wanted.roles) & set(review.roles):
        yield f"{who} does not have the role {' or '.join(wanted.roles)}"


def _not_involved(change: Change, unit: Unit, review: Review, wanted: Wanted) -> Iterator[Doubt]:
    by, emails = review.by, review.emails if isinstance(review.emails, tuple) else ()
    if not wanted.pusher:
        if isinstance(change.pusher, Unknown):
            yield lacks("pusher", change.pusher)
        elif same(by, change.pusher, emails):
            yield f"{name_of(by)} asks for the landing and cannot approve it too"
    if wanted.own:
        return
    if isinstance(change.opener, Unknown):
        yield lacks("opener", change.opener)
    elif same(by, change.opener, emails):
        yield f"{name_of(by)} opened the change and cannot approve it too"
    for person in change.requesters:
        if same(by, person, emails):
            yield f"{name_of(by)} asked the agent for the change and cannot approve it too"
    made = authors(unit)
    if isinstance(made, Unknown):
        yield lacks("units.commits", made)
        return
    for person in made:
        if same(by, person, emails):
            yield f"{name_of(by)} made commits of the change, as {name_of(person)}"
    hidden = [each for each in made if not each.login and each.id is None]
    if hidden and not emails:
        fix = f"List the addresses of {name_of(by)} under people in the policy."
        reason = f"the addresses that {name_of(by)} commits with are not known"
        if isinstance(review.emails, Unknown):
            reason += f" ({review.emails.reason})"
        yield Missing("reviews.emails", reason, fix)


def _machine(unit: Unit, review: Review) -> Iterator[Doubt]:
    by = review.by
    if by.bot:
        yield f"{name_of(by)} is a bot"
    if isinstance(unit.provenance, Unknown):  # the approver may be what made it
        yield lacks("units.provenance", unit.provenance)
        return
    emails = review.emails if isinstance(review.emails, tuple) else ()
    names = {word.casefold() for word in (by.login, by.email, *emails) if word}
    for signal in unit.provenance.signals:
        if signal.tier in ("A", "B", "P") and signal.what.casefold() in names:
            yield f"{name_of(by)} is the agent {signal.agent}"


def _bound(unit: Unit, review: Review) -> Iterator[Doubt]:
    """Why an approval is not of what would land."""
    if review.tree == unit.tree:
        return
    if isinstance(unit.head_tree, Unknown):
        yield lacks("units.head_tree", unit.head_tree)
    elif review.tree != unit.head_tree:
        now = short(unit.head_tree)
        yield f"{name_of(review.by)} approved {short(review.tree)}, and the change is now {now}"
    elif isinstance(unit.faithful, Unknown):
        yield lacks("units.faithful", unit.faithful)
    elif not unit.faithful:
        yield (
            f"{name_of(review.by)} approved {short(review.tree)}, and what would land is not that "
            f"merged into {short(unit.base)}: the merge itself has edits"
        )
