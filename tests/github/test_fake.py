"""The fake GitHub itself: pull requests, reviews, checks, the merge queue, git, the webhooks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.github.fake import (
    Clock,
    Fault,
    Kind,
    QueueSettings,
    Refused,
    RequiredCheck,
    Server,
    World,
)
from tests.github.kit import Caller, address, git, propose, queued

CHECK = "check"


def events(world: World, name: str) -> list[str]:
    return [
        payload.get("action", payload.get("ref", ""))
        for event, payload in world.events
        if event == name
    ]


def reasons(world: World, event: str) -> list[str]:
    return [
        payload["reason"] for name, payload in world.events if name == event and "reason" in payload
    ]


def opened(world: World, **settings: object) -> None:
    world.required_checks["main"] = (CHECK,)
    world.open_queue("main", QueueSettings(**settings))  # type: ignore[arg-type]


def green(world: World, *pulls: object) -> None:
    """The checks of these pull requests' groups pass."""
    for entry in world.queues["main"].entries:
        if entry.pull in pulls:
            assert entry.head
            world.report_check(entry.head, CHECK)


def red(world: World, pull: object) -> None:
    (entry,) = (each for each in world.queues["main"].entries if each.pull is pull)
    assert entry.head
    world.report_check(entry.head, CHECK, "FAILURE")


# The merge queue


@pytest.mark.parametrize("method", ["MERGE", "SQUASH", "REBASE"])
def test_a_pull_request_goes_through_the_queue(world: World, method: str) -> None:
    opened(world, method=method)
    base = world.repo.tip("main")
    (pull,) = queued(world, "one")
    world.queue_tick()
    (entry,) = world.queues["main"].entries
    assert entry.state == "AWAITING_CHECKS"
    assert entry.ref == f"refs/heads/gh-readonly-queue/main/pr-1-{base}"
    assert world.repo.refs()[entry.ref] == entry.head
    head = entry.head
    green(world, pull)
    world.queue_tick()
    assert (pull.state, pull.merge_commit) == ("MERGED", head)
    assert world.repo.tip("main") == head != pull.head
    assert entry.ref not in world.repo.refs()
    facts = world.repo.facts(pull.merge_commit or "")
    assert facts.parents == ((base, pull.head) if method == "MERGE" else (base,))
    assert facts.tree == world.repo.facts(pull.head).tree
    first = facts.message.splitlines()[0]
    assert (
        first
        == {
            "MERGE": "Merge pull request #1 from octo/one",
            "SQUASH": "Add one (#1)",
            "REBASE": "Add one",
        }[method]
    )
    assert facts.committer.email == (
        "noreply@github.com" if method != "REBASE" else world.accounts["bob"].email
    )
    assert world.commits_of(pull) == (pull.head,)


def test_the_groups_are_chained_and_land_together(world: World) -> None:
    opened(world)
    pulls = queued(world, "one", "two", "three")
    world.queue_tick()
    entries = list(world.queues["main"].entries)
    assert [each.base for each in entries] == [
        world.repo.tip("main"),
        entries[0].head,
        entries[1].head,
    ]
    assert [world.queues["main"].position(each) for each in entries] == [1, 2, 3]
    heads = [each.head for each in entries]
    green(world, pulls[1], pulls[2])
    world.queue_tick()
    assert [each.state for each in pulls] == ["OPEN"] * 3
    green(world, pulls[0])
    world.queue_tick()
    assert [each.merge_commit for each in pulls] == heads
    assert world.repo.tip("main") == heads[-1]
    assert events(world, "merge_group") == ["checks_requested"] * 3 + ["destroyed"] * 3
    assert reasons(world, "merge_group") == ["merged"] * 3
    assert reasons(world, "pull_request") == ["MERGE"] * 3


