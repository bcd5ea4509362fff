"""The check: read what the judgement of each unit says of declarations."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Change, Provenance, Unit, Unknown
from guard.model import Finding, Missing
from guard_rules._changes.words import about, lacks, listed, short, units_of

_AMEND = 'git -c trailer.ifexists=replace commit --amend --no-edit --trailer "AI-Assisted: {}"'


def findings(rule: str, change: Change) -> Iterator[Finding | Missing]:
    """A finding for each unit that lacks a declaration or contradicts its own."""
    units = units_of(change)
    if isinstance(units, Missing):
        yield units
        return
    for unit in units:
        found = unit.provenance
        if isinstance(found, Unknown):
            yield lacks("units.provenance", found)
        elif found.conflict:
            yield about(rule, unit.id, f"change {unit.id}: {found.conflict}", _mend(unit, "yes"))
        elif found.must_declare and not unit.reverts:
            yield about(rule, unit.id, _silent(unit, found), _mend(unit, "yes|no"))


def _silent(unit: Unit, found: Provenance) -> str:
    message = f"change {unit.id} does not say whether an AI took part"
    revs = [short(rev) for rev in found.silent]
    return message + (f": no declaration in {listed(revs)}" if revs else "")


def _mend(unit: Unit, value: str) -> str:
    command = _AMEND.format(value)
    if not isinstance(unit.commits, Unknown) and len(unit.commits) > 1:
        command = f"git rebase {short(unit.base)} --exec '{command}'"
    if value == "yes":
        return (
            f"Say that an AI took part: {command}, and correct the description of the pull request "
            "if that is where it says no. If the sign is wrong, let a named human clear it on "
            "record."
        )
    return f"Say it in each commit: {command}, or in the description, with a line AI-Assisted: no."
