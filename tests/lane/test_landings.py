"""Landings of every kind, read from real repositories."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guard.change import Origin, Provenance, Signal, Unknown
from guard.errors import GitError
from guard.keeper import Keeper
from guard.landings import Push, changed_paths
from guard.repository import Repository
from guard.settings import LaneSettings
from tests.lane.world import BOT, World

EDIT = {"x.py": "2\n"}


def provenance(world: World, base: str, rev: str) -> Origin:
    (found,) = world.reader.units(world.keeper.history(), base, rev)
    assert isinstance(found.provenance, Provenance)
    return found.provenance.origin


# --- what is a landing ----------------------------------------------------------------------------


def test_a_squash_is_a_landing(world: World) -> None:
    start = world.tip
    rev = world.move(world.commit(EDIT, start, by=BOT))
    (found,) = world.keeper.history().facts.landings
    assert (found.base, found.rev, found.tree) == (start, rev, world.tree(rev))
    assert (found.lanes, found.reverted_by) == (("other",), "")
    assert isinstance(found.seen_at, Unknown)


def test_a_merge_is_one_landing_with_all_that_it_brings(world: World) -> None:
    start = world.tip
    one = world.commit({"api/b.py": "1"}, start, by=BOT)
    two = world.commit({"web/b.py": "1"}, one)
    world.move(world.merge(start, two))
    (found,) = world.keeper.history().facts.landings
    assert (found.base, found.rev) == (start, world.tip)
    assert found.lanes == ("api", "web")


def test_a_rebased_branch_is_one_landing(world: World) -> None:
    start = world.tip
    one = world.commit({"api/b.py": "1"}, start)
    two = world.commit({"api/c.py": "1"}, one, by=BOT)
    world.move(world.commit({"api/d.py": "1"}, two))
    assert world.landings() == [(start, world.tip)]


def test_human_work_is_no_landing(world: World) -> None:
    world.move(world.merge(world.tip, world.commit(EDIT, world.tip)))
    world.move(world.commit({"x.py": "3\n"}, world.tip))
    history = world.keeper.history()
    assert history.facts.landings == ()
    assert len(history.units) == 2


def test_merges_and_runs_alternate(world: World) -> None:
    start = world.tip
    plain = world.commit({"a.py": "1"}, start)
    merge = world.merge(plain, world.commit({"b.py": "1"}, start, by=BOT))
    run = world.commit({"d.py": "1"}, world.commit({"c.py": "1"}, merge))
    last = world.move(world.merge(run, world.commit({"e.py": "1"}, start)))
    history = world.keeper.history()
    assert [(u.base, u.rev) for u in history.units] == [
        (start, plain),
        (plain, merge),
        (merge, run),
        (run, last),
    ]
    assert history.facts.marks[0] == start
    assert history.facts.marks[-1] == last
    assert len(history.facts.marks) == 6
    assert world.landings() == [(plain, merge)]


def test_an_octopus_is_one_landing(world: World) -> None:
    start = world.tip
    one, two = (world.commit({f"{n}.py": "1"}, start, by=BOT) for n in "ab")
    world.move(world.commit({}, start, one, two, merged=True))
    assert world.landings() == [(start, world.tip)]


def test_what_was_pulled_and_pushed_is_one_landing(world: World) -> None:
    """The branch's old tip lies behind the second parent."""
    start = world.tip
    mine = world.commit({"a.py": "1"}, start, by=BOT)
    theirs = world.move(world.commit({"b.py": "1"}, start))
    pulled = world.merge(mine, theirs)
    after = world.commit({"c.py": "1"}, pulled, by=BOT)
    assert world.units(theirs, after) == [(theirs, after)]
    (unit,) = world.reader.units(world.keeper.history(), theirs, after)
    assert isinstance(unit.commits, tuple)
    assert {each.rev for each in unit.commits} == {mine, pulled, after}
    world.pushes = (Push(start, theirs),)
    world.move(after)
    assert world.landings() == [(theirs, after)]


def test_the_beginning_of_a_branch_is_a_unit(world: World) -> None:
    root = world.commit({"a.py": "1"}, by=BOT)
    rev = world.commit({"b.py": "1"}, root)
    assert world.units("", rev) == [("", rev)]
    assert provenance(world, "", rev) is Origin.AI