def test_a_failed_entry_is_put_out_and_the_groups_behind_it_are_made_anew(world: World) -> None:
    opened(world)
    one, two, three = queued(world, "one", "two", "three")
    world.queue_tick()
    old = [each.head for each in world.queues["main"].entries]
    red(world, one)
    world.queue_tick()
    entries = world.queues["main"].entries
    assert [each.pull for each in entries] == [two, three]
    assert entries[0].base == world.repo.tip("main")
    assert entries[1].base == entries[0].head
    assert not {each.head for each in entries} & set(old)
    assert reasons(world, "merge_group") == ["dequeued", "invalidated", "invalidated"]
    assert reasons(world, "pull_request") == ["CI_FAILURE"]
    green(world, two, three)
    world.queue_tick()
    assert [each.state for each in (one, two, three)] == ["OPEN", "MERGED", "MERGED"]


@pytest.mark.parametrize(
    ("strategy", "states"), [("HEADGREEN", ["MERGED", "MERGED"]), ("ALLGREEN", ["OPEN", "OPEN"])]
)
def test_with_headgreen_a_failed_entry_rides_a_later_green_one(
    world: World, strategy: str, states: list[str]
) -> None:
    opened(world, strategy=strategy)
    one, two = queued(world, "one", "two")
    world.queue_tick()
    red(world, one)
    if strategy == "HEADGREEN":
        world.queue_tick()
        assert world.queues["main"].entries[0].state == "UNMERGEABLE"
    green(world, two)
    world.queue_tick()
    assert [one.state, two.state] == states


def test_a_target_that_moves_invalidates_the_groups(world: World) -> None:
    opened(world)
    (one,) = queued(world, "one")
    world.queue_tick()
    world.direct_push("main", world.commit({"b.py": "2\n"}))
    world.queue_tick()
    (entry,) = world.queues["main"].entries
    assert entry.base == world.repo.tip("main")
    assert reasons(world, "merge_group") == ["invalidated"]
    green(world, one)
    world.queue_tick()
    assert one.merged


def test_a_conflict_puts_an_entry_out(world: World) -> None:
    opened(world)
    for name in ("one", "two"):
        pull = propose(world, name, **{"a.py": f"{name}\n"})
        world.report_check(pull.head, CHECK)
        world.enqueue(pull)
    world.queue_tick()
    assert [each.pull.number for each in world.queues["main"].entries] == [1]
    assert reasons(world, "pull_request") == ["MERGE_CONFLICT"]


def test_sizes_waits_jumps_and_solos(world: World, clock: Clock) -> None:
    opened(world, max_build=2, min_merge=2, max_merge=2, wait=5)
    one, two, three = queued(world, "one", "two", "three")
    world.queue_tick()
    assert [each.state for each in world.queues["main"].entries] == ["AWAITING_CHECKS"] * 2 + [
        "QUEUED"
    ]
    green(world, one)
    world.queue_tick()
    assert not one.merged
    clock.forward(5 * 60)
    world.queue_tick()
    assert one.merged
    four = propose(world, "four")
    world.report_check(four.head, CHECK)
    world.enqueue(four, jump=True, solo=True)
    world.queue_tick()
    assert [each.pull for each in world.queues["main"].entries] == [four, two, three]
    green(world, four, two)
    world.queue_tick()
    assert four.merged
    assert not three.merged


def test_a_check_that_does_not_come_ends_in_a_timeout(world: World, clock: Clock) -> None:
    opened(world, timeout=60)
    queued(world, "one")
    world.queue_tick()
    clock.forward(3600)
    world.queue_tick()
    assert world.queues["main"].entries == []
    assert reasons(world, "pull_request") == ["CI_TIMEOUT"]


@pytest.mark.parametrize("stays", [False, True])
def test_a_push_to_a_queued_pull_request(world: World, stays: bool) -> None:
    opened(world, push_keeps_entry=stays)
    (one,) = queued(world, "one")
    world.queue_tick()
    world.push_to_pull(one, world.commit({"more.py": "x\n"}, one.head))
    assert [each.pull for each in world.queues["main"].entries] == ([one] if stays else [])


