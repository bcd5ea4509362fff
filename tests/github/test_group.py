"""The merge-queue gate: what it lets through, and each reason why it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard.errors import GuardError
from guard.github.event import GroupMade, read_event
from guard.model import Verdict
from tests.github.fake import QueueSettings
from tests.github.fake.state import Pull
from tests.github.stage import POLICY, REPO, Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


def module(name: str) -> dict[str, str]:
    return {f"app/{name}.py": f"{name.upper()} = 1\n"}


def ready(stage: Stage, name: str, approved: bool = True, **more: Any) -> Pull:
    """An AI's pull request that bob approved, with a green light that nobody checked."""
    pull = stage.propose(name, stage.agent, module(name), **more)
    if approved:
        stage.world.review(pull, stage.world.accounts["bob"])
    stage.world.report_check(pull.head, "guard/main")
    return pull


def groups(stage: Stage) -> list[GroupMade]:
    """The groups that the queue asks about, the newest of each pull request."""
    found: dict[int, GroupMade] = {}
    for name, payload in stage.world.events:
        if name == "merge_group" and payload["action"] == "checks_requested":
            event = read_event(name, json.dumps(payload).encode(), REPO.path)
            assert isinstance(event, GroupMade)
            found[event.number] = event
    return list(found.values())


def queue(stage: Stage, *pulls: Pull, **more: Any) -> list[GroupMade]:
    for pull in pulls:
        stage.world.enqueue(pull, stage.world.accounts["cleo"], **more)
    stage.world.queue_tick()
    return groups(stage)


def words(stage: Stage, event: GroupMade) -> str:
    """Why the group may not land; fails where it may."""
    try:
        said = stage.check_group(event)
    except GuardError as error:
        assert stage.shown(event.head)[0] == "FAILURE"
        return str(error)
    assert said.answer.state == "FAILURE", said.report.results
    assert stage.shown(event.head)[0] == "FAILURE"
    found = [each.message for each in said.report.findings]
    return " ".join([*found, *(each.reason for each in said.report.results)])


def passes(stage: Stage, event: GroupMade) -> None:
    said = stage.check_group(event)
    assert said.report.verdict is Verdict.PASS, said.report.results
    assert stage.shown(event.head)[0] == "SUCCESS"


@pytest.mark.parametrize("method", ["MERGE", "SQUASH"])
def test_one_approved_ai_change_lands(tmp_path: Path, method: str) -> None:
    with staged(tmp_path) as stage:
        stage.world.open_queue("main", QueueSettings(method=method))
        pull = ready(stage, "one")
        (event,) = queue(stage, pull)
        passes(stage, event)
        stage.world.queue_tick()
        assert pull.merged


def test_a_rebased_change_is_not_verified_unless_the_policy_says_so(tmp_path: Path) -> None:
    with staged(tmp_path / "strict") as stage:
        assert "rebases" in words(stage, rebased(stage))
    with staged(tmp_path / "tree", POLICY + "github:\n  rebase: tree\n") as stage:
        passes(stage, rebased(stage))


def rebased(stage: Stage) -> GroupMade:
    """A group in which an approved change lies on a newer target than it was made on."""
    stage.world.open_queue("main", QueueSettings(method="REBASE"))
    pull = ready(stage, "one")
    stage.world.direct_push("main", stage.world.commit(module("other")))
    (event,) = queue(stage, pull)
    return event


def test_two_ai_changes_do_not_land_together(stage: Stage) -> None:
    first, second = queue(stage, ready(stage, "one"), ready(stage, "two"))
    passes(stage, first)
    assert "#1" in words(stage, second)


def test_humans_ride_along_with_one_ai_change(stage: Stage) -> None:
    ada = stage.world.accounts["ada"]
    before = stage.propose("before", ada, module("before"))
    after = stage.propose("after", ada, module("after"))
    for pull in (before, after):
        stage.world.report_check(pull.head, "guard/main")
    for event in queue(stage, before, ready(stage, "one"), after):
        passes(stage, event)


