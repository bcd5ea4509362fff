"""The way of a branch and its pieces, over random histories."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.change import Commit, Person
from guard.trunk import pieces, way

NOBODY = Person()


def commit(rev: str, *parents: str) -> Commit:
    return Commit(rev, f"tree {rev}", parents, NOBODY, NOBODY, 0, "x")


@st.composite
def histories(draw: st.DrawFn) -> tuple[Commit, ...]:
    """Commits ``c0`` to ``cN``, each after its parents; the last one is the tip."""
    found = [commit("c0")]
    for number in range(1, draw(st.integers(2, 14))):
        before = st.integers(0, number - 1)
        parents = draw(st.lists(before, min_size=1, max_size=3, unique=True))
        found.append(commit(f"c{number}", *(f"c{each}" for each in parents)))
    return tuple(found)


def reached(commits: tuple[Commit, ...], rev: str) -> set[str]:
    known = {each.rev: each for each in commits}
    seen: set[str] = set()
    left = [rev]
    while left:
        at = left.pop()
        if at not in seen:
            seen.add(at)
            left += known[at].parents
    return seen


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(histories(), st.integers(0, 13), st.lists(st.integers(0, 15), max_size=3))
def test_each_commit_lands_once(commits: tuple[Commit, ...], at: int, cuts: list[int]) -> None:
    start, tip = f"c{min(at, len(commits) - 1)}", commits[-1].rev
    old, new = reached(commits, start), reached(commits, tip)
    brought = tuple(each for each in commits if each.rev in new - old)
    stops = [f"c{each}" for each in cuts]
    revisions = way(brought, start, tip, stops)
    if start not in new:
        assert revisions is None
        return
    assert revisions is not None
    assert (revisions[0], revisions[-1]) == (start, tip)
    assert len(set(revisions)) == len(revisions)
    known = {each.rev: each for each in commits}
    assert all(before in known[after].parents for before, after in pairwise(revisions))
    found = pieces(brought, revisions, stops)
    landed = [each.rev for piece in found for each in piece.commits]
    assert sorted(landed) == sorted(new - old)
    assert [piece.base for piece in found] == [start, *(piece.rev for piece in found)][:-1]
    for piece in found:
        assert piece.commits[-1].rev == piece.rev
        assert set(piece.commits) == {
            known[rev] for rev in reached(commits, piece.rev) - reached(commits, piece.base)
        }
    ends = {piece.rev for piece in found}
    assert {each for each in revisions[1:] if each in stops} <= ends


def test_the_way_leads_over_what_the_branch_was() -> None:
    """Both parents of the last merge have the start in their history."""
    history = (
        commit("landed", "start"),
        commit("mine", "start"),
        commit("tip", "mine", "landed"),
    )
    assert way(history, "start", "tip") == ("start", "mine", "tip")
    assert way(history, "start", "tip", ["landed"]) == ("start", "landed", "tip")
    (first, second) = pieces(history, ("start", "landed", "tip"), ["landed"])
    assert (first.rev, [each.rev for each in second.commits]) == ("landed", ["mine", "tip"])


def test_tips_that_do_not_follow_each_other_are_passed_over() -> None:
    history = (commit("a", "start"), commit("b", "start"), commit("tip", "a", "b"))
    assert way(history, "start", "tip", ["b", "a"]) in (
        ("start", "a", "tip"),
        ("start", "b", "tip"),
    )


def test_where_nothing_happened() -> None:
    assert way((), "start", "start") == ("start",)
    assert way((), "start", "tip") is None
    assert pieces((), ("start",)) == ()
