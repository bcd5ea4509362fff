"""The sections that speak of people and changes: people, provenance, lane, server."""

from __future__ import annotations

import pytest

from guard.config import Policy, parse_policy
from guard.errors import PolicyError
from guard.options import Duration
from guard.settings import AgentSettings, LanePath, LaneSettings, PersonSettings, Undeclared


def policy(text: str) -> Policy:
    return parse_policy(b"version: 1\n" + text.encode(), "guard.yaml", ())


def test_sections_are_typed_values() -> None:
    found = policy(
        "people: [{login: ada, emails: [ada@x.org], roles: [approver, owner]}]\n"
        "provenance: {undeclared: require, agents: [{name: own, branches: [own/]}]}\n"
        "lane: {soak: 90s, deadline: 2d, lanes: [{name: api, paths: [api/]}]}\n"
        "server: {smoke: true, smoke-timeout: 5m}\n"
    )
    assert found.people == (PersonSettings("ada", ("ada@x.org",), ("approver", "owner")),)
    assert found.provenance is not None
    assert found.provenance.undeclared is Undeclared.REQUIRE
    assert found.provenance.agents == (AgentSettings("own", branches=("own/",)),)
    lanes = (LanePath("api", ("api/",)),)
    assert found.lane == LaneSettings(lanes=lanes, soak=Duration(90), deadline=Duration(172800))
    assert found.server is not None
    assert (found.server.smoke, found.server.smoke_timeout) == (True, 300)


def test_without_a_section_there_is_none() -> None:
    found = policy("")
    assert (found.people, found.provenance, found.lane, found.server) == ((), None, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lane: {soak: 30}", "guard.yaml:2:14: lane.soak: expected a length of time"),
        ("lane: {soak: 2d}", "the deadline is before the end of the soak"),
        ("lane: {lanes: [{name: other, paths: [a]}]}", "none is 'other'"),
        ("lane: {lanes: [{name: a}]}", "a lane needs a name and paths"),
        ("people: [{login: ada, roles: [king]}]", "unknown role 'king'; allowed: approver"),
        ("people: [{roles: [owner]}]", "a person needs a login"),
        ("provenance: {agents: [{name: x}]}", "agent 'x' has no sign to know it by"),
        ("provenance: {undeclared: maybe}", "allow"),
        ("server: {check: perhaps}", "server.check: expected true or false"),
    ],
)
def test_an_error_says_where_and_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (90, "90s"), (1800, "30m"), (86400, "1d"), (7200, "2h")]
)
def test_a_duration_is_told_as_it_is_written(seconds: int, text: str) -> None:
    assert str(Duration(seconds)) == text
