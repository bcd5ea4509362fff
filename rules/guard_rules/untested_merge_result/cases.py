"""Examples: evidence that counts, and evidence that nearly does."""

from __future__ import annotations

from guard.change import Change, Evidence, Unit, Unknown
from guard.model import Verdict
from guard.rule import ChangeCase
from guard.samples import NOW, ai_unit, change, oid
from guard_rules._changes import Who
from guard_rules.untested_merge_result import Options

_SMOKE = Options(checks=("smoke",))
_BOTH = Options(checks=("check", "smoke"))
_ON_312 = Options(checks=("smoke",), environments=("python=3.12",))


def _evidence(**more: object) -> Evidence:
    values: dict[str, object] = {
        "tree": oid("tree of head"),
        "check": "smoke",
        "verdict": Verdict.PASS,
        "environment": "e311",
        "surroundings": ("platform=linux", "python=3.11"),
        "policy": oid("policy"),
        "tool": "premerge-guard 1.0",
        "at": NOW - 60,
        "where": "job 7",
        **more,
    }
    return Evidence(**values)  # type: ignore[arg-type]


_ELSEWHERE = {"environment": "e312", "surroundings": ("platform=linux", "python=3.12")}
_FAILED = {"verdict": Verdict.FAIL}


def _with(*evidence: Evidence, units: tuple[Unit, ...] = ()) -> Change:
    return change(*units, evidence=evidence)


CASES = (
    ChangeCase("nothing-asked", "the policy names no checks", _with()),
    ChangeCase(
        "passed",
        "the check passed on this very tree",
        _with(_evidence()),
        near_miss=True,
        options=_SMOKE,
    ),
    ChangeCase(
        "passed-at-last",
        "it failed first, and passed when it ran again",
        _with(_evidence(**_FAILED, at=NOW - 90), _evidence()),
        options=_SMOKE,
    ),
    ChangeCase(
        "wanted-environment",
        "it passed in the environment that the policy wants",
        _with(_evidence(), _evidence(**_ELSEWHERE)),
        options=_ON_312,
    ),
    ChangeCase(
        "fingerprint",
        "the policy names an environment by its fingerprint",
        _with(_evidence()),
        options=Options(checks=("smoke",), environments=("e311",)),
    ),
    ChangeCase(
        "failed-where-nobody-asks",
        "it failed in an environment that the policy does not want",
        _with(_evidence(**_FAILED), _evidence(**_ELSEWHERE)),
        options=_ON_312,
    ),
    ChangeCase(
        "not-an-ai",
        "the policy asks it of AI changes alone",
        _with(),
        options=Options(checks=("smoke",), who=Who.AI),
    ),
    ChangeCase("no-evidence", "nobody ran it", _with(), ("smoke",), options=_SMOKE),
    ChangeCase(
        "of-an-ai",
        "the policy asks it of AI changes, and this is one",
        _with(units=(ai_unit(),)),
        ("smoke",),
        options=Options(checks=("smoke",), who=Who.AI),
    ),
    ChangeCase(
        "other-tree",
        "it passed on the branch before it was merged",
        _with(_evidence(tree=oid("tree of branch"))),
        ("smoke",),
        options=_SMOKE,
    ),
    ChangeCase(
        "other-policy",
        "it passed under a policy that is not the target's",
        _with(_evidence(policy=oid("lax policy"))),
        ("smoke",),
        options=_SMOKE,
    ),
    ChangeCase(
        "other-check", "another check passed", _with(_evidence()), ("check",), options=_BOTH
    ),
    ChangeCase(
        "other-environment",
        "it passed under another Python",
        _with(_evidence()),
        ("smoke in python=3.12",),
        options=_ON_312,
    ),
    ChangeCase(
        "failed-since",
        "it passed first, and failed when it ran again",
        _with(_evidence(at=NOW - 90), _evidence(**_FAILED)),
        ("smoke",),
        options=_SMOKE,
    ),
    ChangeCase(
        "failed-in-one",
        "it passed in one environment, and failed in another one",
        _with(_evidence(), _evidence(**_ELSEWHERE, **_FAILED)),
        ("smoke",),
        options=_SMOKE,
    ),
    ChangeCase(
        "at-the-same-time",
        "of two answers at the same time the pass does not count",
        _with(_evidence(**_FAILED), _evidence()),
        ("smoke",),
        options=_SMOKE,
    ),
    ChangeCase(
        "unverified",
        "the check ran, and could not tell",
        _with(_evidence(verdict=Verdict.UNVERIFIED)),
        ("smoke",),
        options=_SMOKE,
    ),
    ChangeCase(
        "evidence-unknown",
        "nobody can say what was tested",
        change(evidence=Unknown("the ref could not be read")),
        missing=("evidence",),
        options=_SMOKE,
    ),
    ChangeCase(
        "result-unknown",
        "nobody can say what would land",
        change(evidence=(_evidence(),), result_tree=Unknown("the merge has conflicts")),
        missing=("result_tree",),
        options=_SMOKE,
    ),
)
