"""The reconciler: one green light, given after the old one is gone; releases; lost events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.change import How, RecordKind
from guard.errors import GuardError
from guard.github.grants import Candidate, choose
from tests.github.fake import Fault, Kind
from tests.github.fake.state import Pull, Stamp
from tests.github.stage import POLICY, Stage, staged

HOUR = 3600


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


def ready(stage: Stage, name: str) -> Pull:
    pull = stage.propose(name, stage.agent, {f"app/{name}.py": f"{name.upper()} = 1\n"})
    stage.world.review(pull, stage.world.accounts["bob"])
    stage.clock.forward(60)
    return pull


def land(stage: Stage, pull: Pull, check: str = "SUCCESS") -> None:
    stage.world.enqueue(pull, stage.world.accounts["cleo"])
    stage.world.queue_tick()
    stage.answer_events()
    entry = stage.world.entry_of(pull)
    assert entry is not None
    assert entry.head is not None
    if check:
        stage.world.report_check(entry.head, "check", check)
    stage.world.queue_tick()
    assert pull.merged, stage.said


def lights(stage: Stage, *pulls: Pull) -> list[str]:
    return [stage.shown(pull.head)[0] for pull in pulls]


def test_one_of_three_gets_the_green_light_and_the_others_are_told_why(stage: Stage) -> None:
    pulls = [ready(stage, name) for name in ("one", "two", "three")]
    done = stage.reconcile()
    assert done.green == ("#1",)
    assert lights(stage, *pulls) == ["SUCCESS", "PENDING", "PENDING"]
    title = stage.shown(pulls[2].head)[1]
    assert "kept for #1" in title
    assert "3rd of 3" in title
    assert stage.reconcile().told == ()


def test_what_waits_is_told_who_holds_the_lane(stage: Stage) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    stage.reconcile()
    land(stage, one)
    stage.reconcile()
    state, title = stage.shown(two.head)
    assert state == "PENDING"
    assert "held by #1" in title
    assert "until 20" in title


def test_a_landing_is_released_by_its_check_and_its_soak(stage: Stage) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    stage.reconcile()
    land(stage, one)
    stage.reconcile()
    stage.clock.forward(29 * 60)
    assert stage.reconcile().green == ()
    stage.clock.forward(2 * 60)
    done = stage.reconcile()
    assert [each.how for each in done.outcome.appended if each.kind is RecordKind.RELEASED] == [
        How.EVIDENCE
    ]
    assert done.green == ("#2",)
    assert lights(stage, two) == ["SUCCESS"]


@pytest.mark.parametrize("conclusion", ["FAILURE", "SKIPPED", ""])
def test_a_check_that_did_not_succeed_releases_nothing(stage: Stage, conclusion: str) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    stage.reconcile()
    land(stage, one, conclusion)
    stage.clock.forward(HOUR)
    stage.reconcile()
    stage.clock.forward(HOUR)
    done = stage.reconcile()
    assert done.green == ()
    assert done.outcome.waits
    assert lights(stage, two) == ["PENDING"]


def test_a_landing_is_watched_on_staging_where_the_policy_asks(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY.replace("soak: 30m", "soak: 30m\n  staging: staging")) as stage:
        one = ready(stage, "one")
        stage.reconcile()
        land(stage, one)
        stage.reconcile()
        stage.clock.forward(HOUR)
        assert [each.kind for each in stage.reconcile().outcome.appended] == []
        tip = stage.world.repo.tip("main")
        stage.world.deploy("production", tip, state="SUCCESS")
        deployment = stage.world.deploy("staging", tip, state="IN_PROGRESS")
        stage.world.deployment_status(deployment, "SUCCESS")
        stage.clock.forward(29 * 60)
        assert stage.reconcile().outcome.waits
        stage.clock.forward(2 * 60)
        assert not stage.reconcile().outcome.waits


def test_a_deployment_that_fails_begins_the_watch_anew(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY.replace("soak: 30m", "soak: 30m\n  staging: staging")) as stage:
        one = ready(stage, "one")
        stage.reconcile()
        land(stage, one)
        stage.reconcile()
        tip = stage.world.repo.tip("main")
        stage.world.deploy("staging", tip, state="SUCCESS")
        stage.clock.forward(20 * 60)
        stage.world.deploy("staging", tip, state="FAILURE")
        stage.clock.forward(20 * 60)
        (wait,) = stage.reconcile().outcome.waits
        assert any("staging" in each for each in wait.missing)


def test_a_turn_that_is_over_goes_to_the_next(stage: Stage) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    assert stage.reconcile().green == ("#1",)
    stage.clock.forward(HOUR)
    assert stage.reconcile().green == ("#2",)
    assert lights(stage, one, two) == ["PENDING", "SUCCESS"]


def test_who_is_in_the_queue_keeps_the_green_light(stage: Stage) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    stage.reconcile()
    stage.world.enqueue(one, stage.world.accounts["cleo"])
    stage.clock.forward(HOUR)
    assert stage.reconcile().green == ("#1",)
    assert lights(stage, one, two) == ["SUCCESS", "PENDING"]


def test_the_old_light_goes_out_before_the_new_one_comes_on(stage: Stage) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    stage.reconcile()
    stage.clock.forward(HOUR)
    before = len(stage.server.requests)
    stage.reconcile()
    names = [each.query for each in stage.server.requests[before:] if each.path == "/graphql"]
    assert names[-3:] == ["runs", "shown", "runs"]
    assert lights(stage, one, two) == ["PENDING", "SUCCESS"]


def test_a_light_that_does_not_go_out_keeps_the_next_one_from_coming_on(stage: Stage) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    stage.reconcile()
    stage.clock.forward(HOUR)
    stage.server.faults.append(Fault(Kind.STATUS, times=9, query="shown"))
    with pytest.raises(GuardError):
        stage.reconcile()
    assert lights(stage, one, two) == ["PENDING", "PENDING"]
    stage.server.faults.clear()
    assert stage.reconcile().green == ("#2",)


def test_a_green_light_that_somebody_else_gave_is_taken_away(stage: Stage) -> None:
    one, two = ready(stage, "one"), ready(stage, "two")
    for pull in (one, two):
        stage.world.report_check(pull.head, "guard/main", app="stranger")
    stage.reconcile()
    assert lights(stage, one, two) == ["SUCCESS", "PENDING"]


def test_a_change_whose_event_was_lost_is_judged(stage: Stage) -> None:
    pull = stage.propose("human", stage.world.accounts["ada"], {"app/human.py": "H = 1\n"})
    stage.reconcile()
    assert lights(stage, pull) == ["SUCCESS"]


def test_an_approval_that_is_taken_back_takes_the_light_along(stage: Stage) -> None:
    one = ready(stage, "one")
    stage.reconcile()
    stage.world.dismiss(one.reviews[0])
    assert stage.reconcile().green == ()
    assert lights(stage, one) == ["FAILURE"]


def test_a_draft_gets_no_green_light(stage: Stage) -> None:
    one = ready(stage, "one")
    stage.world.edit(one, draft=True)
    assert stage.reconcile().green == ()
    assert lights(stage, one) == ["PENDING"]


def test_once_an_ai_change_always_one(stage: Stage) -> None:
    ada = stage.world.accounts["ada"]
    trailer = "Add it\n\nCo-authored-by: Claude <noreply@anthropic.com>\n"
    pull = stage.propose("one", ada, {"app/one.py": "ONE = 1\n"}, message=trailer)
    stage.check_pull(pull)
    clean = stage.world.commit({"app/one.py": "ONE = 1\n"}, by=ada)
    stage.world.push_to_pull(pull, clean)
    said = stage.check_pull(pull)
    assert "earlier state" in str(said.change.units)
    assert lights(stage, pull) == ["FAILURE"]


def test_a_chosen_change_is_put_into_the_queue_where_the_policy_says_so(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY + "github:\n  enqueue: true\n") as stage:
        one, two = ready(stage, "one"), ready(stage, "two")
        assert stage.reconcile().enqueued == ("#1",)
        assert stage.world.entry_of(one) is not None
        assert stage.world.entry_of(two) is None
        assert stage.reconcile().enqueued == ()


def test_one_comment_is_kept_edited_where_the_policy_says_so(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY + "github:\n  comment: true\n") as stage:
        one, two = ready(stage, "one"), ready(stage, "two")
        stage.world.comment(two, stage.world.accounts["ada"], "<!-- premerge-guard -->\nmine")
        stage.reconcile()
        assert [each.by.login for each in two.comments] == ["ada", "github-actions"]
        said = two.comments[1].body
        land(stage, one)
        stage.reconcile()
        assert len(two.comments) == 2
        assert two.comments[1].body != said
        assert "held by" in two.comments[1].body


def test_two_runs_at_once_come_to_the_same(stage: Stage, tmp_path: Path) -> None:
    pulls = [ready(stage, name) for name in ("one", "two", "three")]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as both:
        found = [each.result() for each in [both.submit(stage.reconcile) for _ in range(2)]]
    assert {each.green for each in found} == {("#1",)}
    assert lights(stage, *pulls) == ["SUCCESS", "PENDING", "PENDING"]


def test_the_turn_is_decided_by_facts_alone() -> None:
    def one(number: int, since: int, lane: str = "other", queued: bool = False) -> Candidate:
        return Candidate(number, (lane,), since, queued)

    line = [one(1, 50), one(2, 10), one(3, 90)]
    assert choose([], 0, 100, 60) == ()
    assert choose(line, 0, 60, 60) == (2,)
    assert choose(line, 0, 75, 60) == (1,)
    assert choose(line, 100, 159, 60) == (2,)
    assert choose(line, 100, 160, 60) == (1,)
    assert choose(line, 100, 100 + 3 * 60, 60) == (2,)
    assert choose(line, 0, 10**9, 0) == (2,)
    assert choose([*line, one(4, 99, queued=True)], 0, 60, 60) == (4,)
    assert set(choose([*line, one(5, 99, "docs")], 0, 60, 60)) == {2, 5}
    both = Candidate(6, ("other", "docs"), 5, False)
    assert choose([*line, one(5, 99, "docs"), both], 0, 10, 60) == (6,)


def test_a_team_can_be_asked_for_and_a_code_owner(tmp_path: Path) -> None:
    rule = "  missing-human-approval: {level: error, roles: [team:security], code-owners: true}\n"
    owners = {".github/CODEOWNERS": "/app/ @octo/security @cleo\n", "app/__init__.py": ""}
    with staged(tmp_path, POLICY + rule, files=owners) as stage:
        one = ready(stage, "one")
        assert stage.reconcile().green == ()
        assert "team:security" in str(stage.check_pull(one).report)
        stage.world.review(one, stage.world.accounts["ada"], teams=("security",))
        assert stage.reconcile().green == ("#1",)


def test_what_moves_while_it_is_read_is_read_again(stage: Stage) -> None:
    one = ready(stage, "one")
    world = stage.world

    def push() -> None:
        world.direct_push("main", world.commit({"app/new.py": "NEW = 1\n"}))

    stage.server.faults.append(Fault(Kind.MEANWHILE, query="survey", action=push))
    done = stage.reconcile()
    assert done.scene.survey.tip == world.repo.tip("main")
    assert lights(stage, one) == ["SUCCESS"]


def test_what_never_stands_still_is_not_judged(stage: Stage) -> None:
    one = ready(stage, "one")
    world, files = stage.world, iter(range(100))

    def push() -> None:
        world.direct_push("main", world.commit({f"app/new{next(files)}.py": "NEW = 1\n"}))

    stage.server.faults.append(Fault(Kind.MEANWHILE, times=-1, query="survey", action=push))
    with pytest.raises(GuardError, match="moved each time"):
        stage.reconcile()
    assert lights(stage, one) == [""]


def test_a_rewritten_target_stops_the_ai_changes_and_not_the_humans(stage: Stage) -> None:
    world, ada = stage.world, stage.world.accounts["ada"]
    stamp = Stamp("ada", ada.email, stage.clock.now)
    files = {"guard.yaml": POLICY, "app/__init__.py": ""}
    world.direct_push("main", world.repo.commit((), files, "Anew", stamp))
    one = ready(stage, "one")
    human = stage.propose("human", ada, {"app/human.py": "H = 1\n"})
    for pull in (one, human):
        stage.check_pull(pull)
    assert lights(stage, one, human) == ["FAILURE", "SUCCESS"]
    assert "rewritten" in stage.shown(one.head)[1]


def test_a_humans_change_with_conflicts_is_no_ais_when_they_are_gone(stage: Stage) -> None:
    world, ada = stage.world, stage.world.accounts["ada"]
    pull = stage.propose("human", ada, {"app/core.py": "VALUE = 2\n"})
    world.direct_push("main", world.commit({"app/core.py": "VALUE = 3\n"}, by=ada))
    stage.check_pull(pull)
    stage.reconcile()
    assert lights(stage, pull) == ["FAILURE"]
    world.push_to_pull(pull, world.commit({"app/core.py": "VALUE = 4\n"}, by=ada))
    stage.check_pull(pull)
    assert lights(stage, pull) == ["SUCCESS"]


def test_changes_of_two_forks_with_one_branch_name_are_two(stage: Stage) -> None:
    world = stage.world
    pulls = []
    for login in ("eve", "finn"):
        who = world.account(login, permission="read")
        fork = world.fork(who)
        trailer = f"Add {login}\n\nCo-authored-by: Claude <noreply@anthropic.com>\n"
        made = world.commit({f"app/{login}.py": "X = 1\n"}, by=who, message=trailer, repo=fork)
        world.direct_push("patch-1", made, who, repo=fork)
        pulls.append(world.open_pull("patch-1", by=who, repo=fork))
    said = stage.check_pull(pulls[0])
    assert isinstance(said.change.others, tuple)
    assert [each.id for each in said.change.others] == ["#2"]


def test_more_apps_than_are_read_are_no_no(stage: Stage) -> None:
    one = ready(stage, "one")
    for app in ("a", "b", "c", "d"):
        stage.world.report_check(one.head, "guard/main", app=app)
    with pytest.raises(GuardError, match="3 of 4 were given"):
        stage.reconcile()
