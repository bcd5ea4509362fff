"""Records of a real repository: reconciled, overridden, cleared, begun anew."""

from __future__ import annotations

import threading

import pytest

from guard.change import How, LaneEntry, LaneRecord, RecordKind
from guard.errors import UsageError
from guard.keeper import LaneFault
from guard.landings import Push
from guard.lane import unreleased
from guard.lanecheck import verify
from tests.lane.world import BOT, World

EDIT = {"x.py": "2\n"}


def land(world: World, text: str = "2\n", path: str = "x.py") -> str:
    return world.move(world.commit({path: text}, world.tip, by=BOT))


def kinds(records: tuple[LaneRecord, ...]) -> list[str]:
    return [each.kind.value for each in records]


def held(world: World) -> list[str]:
    return [each.rev for each in unreleased(world.keeper.history().facts)]


def faults(world: World) -> tuple[str, ...]:
    return verify(world.reader, "main", world.tip).faults


# --- reconcile ------------------------------------------------------------------------------------


def test_reconcile_sees_waits_and_releases(world: World) -> None:
    rev = land(world)
    outcome = world.keeper.reconcile(1000, "cron")
    assert kinds(outcome.appended) == ["landed"]
    assert [wait.landing.rev for wait in outcome.waits] == [rev]
    assert outcome.state.of("other").until == 1100
    assert world.keeper.reconcile(1050, "cron").appended == ()
    world.prove(rev)
    assert world.keeper.reconcile(1099, "cron").appended == ()
    outcome = world.keeper.reconcile(1100, "cron")
    assert kinds(outcome.appended) == ["released", "settled"]
    assert outcome.state.of("other").holder is None
    assert outcome.history.facts.marks == (rev,)
    assert world.keeper.reconcile(1101, "cron").appended == ()
    assert faults(world) == ()


def test_evidence_of_the_tip_releases_what_is_below_it(world: World) -> None:
    rev = land(world)
    world.keeper.reconcile(0, "cron")
    human = world.move(world.merge(rev, world.commit({"api/a.py": "2\n"}, rev)))
    world.prove(human)
    released, settled = world.keeper.reconcile(100, "cron").appended
    assert (released.rev, settled.rev) == (rev, human)


def test_a_landing_is_named_by_what_the_server_saw(world: World) -> None:
    start = world.tip
    rev = land(world)
    world.pushes = (Push(start, rev, change="#20"),)
    (found,) = world.keeper.reconcile(0, "cron").appended
    assert found.change == "#20"


def test_an_exact_revert_frees_the_lane(world: World) -> None:
    rev = land(world)
    world.keeper.reconcile(0, "cron")
    world.move(world.commit({"x.py": "1\n"}, rev))
    assert held(world) == []
    released, settled = world.keeper.reconcile(1, "cron").appended
    assert (released.how, released.proof) == (How.REVERT, (world.tip,))
    assert settled.rev == world.tip
    assert faults(world) == ()


def test_lanes_are_released_one_by_one(world: World) -> None:
    one = land(world, path="api/a.py")
    world.keeper.reconcile(0, "cron")
    two = land(world, path="web/w.py")
    world.keeper.reconcile(50, "cron")
    world.prove(two)
    outcome = world.keeper.reconcile(100, "cron")
    assert [(each.kind.value, each.rev) for each in outcome.appended] == [
        ("released", one),
        ("settled", one),
    ]
    assert held(world) == [two]
    assert outcome.state.of("web").until == 150
    assert kinds(world.keeper.reconcile(150, "cron").appended) == ["released", "settled"]
    assert faults(world) == ()


def test_reconcile_refuses_facts_with_faults(world: World) -> None:
    land(world)
    world.move(world.commit({"x.py": "0"}))
    with pytest.raises(LaneFault, match="was rewritten"):
        world.keeper.reconcile(0, "cron")
    assert world.keeper.waits(world.keeper.history().facts, 0) == ()


