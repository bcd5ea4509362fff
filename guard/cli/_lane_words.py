"""The words of ``guard lane``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from guard._wire import dump
from guard.change import How, Landing, LaneEntry, LaneRecord, RecordKind, Unknown
from guard.cli._lane import Asked, Report
from guard.cli._output import say
from guard.errors import UsageError
from guard.keeper import HEADS, Keeper
from guard.lane import Standing, entries, name_of, unreleased
from guard.lanecheck import Checked
from guard.reporters._escape import json_in_log, terminal


def show(reports: Sequence[Report], form: str) -> int:
    """Print how the lanes stand. 3 where the facts are no ground for that, else 0."""
    if form == "json":
        document = {"version": 1, "targets": [_json(each) for each in reports]}
        say(json_in_log(json.dumps(document, indent=2)))
        say("\n")
    else:
        for each in reports:
            say("".join(terminal(line) + "\n" for line in _lines(each)))
    return 3 if any(each.state.faults for each in reports) else 0


def alarmed(reports: Sequence[Report]) -> bool:
    """Whether somebody should look: a soak past its deadline, or a lane that was passed by."""
    lanes = [lane for each in reports for lane in each.state.lanes]
    return any(lane.overdue or lane.behind for lane in lanes)


def show_log(target: str, records: Iterable[tuple[str, LaneRecord]], form: str) -> int:
    """Print records, the newest first."""
    if form == "json":
        found = []
        for oid, record in records:
            values = dump(record)
            assert isinstance(values, dict)
            found.append({"id": oid, **values})
        document = {"version": 1, "target": target, "records": found}
        say(json_in_log(json.dumps(document, indent=2)) + "\n")
        return 0
    empty = True
    for oid, record in records:
        empty = False
        say(terminal(f"{oid[:12]} {moment(record.at)} {_said(record)}") + "\n")
    if empty:
        say(terminal(f"{target}: no records") + "\n")
    return 0


def appended(target: str, records: Sequence[LaneRecord]) -> int:
    """Tell what was recorded."""
    for each in records:
        say(terminal(f"{target}: {_said(each)}") + "\n")
    return 0


def released(keeper: Keeper, asked: Asked, rev: str | None) -> int:
    """Release one landing by evidence, or say what is missing."""
    history = keeper.history()
    if history.facts.faults:
        return show([asked.report(keeper)], "text")
    live = unreleased(history.facts)
    if rev is None and not live:
        raise UsageError(f"{keeper.target}: no lane is held: nothing to release")
    landing = keeper.landing_of(history, asked.commit(rev)) if rev else live[0]
    outcome = keeper.reconcile(asked.now, asked.account(), landing.rev)
    if landing.rev not in {each.rev for each in unreleased(outcome.history.facts)}:
        return appended(keeper.target, outcome.appended)
    for wait in outcome.waits:
        if wait.landing.rev == landing.rev:
            say(terminal(f"{keeper.target}: {landing.rev[:12]} is not released") + "\n")
            say("".join(terminal(f"  missing: {each}") + "\n" for each in wait.missing))
    return 1


def show_check(found: Sequence[tuple[str, Checked]]) -> int:
    """Tell what ``verify`` found. 1 where there are faults."""
    for target, checked in found:
        for each in checked.notes:
            say(terminal(f"{target}: note: {each}") + "\n")
        for each in checked.faults:
            say(terminal(f"{target}: fault: {each}") + "\n")
        many = "1 record" if checked.records == 1 else f"{checked.records} records"
        verdict = "broken" if checked.faults else "whole, and agree with the history"
        say(terminal(f"{target}: {many}, {verdict}") + "\n")
    return 1 if any(checked.faults for _, checked in found) else 0


def moment(seconds: int) -> str:
    """A time as people read it."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):  # a record may hold any number
        return f"{seconds} s after 1970"