def test_what_may_not_be_merged_does_not_enter_the_queue(world: World) -> None:
    opened(world)
    world.required_approvals["main"] = 1
    world.required_checks["main"] = (RequiredCheck("guard/main", app="github-actions"),)
    ada, bob = world.accounts["ada"], world.accounts["bob"]
    pull = propose(world, "one")

    def refused() -> str:
        with pytest.raises(Refused) as caught:
            world.enqueue(pull)
        return str(caught.value)

    assert '"guard/main" is expected' in refused()
    world.report_check(pull.head, "guard/main", app="another-app")
    assert '"guard/main" is expected' in refused()
    world.report_check(pull.head, "guard/main", None)
    assert '"guard/main" is pending' in refused()
    world.report_check(pull.head, "guard/main", "FAILURE")
    assert '"guard/main" is failing' in refused()
    world.report_check(pull.head, "guard/main")
    assert "1 approving review is required" in refused()
    with pytest.raises(Refused, match="approve your own"):
        world.review(pull, ada)
    world.review(pull, world.account("reader", permission="read"))
    assert "1 approving review is required" in refused()
    review = world.review(pull, bob)
    world.dismiss(review)
    assert "1 approving review is required" in refused()
    world.review(pull, bob, "CHANGES_REQUESTED")
    assert "Changes have been requested" in refused()
    world.review(pull, bob)
    world.edit(pull, draft=True)
    assert "draft" in refused()
    world.edit(pull, draft=False)
    world.enqueue(pull)
    assert "already" in refused()


# Reviews, merges, pushes


def test_a_push_dismisses_stale_approvals_where_that_is_set(world: World) -> None:
    world.dismiss_stale.add("main")
    pull = propose(world, "one")
    review = world.review(pull, world.accounts["bob"])
    first = pull.head
    world.push_to_pull(pull, world.commit({"more.py": "x\n"}, pull.head))
    assert (review.state, review.commit) == ("DISMISSED", first)
    assert events(world, "pull_request_review") == ["submitted", "dismissed"]


@pytest.mark.parametrize("method", ["MERGE", "SQUASH", "REBASE"])
def test_the_merge_button(world: World, method: str) -> None:
    pull = propose(world, "one")
    made = world.merge(pull, method, world.accounts["bob"])
    assert (pull.merge_commit, world.repo.tip("main")) == (made, made)
    assert world.repo.refs()["refs/pull/1/head"] == pull.head
    (_, push) = [each for each in world.events if each[0] == "push"][-1]
    assert (push["ref"], push["after"]) == ("refs/heads/main", made)


def test_a_squash_names_the_other_authors(world: World) -> None:
    ada, bob = world.accounts["ada"], world.accounts["bob"]
    first = world.commit({"x.py": "1\n"}, by=ada, message="One")
    world.direct_push("x", world.commit({"x.py": "2\n"}, first, by=bob, message="Two"), ada)
    made = world.merge(world.open_pull("x", by=ada, title="Both"), "SQUASH")
    assert world.repo.facts(made).message == (
        f"Both (#1)\n\n* One\n\n* Two\n\nCo-authored-by: bob <{bob.email}>\n"
    )


def test_a_pull_request_whose_commits_are_pushed_to_its_base_counts_as_merged(world: World) -> None:
    pull = propose(world, "one")
    later = world.commit({"z.py": "z\n"}, pull.head)
    world.direct_push("main", later, world.accounts["bob"])
    assert (pull.state, pull.merge_commit) == ("MERGED", pull.head)
    assert pull.merged_by is world.accounts["bob"]


def test_a_branch_that_is_deleted_closes_its_pull_request(world: World) -> None:
    pull = propose(world, "one")
    world.delete_branch("one")
    assert pull.state == "CLOSED"
    assert world.commits_of(pull) == (pull.head,)
    world.reopen(pull)
    assert pull.state == "OPEN"


