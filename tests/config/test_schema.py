"""The schema and the loader say the same, because every instance below is also YAML."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guard.config import parse_policy
from guard.errors import PolicyError
from guard.schema import policy_schema, render_schema

from .rules import RULES

VALIDATOR = Draft202012Validator(policy_schema(RULES))


def loads(instance: Any) -> bool:
    try:
        parse_policy(json.dumps(instance).encode(), "guard.yaml", RULES)
    except PolicyError:
        return False
    return True


def agree(instance: Any) -> bool:
    valid: bool = VALIDATOR.is_valid(instance)
    assert valid == loads(instance), (instance, valid)
    return valid


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(policy_schema(RULES))
    assert json.loads(render_schema(RULES)) == policy_schema(RULES)


def test_the_schema_documents_options() -> None:
    rules = policy_schema(RULES)["properties"]["rules"]["properties"]
    record = rules["many-options"]["anyOf"][1]["properties"]
    assert record["max-size"] == {"type": "integer", "description": "How many.", "default": 3}
    assert record["mode"]["default"] == "strict"
    assert record["main"]["default"] == {"module": "m", "bases": [], "depth": None}
    assert rules["many-options"]["description"] == "A rule with every kind of option."


GOOD: list[Any] = [
    {"version": 1},
    {"version": 1, "target-version": "3.10", "roots": ["src", "."], "exclude": ["a/**", "b?.py"]},
    {"version": 1, "target-version": 3.11},
    {"version": 1, "baseline": "x/y.json", "rules": {}, "per-path": []},
    {"version": 1, "rules": {"plain-rule": "off", "inline-ignore": False}},
    {"version": 1, "rules": {"many-options": {}}},
    {"version": 1, "rules": {"many-options": {"level": "warning", "max-size": 3, "ratio": 1}}},
    {"version": 1, "per-path": [{"paths": ["a"], "rules": {"plain-rule": "error"}}]},
    {
        "version": 1,
        "rules": {"many-options": {"label": None, "limits": {"1": 2}, "main": {"module": ""}}},
    },
]

BAD: list[Any] = [
    {},
    [],
    None,
    "version",
    {"version": 2},
    {"version": "1"},
    {"version": True},
    {"version": 1, "more": 1},
    {"version": 1, "target-version": "3"},
    {"version": 1, "target-version": "2.7"},
    {"version": 1, "target-version": None},
    {"version": 1, "roots": []},
    {"version": 1, "roots": "src"},
    {"version": 1, "roots": ["/src"]},
    {"version": 1, "roots": ["a/../b"]},
    {"version": 1, "roots": [""]},
    {"version": 1, "roots": ["a\\b"]},
    {"version": 1, "exclude": ["!a"]},
    {"version": 1, "exclude": [""]},
    {"version": 1, "exclude": ["a**"]},
    {"version": 1, "exclude": ["a//b"]},
    {"version": 1, "exclude": ["./a"]},
    {"version": 1, "exclude": [3]},
    {"version": 1, "baseline": None},
    {"version": 1, "rules": {"plain": "off"}},
    {"version": 1, "rules": {"plain-rule": True}},
    {"version": 1, "rules": {"plain-rule": ["off"]}},
    {"version": 1, "rules": {"plain-rule": {"max-size": 1}}},
    {"version": 1, "rules": {"many-options": {"max-size": "1"}}},
    {"version": 1, "rules": {"many-options": {"max-size": True}}},
    {"version": 1, "rules": {"many-options": {"main": {}}}},
    {"version": 1, "rules": {"many-options": {"limits": {"a": None}}}},
    {"version": 1, "per-path": [{"paths": ["a"]}]},
    {"version": 1, "per-path": [{"paths": [], "rules": {"plain-rule": "off"}}]},
    {"version": 1, "per-path": [{"paths": ["a"], "rules": {}}]},
    {"version": 1, "per-path": [{"paths": ["a"], "rules": {"plain-rule": {"level": "off"}}}]},
]


@pytest.mark.parametrize("instance", GOOD, ids=json.dumps)
def test_both_accept(instance: Any) -> None:
    assert agree(instance)


@pytest.mark.parametrize("instance", BAD, ids=json.dumps)
def test_both_refuse(instance: Any) -> None:
    assert not agree(instance)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1000, 90),
    st.floats(-100, 90, allow_nan=False).map(lambda number: round(number, 3)),
    st.sampled_from(
        ["off", "error", "warning", "on", "a", "b", "strict", "src", "1", "", "x/*.py"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["module", "bases", "depth", "level", "z"]), inner, max_size=3
        ),
    ),
    max_leaves=5,
)
OPTION_KEYS = ["level", "max-size", "ratio", "strict", "from", "mode", "kind", "names", "limits"]
OPTION_KEYS += ["frameworks", "main", "label", "weight", "nope"]
RULE = st.one_of(LEAVES, st.dictionaries(st.sampled_from(OPTION_KEYS), VALUES, max_size=2))
POLICIES = st.fixed_dictionaries(
    {"version": st.just(1)},
    optional={
        "target-version": st.sampled_from(["3.8", "3.10", 3.12, 3.5, "x", None]),
        "roots": st.one_of(LEAVES, st.lists(LEAVES, max_size=2)),
        "exclude": st.one_of(LEAVES, st.lists(LEAVES, max_size=2)),
        "rules": st.dictionaries(
            st.sampled_from(["many-options", "plain-rule", "no-rule"]), RULE, max_size=2
        ),
        "per-path": st.lists(
            st.dictionaries(st.sampled_from(["paths", "rules", "z"]), VALUES, max_size=2),
            max_size=1,
        ),
    },
)


@settings(max_examples=300, deadline=None)
@given(POLICIES)
def test_they_agree_on_what_is_drawn_at_random(instance: Any) -> None:
    agree(instance)