def test_two_reconcilers_at_once_do_no_harm(world: World) -> None:
    rev = land(world)
    world.prove(rev)
    wrong: list[BaseException] = []

    def work(now: int, ready: threading.Barrier) -> None:
        try:
            keeper = world.keeper
            ready.wait()
            keeper.reconcile(now, "cron")
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            wrong.append(error)

    for now in (0, 100):
        ready = threading.Barrier(4)
        threads = [threading.Thread(target=work, args=(now, ready)) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert wrong == []
    chain = [each for _, each in world.records.lane_history("main")][::-1]
    assert kinds(tuple(chain)) == ["started", "landed", "released", "settled"]
    assert faults(world) == ()


def test_a_clock_that_jumps_back_never_shortens_a_soak(world: World) -> None:
    rev = land(world)
    world.prove(rev)
    world.keeper.reconcile(1000, "cron")
    assert world.keeper.reconcile(10, "cron").appended == ()
    assert world.keeper.reconcile(1099, "cron").appended == ()
    assert kinds(world.keeper.reconcile(1100, "cron").appended) == ["released", "settled"]
    later = land(world, "3\n")
    world.prove(later)
    (landed,) = world.keeper.reconcile(10, "cron").appended
    assert landed.at == 10
    assert world.keeper.reconcile(1199, "cron").appended == ()
    assert kinds(world.keeper.reconcile(1200, "cron").appended) == ["released", "settled"]
    checked = verify(world.reader, "main", world.tip)
    assert checked.faults == ()
    assert [each.partition(": ")[2] for each in checked.notes] == [
        "the clock went back by 1090 s; no soak is shorter"
    ]


def test_what_is_missing_is_told_without_writing(world: World) -> None:
    rev = land(world)
    before = world.git.ref("refs/guard/lane/main")
    (wait,) = world.keeper.waits(world.keeper.history().facts, 5)
    assert wait.landing.rev == rev
    assert "not recorded" in wait.missing[0]
    assert not wait.overdue
    world.keeper.reconcile(0, "cron")
    (wait,) = world.keeper.waits(world.keeper.history().facts, 2000)
    assert wait.overdue
    assert len([*world.records.lane_history("main")]) == 2
    assert before


# --- what humans decide ---------------------------------------------------------------------------


def test_release_frees_one_landing_by_its_evidence(world: World) -> None:
    one = land(world, path="api/a.py")
    two = land(world, path="web/w.py")
    world.pushes = (Push(one, two),)
    world.keeper.reconcile(0, "cron")
    world.prove(two)
    outcome = world.keeper.reconcile(100, "cron", two)
    assert [(each.kind.value, each.rev) for each in outcome.appended] == [("released", two)]
    assert held(world) == [one]
    assert faults(world) == ()


def test_override_releases_and_is_carried_on(world: World) -> None:
    side = world.commit(EDIT, world.tip, by=BOT)
    rev = world.move(world.merge(world.tip, side))
    (found,) = world.keeper.override(side, "urgent", 5, "ada")
    assert (found.rev, found.how, found.by, found.reason) == (rev, How.OVERRIDE, "ada", "urgent")
    assert held(world) == []
    with pytest.raises(UsageError, match="holds no lane"):
        world.keeper.override(rev, "again", 6, "ada")
    assert kinds(world.keeper.reconcile(7, "cron").appended) == ["landed", "settled"]
    for text in ("3\n", "4\n"):
        later = land(world, text)
        world.prove(later)
        world.keeper.reconcile(200, "cron")
        world.keeper.reconcile(300, "cron")
    (shown,) = world.keeper.reconcile(500, "cron").state.overrides
    assert (shown.by, shown.reason, shown.at) == ("ada", "urgent", 5)
    assert faults(world) == ()


@pytest.mark.parametrize(("reason", "by"), [("", "ada"), (" ", "ada"), ("urgent", ""), ("x", " ")])
def test_a_humans_word_needs_a_reason_and_a_name(world: World, reason: str, by: str) -> None:
    rev = land(world)
    with pytest.raises(UsageError, match="needed"):
        world.keeper.override(rev, reason, 5, by)
    with pytest.raises(UsageError, match="needed"):
        world.keeper.clear(rev, reason, 5, by)
    assert held(world) == [rev]


def test_clearing_frees_the_lane(world: World) -> None:
    rev = land(world)
    world.keeper.clear(rev, "typed by hand", 5, "ada")
    assert held(world) == []
    assert world.keeper.reconcile(6, "cron").state.overrides[0].kind is RecordKind.CLEARED


def test_a_lane_begins_once(world: World) -> None:
    with pytest.raises(UsageError, match="has begun"):
        world.keeper.start(world.tip, 5, "ada")
    world.git.run("update-ref", "-d", "refs/guard/lane/main")
    with pytest.raises(UsageError, match="no start yet"):
        world.keeper.start(world.tip, 5, "ada", "rewritten")
    with pytest.raises(UsageError, match="is not on main"):
        world.keeper.start(world.commit({"x.py": "0"}), 5, "ada")
    world.keeper.start(world.tip, 5, "ada")
    assert world.keeper.history().facts.faults == ()


def test_a_lane_begins_anew_after_a_rewrite(world: World) -> None:
    land(world)
    world.keeper.override(world.tip, "urgent", 10**10, "bob")
    world.move(world.commit(EDIT, world.commit({"x.py": "0"}), by=BOT))
    assert world.keeper.history().facts.faults
    world.keeper.start(world.tip, 5, "ada", "rewritten")
    assert held(world) == []
    outcome = world.keeper.reconcile(6, "cron")
    assert outcome.state.now == 6
    assert [each.by for each in outcome.state.overrides] == ["bob", "ada"]
    assert faults(world) == ()


# --- verify ---------------------------------------------------------------------------------------


def broken(world: World) -> str:
    found = faults(world)
    assert found
    return found[0].partition(": ")[2]


def test_a_sound_chain_verifies(world: World) -> None:
    checked = verify(world.reader, "main", world.tip)
    assert (checked.records, checked.faults, checked.notes) == (1, (), ())


def test_no_chain_is_a_fault(world: World) -> None:
    world.git.run("update-ref", "-d", "refs/guard/lane/main")
    assert faults(world) == ("the lane into main has no start",)


def test_a_chain_that_cannot_be_read_is_a_fault(world: World) -> None:
    world.git.run("update-ref", "refs/guard/lane/main", world.tip)
    assert "holds no record.json" in faults(world)[0]


def test_a_chain_begins_with_a_start(world: World) -> None:
    world.git.run("update-ref", "-d", "refs/guard/lane/main")
    world.write("settled", world.tip)
    assert broken(world) == "the chain begins with settled, not with a start"


def test_foreign_files_are_found(world: World) -> None:
    before = world.git.ref("refs/guard/lane/main")
    assert before
    blob = world.git.run("rev-parse", f"{before}:record.json").decode().strip()
    (tree,) = world.git.write_trees(
        [[("100644", blob, "record.json"), ("100644", blob, "smuggled")]]
    )
    commit = world.git.write_commit(tree, [before], "x", at=1)
    world.git.run("update-ref", "refs/guard/lane/main", commit)
    assert "holds 'smuggled' besides its record" in faults(world)[0]


def test_releases_speak_of_what_is_on_the_target(world: World) -> None:
    rev = land(world)
    side = world.commit({"y.py": "1"}, rev)
    world.write("released", side, base=rev, how=How.EVIDENCE)
    assert "which is not on the target" in broken(world)


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("released", {"how": How.OVERRIDE, "reason": "x", "by": ""}, "without a name or a reason"),
        ("released", {"how": How.OVERRIDE, "by": "ada"}, "without a name or a reason"),
        ("cleared", {"by": "ada"}, "without a name or a reason"),
        ("released", {}, "does not say why"),
        ("released", {"how": How.EVIDENCE, "base": ""}, "does not say where"),
        ("landed", {"base": ""}, "does not say where"),
        ("started", {}, "begins anew, and no human says why"),
    ],
)
def test_records_say_what_they_must(world: World, kind: str, more: dict, words: str) -> None:
    start = world.tip
    rev = land(world)
    values = {"base": start if kind in ("released", "landed") else "", **more}
    world.write(kind, rev, **values)
    assert any(words in each for each in faults(world))


