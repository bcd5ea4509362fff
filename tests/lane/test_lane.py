"""Who holds the lane, and who may land."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guard.change import Commit, Held, How, LaneRecord, Missing, Person, Unknown
from guard.lane import Crowd, LaneState, Standing, decide, entries, line, seen_at, state, unreleased
from tests.lane.facts import (
    HUMAN,
    SOAK,
    STARTED,
    TURN,
    UNSEEN,
    facts,
    landing,
    record,
    unit,
    waiting,
)

NOW = 10
NOT_KNOWN = Unknown("the server was silent")


def held(*args, **more) -> Held:
    (found,) = decide(*args, **more)
    assert isinstance(found, Held)
    return found


def released(name: str, at: int, base: str = "", **more):
    before = base or f"{name[:-1]}{int(name[-1]) - 1}"
    return record("released", name, at, base=before, how=How.EVIDENCE, **more)


# --- who holds ------------------------------------------------------------------------------------


def test_an_empty_lane_is_free() -> None:
    assert state(facts(), NOW).of("other").holder is None
    assert decide(facts(), (unit(),), NOW) == ()


def test_a_landing_holds_the_lane_until_its_release() -> None:
    found = held(facts(landing("a2")), (unit(),), NOW)
    assert found.by == "a2"
    assert found.until == SOAK
    assert "lane other is held by a2" in found.reason
    free = facts(landing("a2"), records=(STARTED, released("a2", 5)))
    assert decide(free, (unit(),), NOW) == ()


def test_a_landing_is_named_as_its_record_names_it() -> None:
    seen = record("landed", "a2", 0, base="a1", change="#20")
    assert held(facts(landing("a2"), records=(STARTED, seen)), (unit(),), NOW).by == "#20"
    unnamed = record("landed", "a2", 0, base="a1")
    assert held(facts(landing("a2"), records=(STARTED, unnamed)), (unit(),), NOW).by == "a2"
    long = facts(landing("0123456789abcdef", base="a1"))
    assert held(long, (unit(),), NOW).by == "0123456789ab"
    other = record("landed", "a3", 0, base="a2", change="#21")
    assert held(facts(landing("a2"), records=(STARTED, other)), (unit(),), NOW).by == "a2"


def test_only_a_release_frees_the_lane() -> None:
    for kind in ("landed", "cleared"):
        other = replace(record(kind, "a2", 5, base="a1"), how=How.EVIDENCE)
        assert decide(facts(landing("a2"), records=(STARTED, other)), (unit(),), NOW), kind


@pytest.mark.parametrize(
    ("base", "rev", "frees"),
    [
        ("a1", "a2", True),
        ("a0", "a2", True),
        ("a1", "a3", True),
        ("a0", "a9", True),
        ("a2", "a3", False),
        ("a0", "a1", False),
        ("a1", "zz", False),
        ("zz", "a2", False),
    ],
)
def test_a_release_covers_what_lies_within_it(base: str, rev: str, frees: bool) -> None:
    found = facts(landing("a2"), records=(STARTED, released(rev, 5, base)))
    assert (not unreleased(found)) is frees


@pytest.mark.parametrize("kind", ["started", "settled"])
def test_what_lies_before_a_checkpoint_holds_nothing(kind: str) -> None:
    known = facts(landing("a2"), landing("a4"), records=(record(kind, "a3", 5),))
    assert [each.rev for each in unreleased(known)] == ["a4"]
    assert [each.rev for each in unreleased(replace(known, marks=()))] == ["a2", "a4"]
    known = facts(landing("a2"), records=(record(kind, "a2", 5),))
    assert not unreleased(known)


def test_without_marks_a_release_covers_what_it_names() -> None:
    found = facts(landing("a2"), records=(STARTED, released("a2", 5)), marks=())
    assert not unreleased(found)


def test_what_was_taken_back_holds_nothing() -> None:
    assert decide(facts(landing("a2", reverted_by="a3")), (unit(),), NOW) == ()


def test_the_oldest_holds_and_others_are_shown_behind_it() -> None:
    both = facts(landing("a2"), landing("a4", 7))
    standing = state(both, NOW).of("other")
    assert (standing.holder, standing.behind) == (both.landings[0], both.landings[1:])
    both = facts(landing("a2"), landing("a4", 7), records=(STARTED, released("a2", 5)))
    assert state(both, NOW).of("other").holder == both.landings[1]


def test_a_holder_that_nobody_saw_has_no_end_of_soak() -> None:
    found = held(facts(landing("a2", None)), (unit(),), NOW)
    assert found.until is None
    assert "nobody has recorded yet" in found.reason


def test_a_holder_past_its_deadline_stays_and_is_told() -> None:
    late = facts(landing("a2"))
    assert not state(late, 1000).of("other").overdue
    assert state(late, 1001).of("other").overdue
    assert "past its deadline" in held(late, (unit(),), 1001).reason
    assert "past its deadline" not in held(late, (unit(),), 1000).reason


# --- who passes -----------------------------------------------------------------------------------


def test_what_is_no_ais_passes_whatever_is_known_of_the_lane() -> None:
    human = unit(provenance=HUMAN, lanes=NOT_KNOWN)
    assert decide(facts(landing("a2")), (human,), NOW) == ()
    assert decide(facts(faults=("broken",), waiting=NOT_KNOWN), (human, human), NOW) == ()


def test_an_exact_revert_of_any_unreleased_landing_passes() -> None:
    both = facts(landing("a2"), landing("a4"))
    assert decide(both, (unit(reverts="a2"),), NOW) == ()
    assert decide(both, (unit(reverts="a4"),), NOW) == ()
    assert held(both, (unit(reverts="a3"),), NOW)


def test_the_revert_of_what_is_released_waits_as_any_change() -> None:
    both = facts(landing("a2"), landing("a4"), records=(STARTED, released("a2", 5)))
    assert held(both, (unit(reverts="a2"),), NOW).by == "a4"


def test_what_only_says_that_it_reverts_is_told_so() -> None:
    words = Commit("r", "t", (), Person(), Person(), 0, "Oops\n\nThis reverts commit a2.\n")
    found = held(facts(landing("a2")), (unit(commits=(words,)),), NOW)
    assert "says that it reverts a2" in found.reason
    words = replace(words, message="This reverts commit 0123456789abcdef.")
    long = facts(landing("0123456789abcdef", base="a1"))
    assert "reverts 0123456789ab, but" in held(long, (unit(commits=(words,)),), NOW).reason
    assert "says" not in held(facts(landing("a2")), (unit(),), NOW).reason
    assert "says" not in held(facts(landing("a2")), (unit(commits=NOT_KNOWN),), NOW).reason


def test_two_ai_changes_for_one_lane_are_a_crowd() -> None:
    pair = (unit("#1"), unit("#2"))
    assert decide(facts(), pair, NOW) == (Crowd("other", ("#1", "#2")),)
    assert decide(facts(landing("a2")), pair, NOW) == (Crowd("other", ("#1", "#2")),)


def test_two_ai_changes_for_two_lanes_may_land_together() -> None:
    pair = (unit("#1", lanes=("api",)), unit("#2", lanes=("web",)))
    assert decide(facts(), pair, NOW) == ()
    both = (unit("#1", lanes=("api", "web")), unit("#2", lanes=("web",)))
    assert decide(facts(), both, NOW) == (Crowd("web", ("#1", "#2")),)


def test_humans_and_reverts_are_no_crowd() -> None:
    holder = facts(landing("a2", lanes=("api",)))
    three = (
        unit("#1", provenance=HUMAN),
        unit("#2", reverts="a2"),
        unit("#3", lanes=("web",)),
    )
    assert decide(holder, three, NOW) == ()


def test_a_change_in_two_lanes_needs_both() -> None:
    holder = facts(landing("a2", lanes=("api",)), lanes=("api", "web", "other"))
    assert decide(holder, (unit(lanes=("web",)),), NOW) == ()
    assert held(holder, (unit(lanes=("web", "api")),), NOW).reason == "lane api is held by a2"
    two = facts(landing("a2", 3, lanes=("api",)), landing("a4", 5, lanes=("web",)))
    found = held(two, (unit(lanes=("api", "web")),), NOW)
    assert (found.reason, found.until, found.by) == ("lanes api, web are held", 5 + SOAK, "a2")
    unseen = facts(landing("a2", 3, lanes=("api",)), landing("a4", None, lanes=("web",)))
    assert held(unseen, (unit(lanes=("api", "web")),), NOW).until is None


def test_each_unit_that_must_wait_is_told() -> None:
    holder = facts(landing("a2", lanes=("api",)), landing("a3", lanes=("web",)))
    pair = (unit("#1", lanes=("api",)), unit("#2", lanes=("web",)))
    assert [each.by for each in decide(holder, pair, NOW)] == ["a2", "a3"]


def test_a_change_without_files_needs_no_lane() -> None:
    assert decide(facts(landing("a2")), (unit(lanes=()),), NOW) == ()


# --- what is not known ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "one", "fact"),
    [
        (facts(faults=("no start",)), unit(), "lane"),
        (facts(), unit(lanes=NOT_KNOWN), "lanes of #9"),
        (facts(), unit(provenance=NOT_KNOWN), "provenance of #9"),
        (facts(waiting=NOT_KNOWN), unit(), "lane.waiting"),
        (facts(waiting=(waiting("#1", NOT_KNOWN),)), unit(), "ready_since of #1"),
    ],
)
def test_what_is_not_known_is_missing(known, one, fact) -> None:
    (found,) = decide(known, (one,), NOW)
    assert isinstance(found, Missing)
    assert found.fact == fact


def test_what_is_not_known_comes_before_what_is_held() -> None:
    assert isinstance(decide(facts(landing("a2"), faults=("x",)), (unit(),), NOW)[0], Missing)


def test_a_fault_of_the_lane_is_told_where_the_line_is_not_known_either() -> None:
    (found,) = decide(facts(faults=("no start",), waiting=NOT_KNOWN), (unit(),), NOW)
    assert isinstance(found, Missing)
    assert (found.fact, found.reason) == ("lane", "no start")


@pytest.mark.parametrize("records", [(), (record("landed", "a1", 5, base="a0"),)])
def test_a_lane_without_a_checkpoint_has_not_begun(records: tuple[LaneRecord, ...]) -> None:
    """Facts that someone wrote by hand may say nothing of it: that is no free lane."""
    wanted = "the lane into main has no start: run `guard lane start`"
    (found,) = decide(facts(records=records), (unit(),), NOW)
    assert isinstance(found, Missing)
    assert (found.fact, found.reason) == ("lane", wanted)
    assert state(facts(records=records), NOW).faults == (wanted,)
    assert state(facts(records=records, faults=("worse",)), NOW).faults == ("worse",)
    assert state(facts(faults=("worse",)), NOW).faults == ("worse",)
    assert state(facts(), NOW).faults == ()


def test_the_line_need_not_be_known_where_nothing_has_a_turn() -> None:
    assert decide(facts(waiting=NOT_KNOWN, turn=0), (unit(),), NOW) == ()
    found = held(facts(landing("a2"), waiting=NOT_KNOWN, turn=0), (unit(),), NOW)
    assert (found.place, found.of) == (None, None)


def test_who_waits_for_another_lane_need_not_be_known() -> None:
    known = facts(waiting=(waiting("#1", NOT_KNOWN, "web"),))
    assert decide(known, (unit(lanes=("api",)),), NOW) == ()


# --- the line -------------------------------------------------------------------------------------


def test_a_free_lane_is_kept_for_who_waits_longest() -> None:
    known = facts(waiting=(waiting("#9", 8), waiting("#5", 7)))
    assert decide(known, (unit("#5"),), NOW) == ()
    found = held(known, (unit("#9"),), NOW)
    assert (found.by, found.until, found.place, found.of) == ("#5", 7 + TURN, 2, 2)
    assert found.reason == "lane other is kept for #5"


def test_a_turn_ends() -> None:
    known = facts(waiting=(waiting("#9", 8), waiting("#5", 7)))
    assert held(known, (unit("#9"),), 7 + TURN - 1)
    assert decide(known, (unit("#9"),), 7 + TURN) == ()


def test_a_turn_begins_when_the_lane_is_free() -> None:
    known = facts(
        landing("a2"),
        records=(STARTED, released("a2", 40)),
        waiting=(waiting("#9", 8), waiting("#5", 7)),
    )
    assert held(known, (unit("#9"),), 40 + TURN - 1).until == 40 + TURN
    assert decide(known, (unit("#9"),), 40 + TURN) == ()
    elsewhere = replace(known, landings=(landing("a2", lanes=("api",)),))
    assert held(elsewhere, (unit("#9"),), 41).until == 7 + TURN


def test_a_turn_begins_when_all_lanes_that_both_want_are_free() -> None:
    known = facts(
        landing("a2", lanes=("api",)),
        landing("a4", lanes=("web",)),
        records=(STARTED, released("a2", 20), released("a4", 40)),
        waiting=(waiting("#5", 7, "api", "web"),),
    )
    assert held(known, (unit("#9", lanes=("api", "web")),), 41).until == 40 + TURN
    found = held(known, (unit("#9", lanes=("api", "other")),), 41)
    assert (found.until, found.reason) == (20 + TURN, "lane api is kept for #5")


def test_a_change_is_known_by_its_name() -> None:
    known = facts(waiting=(waiting("#5", 7),))
    assert decide(known, (unit("#5", rev="another"),), NOW) == ()


def test_a_turn_begins_at_the_checkpoint_at_the_latest() -> None:
    known = facts(
        records=(STARTED, record("settled", "a2", 30)),
        waiting=(waiting("#9", 8), waiting("#5", 7)),
    )
    assert held(known, (unit("#9"),), 31).until == 30 + TURN


def test_who_became_ready_at_the_same_time_stands_by_name() -> None:
    known = facts(waiting=(waiting("#9", 7), waiting("#5", 7)))
    assert decide(known, (unit("#5"),), NOW) == ()
    assert held(known, (unit("#9"),), NOW).by == "#5"


def test_who_stands_in_the_line_twice_is_no_crash() -> None:
    known = facts(waiting=(waiting("#5", 7), waiting("#5", 7, "other", "web")))
    assert [each.lanes for each in line(known, ("other",))] == [("other",), ("other", "web")]


def test_who_does_not_stand_in_the_line_comes_last() -> None:
    known = facts(waiting=(waiting("#5", 7), waiting("#6", None)))
    found = held(known, (unit("#9"),), NOW)
    assert (found.place, found.of) == (2, 2)
    assert held(known, (unit("#6"),), NOW).place == 2


def test_a_change_is_known_by_its_head_too() -> None:
    known = facts(waiting=(waiting("#5", 7),))
    assert decide(known, (unit("x", rev="rev #5"),), NOW) == ()
    assert decide(known, (unit("x", head="rev #5"),), NOW) == ()
    assert held(known, (unit("x"),), NOW)


def test_only_who_wants_the_same_lane_stands_in_the_line() -> None:
    known = facts(waiting=(waiting("#5", 7, "web"), waiting("#6", 8, "api", "web")))
    assert [each.id for each in line(known, ("web",))] == ["#5", "#6"]
    assert [each.id for each in line(known, ("api",))] == ["#6"]
    assert decide(known, (unit("#9", lanes=("other",)),), NOW) == ()
    assert held(known, (unit("#9", lanes=("api",)),), NOW).by == "#6"
    assert line(facts(waiting=NOT_KNOWN), ("web",)) == ()


def test_the_place_in_the_line_is_told_to_who_is_held() -> None:
    known = facts(landing("a2"), waiting=(waiting("#5", 7), waiting("#9", 8)))
    found = held(known, (unit("#9"),), NOW)
    assert (found.place, found.of) == (2, 2)


# --- time and checkpoints -------------------------------------------------------------------------


def test_times_never_run_backwards() -> None:
    chain = (STARTED, record("landed", "a1", 90), record("landed", "a2", 20))
    assert [each.at for each in entries(chain)] == [0, 90, 90]
    assert state(facts(records=chain), 5).now == 90
    assert state(facts(records=chain), 95).now == 95


def test_a_checkpoint_stands_for_all_before_it() -> None:
    kept = record("released", "a7", 3, how=How.OVERRIDE)
    chain = (
        STARTED,
        record("landed", "a1", 90),
        record("settled", "a2", 20, carried=entries((kept,))),
        record("landed", "a4", 10),
    )
    found = entries(chain)
    assert [(each.rev, each.at) for each in found] == [("a7", 3), ("a2", 20), ("a4", 20)]
    assert found == entries(chain[2:])


def test_facts_without_records_are_no_crash() -> None:
    assert entries(()) == ()
    found = state(facts(records=()), NOW)
    assert found.now == NOW
    assert found.of("other").free_since == 0
    chain = (record("landed", "a2", 7, base="a1"), record("cleared", "a3", 8))
    assert [each.rev for each in entries(chain)] == ["a2", "a3"]


def test_a_landing_was_seen_when_the_first_record_of_it_says_so() -> None:
    found = entries(
        (
            STARTED,
            record("released", "a2", 4, base="a1"),
            record("landed", "a1", 5, base="a0"),
            record("landed", "a3", 6, base="a1"),
            record("landed", "a2", 7, base="a1"),
        )
    )
    place = {f"a{number}": number for number in range(10)}
    assert seen_at(found, "a1", "a2", place) == 6
    assert seen_at(found, "a1", "a2", {}) == 7
    assert isinstance(seen_at(found, "a3", "a4", place), Unknown)


def test_a_new_start_begins_the_time_anew() -> None:
    chain = (STARTED, record("landed", "a1", 10**12), record("started", "a2", 20))
    assert [each.at for each in entries(chain)] == [20]


def test_what_humans_decided_is_shown() -> None:
    chain = (
        record("started", "a0", 1, how=How.OVERRIDE, by="ada", reason="rewritten"),
        record("released", "a1", 2, how=How.OVERRIDE, by="ada", reason="urgent"),
        record("released", "a2", 3, how=How.EVIDENCE),
        record("cleared", "a3", 4, by="bob", reason="typed by hand"),
    )
    shown = state(facts(records=chain), NOW).overrides
    assert [(each.rev, each.by) for each in shown] == [("a0", "ada"), ("a1", "ada"), ("a3", "bob")]


def test_every_lane_of_the_policy_is_shown() -> None:
    known = facts(landing("a2", lanes=("old",)), lanes=("api", "other"), faults=("x",))
    found = state(known, NOW)
    assert [each.lane for each in found.lanes] == ["api", "other", "old"]
    assert found.faults == ("x",)
    assert isinstance(found, LaneState)
    assert found.of("none") == Standing("none", None, (), None, 0, False)


def test_what_was_not_seen_yet_is_unknown() -> None:
    assert state(facts(landing("a2", None)), NOW).of("other").until is None
    assert UNSEEN.reason in held(facts(landing("a2", None)), (unit(),), NOW).reason
