"""What the hooks say to whoever pushed: short lines, which git shows after ``remote:``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard.errors import GuardError
from guard.model import Stage, Verdict
from guard.reporters._escape import terminal

DOOR = Stage.PRE_RECEIVE.value
"""What the log calls this door."""
_MOST = 20
_WIDTH = 600
_ORDER = (Verdict.FAIL, Verdict.UNVERIFIED, Verdict.HOLD)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a reference may not be updated: by which rule, what is wrong, and the mend."""

    ref: str
    rule: str
    what: str
    fix: str = ""
    verdict: Verdict = Verdict.FAIL


class Closed(GuardError):
    """The door is closed to the whole push, before anything could be judged."""

    exit_code = 3

    def __init__(self, rule: str, what: str, fix: str = "") -> None:
        super().__init__(f"{rule}: {what}")
        self.complaint = Complaint("", rule, what, fix, Verdict.UNVERIFIED)


def worst(complaints: Sequence[Complaint]) -> Verdict:
    """The verdict on a push with these complaints."""
    said = {each.verdict for each in complaints}
    return next((verdict for verdict in _ORDER if verdict in said), Verdict.PASS)


def lines(complaints: Sequence[Complaint]) -> Iterator[str]:
    """The answer to a push that is refused; nothing in it can steer a terminal."""
    head = None
    for each in complaints[:_MOST]:
        if each.ref != head:
            head = each.ref
            yield f"guard: refused: {_short(head or 'the push')}"
        yield f"guard:   {_short(each.rule)}: {_short(each.what)}"
        if each.fix:
            yield f"guard:     {_short(each.fix)}"
    if len(complaints) > _MOST:
        yield f"guard:   and {len(complaints) - _MOST} more"


def note(text: str) -> str:
    """A line that is no refusal."""
    return f"guard: {_short(text)}"


def _short(text: str) -> str:
    first = " ".join(text.split("\n", 1)[0].split("\t"))
    shown = terminal(first[:_WIDTH])
    return shown if len(first) <= _WIDTH else shown + " ..."
