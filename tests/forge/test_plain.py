"""The facts of a change, from real repositories: what lands, who saw what, what else is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.change import (
    Change,
    Deployment,
    Evidence,
    FileChange,
    How,
    LaneFacts,
    LaneRecord,
    OpenChange,
    Opinion,
    Origin,
    Person,
    RecordKind,
    Review,
    State,
    Unknown,
    Waiting,
)
from guard.forge.plain import who_waits
from guard.forge.rulebook import rulebook_at
from guard.model import Stage, Verdict
from guard.plugins import load_rules
from guard.refs import LocalRefs
from tests.forge.kit import NOW, POLICY, ROBOT, Hub, hub, only, units

TEXT = "".join(f"x{n} = {n}\n" for n in range(9))
EDITED = TEXT.replace("x1 = 1", "x1 = 11")
EVERYTHING = frozenset({"rollback", "target_health", "result_health"})


def topic(hub: Hub, name: str = "topic", text: str = EDITED) -> str:
    """An AI's branch with one commit, on the server."""
    hub.branch(name)
    rev = hub.commit({"app.py": text}, f"Edit\n\n{ROBOT}")
    hub.push(name)
    hub.git("checkout", "-q", "main", "--")
    return rev


def moved(hub: Hub, files: dict[str, str | None] | None = None) -> str:
    """A commit on ``main``, on the server."""
    hub.git("checkout", "-q", "main", "--")
    rev = hub.commit({"other.py": "y = 1\n"} if files is None else files)
    hub.push("main")
    return rev


def reviews(change: Change) -> tuple[Review, ...]:
    assert not isinstance(change.reviews, Unknown)
    return change.reviews


def test_a_branch_is_one_change_and_its_merge_is_judged(hub: Hub) -> None:
    head = topic(hub)
    moved(hub)
    change = hub.gather("topic")
    unit = only(change)
    assert (unit.head, unit.head_tree, unit.faithful) == (head, hub.tree("topic"), True)
    assert unit.tree == change.result_tree == hub.tree(hub.merge("topic"))
    assert change.rev == unit.rev != head
    assert not isinstance(unit.commits, Unknown)
    assert [each.rev for each in unit.commits] == [head]
    assert unit.is_ai
    assert unit.id == "refs/heads/topic"


def test_asking_twice_gives_the_same_facts(hub: Hub) -> None:
    topic(hub)
    moved(hub)
    assert hub.gather("topic", EVERYTHING) == hub.gather("topic", EVERYTHING)


def test_a_branch_that_merged_the_target_is_one_change_still(hub: Hub) -> None:
    topic(hub)
    moved(hub)
    hub.git("checkout", "-q", "topic", "--")
    hub.git("merge", "-q", "--no-ff", "-m", "Update", "main")
    last = hub.commit({"more.py": "z = 1\n"}, "More")
    hub.push("topic")
    unit = only(hub.gather("topic"))
    assert unit.head == last
    assert unit.tree == hub.tree("topic")
    assert unit.is_ai


def test_a_branch_with_conflicts_has_no_units_and_says_where(hub: Hub) -> None:
    topic(hub)
    moved(hub, {"app.py": TEXT.replace("x1 = 1", "x1 = 111")})
    change = hub.gather("topic")
    assert isinstance(change.units, Unknown)
    assert "conflicts in 'app.py'; merge main into it" in change.units.reason
    assert change.units == change.result_tree


def test_a_branch_that_has_landed_brings_nothing(hub: Hub) -> None:
    topic(hub)
    hub.merge("topic")
    hub.push("main")
    change = hub.gather("topic")
    assert change.units == ()
    assert change.rev == change.base


def test_a_push_that_would_rewrite_the_target_has_no_units(hub: Hub) -> None:
    old = topic(hub)
    moved(hub)
    change = hub.landing(old)
    assert isinstance(change.units, Unknown)
    assert "it would be rewritten" in change.units.reason