def test_an_ai_change_that_failed_does_not_ride_a_later_green_one(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.world.open_queue("main", QueueSettings(strategy="HEADGREEN"))
        bad = ready(stage, "one", approved=False)
        good = stage.propose("good", stage.world.accounts["ada"], module("good"))
        stage.world.report_check(good.head, "guard/main")
        first, second = queue(stage, bad, good)
        assert "approv" in words(stage, first)
        assert "approv" in words(stage, second)


def test_an_unreleased_landing_keeps_the_next_one_out(stage: Stage) -> None:
    (event,) = queue(stage, ready(stage, "one"))
    passes(stage, event)
    stage.world.queue_tick()
    (*_, event) = queue(stage, ready(stage, "two"))
    assert "not its turn" in words(stage, event)
    assert "#1" in words(stage, event)


def test_one_that_jumps_the_queue_is_judged_by_where_it_stands(stage: Stage) -> None:
    human = stage.propose("human", stage.world.accounts["ada"], module("human"))
    stage.world.report_check(human.head, "guard/main")
    first = ready(stage, "one")
    queue(stage, human)
    found = {each.number: each for each in queue(stage, first, jump=True)}
    passes(stage, found[first.number])
    assert found[human.number].base == found[first.number].head
    passes(stage, found[human.number])


def test_solo_is_no_matter(stage: Stage) -> None:
    (event,) = queue(stage, ready(stage, "one"), solo=True)
    passes(stage, event)


def test_a_dismissed_approval_does_not_count(stage: Stage) -> None:
    pull = ready(stage, "one")
    stage.world.dismiss(pull.reviews[0])
    (event,) = queue(stage, pull)
    assert "dismissed" in words(stage, event)


def test_an_approval_of_an_older_state_does_not_count(stage: Stage) -> None:
    pull = ready(stage, "one")
    more = stage.world.commit(module("more"), pull.head, by=stage.agent)
    stage.world.push_to_pull(pull, more)
    stage.world.report_check(pull.head, "guard/main")
    (event,) = queue(stage, pull)
    assert "approved" in words(stage, event)


def test_a_push_that_leaves_the_entry_is_noticed(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.world.open_queue("main", QueueSettings(push_keeps_entry=True))
        pull = ready(stage, "one")
        (event,) = queue(stage, pull)
        more = stage.world.commit(module("more"), pull.head, by=stage.agent)
        stage.world.push_to_pull(pull, more)
        assert "by now" in words(stage, event)


def test_who_may_not_write_cannot_approve(stage: Stage) -> None:
    stage.world.accounts["bob"].permission = "read"
    (event,) = queue(stage, ready(stage, "one"))
    assert "may not write" in words(stage, event)


def test_a_bot_cannot_approve(stage: Stage) -> None:
    pull = ready(stage, "one", approved=False)
    stage.world.review(pull, stage.world.account("reviewer", bot=True))
    (event,) = queue(stage, pull)
    assert "is a bot" in words(stage, event)


def test_who_made_a_commit_cannot_approve(stage: Stage) -> None:
    bob = stage.world.accounts["bob"]
    pull = ready(stage, "one", message=f"Add one\n\nCo-authored-by: Bob <{bob.email}>\n")
    (event,) = queue(stage, pull)
    assert "made commits" in words(stage, event)


def test_who_asked_the_agent_cannot_approve(stage: Stage) -> None:
    pull = ready(stage, "one")
    pull.assignees.append(stage.world.accounts["bob"])
    (event,) = queue(stage, pull)
    assert "asked the agent" in words(stage, event)


def test_requested_changes_block_an_approved_change(stage: Stage) -> None:
    pull = ready(stage, "one")
    stage.world.review(pull, stage.world.accounts["cleo"], "CHANGES_REQUESTED")
    stage.world.report_check(pull.head, "guard/main")
    pull.reviews[-1].state = "APPROVED"
    (event,) = queue(stage, pull)
    pull.reviews[-1].state = "CHANGES_REQUESTED"
    assert "cleo" in words(stage, event)


def test_a_merge_with_edits_of_its_own_is_not_what_was_approved(stage: Stage) -> None:
    pull = ready(stage, "one")
    (event,) = queue(stage, pull)
    world = stage.world
    entry = world.entry_of(pull)
    assert entry is not None
    assert entry.ref is not None
    evil = world.commit({"app/evil.py": "EVIL = 1\n"}, event.base, pull.head, by=world.admin)
    world.repo.move(entry.ref, evil)
    entry.head = evil
    assert "edits" in words(stage, replace(event, head=evil))


def test_a_commit_of_no_entry_is_not_explained(stage: Stage) -> None:
    pull = ready(stage, "one")
    (event,) = queue(stage, pull)
    world = stage.world
    entry = world.entry_of(pull)
    assert entry is not None
    assert entry.ref is not None
    extra = world.commit({"app/extra.py": "EXTRA = 1\n"}, event.head, by=world.admin)
    world.repo.move(entry.ref, extra)
    assert "moved" in words(stage, event)
    assert "moved" in words(stage, replace(event, head=extra))


def test_the_name_of_the_reference_must_fit(stage: Stage) -> None:
    (event,) = queue(stage, ready(stage, "one"))
    assert "names" in words(stage, replace(event, named="1" * 40))
    assert "says" in words(stage, replace(event, base="2" * 40, named="2" * 40))


def test_a_target_that_moved_makes_the_group_old(stage: Stage) -> None:
    (event,) = queue(stage, ready(stage, "one"))
    world = stage.world
    world.direct_push("main", world.commit({"app/other.py": "OTHER = 1\n"}))
    assert "made on main" in words(stage, event)


def test_a_group_that_is_gone_fails(stage: Stage) -> None:
    pull = ready(stage, "one")
    (event,) = queue(stage, pull)
    stage.world.close(pull)
    stage.world.queue_tick()
    assert "moved" in words(stage, event)


def test_the_range_begins_at_the_real_tip_and_not_at_the_base_of_the_event(stage: Stage) -> None:
    first, second = queue(stage, ready(stage, "one"), ready(stage, "two"))
    assert second.base == first.head
    said = words(stage, second)
    assert "#1" in said
    assert "#2" in said


def test_who_asked_for_another_change_in_the_queue_may_approve_this_one(stage: Stage) -> None:
    first, second = ready(stage, "one"), ready(stage, "two")
    second.assignees.append(stage.world.accounts["bob"])
    event, _ = queue(stage, first, second)
    passes(stage, event)