def test_a_release_by_revert_must_be_one(world: World) -> None:
    start = world.tip
    rev = land(world)
    other = world.move(world.commit({"y.py": "1"}, rev))
    world.write("released", rev, base=start, how=How.REVERT, proof=(other,))
    assert f"{other[:12]} does not do that" in broken(world)
    world.git.run("update-ref", "refs/guard/lane/main", "refs/guard/lane/main~1")
    world.write("released", rev, base=start, how=How.REVERT)
    assert "does not say by what" in broken(world)


def test_a_settled_record_must_be_true(world: World) -> None:
    rev = land(world)
    world.write("settled", rev)
    assert broken(world) == f"settles {rev[:12]}, and {rev[:12]} is not released"


def test_a_checkpoint_carries_what_it_must_and_no_more(world: World) -> None:
    start = world.tip
    rev = land(world)
    world.keeper.override(rev, "urgent", 5, "ada")
    world.write("settled", rev, 6)
    assert broken(world) == f"drops what ada decided about {rev[:12]}"
    world.git.run("update-ref", "refs/guard/lane/main", "refs/guard/lane/main~1")
    outcome = world.keeper.reconcile(6, "cron")
    assert faults(world) == ()
    settled = outcome.appended[-1]
    made_up = LaneEntry(
        RecordKind.RELEASED, start, 5, "eve", base=start, how=How.OVERRIDE, reason="x"
    )
    world.git.run("update-ref", "refs/guard/lane/main", "refs/guard/lane/main~1")
    world.write("settled", rev, 6, carried=(*settled.carried, made_up))
    assert any("that is not in the chain" in each for each in faults(world))