# git over HTTP


def test_git_pushes_move_the_pull_request(world: World, server: Server, tmp_path: Path) -> None:
    pull, token = propose(world, "one"), world.token("ada")
    old = pull.head
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "-b", "one", address(server, token), str(clone))
    git(clone, "commit", "-q", "--allow-empty", "-m", "More")
    git(clone, "push", "-q", "origin", "one")
    assert pull.head == git(clone, "rev-parse", "HEAD").stdout.strip() != old
    assert pull.force_pushes == []
    git(clone, "commit", "-q", "--amend", "--allow-empty", "-m", "Other")
    git(clone, "push", "-q", "-f", "origin", "one")
    (forced,) = pull.force_pushes
    assert (forced.after, forced.by) == (pull.head, world.accounts["ada"])
    assert events(world, "pull_request") == ["opened", "synchronize", "synchronize"]
    git(clone, "fetch", "-q", "origin", "refs/pull/1/head")
    assert git(clone, "rev-parse", "FETCH_HEAD").stdout.strip() == pull.head


def test_a_fork_has_branches_of_its_own(world: World, server: Server, tmp_path: Path) -> None:
    eve = world.account("eve", permission="none")
    fork, token = world.fork(eve), world.token("eve")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", address(server, token, fork), str(clone))
    git(clone, "commit", "-q", "--allow-empty", "-m", "From outside")
    git(clone, "push", "-q", "origin", "HEAD:topic")
    pull = world.open_pull("topic", by=eve, repo=fork)
    git(clone, "commit", "-q", "--allow-empty", "-m", "More")
    git(clone, "push", "-q", "origin", "HEAD:topic")
    assert len(world.commits_of(pull)) == 2
    assert world.repo.refs()["refs/pull/1/head"] == pull.head
    refused = git(clone, "push", address(server, token), "HEAD:topic", check=False)
    assert refused.returncode
    assert "403" in refused.stderr


def test_of_two_pushes_at_once_with_the_same_lease_one_loses(
    world: World, server: Server, tmp_path: Path
) -> None:
    token, ref, before = world.token(), "refs/guard/lane/main", world.repo.tip("main")
    world.repo.move(ref, before)
    clones = [tmp_path / "one", tmp_path / "two"]
    for clone in clones:
        git(tmp_path, "clone", "-q", address(server, token), str(clone))
        git(clone, "commit", "-q", "--allow-empty", "-m", clone.name)

    def push(clone: Path) -> int:
        lease = f"--force-with-lease={ref}:{before}"
        return git(clone, "push", lease, "origin", f"HEAD:{ref}", check=False).returncode

    with ThreadPoolExecutor() as pool:
        codes = list(pool.map(push, clones))
    assert sorted(codes) == [0, 1]
    winner = clones[codes.index(0)]
    assert world.repo.refs()[ref] == git(winner, "rev-parse", "HEAD").stdout.strip()


def test_the_answer_to_a_push_can_be_lost(world: World, server: Server, tmp_path: Path) -> None:
    clone, token = tmp_path / "clone", world.token()
    git(tmp_path, "clone", "-q", address(server, token), str(clone))
    git(clone, "commit", "-q", "--allow-empty", "-m", "More")
    head = git(clone, "rev-parse", "HEAD").stdout.strip()
    server.faults += [
        Fault(Kind.STATUS, path="project.git/git-receive-pack"),
        Fault(Kind.RESET_AFTER, path="project.git/git-receive-pack"),
    ]
    for name, done in (("one", False), ("two", True)):
        assert git(clone, "push", "origin", f"HEAD:refs/guard/{name}", check=False).returncode
        assert (world.repo.refs().get(f"refs/guard/{name}") == head) is done


