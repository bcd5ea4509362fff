"""What is due: landings seen, releases, checkpoints; and what is missing for a release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guard.change import Deployment, How, RecordKind, State
from guard.lane import entries, unreleased
from guard.release import LONGEST_RANGE, Proofs, due, missing_of
from tests.lane.facts import DEADLINE, SOAK, STARTED, evidence, facts, landing, record

GREEN = evidence("tip")


def proofs(*found, **more: Any) -> Proofs:
    values: dict[str, Any] = {"checks": ("check",), "policy": "p", "tip_tree": "tip", **more}
    return Proofs(evidence=found, **values)


def kinds(*args) -> list[tuple[str, str]]:
    return [(each.kind.value, each.rev) for each in due(*args, "cron").records]


def missing(known, proven: Proofs, now: int) -> tuple[str, ...]:
    found = due(known, proven, now, "cron")
    assert [each.kind for each in found.records] == []
    (wait,) = found.waits
    return wait.missing


def seen(name: str, at: int = 0):
    return record("landed", name, at, base=f"{name[:-1]}{int(name[-1]) - 1}")


# --- landings -------------------------------------------------------------------------------------


def test_a_landing_that_nobody_saw_is_recorded() -> None:
    (found,) = due(facts(landing("a2", None)), proofs(), 7, "cron").records
    assert (found.kind, found.base, found.rev) == (RecordKind.LANDED, "a1", "a2")
    assert (found.at, found.by, found.lanes) == (7, "cron", ("other",))


def test_the_soak_begins_when_the_landing_is_seen() -> None:
    found = due(facts(landing("a2", None)), proofs(GREEN), 7, "cron")
    assert found.waits[0].missing == (f"its soak goes on for {SOAK} s",)
    at_once = facts(landing("a2", None), soak=0)
    assert kinds(at_once, proofs(GREEN), 7) == [
        ("landed", "a2"),
        ("released", "a2"),
        ("settled", "a9"),
    ]


def test_a_clock_that_went_back_does_not_shorten_a_soak() -> None:
    chain = (STARTED, record("cleared", "zz", 500))
    found = due(facts(landing("a2", None), records=chain), proofs(GREEN), 7, "cron")
    assert found.waits[0].missing == (f"its soak goes on for {SOAK} s",)
    chain = (STARTED, seen("a2", 500))
    known = facts(landing("a2", 500), records=chain)
    assert missing(known, proofs(GREEN), 7) == (f"its soak goes on for {SOAK} s",)


def test_nothing_is_due_where_the_facts_have_faults() -> None:
    found = due(facts(landing("a2", None), faults=("rewritten",)), proofs(GREEN), 999, "cron")
    assert found.records == ()


# --- releases -------------------------------------------------------------------------------------


def test_green_and_soaked_is_released_and_settled() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    released, settled = due(known, proofs(GREEN), SOAK, "cron").records
    assert (released.kind, released.base, released.rev) == (RecordKind.RELEASED, "a1", "a2")
    assert (released.how, released.proof) == (How.EVIDENCE, ("check:tip:e1",))
    assert (settled.kind, settled.rev, settled.carried) == (RecordKind.SETTLED, "a9", ())
    assert due(known, proofs(GREEN), SOAK, "cron").waits == ()
    assert missing(known, proofs(GREEN), SOAK - 1) == ("its soak goes on for 1 s",)


def test_a_release_is_due_once() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    more = due(known, proofs(GREEN), SOAK, "cron").records
    assert not unreleased(replace(known, records=(*known.records, *more)))
    again = facts(records=(*known.records, *more), marks=("a9",))
    assert due(again, proofs(GREEN), SOAK, "cron").records == ()


def test_what_was_taken_back_is_released_at_once() -> None:
    known = facts(landing("a2", None, reverted_by="a3"))
    landed, released, settled = due(known, proofs(), 7, "cron").records
    assert landed.kind is RecordKind.LANDED
    assert (released.how, released.proof, released.base) == (How.REVERT, ("a3",), "a1")
    assert settled.rev == "a9"
    more = replace(known, records=(STARTED, landed, released))
    more = replace(more, landings=(landing("a2", 7, reverted_by="a3"),))
    assert kinds(more, proofs(), 9) == [("settled", "a9")]


def test_a_landing_that_is_the_tip_is_settled_and_not_carried() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")), marks=("a0", "a1", "a2"))
    _, settled = due(known, proofs(GREEN), SOAK, "cron").records
    assert (settled.rev, settled.carried) == ("a2", ())


def test_a_release_of_one_is_not_the_release_of_another() -> None:
    known = facts(
        landing("a2"),
        landing("a5", reverted_by="a6"),
        records=(STARTED, seen("a2"), seen("a5"), record("released", "a2", 0, base="a1")),
    )
    assert kinds(known, proofs(), 7) == [("released", "a5"), ("settled", "a9")]


def test_what_nobody_recorded_is_missing() -> None:
    lacks, _ = missing_of(facts(), landing("a2", None), proofs(GREEN), 500)
    assert lacks == ("its landing is not recorded yet: run `guard lane reconcile`",)
    lacks, _ = missing_of(facts(), landing("a2", None), deployed(("a2", "healthy", 50)), 500)
    assert len(lacks) == 2
    assert lacks[1] == f"staging: healthy, to be watched for {SOAK} s more"


EVIDENCE: list[tuple[str, tuple, bool]] = [
    ("of the tip", (evidence("tip"),), True),
    ("of the landed tree", (evidence("tree a2"),), True),
    ("none", (), False),
    ("of another tree", (evidence("tree a3"),), False),
    ("of another check", (evidence("tip", check="smoke"),), False),
    ("under another policy", (evidence("tip", policy="q"),), False),
    ("a red tip", (evidence("tip", "fail"),), False),
    ("a tip that could not be judged", (evidence("tip", "unverified"),), False),
    ("a red tip, a green landing", (evidence("tip", "fail"), evidence("tree a2")), False),
    ("a green tip, a red landing", (evidence("tip"), evidence("tree a2", "fail")), True),
    ("a red landing", (evidence("tree a2", "fail"),), False),
    ("red, then green", (evidence("tip", "fail", at=4), evidence("tip", at=5)), True),
    ("green, then red", (evidence("tip", at=4), evidence("tip", "fail", at=5)), False),
    ("both at once", (evidence("tip", "fail"), evidence("tip")), False),
    ("both at once, turned", (evidence("tip"), evidence("tip", "fail")), False),
    (
        "red in one of two environments",
        (evidence("tip"), evidence("tip", "fail", environment="e2")),
        False,
    ),
]


@pytest.mark.parametrize(
    ("found", "frees"), [e[1:] for e in EVIDENCE], ids=[e[0] for e in EVIDENCE]
)
def test_evidence(found: tuple, frees: bool) -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    assert (("released", "a2") in kinds(known, proofs(*found), SOAK)) is frees


def test_all_checks_must_be_green_on_one_tree() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    two = {"checks": ("check", "smoke")}
    smoke = evidence("tip", check="smoke")
    then = evidence("tree a2", check="smoke")
    assert ("released", "a2") in kinds(known, proofs(GREEN, smoke, **two), SOAK)
    lacks = "no evidence of 'smoke' for tree tip"
    assert missing(known, proofs(GREEN, **two), SOAK) == (f"{lacks} or tree a2",)
    assert missing(known, proofs(GREEN, then, **two), SOAK) == (lacks,)
    same = proofs(evidence("tree a2"), tip_tree="tree a2", **two)
    assert missing(known, same, SOAK) == ("no evidence of 'smoke' for tree tree a2",)
    both = proofs(GREEN, then, evidence("tree a2"), **two)
    assert ("released", "a2") in kinds(known, both, SOAK)


def test_without_checks_the_soak_alone_decides() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    assert ("released", "a2") in kinds(known, proofs(checks=()), SOAK)


def test_red_is_told_with_its_place() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    red = evidence("tip", "fail", where="ci/7")
    assert missing(known, proofs(red), SOAK) == (
        "'check' says fail of the target's tip tip at ci/7",
    )
    then = evidence("tree a2", "fail")
    assert missing(known, proofs(then), SOAK) == ("'check' says fail of the landed tree tree a2",)


def test_messages_have_short_names_of_trees() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    long = proofs(evidence("0123456789abcdef", "fail"), tip_tree="0123456789abcdef")
    assert missing(known, long, SOAK)[0].endswith("0123456789ab")
    assert "tree 0123456789ab or tree a2" in missing(known, proofs(tip_tree=long.tip_tree), SOAK)[0]


def test_the_proof_is_the_same_in_whatever_order_it_was_found() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    found = [evidence("tip", environment=f"e{number}") for number in range(9)]
    released, _ = due(known, proofs(*reversed(found)), SOAK, "cron").records
    assert released.proof == tuple(f"check:tip:e{number}" for number in range(9))


def test_past_the_deadline_it_stays_and_is_overdue() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    assert not due(known, proofs(), DEADLINE, "cron").waits[0].overdue
    found = due(known, proofs(), DEADLINE + 1, "cron")
    assert found.waits[0].overdue
    assert found.records == ()


# --- staging --------------------------------------------------------------------------------------


def deployed(*states: tuple[str, str, int]) -> Proofs:
    found = tuple(
        Deployment("staging", rev, f"tree {rev}", State(state), at) for rev, state, at in states
    )
    return proofs(GREEN, staging="staging", deployments=found)


DEPLOYED: list[tuple[str, tuple, int, str]] = [
    ("never", (), 900, "staging: the landing was never deployed there"),
    ("healthy for the soak", (("a2", "healthy", 50),), 150, ""),
    ("a later revision", (("a4", "healthy", 50),), 150, ""),
    ("not long enough", (("a2", "healthy", 50),), 149, "staging: healthy, to be watched for 1 s"),
    ("before it was seen", (("a2", "healthy", -50),), 100, ""),
    ("without the landing", (("a1", "healthy", 50),), 900, "staging: runs a1, without the landing"),
    ("replaced", (("a2", "healthy", 50), ("a1", "started", 60)), 900, "staging: runs a1"),
    ("not on the target", (("zz", "healthy", 50),), 900, "staging: runs zz, without"),
    ("failed", (("a2", "healthy", 50), ("a2", "failed", 60)), 900, "staging: a2 is failed"),
    ("begun", (("a2", "started", 50),), 900, "staging: a2 is started"),
    (
        "healthy again",
        (("a2", "healthy", 50), ("a2", "failed", 60), ("a2", "healthy", 80)),
        179,
        "staging: healthy, to be watched for 1 s",
    ),
    (
        "a newer one, without a break",
        (("a2", "healthy", 50), ("a4", "started", 60), ("a4", "healthy", 80)),
        150,
        "",
    ),
    (
        "a newer one is being deployed",
        (("a2", "healthy", 50), ("a4", "started", 60)),
        900,
        "staging: a4 is started",
    ),
    ("times that run back", (("a2", "failed", 90), ("a2", "healthy", 50)), 150, "staging: healthy"),
]


@pytest.mark.parametrize(
    ("states", "now", "lacks"), [d[1:] for d in DEPLOYED], ids=[d[0] for d in DEPLOYED]
)
def test_staging(states: tuple, now: int, lacks: str) -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    if not lacks:
        assert ("released", "a2") in kinds(known, deployed(*states), now)
        return
    (found,) = missing(known, deployed(*states), now)
    assert found.startswith(lacks)


def test_where_a_landing_lies_must_be_known() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")), marks=("a3", "a4"))
    (found,) = missing(known, deployed(("a4", "healthy", 50)), 900)
    assert found == "staging: runs a4, without the landing"
    known = facts(landing("a2"), records=(STARTED, seen("a2")), marks=())
    assert kinds(known, deployed(("a2", "healthy", 50)), 900) == [("released", "a2")]


def test_messages_have_short_names_of_revisions_and_trees() -> None:
    long = "0123456789abcdef"
    held = replace(landing("a2"), rev=long, tree=long)
    known = facts(held, records=(STARTED, record("landed", long, 0, base="a1")), marks=("a1", long))
    (found,) = missing(known, deployed((long, "failed", 50)), 900)
    assert found == "staging: 0123456789ab is failed, not healthy"
    (found,) = missing(known, deployed((long + "0", "healthy", 50)), 900)
    assert found == "staging: runs 0123456789ab, without the landing"
    (found,) = missing(known, proofs(), 900)
    assert found.endswith("tip or 0123456789ab")


# --- checkpoints ----------------------------------------------------------------------------------


def test_a_checkpoint_ends_before_what_is_not_released() -> None:
    known = facts(
        landing("a2"),
        landing("a5", 90, lanes=("web",)),
        records=(STARTED, seen("a2"), seen("a5", 90)),
    )
    released, settled = due(known, proofs(GREEN), SOAK, "cron").records
    assert (released.rev, settled.rev) == ("a2", "a4")
    assert [(each.kind.value, each.rev, each.at) for each in settled.carried] == [
        ("landed", "a5", 90)
    ]


def test_what_is_released_behind_it_is_carried() -> None:
    known = facts(
        landing("a2", 90),
        landing("a5", 0, lanes=("web",)),
        records=(STARTED, seen("a2", 0), seen("a5", 0)),
    )
    assert kinds(known, proofs(GREEN), SOAK) == [("released", "a5")]
    more = (*known.records, *due(known, proofs(GREEN), SOAK, "cron").records)
    assert [each.rev for each in unreleased(replace(known, records=more))] == ["a2"]


def test_a_checkpoint_carries_what_its_reader_does_not_see_yet() -> None:
    known = facts(
        landing("a2"), records=(STARTED, seen("a2"), record("landed", "b1", 5, base="a9"))
    )
    *_, settled = due(known, proofs(GREEN), SOAK, "cron").records
    assert [each.rev for each in settled.carried] == ["b1"]


def test_a_checkpoint_does_not_carry_the_one_before() -> None:
    known = facts(landing("a2", reverted_by="a3"), marks=("zz", "a1", "a2", "a3"))
    *_, settled = due(known, proofs(), 5, "cron").records
    assert settled.carried == ()


def test_without_marks_there_is_no_checkpoint() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")), marks=())
    assert kinds(known, proofs(GREEN), SOAK) == [("released", "a2")]
    assert kinds(known, proofs(), SOAK) == []


def test_a_checkpoint_carries_what_humans_decided() -> None:
    human = record("released", "a1", 5, base="a0", how=How.OVERRIDE, by="ada", reason="urgent")
    clear = record("cleared", "zz", 6, by="bob", reason="by hand")
    known = facts(landing("a2"), records=(STARTED, human, clear, seen("a2", 7)))
    *_, settled = due(known, proofs(GREEN), SOAK, "cron").records
    assert [each.rev for each in settled.carried] == ["a1", "zz"]
    assert settled.at == SOAK


def test_a_checkpoint_is_not_before_the_last_record() -> None:
    known = facts(landing("a2", reverted_by="a3"), records=(STARTED, seen("a2", 500)))
    *_, settled = due(known, proofs(), 7, "cron").records
    assert settled.at == 500


def test_there_is_no_checkpoint_without_reason() -> None:
    assert due(facts(), proofs(GREEN), 5, "cron").records == ()
    held = facts(landing("a2"), records=(STARTED, seen("a2")))
    assert due(held, proofs(), 5, "cron").records == ()
    assert due(facts(marks=()), proofs(GREEN), 5, "cron").records == ()


def test_a_long_way_gets_a_checkpoint() -> None:
    way = tuple(f"w{number}" for number in range(LONGEST_RANGE + 1))
    assert kinds(facts(marks=way), proofs(), 5) == [("settled", way[-1])]
    assert kinds(facts(marks=way[:-1]), proofs(), 5) == []


def test_state_is_the_same_with_and_without_the_older_chain() -> None:
    known = facts(landing("a2"), records=(STARTED, seen("a2")))
    more = (*known.records, *due(known, proofs(GREEN), SOAK, "cron").records)
    assert entries(more) == entries(more[-1:])