def test_what_rewrites_the_branch_is_one_unit(world: World) -> None:
    other = world.commit(EDIT, world.commit({"x.py": "0"}))
    base = world.move(world.commit({"y.py": "1"}, world.tip))
    assert world.units(base, other) == [(base, other)]


def test_nothing_brings_nothing(world: World) -> None:
    assert world.units(world.tip, world.tip) == []


def test_a_merge_that_brings_nothing_new_is_a_unit(world: World) -> None:
    start = world.tip
    two = world.move(world.commit(EDIT, start))
    rev = world.move(world.commit({}, two, start))
    assert [(u.base, u.rev, u.lanes) for u in world.keeper.history().units][-1] == (two, rev, ())


# --- whose it is ----------------------------------------------------------------------------------


def test_an_evil_merge_counts_as_work_of_who_made_it(world: World) -> None:
    start = world.tip
    side = world.commit({"a.py": "1"}, start)
    main = world.move(world.commit({"b.py": "1"}, start))
    assert provenance(world, main, world.merge(main, side, by=BOT)) is Origin.UNDECLARED
    evil = world.merge(main, side, by=BOT, x="evil\n")
    assert provenance(world, main, evil) is Origin.AI
    dropped = world.merge(main, side, by=BOT, a=None)
    assert provenance(world, main, dropped) is Origin.AI
    three = world.commit({}, main, side, world.commit({"c.py": "1"}, start), by=BOT, merged=True)
    assert provenance(world, main, three) is Origin.AI


def test_a_merge_of_conflicts_is_work_too(world: World) -> None:
    start = world.tip
    side = world.commit({"x.py": "a\n"}, start)
    main = world.commit({"x.py": "b\n"}, start)
    rev = world.commit({"x.py": "c\n"}, main, side, by=BOT)
    assert provenance(world, main, rev) is Origin.AI


def test_what_landed_as_an_ais_still_is(world: World) -> None:
    start = world.tip
    rev = world.move(world.commit(EDIT, start))
    assert world.landings() == []
    world.write("landed", rev, base=start)
    assert world.landings() == [(start, rev)]


def test_a_server_may_know_that_it_was_an_ais(world: World) -> None:
    start = world.tip
    rev = world.move(world.commit(EDIT, start))
    world.pushes = (Push(start, rev),)
    assert world.landings() == []
    world.pushes = (Push(start, rev, ai=True),)
    assert world.landings() == [(start, rev)]


def test_a_record_of_several_units_raises_only_where_none_is_an_ais(world: World) -> None:
    start = world.tip
    human = world.merge(start, world.commit({"a.py": "1"}, start))
    robot = world.move(world.merge(human, world.commit({"b.py": "1"}, start, by=BOT)))
    world.write("landed", robot, base=start)
    assert world.landings() == [(human, robot)]


def test_what_a_human_cleared_is_not_an_ais(world: World) -> None:
    start = world.tip
    side = world.commit(EDIT, start, by=BOT)
    rev = world.move(world.merge(start, side))
    assert world.landings() == [(start, rev)]
    world.write("cleared", side, reason="typed by hand", by="ada")
    assert world.landings() == []
    (unit,) = world.keeper.history().units
    assert isinstance(unit.provenance, Provenance)
    assert unit.provenance.signals[-1].what == "not an AI's, says ada: typed by hand"
    again = world.commit({"y.py": "1"}, rev, by=BOT)
    assert provenance(world, rev, again) is Origin.AI
    world.write("cleared", again, reason="too", by="ada")
    assert provenance(world, rev, again) is Origin.HUMAN


def test_what_was_cleared_is_the_last_commit_and_not_one_within(world: World) -> None:
    start = world.tip
    one = world.commit(EDIT, start, by=BOT)
    two = world.commit({"y.py": "1"}, one)
    world.write("cleared", one, reason="x", by="ada")
    assert provenance(world, start, two) is Origin.AI
    world.write("cleared", start, reason="x", by="ada")
    assert provenance(world, start, world.merge(start, two)) is Origin.AI


# --- where one ends -------------------------------------------------------------------------------