def test_what_git_may_not_push(world: World, server: Server, tmp_path: Path) -> None:
    world.protect("main")
    propose(world, "one")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", address(server, world.token()), str(clone))
    git(clone, "commit", "-q", "--allow-empty", "-m", "More")
    for target in ("main", "refs/pull/1/head"):
        done = git(clone, "push", "origin", f"HEAD:{target}", check=False)
        assert done.returncode, target
    assert "GH006" in git(clone, "push", "origin", "HEAD:main", check=False).stderr
    # GitHub keeps nobody who may write from a branch that looks like one of the queue's.
    git(clone, "push", "-q", "origin", "HEAD:refs/heads/gh-readonly-queue/main/pr-1-x")
    for token in (world.token(writes=False), "ghs_wrong"):
        url = address(server, token)
        assert git(clone, "push", url, "HEAD:refs/heads/x", check=False).returncode
    assert "refs/heads/x" not in world.repo.refs()
    assert {each.status for each in server.requests if each.login == ""} == {401}


# Webhooks


def test_the_events_of_a_pull_request_that_lands(world: World) -> None:
    opened(world)
    (pull,) = queued(world, "one")
    world.queue_tick()
    begun = len(world.events)
    green(world, pull)
    world.queue_tick()
    told = [(name, payload.get("action")) for name, payload in world.events[begun:]]
    assert told[0] == ("check_run", "completed")
    assert ("merge_group", "destroyed") in told
    assert told.index(("pull_request", "dequeued")) < told.index(("pull_request", "closed"))
    closed = next(p for n, p in world.events if n == "pull_request" and p["action"] == "closed")
    assert closed["pull_request"]["merged"] is True
    assert closed["pull_request"]["merge_commit_sha"] == world.repo.tip("main")
    group = next(p for n, p in world.events if n == "merge_group")["merge_group"]
    assert group["head_ref"].endswith(group["base_sha"])
    assert group["head_commit"]["tree_id"] == world.repo.facts(pull.head).tree
    (_, push) = [each for each in world.events if each[0] == "push"][-1]
    assert push["ref"] == "refs/heads/main"
    assert push["sender"]["login"] == "github-merge-queue[bot]"
    assert pull.merged_by is world.queue_bot


def test_rest_and_webhooks_write_bots_with_a_suffix(world: World, call: Caller) -> None:
    world.account("robot", bot=True)
    propose(world, "one", by="robot")
    assert world.events[-1][1]["pull_request"]["user"]["login"] == "robot[bot]"
    wrote = "commits(last: 1) { nodes { commit { author { user { login } } } } }"
    asked = f"author {{ __typename login }} {wrote}"
    pull = call.repo(f"pullRequest(number: 1) {{ {asked} }}")["pullRequest"]
    assert pull["author"] == {"__typename": "Bot", "login": "robot"}
    assert pull["commits"]["nodes"][0]["commit"]["author"]["user"]["login"] == "robot[bot]"
    assert call.data("{ viewer { login } }")["viewer"]["login"] == "github-actions[bot]"
    world.accounts["robot"].gone = True
    assert call.repo("pullRequest(number: 1) { author { login } }")["pullRequest"]["author"] is None


def test_a_deployment_makes_those_before_it_inactive(
    world: World, call: Caller, clock: Clock
) -> None:
    tip = world.repo.tip("main")
    for _ in range(2):
        world.deploy("staging", tip, state="SUCCESS")
        clock.forward(60)
    world.deploy("production", tip, state="FAILURE")
    order = "orderBy: {field: CREATED_AT, direction: DESC}"
    fields = "nodes { commitOid creator { login } statuses(first: 9) { nodes { state } } }"
    asked = f'deployments(first: 9, environments: ["staging"], {order}) {{ {fields} }}'
    found = call.repo(asked)["deployments"]["nodes"]
    states = [[each["state"] for each in one["statuses"]["nodes"]] for one in found]
    assert states == [["SUCCESS"], ["INACTIVE", "SUCCESS"]]
    assert events(world, "deployment_status") == ["created"] * 4
