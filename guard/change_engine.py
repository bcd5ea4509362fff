"""Rules over a change in, report out. Pure, as ``guard.engine`` is: facts alone decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from guard.change import CHANGE, Change, Unit, Unknown
from guard.engine import EMPTY, INCOMPLETE, ConfiguredRule, ask
from guard.lane import entries, overrides
from guard.model import (
    Finding,
    Held,
    Level,
    Missing,
    Report,
    RuleResult,
    Stage,
    Verdict,
    When,
)
from guard.rule import ChangeRule

_SHOWN = 3
_WEIGHT = (Level.OFF, Level.WARNING, Level.ERROR)


def run_changes(
    change: Change,
    rules: Sequence[ConfiguredRule[ChangeRule]],
    stage: Stage = Stage.PULL_REQUEST,
) -> Report:
    """Judge ``change`` by ``rules`` at the door ``stage``.

    A finding in a file has the level that the policy gives the rule there; one about the change as
    a whole has the highest of the levels at the files that the change touches. ``Held`` makes the
    rule's verdict ``hold``; in the merge queue, which must have an answer, it is an error. A fact
    that was ``Missing``, and a crash, make it ``unverified``. Where a rule is only a warning, what
    it is held by and what it lacks are warnings too, for nothing that it could say would block.

    A change that would land nothing, or of which that is not known, is ``unverified`` whatever the
    rules say.
    """
    results = [_Judged(item, change, stage).result() for item in rules]
    results += _whole(change)
    subject = f"change {change.id or change.rev[:12]} {_way(change)}"
    judged = 0 if isinstance(change.units, Unknown) else 1
    return Report(subject, judged, tuple(results), tuple(_by_humans(change)), "change")


def _by_humans(change: Change) -> Iterator[str]:
    """What humans decided about the lane without evidence: every later report says so."""
    if isinstance(change.lane, Unknown):
        return
    found = overrides(entries(change.lane.records))
    if len(found) > _SHOWN:
        yield f"{len(found)} times a human decided about the lane without evidence; the last:"
    for each in found[-_SHOWN:]:
        yield f"lane: {each.rev[:12]} {each.kind.value} by {each.by}, no evidence: {each.reason}"


def _way(change: Change) -> str:
    return f"to {change.promotes_to}" if change.promotes_to else f"into {change.target}"


def _whole(change: Change) -> Iterator[RuleResult]:
    """What keeps a report from being a proof, whatever the rules say."""
    if change.promotes_to:
        return
    if isinstance(change.units, Unknown):
        missing = Missing("units", change.units.reason)
        reason = missing_words(missing)
        yield RuleResult(INCOMPLETE, Verdict.UNVERIFIED, reason=reason, missing=(missing,))
    elif not change.units:
        reason = f"the change brings nothing to {change.target}: nothing was judged"
        yield RuleResult(EMPTY, Verdict.UNVERIFIED, reason=reason)


@dataclass
class _Judged:
    """What one rule says of the change."""

    item: ConfiguredRule[ChangeRule]
    change: Change
    stage: Stage
    idle: str = ""
    held: list[Held] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def result(self) -> RuleResult:
        rule, level = self.item.rule.id, level_of(self.item, self.change)
        if level is Level.OFF and not self.item.off:
            reason = "its level is off at every file of the change"
            return RuleResult(rule, Verdict.SKIPPED, reason=reason)
        outcome = ask(self.item, self.stage, self._answers)
        if outcome.skipped or (self.idle and not outcome.reason):
            return RuleResult(rule, Verdict.SKIPPED, reason=outcome.reason or self.idle)
        held, missing = tuple(dict.fromkeys(self.held)), tuple(dict.fromkeys(self.missing))
        blocks = level is Level.ERROR
        waits = blocks and self.stage is not Stage.MERGE_QUEUE
        findings = [*self._levelled(outcome.findings, level)]
        findings += [] if waits else [_refused(rule, each, level) for each in held]
        findings += [] if blocks else [_unknown(rule, each) for each in missing]
        findings.sort(key=lambda each: (each.place.path, each.place.line, each.name))
        told = [missing_words(each) for each in missing] if blocks else []
        told += [held_words(each) for each in held] if waits else []
        doubt = bool(outcome.reason or (blocks and missing))
        verdict = _verdict(findings, doubt, waits and bool(held))
        reason = outcome.reason or "; ".join(told)
        return RuleResult(rule, verdict, tuple(findings), (), reason, held, missing)

    def _answers(self) -> Iterator[Finding]:
        rule, change, options = self.item.rule, self.change, self.item.options
        self.idle = rule.idle(change, options)
        said: Any
        for said in () if self.idle else rule.check(change, options):
            if isinstance(said, Held):
                self.held.append(said)
            elif isinstance(said, Missing):
                self.missing.append(said)
            elif isinstance(said, Finding):
                yield said
            else:
                raise TypeError(f"it returned {said!r:.80}: no Finding, no Held and no Missing")

    def _levelled(self, findings: Iterable[Finding], level: Level) -> Iterator[Finding]:
        for each in dict.fromkeys(findings):
            path = each.place.path
            allowed = self.item.level_at(path) if path else level
            found = min(each.level, allowed, key=_WEIGHT.index)
            if found is not Level.OFF:
                yield replace(each, level=found)


def level_of(item: ConfiguredRule[ChangeRule], change: Change) -> Level:
    """How much a finding about the whole of ``change`` weighs.

    The highest level at the files that it touches; where they are not known, the highest of all.
    """
    paths = touched_paths(change.units)
    if paths is None:
        levels = [item.level, *(entry.level for entry in item.per_path)]
    else:
        levels = [item.level_at(path) for path in sorted(paths)] or [item.level]
    return max(levels, key=_WEIGHT.index)


def touched_paths(units: tuple[Unit, ...] | Unknown) -> set[str] | None:
    """The paths of all files of ``units``; ``None`` where one of them does not know its own."""
    if isinstance(units, Unknown):
        return None
    paths: set[str] = set()
    for unit in units:
        if isinstance(unit.files, Unknown):
            return None
        paths.update(file.path for file in unit.files)
    return paths


def _verdict(findings: Iterable[Finding], doubt: bool, held: bool) -> Verdict:
    if any(each.level is Level.ERROR for each in findings):
        return Verdict.FAIL
    if doubt:
        return Verdict.UNVERIFIED
    return Verdict.HOLD if held else Verdict.PASS


def _refused(rule: str, held: Held, level: Level) -> Finding:
    fix = "Take the change out of the queue; it may enter again when it is its turn."
    return _about(rule, held.by or "turn", f"not its turn: {held_words(held)}", fix, level)


def _unknown(rule: str, missing: Missing) -> Finding:
    fix = missing.fix or f"Have the source of the facts say {missing.fact}."
    return _about(rule, missing.fact, missing_words(missing), fix, Level.WARNING)


def _about(rule: str, name: str, message: str, fix: str, level: Level) -> Finding:
    return Finding(rule, CHANGE, name, message, "", When.LANDING, fix, level=level)


def held_words(held: Held) -> str:
    """``lane held by #20 until 2026-11-23 10:00 UTC; you are 2nd of 3``."""
    words = held.reason
    if held.until is not None:
        words += f" until {_moment(held.until)}"
    if held.place is not None:
        of = f" of {held.of}" if held.of is not None else ""
        words += f"; you are {_ordinal(held.place)}{of}"
    return words


def missing_words(missing: Missing) -> str:
    """``reviews not known: the source of the facts does not say. <the mend>``."""
    fix = f". {missing.fix}" if missing.fix else ""
    return f"{missing.fact} not known: {missing.reason}{fix}"


def _moment(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, OSError, ValueError):  # a record may hold any number
        return f"{seconds} s after 1970"


def _ordinal(number: int) -> str:
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else last}"
