"""The check: count the AI changes that are open, and were before this one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.change import Change, OpenChange, Origin, Unknown
from guard.model import Finding, Missing
from guard_rules._changes.people import same
from guard_rules._changes.words import about, lacks, listed, name_of, units_of
from guard_rules.too_many_open_ai_changes import Options

_NUMBER = re.compile(r"[#!]([0-9]{1,18})")


def findings(rule: str, change: Change, options: Options) -> Iterator[Finding | Missing]:
    """A finding for each limit that the change is beyond."""
    units = units_of(change)
    if isinstance(units, Missing):
        yield units
        return
    limits = (options.per_author, options.total)
    if limits == (None, None) or not any(unit.is_ai for unit in units):
        return
    if isinstance(change.others, Unknown):
        yield lacks("others", change.others)
        return
    ids = {change.id, *(unit.id for unit in units)}
    before = [
        each
        for each in change.others
        if each.origin is Origin.AI and each.id not in ids and not _later(each.id, change.id)
    ]
    if options.total is not None and len(before) >= options.total:
        yield _beyond(rule, "total", "are open", before, options.total)
    if options.per_author is None:
        return
    if isinstance(change.opener, Unknown):
        yield lacks("opener", change.opener)
        return
    mine = [each for each in before if same(change.opener, each.by)]
    if len(mine) >= options.per_author:
        who = name_of(change.opener)
        yield _beyond(rule, who, f"of {who} are open", mine, options.per_author)


def _later(other: str, mine: str) -> bool:
    """Whether ``other`` was opened after ``mine``: where ids are numbers they say so."""
    theirs, ours = _NUMBER.fullmatch(other), _NUMBER.fullmatch(mine)
    return theirs is not None and ours is not None and int(theirs[1]) > int(ours[1])


def _beyond(rule: str, name: str, whose: str, before: list[OpenChange], most: int) -> Finding:
    ids = listed([each.id for each in before])
    message = f"{len(before) + 1} AI changes {whose}, and the policy allows {most}: this one, {ids}"
    return about(rule, name, message, "Land or close one of the others first.")
