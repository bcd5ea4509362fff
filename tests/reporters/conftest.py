"""Reports for the reporter tests: one of each verdict, and one full of hostile text."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import pytest

from guard.model import (
    Finding,
    Level,
    Place,
    Report,
    RuleResult,
    Step,
    Unjudged,
    Use,
    Verdict,
    When,
)
from guard.reporters.context import ReportContext, RuleInfo

API = """\
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request


def handler(request: Request) -> None: ...


class Later(Request): ...


A = B = C = D = Request
"""
SOURCES = MappingProxyType({"app/api.py": API.encode()})
HOSTILE = "\x1b[2J\u202e|`@octocat #1 <img src=x onerror=y>\n::error::x ##[error]y\r\udc80]]>%"


@dataclass(frozen=True)
class Samples:
    """What the tests render. Attributes are plain values; ``context`` makes a context."""

    failing: Report
    passing: Report
    unverified: Report
    empty: Report
    hostile: Report
    finding: Finding

    def all(self) -> tuple[Report, ...]:
        return (self.failing, self.passing, self.unverified, self.empty, self.hostile)

    def context(self, prefix: str = "", **flags: bool) -> ReportContext:
        rules = (
            RuleInfo("runtime-use", "A guarded name is evaluated.", help="# runtime-use\n\nText."),
            RuleInfo("other-rule", "Something else.", level="warning"),
        )
        return ReportContext(
            SOURCES.get, prefix=prefix, elapsed=0.123, rules=rules, version="1.2.3", **flags
        )


def _use(line: int, column: int, scope: str = "module") -> Use:
    when = When.IMPORT if scope == "module" else When.CALL
    return Use(Place("app/api.py", line, column, line, column + 7), when, scope)


def _finding() -> Finding:
    uses = (_use(7, 22), _use(10, 13), *(_use(13, 17 + n, "Later.run") for n in range(4)))
    return Finding(
        rule="runtime-use",
        place=Place("app/api.py", 7, 22, 7, 29),
        name="Request",
        message="`Request` is guarded but evaluated at run time.",
        raises="NameError: name 'Request' is not defined",
        when=When.IMPORT,
        fix="Import `Request` outside the guard.",
        guard=Place("app/api.py", 4, 25, 4, 32),
        uses=uses,
        chain=(Step(Place("app/main.py", 3, 1), "from app import api"),),
    )


def _plain_finding() -> Finding:
    """A finding that is not about an exception."""
    return Finding(
        rule="other-rule",
        place=Place("app/other.py", 2, 1),
        name="ignore",
        message="The ignore comment gives no reason.",
        raises="",
        when=When.IMPORT,
        fix="Say why.",
        level=Level.WARNING,
    )


def _hostile() -> Report:
    place = Place(f"{HOSTILE}.py", 1, 2, 3, 4)
    finding = Finding(
        rule="runtime-use",
        place=place,
        name=HOSTILE,
        message=HOSTILE,
        raises=HOSTILE,
        when=When.CALL,
        fix=HOSTILE,
        guard=place,
        uses=(Use(place, When.CALL, HOSTILE), Use(Place("b.py", 1, 1), When.CALL, HOSTILE)),
        chain=(Step(place, HOSTILE),),
        victims=(HOSTILE, "b"),
        output=HOSTILE,
    )
    unjudged = (Unjudged(HOSTILE, HOSTILE, 3),)
    results = (
        RuleResult("runtime-use", Verdict.FAIL, (finding,), unjudged),
        RuleResult("other-rule", Verdict.UNVERIFIED, reason=HOSTILE),
    )
    return Report(HOSTILE, 2, results, (HOSTILE,))


@pytest.fixture(scope="session")
def samples() -> Samples:
    finding = _finding()
    unjudged = (Unjudged("app/bad.py", "a NUL byte", 9), Unjudged("app/gone.py", "it vanished"))
    return Samples(
        failing=Report(
            "working tree",
            1114,
            (
                RuleResult("other-rule", Verdict.FAIL, (_plain_finding(),)),
                RuleResult("runtime-use", Verdict.FAIL, (finding,)),
            ),
            ("the cache is off",),
        ),
        passing=Report(
            "index",
            1,
            (RuleResult("other-rule", Verdict.PASS), RuleResult("runtime-use", Verdict.PASS)),
        ),
        unverified=Report(
            "commit 1a2b3c4",
            3,
            (
                RuleResult("crashing", Verdict.UNVERIFIED, reason="ValueError: x\nTraceback"),
                RuleResult("held", Verdict.HOLD, reason="lane held by #20"),
                RuleResult("off", Verdict.SKIPPED, reason="not at this stage"),
                RuleResult("other-rule", Verdict.UNVERIFIED, unjudged=unjudged),
                RuleResult("runtime-use", Verdict.UNVERIFIED, unjudged=unjudged[:1]),
            ),
        ),
        empty=Report("working tree", 0, ()),
        hostile=_hostile(),
        finding=finding,
    )
