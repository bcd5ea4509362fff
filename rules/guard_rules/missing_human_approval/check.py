"""The check: count the approvals of each unit that needs some."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Change, Review, Unit, Unknown
from guard.model import Finding, Missing
from guard_rules._changes import Who
from guard_rules._changes.approvals import Tally, Wanted, tally
from guard_rules._changes.words import (
    SHOWN,
    about,
    called,
    lacks,
    listed,
    name_of,
    short,
    units_of,
)
from guard_rules.missing_human_approval import Options


def findings(rule: str, change: Change, options: Options) -> Iterator[Finding | Missing]:
    """A finding for each unit without its approvals, and for each objection."""
    units = units_of(change)
    if isinstance(units, Missing):
        yield units
        return
    for unit in units:
        if options.who is Who.ALL or unit.is_ai:
            yield from _of_unit(rule, change, unit, options)


def _of_unit(
    rule: str, change: Change, unit: Unit, options: Options
) -> Iterator[Finding | Missing]:
    if isinstance(change.reviews, Unknown):
        yield lacks("reviews", change.reviews)
        return
    wanted = Wanted(options.roles, options.pusher, own=False)
    told = tally(change, unit, change.reviews, wanted)
    for review in told.objections if options.objections else ():
        yield _objection(rule, unit, review)
    have = len(told.counted)
    if have >= options.count:
        if options.code_owners:
            yield from _owners(rule, unit, told)
        return
    if have + told.maybe >= options.count:
        yield from told.unsure
    else:
        yield _lacking(rule, unit, told, options)


def _owners(rule: str, unit: Unit, told: Tally) -> Iterator[Finding | Missing]:
    """A finding for each list of code owners of whom none approved."""
    if isinstance(unit.code_owners, Unknown):
        yield lacks("units.code_owners", unit.code_owners)
        return
    for owners in unit.code_owners:
        if not any(_is_owner(review, owner) for review in told.counted for owner in owners):
            names = listed(owners)
            message = f"{called(unit)} touches files of {names}, and none of them approves it"
            fix = f"Let {' or '.join(owners[:SHOWN])} review and approve it."
            yield about(rule, f"{unit.id} {names}", message, fix)


def _is_owner(review: Review, owner: str) -> bool:
    """``@login``, ``@org/team`` (a role ``team:<slug>`` of the review) or an address."""
    name = owner.casefold()
    if name.startswith("@") and "/" in name:
        return f"team:{name.rpartition('/')[2]}" in {role.casefold() for role in review.roles}
    if name.startswith("@"):
        return name[1:] == review.by.login.casefold()
    emails = review.emails if isinstance(review.emails, tuple) else ()
    return name in {email.casefold() for email in (review.by.email, *emails) if email}


def _objection(rule: str, unit: Unit, review: Review) -> Finding | Missing:
    if isinstance(review.may_write, Unknown):
        return lacks("reviews.may_write", review.may_write)
    who = name_of(review.by)
    message = f"{who} asked for changes to {called(unit)}"
    fix = f"Make the changes and let {who} review again."
    return about(rule, who, message, fix)


def _lacking(rule: str, unit: Unit, told: Tally, options: Options) -> Finding:
    have, needed = len(told.counted), options.count
    plural = "s" if needed > 1 else ""
    message = f"{called(unit)} has {have} of {needed} approval{plural}"
    message += "".join(f"; {why}" for why in told.refused)
    tree = unit.tree if isinstance(unit.head_tree, Unknown) else unit.head_tree
    role = f" with the role {' or '.join(options.roles)}" if options.roles else ""
    fix = (
        f"Let a human{role} who may write to the target, and who neither opened the change nor "
        f"made commits of it, review and approve tree {short(tree)}."
    )
    return about(rule, unit.id, message, fix)