def test_plain_pushes_are_told_apart_by_what_is_recorded(world: World) -> None:
    start = world.tip
    one = world.move(world.commit({"a.py": "1"}, start, by=BOT))
    two = world.move(world.commit({"b.py": "1"}, one))
    three = world.move(world.commit({"c.py": "1"}, two, by=BOT))
    assert world.landings() == [(start, three)]
    world.write("landed", one, 5, base=start)
    assert world.landings() == [(start, one), (one, three)]
    world.pushes = (Push(one, two), Push(two, three))
    assert world.landings() == [(start, one), (two, three)]
    (first, second) = world.keeper.history().facts.landings
    assert first.seen_at == 5
    assert isinstance(second.seen_at, Unknown)


def test_tips_that_the_branch_never_had_change_nothing(world: World) -> None:
    start = world.tip
    world.pushes = (Push("0" * 40, "1" * 40),)
    rev = world.move(world.commit(EDIT, start, by=BOT))
    assert world.landings() == [(start, rev)]


# --- reverts --------------------------------------------------------------------------------------


def test_an_exact_revert_takes_a_landing_back(world: World) -> None:
    start = world.tip
    landed = world.move(world.commit({"x.py": "2\n", "new.py": "1"}, start, by=BOT))
    human = world.commit({"y.py": "1"}, landed)
    back = world.commit({"x.py": "1\n", "new.py": None}, human, by=BOT)
    world.pushes = (Push(start, landed), Push(landed, human))
    world.move(human)
    (unit,) = world.reader.units(world.keeper.history(), human, back)
    assert unit.reverts == landed
    world.pushes += (Push(human, back),)
    world.move(back)
    (found,) = world.keeper.history().facts.landings
    assert (found.rev, found.reverted_by) == (landed, back)


def test_the_revert_of_a_merge_is_one_too(world: World) -> None:
    start = world.tip
    landed = world.move(world.merge(start, world.commit(EDIT, start, by=BOT)))
    back = world.commit({"x.py": "1\n"}, landed)
    (unit,) = world.reader.units(world.keeper.history(), landed, back)
    assert unit.reverts == landed


@pytest.mark.parametrize(
    "change",
    [
        {"x.py": "1\n"},
        {"x.py": "1\n", "new.py": None, "y.py": "smuggled"},
        {"x.py": "3\n", "new.py": None},
        {"new.py": None},
        {},
    ],
)
def test_what_does_less_or_more_is_no_revert(world: World, change: dict[str, str | None]) -> None:
    start = world.tip
    landed = world.move(world.commit({"x.py": "2\n", "new.py": "1"}, start, by=BOT))
    rev = world.commit(change, landed, message=f"Revert\n\nThis reverts commit {landed}.")
    (unit,) = world.reader.units(world.keeper.history(), landed, rev)
    assert unit.reverts == ""
    world.pushes = (Push(start, landed), Push(landed, rev))
    world.move(rev)
    assert world.keeper.history().facts.landings[0].reverted_by == ""


def test_a_revert_is_found_where_the_file_was_renamed(world: World) -> None:
    start = world.tip
    lines = "".join(f"line {number}\n" for number in range(20))
    begin = world.move(world.commit({"x.py": lines}, start))
    landed = world.commit({"x.py": lines + "more\n"}, begin, by=BOT)
    moved = world.move(world.commit({"x.py": None, "z.py": lines + "more\n"}, landed))
    world.pushes = (Push(start, begin), Push(begin, landed), Push(landed, moved))
    back = world.commit({"z.py": lines}, moved, message=f"This reverts commit {landed}.")
    (unit,) = world.reader.units(world.keeper.history(), moved, back)
    assert unit.reverts == landed


def test_what_brings_a_reverted_change_back_is_an_ais(world: World) -> None:
    start = world.tip
    landed = world.commit(EDIT, start, by=BOT)
    back = world.commit({"x.py": "1\n"}, landed)
    again = world.commit(EDIT, back)
    world.move(back)
    world.pushes = (Push(start, landed), Push(landed, back))
    (unit,) = world.reader.units(world.keeper.history(), back, again)
    assert unit.is_ai
    assert isinstance(unit.provenance, Provenance)
    sign = Signal("R", "", f"brings back what {back[:12]} took back", "tree")
    assert sign in unit.provenance.signals
    world.pushes += (Push(back, again),)
    world.move(again)
    first, second = world.keeper.history().facts.landings
    assert (first.rev, first.reverted_by) == (landed, back)
    assert (second.rev, second.reverted_by) == (again, "")
    gone = world.commit({"x.py": "1\n"}, again)
    (unit,) = world.reader.units(world.keeper.history(), again, gone)
    assert unit.reverts == again


