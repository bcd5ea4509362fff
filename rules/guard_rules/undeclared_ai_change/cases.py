"""Examples: judgements as the guard makes them, and what the rule says of them."""

from __future__ import annotations

from typing import Any

from guard.change import Origin, Provenance, Signal, Unit, Unknown
from guard.rule import ChangeCase
from guard.samples import AI, change, commit, oid, unit

_SIGN = Signal("B", "robot", "robot@example.org", "author of 1a2b3c4d5e6f")
_NO = "AI-Assisted: no"
_CONFLICT = Provenance(
    Origin.AI,
    (_SIGN,),
    _NO,
    f"it declares {_NO!r}, and {_SIGN.what!r} is a sign of robot ({_SIGN.where})",
)
_SILENT = Provenance(Origin.UNDECLARED, must_declare=True, silent=(oid("head"),))
_TWO = (commit("first"), commit())


def _unit(found: Provenance | Unknown, **more: Any) -> Unit:
    return unit(provenance=found, **more)


VALID = (
    ChangeCase("declared-human", "every commit says that no AI took part", change()),
    ChangeCase(
        "declared-ai",
        "an AI's change that says so",
        change(_unit(Provenance(Origin.AI, (_SIGN,), "AI-Assisted: yes"))),
    ),
    ChangeCase(
        "known-ai",
        "the sign of an AI is a declaration too",
        change(_unit(AI)),
    ),
    ChangeCase(
        "may-be-silent",
        "it says nothing, and the policy wants nothing said",
        change(_unit(Provenance(Origin.UNDECLARED))),
        near_miss=True,
    ),
    ChangeCase(
        "revert",
        "it takes back what landed and adds nothing, so there is nothing to declare",
        change(_unit(_SILENT, reverts=oid("landed"))),
        near_miss=True,
    ),
    ChangeCase("bot", "a bot's change", change(_unit(Provenance(Origin.BOT)))),
)

INVALID = (
    ChangeCase(
        "silent",
        "the policy wants a declaration, and there is none",
        change(_unit(_SILENT)),
        ("#23",),
    ),
    ChangeCase(
        "one-commit-is-silent",
        "one of two commits declares nothing",
        change(_unit(_SILENT, commits=_TWO)),
        ("#23",),
    ),
    ChangeCase(
        "conflict",
        "it says that no AI took part, and its author is one",
        change(_unit(_CONFLICT)),
        ("#23",),
    ),
    ChangeCase(
        "conflict-in-a-revert",
        "taking something back is no reason to deny who did it",
        change(_unit(_CONFLICT, reverts=oid("landed"))),
        ("#23",),
    ),
    ChangeCase(
        "second-of-two",
        "each change of a push is judged",
        change(unit("head", id="#22"), _unit(_SILENT, id="#24")),
        ("#24",),
    ),
    ChangeCase(
        "unknown",
        "nobody knows who made it",
        change(_unit(Unknown("the forge did not answer"))),
        missing=("units.provenance",),
    ),
)

CASES = (*VALID, *INVALID)
