"""Facts of a case: what is left out, what is short for what, and each error with its position."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guard.change import (
    Change,
    Health,
    Opinion,
    Origin,
    Person,
    RecordKind,
    State,
    Trailer,
    Unknown,
)
from guard.config.tree import Problems, parse
from guard.errors import PolicyError
from guard.model import Verdict
from guard.policytests.facts import read_change
from guard.samples import NOW, change, oid


def read(text: str) -> Change:
    problems = Problems("t.yaml")
    node = parse(text.encode(), problems)
    assert node is not None
    found = read_change(node, problems)
    problems.raise_if_any()
    assert found is not None
    return found


def errors(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        read(text)
    return list(caught.value.problems)


def units(found: Change) -> Any:
    assert not isinstance(found.units, Unknown)
    return found.units


def test_what_is_not_said_is_known_and_in_order() -> None:
    assert read("{title: Do something}") == change()


def test_a_word_stands_for_an_object_and_a_full_name_for_itself() -> None:
    full = "a" * 40
    found = read(f"{{units: [{{rev: tip, head: {full}}}]}}")
    assert found.rev == oid("tip")
    assert units(found)[0].head == full


def test_units_follow_each_other_and_the_last_one_is_the_result() -> None:
    found = read("{base: old, units: [{id: '#1'}, {id: '#2'}]}")
    first, second = units(found)
    assert (first.base, second.base) == (oid("old"), first.rev)
    assert (found.rev, found.result_tree) == (second.rev, second.tree)
    assert found.result_health == Health(second.tree)


def test_a_unit_in_short() -> None:
    (found,) = units(
        read(
            "units: [{provenance: ai, files: ['src/a b.py +3 -14', x.bin],"
            " commits: [Do it, {message: m, trailers: ['Key: a: b'], author: 'Eve E <e@x.org>'}]}]"
        )
    )
    assert found.provenance.origin is Origin.AI
    sizes = [(each.path, each.added, each.deleted) for each in found.files]
    assert sizes == [("src/a b.py", 3, 14), ("x.bin", 1, 1)]
    first, second = found.commits
    assert first.subject == "Do it"
    assert first.rev != second.rev
    assert second.trailers == (Trailer("Key", "a: b"),)
    assert second.author == Person("Eve E", "e@x.org")


def test_a_review_in_short_approves_what_would_land() -> None:
    found = read("{reviews: [eve, {by: bob, tree: before, at: 2h ago}], units: [{rev: tip}]}")
    assert isinstance(found.reviews, tuple)
    eve, bob = found.reviews
    assert (eve.by, eve.tree, eve.opinion) == (
        Person(login="eve"),
        found.result_tree,
        Opinion.APPROVED,
    )
    assert (eve.emails, eve.may_write, eve.at) == (("eve@example.org",), True, NOW - 600)
    assert (bob.tree, bob.at) == (oid("before"), NOW - 7200)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s ago", -90),
        ("5m ago", -300),
        ("in 2h", 7200),
        ("1d ago", -86400),
        ("12345", 12345 - NOW),
    ],
)
def test_times(text: str, seconds: int) -> None:
    found = read(f"deployments: [{{environment: e, rev: r, at: {text}}}]")
    assert isinstance(found.deployments, tuple)
    (one,) = found.deployments
    assert (one.at, one.state) == (NOW + seconds, State.HEALTHY)


def test_times_are_told_from_the_clock_of_the_case() -> None:
    found = read("{deployments: [{environment: e, rev: r, at: 10s ago}], now: 1000000}")
    assert isinstance(found.deployments, tuple)
    assert (found.now, found.deployments[0].at) == (1000000, 999990)


@pytest.mark.parametrize("text", ["unknown", "{unknown: the forge is down}"])
def test_a_fact_can_be_unknown(text: str) -> None:
    found = read(f"{{reviews: {text}, units: [{{files: {text}}}]}}")
    reason = "the case says so" if text == "unknown" else "the forge is down"
    assert found.reviews == Unknown(reason)
    assert units(found)[0].files == Unknown(reason)


def test_units_can_be_unknown_or_none() -> None:
    assert isinstance(read("units: unknown").units, Unknown)
    assert read("units: []").units == ()


def test_a_word_in_quotes_is_no_unknown_fact() -> None:
    assert read("title: 'unknown'").title == "unknown"


def test_the_rest_in_short() -> None:
    found = read(
        "{others: ['#7'], target_health: ['a.py:1: broken'], evidence: [{check: smoke}],"
        " rollback: {worse: [x]}, opener: eve, lane: {landings: [{rev: l}],"
        " records: [{kind: started, rev: base}], waiting: ['#9']}}"
    )
    assert isinstance(found.others, tuple)
    assert isinstance(found.evidence, tuple)
    assert not isinstance(found.lane, Unknown)
    assert not isinstance(found.lane.waiting, Unknown)
    assert not isinstance(found.rollback, Unknown)
    assert (found.others[0].id, found.others[0].origin) == ("#7", Origin.AI)
    assert found.target_health == Health(oid("tree of base"), ("a.py:1: broken",))
    (one,) = found.evidence
    assert (one.tree, one.policy, one.verdict) == (found.result_tree, found.policy, Verdict.PASS)
    assert (found.rollback.applies, found.rollback.worse) == (True, ("x",))
    assert found.opener == Person(login="eve")
    assert found.lane.landings[0].rev == oid("l")
    assert [each.kind for each in found.lane.records] == [RecordKind.STARTED]
    assert found.lane.waiting[0].id == "#9"


def test_a_lane_that_is_not_described_has_begun_and_is_free() -> None:
    found = read("base: there")
    assert not isinstance(found.lane, Unknown)
    assert (found.lane.tip, found.lane.records[0].rev) == (oid("there"), oid("there"))
    assert found.lane == replace(found.lane, landings=(), waiting=())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "1:1: expected a mapping of facts, got a list"),
        ("{reviws: []}", "1:2: unknown key 'reviws'; allowed: id, target,"),
        ("{reviws: []}", "did you mean 'reviews'?"),
        ("units: [{provenence: ai}]", "1:10: units[0]: unknown key 'provenence'"),
        (
            "units: [{provenance: robot}]",
            "1:22: units[0].provenance: unknown value 'robot'",
        ),
        ("units: {}", "units: expected a list, got a mapping"),
        ("reviews: [{opinion: approved}]", "1:11: reviews[0]: missing key 'by'"),
        ("reviews: [{by: bob, may_write: maybe}]", "expected true or false, got text 'maybe'"),
        ("reviews: [{by: bob, opinion: yes}]", "unknown value 'yes'; allowed: approved,"),
        ("reviews: [{by: bob, at: 2h}]", "expected a time such as '2h ago'"),
        ("reviews: [{by: bob, at: in 2h ago}]", "expected a time such as '2h ago'"),
        ("reviews: [{by: bob, roles: owner}]", "reviews[0].roles: expected a list"),
        ("units: [{files: [{path: a, added: 1.5}]}]", "expected a whole number"),
        ("reviews: [3]", "reviews[0]: expected text (put it in quotes), got number '3'"),
        ("rollback: yes", "rollback: expected a mapping, got text 'yes'"),
        ("target: unknown", ""),
        ("opener: {unknown: 3}", "opener: expected text"),
        ("{base: a, units: [{base: b}]}", "units[0].base: "),
        ("{result_tree: other}", "result_tree: "),
        ("target: refs/heads/main", "target: 'refs/heads/main' is no branch"),
        ("deployments: [{environment: e}]", "deployments[0]: missing key 'rev'"),
    ],
)
def test_an_error_says_where(text: str, said: str) -> None:
    if not said:
        assert read(text).target == "unknown"  # a branch may have that name
    else:
        assert said in "\n".join(errors(text))


def test_all_errors_are_said_at_once() -> None:
    found = errors("{reviws: [], units: [{provenance: x, fils: []}]}")
    assert [each.split(": ")[0] for each in found] == ["t.yaml:1:2", "t.yaml:1:35", "t.yaml:1:38"]