def test_the_revert_of_human_work_takes_no_landing_back(world: World) -> None:
    start = world.tip
    human = world.move(world.commit(EDIT, start))
    back = world.commit({"x.py": "1\n"}, human, by=BOT)
    (unit,) = world.reader.units(world.keeper.history(), human, back)
    assert (unit.reverts, unit.is_ai) == ("", True)


# --- faults ---------------------------------------------------------------------------------------


def test_a_lane_without_a_start_is_a_fault(world: World) -> None:
    world.git.run("update-ref", "-d", "refs/guard/lane/main")
    (fault,) = world.keeper.history().facts.faults
    assert "no start" in fault


def test_a_broken_chain_is_a_fault(world: World) -> None:
    world.git.run("update-ref", "refs/guard/lane/main", world.tip)
    (fault,) = world.keeper.history().facts.faults
    assert "broken" in fault


def test_a_rewritten_target_is_a_fault(world: World) -> None:
    world.move(world.commit(EDIT, world.commit({"x.py": "0"})))
    (fault,) = world.keeper.history().facts.faults
    assert "was rewritten" in fault
    world.move(world.commit({"x.py": "0"}))
    assert world.keeper.history().facts.faults


def test_a_target_that_was_set_back_is_a_fault(world: World) -> None:
    start = world.tip
    world.move(world.commit(EDIT, start))
    world.write("settled", world.tip)
    world.move(start)
    (fault,) = world.keeper.history().facts.faults
    assert "was rewritten" in fault


def test_a_start_that_is_gone_is_a_fault(world: World) -> None:
    world.write("settled", "1" * 40)
    (fault,) = world.keeper.history().facts.faults
    assert "was rewritten" in fault


def test_a_tip_that_is_not_there_is_an_error(world: World) -> None:
    with pytest.raises(GitError):
        world.reader.history("main", "1" * 40)


def test_faults_do_not_keep_units_from_being_read(world: World) -> None:
    world.git.run("update-ref", "-d", "refs/guard/lane/main")
    rev = world.commit(EDIT, world.tip, by=BOT)
    assert world.units(world.tip, rev) == [(world.tip, rev)]


# --- lanes and paths ------------------------------------------------------------------------------


def test_lanes_of_files(world: World) -> None:
    lanes = world.reader.lanes_of
    assert lanes(["web/a", "api/a"]) == ("api", "web")
    assert lanes(["a", "api/a"]) == ("api", "other")
    assert lanes([]) == ()
    alone = replace(world.reader, lane=LaneSettings())
    assert (alone.lanes_of(["api/a"]), alone.names()) == (("other",), ("other",))


def test_hostile_paths_are_read_as_they_are(world: World) -> None:
    start = world.tip
    tree = world.tree(start)
    paths = [f"{tree} {tree}\nx.py", "-x", "é\udcff", "a b\tc"]
    rev = world.commit(dict.fromkeys(paths, "1"), start)
    same = world.commit({}, start)
    pairs = [(start, same), (start, rev), (same, start), (rev, start), (start, rev), ("", start)]
    none, *found, all_of_it = changed_paths(world.git, pairs)
    assert none == frozenset()
    assert found[0] == found[2] == found[3] == frozenset(paths)
    assert found[1] == frozenset()
    assert all_of_it == {"api/a.py", "web/w.py", "x.py"}
    assert changed_paths(world.git, []) == ()


def test_the_cost_does_not_grow_with_the_history(world: World) -> None:
    """After a checkpoint nothing before it is read."""
    before = world.tip
    for number in range(5):
        world.move(world.commit({"x.py": f"{number}\n"}, world.tip, by=BOT))
    world.write("settled", world.tip)
    history = world.keeper.history()
    assert history.facts.marks == (world.tip,)
    assert history.units == ()
    assert isinstance(world.keeper, Keeper)
    assert isinstance(world.git, Repository)
    assert before not in history.facts.marks
