"""Examples: the lane free, held, and asked for by several at once."""

from __future__ import annotations

from typing import Any

from guard.change import (
    How,
    Landing,
    LaneFacts,
    LaneRecord,
    RecordKind,
    Unknown,
    Waiting,
)
from guard.rule import ChangeCase
from guard.samples import AI, NOW, ai_unit, change, oid, unit

_START = LaneRecord(RecordKind.STARTED, oid("start"), NOW - 9000, "server")
_LANDING = Landing(
    oid("start"), oid("landed"), oid("tree of landed"), ("other",), AI, seen_at=NOW - 600
)


def _lane(*landings: Landing, records: tuple[LaneRecord, ...] = (), **more: Any) -> LaneFacts:
    values: dict[str, Any] = {"waiting": (), "soak": 1800, "deadline": 86400, "turn": 3600, **more}
    return LaneFacts("main", oid("base"), landings, (_START, *records), **values)


def _released(how: How) -> LaneRecord:
    return LaneRecord(
        RecordKind.RELEASED,
        oid("landed"),
        NOW - 60,
        "ada",
        base=oid("start"),
        how=how,
        reason="urgent" if how is How.OVERRIDE else "",
    )


_HELD = _lane(_LANDING)
_SILENT = Unknown("the forge did not answer")
_OLDER = Waiting("#20", oid("older"), ("other",), NOW - 300)
_MINE = Waiting("#23", oid("head"), ("other",), NOW - 200)

VALID = (
    ChangeCase("free", "the lane is free", change(ai_unit(), lane=_lane())),
    ChangeCase("human", "a human's change needs no lane", change(unit(), lane=_HELD)),
    ChangeCase(
        "human-unknown-lane",
        "nor does it need to know of one",
        change(unit(), lane=_SILENT),
        near_miss=True,
    ),
    ChangeCase(
        "released",
        "the AI change before it was released by evidence",
        change(ai_unit(), lane=_lane(_LANDING, records=(_released(How.EVIDENCE),))),
        near_miss=True,
    ),
    ChangeCase(
        "overridden",
        "the AI change before it was released by a human",
        change(ai_unit(), lane=_lane(_LANDING, records=(_released(How.OVERRIDE),))),
    ),
    ChangeCase(
        "revert",
        "it takes the holder back, exactly",
        change(ai_unit(reverts=oid("landed")), lane=_HELD),
        near_miss=True,
    ),
    ChangeCase(
        "other-lane",
        "the holder is in another lane",
        change(ai_unit(lanes=("web",)), lane=_HELD),
        near_miss=True,
    ),
    ChangeCase(
        "its-turn",
        "it has waited longest",
        change(ai_unit(), lane=_lane(waiting=(_MINE, Waiting("#9", oid("9"), ("other",), NOW)))),
    ),
)

INVALID = (
    ChangeCase(
        "held", "an AI change before it is not released", change(ai_unit(), lane=_HELD), held=True
    ),
    ChangeCase(
        "revert-of-another",
        "it takes something else back",
        change(ai_unit(reverts=oid("elsewhere")), lane=_HELD),
        held=True,
    ),
    ChangeCase(
        "not-its-turn",
        "another one has waited longer",
        change(ai_unit(), lane=_lane(waiting=(_MINE, _OLDER))),
        held=True,
    ),
    ChangeCase(
        "two-at-once",
        "two AI changes in one push",
        change(ai_unit("one", id="#1"), ai_unit("two", id="#2"), lane=_lane()),
        expects=("other",),
    ),
    ChangeCase(
        "no-lane",
        "nothing is known of the lane",
        change(ai_unit(), lane=_SILENT),
        missing=("lane",),
    ),
    ChangeCase(
        "no-start",
        "the lane has no start",
        change(ai_unit(), lane=_lane(faults=("the lane into main has no start",))),
        missing=("lane",),
    ),
    ChangeCase(
        "no-line",
        "who else waits is not known",
        change(ai_unit(), lane=_lane(waiting=_SILENT)),
        missing=("lane.waiting",),
    ),
)

CASES = VALID + INVALID