def _lines(report: Report) -> Iterable[str]:
    yield f"{report.facts.target} at {report.facts.tip[:12]}"
    for record in report.appended or ():
        yield f"  recorded: {_said(record)}"
    for fault in report.state.faults:
        yield f"  fault: {fault}"
    if not report.state.faults:
        for lane in report.state.lanes:
            yield from _lane(report, lane)
    yield from _line(report)
    for each in report.state.overrides:
        yield f"  by a human's word: {_said(each)}, on {moment(each.at)}"


def _lane(report: Report, lane: Standing) -> Iterable[str]:
    if lane.holder is None:
        yield f"  lane {lane.lane}: free"
        return
    yield f"  lane {lane.lane}: held by {_holder(report, lane.holder)}"
    if lane.until is not None:
        over = "over since" if lane.until <= report.state.now else "until"
        yield f"    soak {over} {moment(lane.until)}"
    if lane.overdue:
        yield "    ALERT: past its deadline, and still held: take it back, or override"
    for wait in report.waits:
        if wait.landing.rev == lane.holder.rev:
            yield from (f"    missing: {each}" for each in wait.missing)
    for each in lane.behind:
        yield f"    ALERT: {_holder(report, each)} landed besides it"


def _holder(report: Report, landing: Landing) -> str:
    name = name_of(landing, entries(report.facts.records))
    named = landing.rev[:12] if name == landing.rev[:12] else f"{name} ({landing.rev[:12]})"
    if isinstance(landing.seen_at, Unknown):
        return f"{named}, since a time that is not recorded"
    return f"{named}, since {moment(landing.seen_at)}"


def _line(report: Report) -> Iterable[str]:
    if isinstance(report.line, Unknown):
        yield f"  waiting: not known: {report.line.reason}"
        return
    for number, each in enumerate(report.line, 1):
        lanes = ", ".join(each.lanes)
        name = each.id.removeprefix(HEADS)
        if isinstance(each.ready_since, int):
            yield f"  waiting: {number}. {name}, lane {lanes}, since {moment(each.ready_since)}"
        else:
            why = each.missing or "the time since when it is ready"
            yield f"  open: {name}, lane {lanes}, lacks {why}"


def _said(record: LaneEntry) -> str:
    words = f"{record.kind.value} {record.rev[:12]}"
    if record.change:
        words += f" ({record.change})"
    if record.lanes:
        words += f" in lane {', '.join(record.lanes)}"
    if record.how is How.REVERT and record.proof:
        words += f", taken back by {record.proof[0][:12]}"
    elif record.how is not None:
        words += f", by {record.how.value}"
    if record.kind is RecordKind.CLEARED:
        words += " as not an AI's"
    words += f", {record.by}"
    return f"{words}: {record.reason}" if record.reason else words


def _json(report: Report) -> dict[str, object]:
    facts = report.facts
    found = entries(facts.records)
    missing = {each.landing.rev: list(each.missing) for each in report.waits}
    value: dict[str, object] = {
        "target": report.facts.target,
        "tip": facts.tip,
        "now": report.state.now,
        "faults": list(report.state.faults),
        "lanes": [
            {
                "lane": lane.lane,
                "holder": lane.holder and _landing(lane.holder, found),
                "until": lane.until,
                "overdue": lane.overdue,
                "missing": missing.get(lane.holder.rev, []) if lane.holder else [],
                "behind": [_landing(each, found) for each in lane.behind],
            }
            for lane in report.state.lanes
        ],
        "waiting": (
            dump(report.line)
            if isinstance(report.line, Unknown)
            else [dump(each) for each in report.line]
        ),
        "overrides": [dump(each) for each in report.state.overrides],
    }
    if report.appended is not None:
        value["recorded"] = [dump(each) for each in report.appended]
    return value


def _landing(landing: Landing, found: tuple[LaneEntry, ...]) -> dict[str, object]:
    return {
        "name": name_of(landing, found),
        "base": landing.base,
        "rev": landing.rev,
        "tree": landing.tree,
        "lanes": list(landing.lanes),
        "seen_at": None if isinstance(landing.seen_at, Unknown) else landing.seen_at,
        "signals": [dump(each) for each in landing.provenance.signals],
    }
