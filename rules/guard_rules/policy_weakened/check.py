"""The check: what judges changes is changed with an owner's word alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from guard.change import Change, PolicyEdit, Unit, Unknown
from guard.model import Finding, Level, Missing
from guard_rules._changes import Who
from guard_rules._changes.approvals import Wanted, tally
from guard_rules._changes.words import about, called, lacks, listed, short, unique, units_of
from guard_rules.policy_weakened import Options


def findings(rule: str, change: Change, options: Options) -> Iterator[Finding | Missing]:
    """A finding for each file, where a unit that touches it lacks the approval that it needs."""
    units, edit = units_of(change), change.policy_edit
    if isinstance(units, Missing):
        yield units
    elif isinstance(edit, Unknown):
        yield lacks("policy_edit", edit)
    elif edit.touched or edit.weaker:
        for unit in _concerned(units, edit):
            if unit.is_ai or edit.weaker or options.touched is Who.ALL:
                yield from _of_unit(rule, change, unit, edit, options)


def _concerned(units: tuple[Unit, ...], edit: PolicyEdit) -> tuple[Unit, ...]:
    """The units that touch what judges; all of them, where that cannot be told apart."""
    touching = []
    seen: set[str] = set()
    for unit in units:
        if isinstance(unit.files, Unknown):
            return units
        paths = {file.path for file in unit.files} & set(edit.touched)
        seen |= paths
        touching += [unit] if paths else []
    return tuple(touching) if seen == set(edit.touched) and seen else units


def _of_unit(
    rule: str, change: Change, unit: Unit, edit: PolicyEdit, options: Options
) -> Iterator[Finding | Missing]:
    if isinstance(change.reviews, Unknown):
        yield lacks("reviews", change.reviews)
        return
    wanted = Wanted(options.roles, pusher=True, own=options.own and not unit.is_ai)
    told = tally(change, unit, change.reviews, wanted)
    if told.counted:
        return
    if told.maybe:
        yield from told.unsure
    elif isinstance(change.policy, Unknown):
        yield lacks("policy", change.policy)
    else:
        # Without a policy nobody is an owner: a human must be able to write the first one.
        lenient = not change.policy and not unit.is_ai
        level = Level.WARNING if lenient else Level.ERROR
        for each in _findings(rule, unit, edit, told.refused, options):
            yield replace(each, level=level)


def _findings(
    rule: str, unit: Unit, edit: PolicyEdit, refused: tuple[str, ...], options: Options
) -> Iterator[Finding]:
    roles = " or ".join(options.roles)
    tree = unit.tree if isinstance(unit.head_tree, Unknown) else unit.head_tree
    fix = (
        f"Let someone with the role {roles} approve tree {short(tree)}; the policy on the target "
        "names them under people."
    )
    why = "".join(f"; {each}" for each in refused)
    rest = list(edit.weaker)
    for path in unique(edit.touched):
        weaker = [each for each in rest if each.startswith((f"{path}: ", f"{path} "))]
        rest = [each for each in rest if each not in weaker]
        words = [each.removeprefix(path).lstrip(": ") for each in weaker]
        what = f"; weaker afterwards: {listed(words, len(words))}" if words else ""
        message = (
            f"{called(unit)} touches {path}, which judges changes, and no {roles} approved that"
            f"{what}{why}"
        )
        yield about(rule, path, message, fix, path)
    for each in rest:
        message = (
            f"{called(unit)} weakens what judges changes, and no {roles} approved that: {each}"
        )
        yield about(rule, each, f"{message}{why}", fix)