def test_an_unrelated_history_is_no_change_to_merge(hub: Hub) -> None:
    hub.git("checkout", "-q", "--orphan", "alien")
    hub.commit({"alien.py": "a = 1\n"})
    hub.push("alien")
    change = hub.gather("alien")
    assert isinstance(change.units, Unknown)
    assert "it cannot be merged" in change.units.reason


def test_the_parts_of_a_push_are_units_of_their_own(hub: Hub) -> None:
    topic(hub)
    hub.branch("human")
    hub.commit({"human.py": "h = 1\n"})
    hub.git("checkout", "-q", "main", "--")
    first, second = hub.merge("topic"), hub.merge("human")
    found = units(hub.landing(second))
    assert [unit.rev for unit in found] == [first, second]
    assert [unit.is_ai for unit in found] == [True, False]
    assert [unit.head for unit in found] == [hub.rev("topic"), hub.rev("human")]
    assert all(unit.faithful is True for unit in found)
    assert found[0].base == hub.rev("origin/main")


def test_a_merge_with_edits_of_its_own_is_not_faithful(hub: Hub) -> None:
    head = topic(hub)
    moved(hub)
    hub.merge("topic")
    (hub.clone / "app.py").write_text(EDITED + "import evil\n")
    hub.git("add", "-A")
    hub.git("commit", "-q", "--amend", "--no-edit")
    unit = only(hub.landing(hub.rev("main")))
    assert (unit.head, unit.faithful) == (head, False)


def test_a_merge_whose_conflicts_were_resolved_by_hand_is_not_faithful(hub: Hub) -> None:
    topic(hub)
    moved(hub, {"app.py": TEXT.replace("x1 = 1", "x1 = 111")})
    hub.merge("topic", "-X", "theirs")
    unit = only(hub.landing(hub.rev("main")))
    assert unit.faithful is False


def test_an_octopus_has_no_head_that_someone_saw(hub: Hub) -> None:
    for name in ("one", "two"):
        hub.branch(name)
        hub.commit({f"{name}.py": "o = 1\n"})
    moved(hub)
    hub.git("merge", "-q", "-m", "Octopus", "one", "two")
    unit = only(hub.landing(hub.rev("main")))
    assert isinstance(unit.head, Unknown)
    assert "2 heads at once" in unit.head.reason
    assert unit.faithful is False


def test_a_squash_is_proved_by_the_approval_of_the_branch(hub: Hub) -> None:
    head = topic(hub)
    hub.approve("topic")
    moved(hub)
    hub.git("merge", "-q", "--squash", "topic")
    squash = hub.commit({}, f"Squashed\n\n{ROBOT}")
    change = hub.landing(squash)
    unit = only(change)
    assert (unit.head, unit.head_tree, unit.faithful) == (head, hub.tree("topic"), True)
    (found,) = reviews(change)
    assert found.tree == unit.head_tree


def test_a_rebase_is_proved_by_the_approval_of_the_branch(hub: Hub) -> None:
    head = topic(hub)
    hub.approve("topic")
    base = moved(hub)
    hub.git("checkout", "-q", "-b", "rebased", "topic", "--")
    hub.git("rebase", "-q", base)
    unit = only(hub.landing("rebased"))
    assert unit.rev != head
    assert (unit.head, unit.faithful) == (head, True)


