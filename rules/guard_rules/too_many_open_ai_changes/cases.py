"""Examples: who has how many open."""

from __future__ import annotations

from guard.change import OpenChange, Origin, Person, Unknown
from guard.rule import ChangeCase
from guard.samples import ADA, BOB, ai_unit, change
from guard_rules.too_many_open_ai_changes import Options

_TWO = Options(per_author=2, total=3)
_ADDRESS = Person("Ada L", "Ada@Example.org")


def _open(*ids: str, by: Person = ADA, origin: Origin = Origin.AI) -> tuple[OpenChange, ...]:
    return tuple(OpenChange(each, origin, by) for each in ids)


CASES = (
    ChangeCase(
        "second",
        "the author's second AI change, and two are allowed",
        change(ai_unit(), others=_open("#20")),
        near_miss=True,
        options=_TWO,
    ),
    ChangeCase(
        "later-ones",
        "the others were opened after this one, and wait for it",
        change(ai_unit(), others=_open("#24", "#25", "#130")),
        near_miss=True,
        options=_TWO,
    ),
    ChangeCase(
        "human",
        "a human's change, however many AI changes are open",
        change(others=_open("#1", "#2", "#3", "#4")),
        options=_TWO,
    ),
    ChangeCase(
        "others-by-humans",
        "what the author made by hand does not count",
        change(ai_unit(), others=_open("#1", "#2", "#3", origin=Origin.HUMAN)),
        options=_TWO,
    ),
    ChangeCase(
        "itself",
        "the list of open changes has this one too",
        change(ai_unit(), others=_open("#23", "#20")),
        options=_TWO,
    ),
    ChangeCase(
        "no-limit",
        "the policy sets no limit",
        change(ai_unit(), others=_open("#1", "#2", "#3")),
        options=Options(None, None),
    ),
    ChangeCase(
        "by-default",
        "two others of the author, as the defaults allow",
        change(ai_unit(), others=_open("#1", "#2")),
    ),
    ChangeCase(
        "one-too-many",
        "the author's fourth AI change, and the defaults allow three",
        change(ai_unit(), others=_open("#1", "#2", "#3")),
        ("ada",),
    ),
    ChangeCase(
        "third",
        "the author's third AI change, and two are allowed",
        change(ai_unit(), others=_open("#20", "#21")),
        ("ada",),
        options=_TWO,
    ),
    ChangeCase(
        "under-an-address",
        "one of the others is known by the author's address alone",
        change(ai_unit(), others=(*_open("#20"), *_open("#21", by=_ADDRESS))),
        ("ada",),
        options=_TWO,
    ),
    ChangeCase(
        "branches",
        "branches have no numbers: all that are open count",
        change(
            ai_unit(id="refs/heads/a"),
            others=_open("refs/heads/b", "refs/heads/c"),
        ),
        ("ada",),
        options=_TWO,
    ),
    ChangeCase(
        "total",
        "three of others are open, and three are allowed in all",
        change(ai_unit(), others=_open("#1", "#2", "#3", by=BOB)),
        ("total",),
        options=_TWO,
    ),
    ChangeCase(
        "both",
        "beyond both limits",
        change(ai_unit(), others=_open("#1", "#2", "#3")),
        ("ada", "total"),
        options=_TWO,
    ),
    ChangeCase(
        "others-unknown",
        "nobody can say what else is open",
        change(ai_unit(), others=Unknown("the forge did not answer")),
        missing=("others",),
    ),
    ChangeCase(
        "opener-unknown",
        "nobody can say who opened this one",
        change(ai_unit(), opener=Unknown("a push by an administrator")),
        missing=("opener",),
    ),
)
