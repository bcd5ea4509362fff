"""Examples: a revision on its way from staging to production."""

from __future__ import annotations

from typing import Any

from guard.change import Change, Deployment, State, Unit, Unknown
from guard.options import Duration
from guard.rule import ChangeCase
from guard.samples import NOW, ai_unit, change, oid, unit
from guard_rules.unsoaked_promotion import Options

_HOUR = 3600


def _at(hours: float, rev: str, state: State = State.HEALTHY, env: str = "staging") -> Deployment:
    """``hours`` ago."""
    return Deployment(env, oid(rev), oid(f"tree of {rev}"), state, NOW - int(hours * _HOUR))


_LIVE = _at(9, "base", env="production")
_SOAKED = _at(2, "head")


def _promotion(*deployments: Deployment, units: tuple[Unit, ...] = (), **more: Any) -> Change:
    units = units or (ai_unit(),)
    values = {"promotes_to": "production", "deployments": deployments, **more}
    return change(*units, **values)


_NEXT = ai_unit("next", id="#24", base=oid("head"))

CASES = (
    ChangeCase(
        "soaked",
        "two hours of health in staging, and one is wanted",
        _promotion(_LIVE, _at(2.1, "head", State.STARTED), _SOAKED),
        near_miss=True,
    ),
    ChangeCase("landing", "it is no deployment", change(ai_unit())),
    ChangeCase(
        "to-staging",
        "staging is where it proves itself",
        _promotion(promotes_to="staging"),
    ),
    ChangeCase(
        "to-a-free-one",
        "the policy asks nothing of this environment",
        _promotion(promotes_to="qa"),
        options=Options(free=("qa",)),
    ),
    ChangeCase(
        "same-tree",
        "another revision with the same tree was in staging",
        _promotion(
            _LIVE, _at(2, "merged"), result_tree=oid("tree of merged"), rev=oid("merged again")
        ),
    ),
    ChangeCase(
        "superseded-after-the-soak",
        "staging has gone on to the next one, an hour and a half later",
        _promotion(_LIVE, _at(3, "head"), _at(1.5, "next")),
    ),
    ChangeCase(
        "healthy-again-and-again",
        "each probe writes a record",
        _promotion(_LIVE, *(_at(hours, "head") for hours in (2, 1.5, 1, 0.5, 0.1))),
    ),
    ChangeCase(
        "one-ai-among-humans",
        "what is new to production is one AI change and two by humans",
        _promotion(
            _LIVE,
            _SOAKED,
            units=(unit("a", id="#21"), ai_unit("b", id="#22"), unit("head", id="#23")),
        ),
        near_miss=True,
    ),
    ChangeCase(
        "back-to-an-older-one",
        "production goes back to what has proven itself before",
        change(
            units=(),
            rev=oid("head"),
            promotes_to="production",
            deployments=(_at(9, "head"), _at(5, "next"), _at(4, "next", env="production")),
        ),
    ),
    ChangeCase(
        "first-deployment",
        "nothing is in production yet",
        _promotion(_SOAKED),
    ),
    ChangeCase(
        "never-there", "it was not in staging", _promotion(_LIVE, _at(2, "other")), ("staging",)
    ),
    ChangeCase(
        "only-started",
        "nobody said that it is healthy",
        _promotion(_LIVE, _at(2, "head", State.STARTED)),
        ("staging",),
    ),
    ChangeCase(
        "failed-since",
        "it was healthy, and is not any more",
        _promotion(_LIVE, _SOAKED, _at(0.5, "head", State.FAILED)),
        ("staging",),
    ),
    ChangeCase(
        "superseded-too-early",
        "the next one took its place after half an hour",
        _promotion(_LIVE, _at(2, "head"), _at(1.5, "next")),
        ("staging",),
    ),
    ChangeCase(
        "too-early",
        "it has been healthy for half an hour",
        _promotion(_LIVE, _at(0.5, "head")),
        held=True,
    ),
    ChangeCase(
        "redeployed",
        "it was healthy long ago, failed, and is healthy again for half an hour",
        _promotion(_LIVE, _at(5, "head"), _at(4, "head", State.FAILED), _at(0.5, "head")),
        held=True,
    ),
    ChangeCase(
        "clock-jumped-back",
        "a record of the past, written after one of today",
        _promotion(_LIVE, _at(0.2, "other"), _at(5, "head")),
        held=True,
    ),
    ChangeCase(
        "longer-soak",
        "the policy wants four hours",
        _promotion(_LIVE, _SOAKED),
        held=True,
        options=Options(soak=Duration(4 * _HOUR)),
    ),
    ChangeCase(
        "under-way",
        "production is taking another revision",
        _promotion(_LIVE, _SOAKED, _at(0.1, "other", State.STARTED, "production")),
        held=True,
    ),
    ChangeCase(
        "two-at-once",
        "two AI changes have landed since the revision in production",
        _promotion(_LIVE, _at(2, "next"), units=(ai_unit(), _NEXT)),
        ("production",),
    ),
    ChangeCase(
        "unknown-environment",
        "the policy has never heard of it",
        _promotion(_LIVE, _SOAKED, promotes_to="prod"),
        ("prod",),
    ),
    ChangeCase(
        "deployments-unknown",
        "nobody can say what has been where",
        _promotion(deployments=Unknown("the ref could not be read")),
        missing=("deployments",),
    ),
    ChangeCase(
        "of-another-base",
        "the list of what is new does not begin at what production has",
        _promotion(_at(9, "other", env="production"), _SOAKED),
        missing=("units",),
    ),
)
