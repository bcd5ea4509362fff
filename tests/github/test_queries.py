"""What we ask GitHub is in GitHub's schema, and costs what we think."""

from __future__ import annotations

import pytest
from graphql import parse, validate

from guard.github import queries
from tests.github.fake import graph

ALL = {
    name: value
    for name, value in vars(queries).items()
    if isinstance(value, str) and value.lstrip().startswith(("query", "mutation"))
}
ALL |= {"commits": queries.commits(3, 2), "check_runs": queries.check_runs(50)}


@pytest.mark.parametrize("name", ALL)
def test_each_query_is_in_the_schema(name: str) -> None:
    assert [each.message for each in validate(graph.schema(), parse(ALL[name]))] == []


# A workflow's own token has 1000 points an hour for the whole repository.
@pytest.mark.parametrize("name", ALL)
def test_no_query_costs_many_points(name: str) -> None:
    declared = {each: True for each in ("one", "staged") if f"${each}:" in ALL[name]}
    asked = graph.read({"query": ALL[name], "variables": declared})
    assert isinstance(asked, graph.Asked)
    assert asked.cost.points <= 25