def test_a_squash_that_smuggles_something_in_is_not_what_was_approved(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic")
    moved(hub)
    hub.git("merge", "-q", "--squash", "topic")
    squash = hub.commit({"evil.py": "import os\n"}, f"Squashed\n\n{ROBOT}")
    unit = only(hub.landing(squash))
    assert unit.head == squash
    assert unit.head_tree != hub.tree("topic")


def test_an_approval_that_has_landed_does_not_prove_a_second_time(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic")
    hub.merge("topic")
    hub.push("main")
    again = hub.commit({"again.py": "a = 1\n"}, f"Again\n\n{ROBOT}")
    unit = only(hub.landing(again))
    assert unit.head == again


def test_reviews_are_those_of_the_trees_and_heads_of_this_change(hub: Hub) -> None:
    topic(hub)
    old = hub.approve("topic")
    hub.git("checkout", "-q", "topic", "--")
    hub.commit({"app.py": EDITED + "y = 1\n"})
    hub.push("topic")
    new = hub.approve("topic", "ada", opinion=Opinion.CHANGES_REQUESTED, at=NOW - 5)
    topic(hub, "stranger", TEXT + "s = 1\n")
    hub.approve("stranger")
    found = reviews(hub.gather("topic"))
    assert [(each.by.login, each.tree) for each in found] == [("bob", old.tree), ("ada", new.tree)]
    assert found[0].may_write is True
    assert found[0].emails == ("bob@example.org",)
    assert found[1].roles == ("owner",)


def test_an_objection_survives_that_the_branch_is_written_anew(hub: Hub) -> None:
    topic(hub)
    hub.arrives("topic")
    hub.approve("topic", opinion=Opinion.CHANGES_REQUESTED)
    hub.git("checkout", "-q", "topic", "--")
    hub.git("commit", "-q", "--amend", "-m", f"Other words\n\n{ROBOT}")
    hub.commit({"app.py": EDITED + "y = 1\n"})
    hub.push("topic")
    hub.arrives("topic", "mallory")
    change = hub.gather("topic")
    assert [each.opinion for each in reviews(change)] == [Opinion.CHANGES_REQUESTED]
    assert change.opener == Person(login="ada")


def test_who_is_not_in_the_policy_may_not_write(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic", "gone")
    (found,) = reviews(hub.gather("topic"))
    assert found.may_write is False
    assert isinstance(found.emails, Unknown)


def test_without_people_in_the_policy_nobody_is_known_who_may_write(tmp_path: Path) -> None:
    found = hub(tmp_path / "bare", "version: 1\n")
    topic(found)
    found.approve("topic")
    (review,) = reviews(found.gather("topic"))
    assert isinstance(review.may_write, Unknown)


def test_an_approval_that_contradicts_its_reference_makes_all_reviews_unknown(hub: Hub) -> None:
    head = topic(hub)
    found = hub.approve("topic")
    text = f'{{"version": 1, "by": "bob", "tree": "{found.tree}", "head": "{head}", "at": 1, '
    hub.write_approval(f"main/eve/{found.tree}", text + '"opinion": "approved"}', head)
    change = hub.gather("topic")
    assert isinstance(change.reviews, Unknown)
    assert "refs/guard/approvals/main/eve/" in change.reviews.reason


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 2}', '{"version": 1, "by": 3}'])
def test_an_approval_that_cannot_be_read_makes_all_reviews_unknown(hub: Hub, text: str) -> None:
    head = topic(hub)
    hub.write_approval(f"main/bob/{hub.tree('topic')}", text, head)
    assert isinstance(hub.gather("topic").reviews, Unknown)


def test_an_approval_for_a_target_below_this_one_is_not_for_this_one(hub: Hub) -> None:
    head = topic(hub)
    found = hub.approve("topic")
    other = f'{{"version": 1, "by": "eve", "tree": "{found.tree}", "head": "{head}", "at": 1}}'
    hub.write_approval(f"main/next/eve/{found.tree}", other, head)
    assert [each.by.login for each in reviews(hub.gather("topic"))] == ["bob"]


def test_the_opener_is_who_first_sent_the_commits(hub: Hub) -> None:
    topic(hub)
    hub.arrives("topic", "carl")
    assert hub.gather("topic").opener == Person(login="carl")
    merge = hub.merge("topic")
    assert hub.landing(merge).opener == Person(login="carl")


def test_the_opener_is_found_after_the_branch_is_gone(hub: Hub) -> None:
    topic(hub)
    hub.arrives("topic", "carl")
    merge = hub.merge("topic")
    hub.git("push", "-q", "origin", ":topic")
    assert hub.landing(merge).opener == Person(login="carl")


def test_who_used_the_branch_for_an_earlier_change_is_not_the_opener(hub: Hub) -> None:
    topic(hub)
    hub.arrives("topic", "carl")
    hub.merge("topic")
    hub.push("main")
    hub.git("branch", "-D", "topic")
    topic(hub, "topic", EDITED + "y = 1\n")
    hub.arrives("topic", "dora")
    assert hub.gather("topic").opener == Person(login="dora")


def test_the_pusher_opened_what_nobody_had_sent_before(hub: Hub) -> None:
    rev = hub.commit({"new.py": "n = 1\n"})
    assert hub.landing(rev, fresh=True).opener == Person(login="ada")
    assert isinstance(hub.landing(rev).opener, Unknown)
    assert isinstance(hub.landing(rev, fresh=True, pusher=Person()).opener, Unknown)


def test_an_account_of_an_agent_that_opened_it_makes_it_an_ais(hub: Hub) -> None:
    hub.branch("quiet")
    hub.commit({"app.py": EDITED}, "Edit")
    hub.push("quiet")
    assert not only(hub.gather("quiet")).is_ai
    hub.arrives("quiet", "devin-ai-integration[bot]")
    assert only(hub.gather("quiet")).is_ai


def test_once_an_ais_always_an_ais(hub: Hub) -> None:
    topic(hub)
    hub.arrives("topic", origin=Origin.AI)
    hub.git("checkout", "-q", "topic", "--")
    hub.git("commit", "-q", "--amend", "-m", "No trailer any more")
    hub.push("topic")
    hub.arrives("topic")
    assert only(hub.gather("topic")).is_ai


def test_files_are_counted_by_line_and_binary_ones_are_not(hub: Hub) -> None:
    hub.branch("files")
    (hub.clone / "data.bin").write_bytes(b"\0\1\2")
    (hub.clone / "link").symlink_to("/etc/passwd")
    hub.commit({"app.py": EDITED, "new.py": "a = 1\nb = 2\n", "guard.yaml": None})
    hub.push("files")
    unit = only(hub.gather("files"))
    assert not isinstance(unit.files, Unknown)
    lines = {each.path: (each.added, each.deleted) for each in unit.files}
    assert lines["app.py"] == (1, 1)
    assert lines["new.py"] == (2, 0)
    assert lines["data.bin"] == (None, None)
    assert lines["link"] == (1, 0)
    by_path = {each.path: each for each in unit.files}
    assert by_path["new.py"].old == ""
    assert by_path["guard.yaml"].new == ""


def test_a_file_whose_mode_alone_changes_is_touched(hub: Hub) -> None:
    hub.branch("mode")
    (hub.clone / "app.py").chmod(0o755)
    hub.commit({})
    hub.push("mode")
    blob = hub.rev("main:app.py")
    assert only(hub.gather("mode")).files == (FileChange("app.py", blob, blob, 0, 0),)


def test_the_lane_is_that_of_the_target_with_all_who_wait(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic", at=NOW - 300)
    topic(hub, "second", TEXT + "s = 1\n")
    hub.branch("human")
    hub.commit({"human.py": "h = 1\n"})
    hub.push("human")
    change = hub.gather("topic")
    assert isinstance(change.lane, LaneFacts)
    assert change.lane.faults == ()
    assert change.lane.waiting == (
        Waiting(
            "refs/heads/second", hub.rev("second"), ("other",), None, "an approval of its tree"
        ),
        Waiting("refs/heads/topic", hub.rev("topic"), ("other",), NOW - 300),
    )
    assert not isinstance(change.others, Unknown)
    assert [(each.id, each.origin) for each in change.others] == [
        ("refs/heads/human", Origin.UNDECLARED),
        ("refs/heads/second", Origin.AI),
    ]


@pytest.mark.parametrize("by", ["ada", "gone", "carl"])
def test_an_approval_that_cannot_count_makes_nobody_ready(hub: Hub, by: str) -> None:
    topic(hub)
    hub.arrives("topic", "carl")
    hub.approve("topic", by)
    lane = hub.gather("topic").lane
    assert isinstance(lane, LaneFacts)
    assert not isinstance(lane.waiting, Unknown)
    assert [each.ready_since for each in lane.waiting] == [None]


def test_what_conflicts_is_not_ready(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic")
    topic(hub, "second", TEXT + "s = 1\n")
    moved(hub, {"app.py": TEXT.replace("x1 = 1", "x1 = 111")})
    lane = hub.gather("second").lane
    assert isinstance(lane, LaneFacts)
    assert not isinstance(lane.waiting, Unknown)
    (_, first) = lane.waiting
    assert (first.ready_since, first.missing) == (None, "a merge into the target without conflicts")


def test_a_change_of_a_human_does_not_make_anyone_look_at_other_branches(hub: Hub) -> None:
    hub.branch("human")
    hub.commit({"human.py": "h = 1\n"})
    hub.push("human")
    change = hub.gather("human")
    assert isinstance(change.others, Unknown)
    assert "no AI change is judged" in change.others.reason


def test_who_waits_can_be_asked_without_a_change(hub: Hub) -> None:
    topic(hub)
    git = hub.repository
    tip = hub.rev("origin/main")
    facts = who_waits(git, LocalRefs(git), "main", tip, rulebook_at(git, tip, load_rules()))
    assert isinstance(facts, LaneFacts)
    assert not isinstance(facts.waiting, Unknown)
    assert [each.id for each in facts.waiting] == ["refs/heads/topic"]


def test_an_exact_revert_of_the_holder_is_one(hub: Hub) -> None:
    topic(hub)
    landed = hub.merge("topic")
    hub.push("main")
    hub.branch("back")
    hub.git("revert", "--no-edit", "-m", "1", landed)
    hub.push("back")
    assert only(hub.gather("back")).reverts == landed
    hub.commit({"evil.py": "e = 1\n"}, "More")
    hub.push("back")
    assert only(hub.gather("back")).reverts == ""


def test_evidence_and_deployments_are_those_of_both_trees(hub: Hub) -> None:
    topic(hub)
    base = hub.tree("main")
    for tree in (base, hub.tree("topic"), "1" * 40):
        found = Evidence(tree, "check", Verdict.PASS, "e", (), "", "0", NOW)
        hub.records.record_evidence([found])
    live = Deployment("staging", hub.rev("main"), base, State.HEALTHY, NOW)
    hub.records.record_deployment(live)
    change = hub.gather("topic")
    assert not isinstance(change.evidence, Unknown)
    assert {each.tree for each in change.evidence} == {base, hub.tree("topic")}
    assert change.deployments == (live,)


def test_the_revert_of_the_only_change_gives_the_target_back(hub: Hub) -> None:
    topic(hub)
    change = hub.gather("topic", EVERYTHING)
    assert not isinstance(change.rollback, Unknown)
    assert (change.rollback.applies, change.rollback.worse) == (True, ())
    assert isinstance(hub.gather("topic").rollback, Unknown)


def test_an_ai_change_that_a_later_one_builds_on_does_not_come_out(hub: Hub) -> None:
    topic(hub)
    hub.merge("topic")
    last = hub.commit({"app.py": EDITED.replace("x1 = 11", "x1 = 12")}, "On top")
    change = hub.landing(last, EVERYTHING)
    assert not isinstance(change.rollback, Unknown)
    assert (change.rollback.applies, change.rollback.conflicts) == (False, ("app.py",))


GUARDED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import decimal as dec\n"
USED = GUARDED + "print(dec)\n"


def test_health_is_what_the_source_rules_say_of_each_tree(hub: Hub) -> None:
    moved(hub, {"bad.py": USED})
    topic(hub)
    change = hub.gather("topic", EVERYTHING)
    assert not isinstance(change.target_health, Unknown)
    assert change.target_health.tree == change.base_tree
    (line,) = change.target_health.broken
    assert line.startswith("bad.py:4: type-checking-runtime-use: ")
    assert not isinstance(change.result_health, Unknown)
    assert change.result_health.broken == (line,)
    hub.branch("mend")
    hub.commit({"bad.py": USED.replace("if TYPE_CHECKING:", "if True:")})
    hub.push("mend")
    mended = hub.gather("mend", EVERYTHING)
    assert not isinstance(mended.result_health, Unknown)
    assert mended.result_health.broken == ()


def test_a_revert_that_breaks_what_came_after_is_worse(hub: Hub) -> None:
    # The AI makes the import real, and a human relies on that.
    moved(hub, {"bad.py": GUARDED})
    topic_text = GUARDED.replace("if TYPE_CHECKING:", "if True:")
    hub.branch("topic")
    hub.commit({"bad.py": topic_text}, f"Import it\n\n{ROBOT}")
    hub.push("topic")
    hub.merge("topic")
    last = hub.commit({"use.py": "from bad import dec\nprint(dec)\n"}, "Use it")
    change = hub.landing(last, EVERYTHING)
    assert not isinstance(change.rollback, Unknown)
    assert change.rollback.applies
    assert [line.split(":")[0] for line in change.rollback.worse] == ["use.py"]


def test_a_tree_without_python_is_not_broken(tmp_path: Path) -> None:
    found = hub(tmp_path / "docs")
    found.commit({"app.py": None, "README": "x\n"})
    found.push("main")
    found.branch("more")
    found.commit({"README": "y\n"})
    found.push("more")
    change = found.gather("more", EVERYTHING)
    assert not isinstance(change.target_health, Unknown)
    assert change.target_health.broken == ()


def test_the_policy_is_the_targets_and_not_the_changes(hub: Hub) -> None:
    hub.branch("loose")
    hub.commit({"guard.yaml": POLICY + "rules: {missing-human-approval: off}\n"})
    hub.push("loose")
    change = hub.gather("loose")
    assert change.policy == hub.rev("main:guard.yaml")
    assert not isinstance(change.policy_edit, Unknown)
    assert change.policy_edit.touched == ("guard.yaml",)
    assert change.policy_edit.weaker == ("guard.yaml: switches missing-human-approval off",)


def test_a_lane_without_a_start_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    found = hub(tmp_path / "new")
    found.git("push", "-q", "origin", ":refs/guard/lane/main")
    topic(found)
    lane = found.gather("topic").lane
    assert isinstance(lane, LaneFacts)
    assert "has no start" in lane.faults[0]


def test_a_broken_ledger_makes_the_facts_unknown_and_not_empty(hub: Hub) -> None:
    git = hub.repository
    blob = git.write_blob(b"no json")
    path = f"evidence/{hub.tree('main')[:2]}/{hub.tree('main')}"
    tree = blob
    for name in ("x.json", *reversed(path.split("/"))):
        mode = "100644" if tree == blob else "040000"
        (tree,) = git.write_trees([[(mode, tree, name)]])
    assert git.swap([("refs/guard/evidence", None, git.write_commit(tree, [], "x\n", at=0))])
    topic(hub)
    change = hub.gather("topic")
    assert isinstance(change.evidence, Unknown)
    assert "no JSON" in change.evidence.reason


def test_a_target_that_is_not_there_yet_is_made_of_everything(hub: Hub) -> None:
    topic(hub)
    change = hub.landing("topic", base="")
    (first, *_) = units(change)
    assert first.base == ""
    assert isinstance(change.lane, Unknown)
    assert change.base_tree == hub.repository.empty_tree()


def test_a_released_landing_is_in_the_records(hub: Hub) -> None:
    topic(hub)
    base, landed = hub.rev("main"), hub.merge("topic")
    hub.push("main")
    released = LaneRecord(
        RecordKind.RELEASED, landed, NOW, "ada", base=base, how=How.OVERRIDE, reason="seen"
    )
    hub.records.append_lane("main", lambda _: [released])
    topic(hub, "second", EDITED + "s = 1\n")
    lane = hub.gather("second").lane
    assert isinstance(lane, LaneFacts)
    assert [each.rev for each in lane.landings] == [landed]
    assert lane.records[-1] == released


def test_the_merge_queue_is_asked_about_what_the_target_becomes(hub: Hub) -> None:
    topic(hub)
    group = hub.merge("topic")
    change = hub.landing(group, door=Stage.MERGE_QUEUE)
    assert change.rev == group
    assert only(change).faithful is True


def test_other_protected_branches_are_no_open_changes(tmp_path: Path) -> None:
    found = hub(tmp_path / "two", POLICY + "lane: {targets: [main, release]}\n")
    topic(found)
    found.branch("release")
    found.commit({"r.py": "r = 1\n"}, f"Release\n\n{ROBOT}")
    found.push("release")
    change = found.gather("topic")
    assert change.others == ()
    assert isinstance(change.lane, LaneFacts)
    assert not isinstance(change.lane.waiting, Unknown)
    assert [each.id for each in change.lane.waiting] == ["refs/heads/topic"]


def test_many_open_branches_are_read_by_one_process(hub: Hub) -> None:
    topic(hub)
    for number in range(12):
        topic(hub, f"more/{number}", TEXT + f"m = {number}\n")
        hub.arrives(f"more/{number}", f"who{number}")
    change = hub.gather("topic")
    assert not isinstance(change.others, Unknown)
    assert len(change.others) == 12
    assert change.others[0] == OpenChange("refs/heads/more/0", Origin.AI, Person(login="who0"))


def test_a_lane_that_began_after_the_base_is_a_fault_and_no_crash(hub: Hub) -> None:
    old = hub.rev("main")
    moved(hub)
    hub.start_lane()
    topic(hub)
    lane = hub.gather("topic", base=old).lane
    assert isinstance(lane, LaneFacts)
    assert "was rewritten" in lane.faults[0]


def test_the_merge_that_is_judged_is_no_older_than_its_parents(hub: Hub) -> None:
    topic(hub)
    moved(hub)
    git = hub.repository
    at = git.run("show", "-s", "--format=%ct", hub.gather("topic").rev, hub.rev("main")).split()
    assert at[0] == at[1]


def test_an_empty_merge_that_hides_what_a_branch_did_is_not_faithful(hub: Hub) -> None:
    topic(hub)
    moved(hub)
    hub.merge("topic", "-s", "ours")
    unit = only(hub.landing(hub.rev("main")))
    assert unit.tree == hub.tree("origin/main")
    assert unit.faithful is False


def test_an_approval_of_the_tree_itself_needs_no_other_proof(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic")
    moved(hub)
    hub.git("merge", "-q", "--squash", "topic")
    squash = hub.commit({}, f"Squashed\n\n{ROBOT}")
    hub.approve("main", "ada")
    assert only(hub.landing(squash)).head == squash


def test_the_code_owners_are_those_of_the_target(hub: Hub) -> None:
    hub.commit({".github/CODEOWNERS": "* @ada\n/docs/ @bob @org/writers\n/free/\n"})
    hub.push("main")
    hub.branch("topic")
    files = {"docs/a.md": "a\n", "docs/b.md": "b\n", "free/c.md": "c\n"}
    hub.commit({**files, ".github/CODEOWNERS": "* @eve\n"})
    hub.push("topic")
    unit = only(hub.gather("topic"))
    assert isinstance(unit.code_owners, tuple)
    assert set(unit.code_owners) == {("@ada",), ("@bob", "@org/writers")}
