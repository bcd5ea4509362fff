"""What may be pushed to a plain git server, whatever the rules say of it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.server.kit import arrivals, decisions, lane, spool, verdicts
from tests.server.servers import Client, Pushed, Server, started

Pair = tuple[Server, Client]


def refused(done: Pushed, rule: str) -> str:
    """What was said under ``rule`` of a push that was refused."""
    assert not done.ok, done.said
    found = [line for line in done.remote if line.startswith(f"guard:   {rule}: ")]
    assert found, done.said
    return found[0]


def with_policy(client: Client, text: str) -> None:
    client.commit("a policy", guard_dot_yaml="version: 1\n" + text)
    done = client.push("main")
    assert done.ok, done.said


def run_hook(server: Server, name: str, stdin: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The installed script, called as git calls it."""
    return subprocess.run(
        [str(server.repo / "hooks" / name)],
        input=stdin,
        env=server.environ(GIT_DIR=".", GUARD_TEST_JUDGES="words", **env),
        cwd=server.repo,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_push_makes_the_branch_and_begins_its_lane(pair: Pair) -> None:
    server, client = pair
    tip = client.git("rev-parse", "HEAD")
    assert server.ref("refs/heads/main") == tip
    assert [(each.kind.value, each.rev) for each in lane(server)] == [("started", tip)]
    assert verdicts(server) == ["pass"]


def test_a_push_that_passes_is_in_the_log_with_whoever_sent_it(pair: Pair) -> None:
    server, client = pair
    old = client.git("rev-parse", "HEAD")
    new = client.commit()
    assert client.push("main").ok
    last = decisions(server)[-1]
    assert (last.base, last.rev, last.by, last.door) == (old, new, "alice", "pre-receive")
    assert last.verdict.value == "pass"
    assert spool(server).intents == ()


def test_a_refusal_says_rule_reason_and_mend_and_moves_nothing(pair: Pair) -> None:
    server, client = pair
    old = server.ref("refs/heads/main")
    new = client.commit("refuse this")
    done = client.push("main")
    assert done.remote == [
        "guard: refused: refs/heads/main",
        "guard:   words: the message says \\x1b[31mrefuse",
        "guard:     Say something else.",
    ]
    assert server.ref("refs/heads/main") == old
    assert [each.decisions[0].rev for each in spool(server).intents] == [new]


def test_a_refusal_reaches_the_log_with_the_next_push(pair: Pair) -> None:
    server, client = pair
    client.commit("refuse this")
    assert not client.push("main").ok
    client.commit("another word")
    assert client.push("main").ok
    assert verdicts(server) == ["pass", "fail", "pass"]
    assert spool(server).intents == ()


def test_flush_writes_refusals_down_without_a_push(pair: Pair) -> None:
    server, client = pair
    client.commit("refuse this")
    assert not client.push("main").ok
    server.guard("server-hook", "flush", str(server.repo))
    server.guard("server-hook", "flush", str(server.repo))
    assert verdicts(server) == ["pass", "fail"]


def test_a_crash_closes_the_door(pair: Pair) -> None:
    _, client = pair
    client.commit("crash please")
    assert "ZeroDivisionError: as asked for" in refused(client.push("main"), "error")


@pytest.mark.parametrize(
    "stdin",
    ["", "\n", "nonsense\n", f"{'0' * 40} {'1' * 40}\n", f"{'0' * 40} {'g' * 40} refs/heads/x\n"],
    ids=["nothing", "an empty line", "no update", "no reference", "no object"],
)
def test_input_that_is_no_push_is_refused(pair: Pair, stdin: str) -> None:
    server, _ = pair
    done = run_hook(server, "pre-receive", stdin)
    assert done.returncode == 1
    assert "guard: refused: the push\n" in done.stderr


def test_the_same_reference_twice_is_refused(pair: Pair) -> None:
    server, _ = pair
    tip = server.ref("refs/heads/main")
    line = f"{'0' * 40} {tip} refs/heads/topic\n"
    done = run_hook(server, "pre-receive", line * 2)
    assert done.returncode == 1
    assert "the same reference twice" in done.stderr


def test_a_push_that_others_overtook_is_refused(pair: Pair) -> None:
    server, client = pair
    first = server.ref("refs/heads/main")
    second = client.commit()
    assert client.push("main").ok
    done = run_hook(server, "pre-receive", f"{first} {second} refs/heads/main\n")
    assert done.returncode == 1
    assert "moved: it has moved since your push began" in done.stderr


def test_a_served_namespace_is_refused(pair: Pair) -> None:
    server, _ = pair
    tip = server.ref("refs/heads/main")
    line = f"{'0' * 40} {tip} refs/heads/topic\n"
    done = run_hook(server, "pre-receive", line, GIT_NAMESPACE="one", REMOTE_USER="alice")
    assert done.returncode == 1
    assert "namespace" in done.stderr


def test_other_branches_come_and_go_and_who_sent_them_is_known(pair: Pair) -> None:
    server, client = pair
    client.git("checkout", "-q", "-b", "topic")
    new = client.commit("refuse would matter on main alone")
    assert client.push("topic").ok
    client.git("commit", "-q", "--amend", "-m", "again")
    assert client.push("+topic").ok
    assert client.push(":topic").ok
    found = [each for each in arrivals(server) if each.ref == "refs/heads/topic"]
    assert [each.by for each in found] == ["alice", "alice"]
    assert new in {each.rev for each in found}
    assert server.ref("refs/heads/topic") == ""


def test_a_branch_is_not_named_like_an_option(pair: Pair) -> None:
    _, client = pair
    refused(client.push("HEAD:refs/heads/-x"), "branch-name")
    assert client.push("HEAD:refs/heads/x-").ok


def test_a_name_cannot_steer_the_terminal(pair: Pair) -> None:
    _, client = pair
    done = client.push("HEAD:refs/heads/-\u202eevil")
    refused(done, "branch-name")
    assert "guard: refused: refs/heads/-\\u202eevil" in done.remote
    assert "\u202e" not in "".join(done.remote)


def test_a_protected_branch_has_no_twin_in_capitals(pair: Pair) -> None:
    _, client = pair
    assert "protected branch main" in refused(client.push("HEAD:refs/heads/Main"), "reserved-name")


def test_another_name_of_a_protected_branch_is_no_way_in(pair: Pair) -> None:
    server, client = pair
    server.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    client.commit("refuse this")
    refused(client.push("HEAD:refs/heads/alias"), "other-name")


def test_a_target_is_not_deleted(pair: Pair) -> None:
    server, client = pair
    server.git("config", "receive.denyDeleteCurrent", "ignore")
    with_policy(client, "lane: {targets: [stable]}\nserver: {force-push: [alice]}\n")
    refused(client.push(":main"), "deleted-target")
    assert client.push("main:stable").ok
    bob = server.client("bob")
    refused(bob.push(":stable"), "deleted-target")
    assert client.push(":stable").ok
    assert "deleted by a login of server.force-push" in decisions(server, "stable")[-1].reasons[-1]


def test_a_target_is_not_rewritten(pair: Pair) -> None:
    server, client = pair
    client.commit()
    assert client.push("main").ok
    client.git("commit", "-q", "--amend", "-m", "rewritten")
    assert "1 commits of main would be lost" in refused(client.push("+main"), "forced-push")
    assert decisions(server)[0].verdict.value == "pass"


def test_the_policy_says_who_may_rewrite(pair: Pair) -> None:
    server, client = pair
    with_policy(client, "server: {force-push: [root]}\n")
    client.commit()
    assert client.push("main").ok
    client.git("commit", "-q", "--amend", "-m", "rewritten")
    refused(client.push("+main"), "forced-push")
    assert client.push("+main", REMOTE_USER="root").ok
    assert "rewritten by a login of server.force-push" in decisions(server)[-1].reasons[-1]


def test_the_policy_that_counts_is_the_one_before_the_push(pair: Pair) -> None:
    _, client = pair
    client.commit()
    assert client.push("main").ok
    client.git("reset", "-q", "--hard", "HEAD^")
    client.commit("let me", guard_dot_yaml="version: 1\nserver: {force-push: [alice]}\n")
    refused(client.push("+main"), "forced-push")


def test_tags_are_made_and_then_stay(pair: Pair) -> None:
    _, client = pair
    assert client.push("HEAD:refs/tags/v1").ok
    client.commit()
    refused(client.push("+HEAD:refs/tags/v1"), "moved-tag")
    refused(client.push(":refs/tags/v1"), "moved-tag")


def test_objects_are_not_replaced_and_notes_are_free(pair: Pair) -> None:
    _, client = pair
    old = client.git("rev-parse", "HEAD")
    client.commit()
    refused(client.push(f"HEAD:refs/replace/{old}"), "replaced-objects")
    assert client.push("HEAD:refs/notes/commits").ok


@pytest.mark.parametrize(
    "name",
    ["refs/guard/other", "refs/guard/lane/topic", "refs/guard/lane", "refs/Guard/lane/main"],
)
def test_names_of_the_guard_are_its_own(pair: Pair, name: str) -> None:
    _, client = pair
    refused(client.push(f"HEAD:{name}"), "reserved-name")


def test_a_push_has_only_so_many_commits(pair: Pair) -> None:
    _, client = pair
    with_policy(client, "server: {most-commits: 2}\n")
    client.commit()
    client.commit()
    assert client.push("main").ok
    for _ in range(3):
        client.commit()
    said = refused(client.push("main"), "too-many-commits")
    assert "it brings 3 commits; server.most-commits is 2" in said


def test_history_that_is_cut_off_does_not_reach_a_target(tmp_path: Path) -> None:
    server, client = started(tmp_path / "server")
    client.commit()
    assert client.push("main").ok
    shallow = tmp_path / "shallow"
    asked = ("clone", "-q", "--depth=1", f"file://{server.repo}", str(shallow))
    client.git(*asked)
    cut = Client(server, "alice", shallow, clock=client.clock)
    cut.commit("the server has the history that the clone lacks")
    assert cut.push("main").ok
    server.git("config", "receive.shallowUpdate", "true")
    cut.commit("the server would take the clone's word for where history ends")
    refused(cut.push("main"), "shallow-push")
    server.git("config", "receive.shallowUpdate", "false")
    assert cut.push("main").ok
    (server.repo / "shallow").write_text(server.ref("refs/heads/main") + "\n")
    cut.commit("the server's own history is cut off")
    refused(cut.push("main"), "shallow-push")


def test_a_policy_that_cannot_be_read_does_not_land(pair: Pair) -> None:
    _, client = pair
    client.commit("broken", guard_dot_yaml="version: 1\nsevrer: {}\n")
    assert "sevrer" in refused(client.push("main"), "unreadable-policy")


def broken_policy(server: Server, client: Client) -> None:
    """Get a policy that cannot be read onto main, as an update of the guard might."""
    hooks = server.repo / "hooks"
    hooks.rename(server.repo / "away")
    client.commit("broken", guard_dot_yaml="version: 1\nsevrer: {}\n")
    assert client.push("main").ok
    (server.repo / "away").rename(hooks)


def test_while_the_policy_cannot_be_read_nothing_lands(pair: Pair) -> None:
    server, client = pair
    broken_policy(server, client)
    client.commit()
    said = refused(client.push("main"), "unreadable-policy")
    assert "guard.yaml:2:1" in said
    refused(client.push("HEAD:refs/heads/topic"), "unreadable-policy")
    refused(client.push("HEAD:refs/guard/evidence"), "unreadable-policy")


def test_an_owner_mends_a_policy_that_cannot_be_read(pair: Pair) -> None:
    server, client = pair
    broken_policy(server, client)
    client.commit("mended", guard_dot_yaml="version: 1\n")
    done = client.push("main")
    refused(done, "unreadable-policy")
    assert any("git config --add guard.owner LOGIN" in line for line in done.remote)
    server.git("config", "--add", "guard.owner", "alice")
    refused(client.push("main", REMOTE_USER="bob"), "unreadable-policy")
    assert client.push("main").ok
    assert "the policy is mended by 'alice'" in decisions(server)[-1].reasons[-1]


def test_a_mend_brings_nothing_else(pair: Pair) -> None:
    server, client = pair
    broken_policy(server, client)
    server.git("config", "--add", "guard.owner", "alice")
    client.commit("mended", guard_dot_yaml="version: 1\n", more_dot_txt="and more\n")
    assert "more than a new guard.yaml" in refused(client.push("main"), "unreadable-policy")


def test_a_policy_by_another_name_closes_the_door(pair: Pair) -> None:
    _, client = pair
    client.commit("misnamed", guard_dot_yml="version: 1\n")
    assert "the policy is named guard.yaml" in refused(client.push("main"), "unreadable-policy")


def test_all_references_of_a_push_are_judged_together(pair: Pair) -> None:
    server, client = pair
    with_policy(client, "lane: {targets: [main, stable]}\n")
    assert client.push("main:stable").ok
    before = (server.ref("refs/heads/main"), server.ref("refs/heads/stable"))
    client.commit()
    client.git("branch", "good")
    client.commit("refuse this")
    done = client.push("good:main", "main:stable", "main:topic")
    refused(done, "words")
    assert (server.ref("refs/heads/main"), server.ref("refs/heads/stable")) == before
    assert server.ref("refs/heads/topic") == ""
    client.commit()
    assert client.push("main", "main:stable").ok
    assert verdicts(server)[-2:] == ["fail", "pass"]
    assert verdicts(server, "stable")[-2:] == ["fail", "pass"]


def test_a_new_target_begins_at_a_commit_of_another(pair: Pair) -> None:
    server, client = pair
    with_policy(client, "lane: {targets: [stable]}\n")
    old = client.git("rev-parse", "HEAD")
    client.commit("not on main")
    refused(client.push("main:stable"), "new-target")
    assert client.push(f"{old}:refs/heads/stable").ok
    assert [(each.kind.value, each.rev) for each in lane(server, "stable")] == [("started", old)]


def test_a_branch_that_the_policy_protects_from_now_on_gets_a_lane(pair: Pair) -> None:
    server, client = pair
    tip = client.git("rev-parse", "HEAD")
    assert client.push("main:stable").ok
    assert server.ref("refs/guard/lane/stable") == ""
    with_policy(client, "lane: {targets: [stable]}\n")
    assert [(each.kind.value, each.rev) for each in lane(server, "stable")] == [("started", tip)]


def test_without_a_branch_at_head_nothing_is_known(pair: Pair) -> None:
    server, client = pair
    server.git("update-ref", "--no-deref", "HEAD", server.ref("refs/heads/main"))
    client.commit()
    assert "HEAD of this repository names no branch" in refused(client.push("main"), "push")


def test_two_names_for_one_who_pushes_close_the_door(pair: Pair) -> None:
    _, client = pair
    client.commit()
    refused(client.push("main", GL_USER="bob"), "identity")
    assert client.push("main", GL_USER="alice").ok


def test_a_login_that_could_be_mistaken_closes_the_door(pair: Pair) -> None:
    _, client = pair
    client.commit()
    refused(client.push("main", REMOTE_USER="al\u200bice"), "identity")


def test_the_account_of_the_system_counts_where_the_policy_says_so(pair: Pair) -> None:
    server, client = pair
    nobody = server.client("")
    nobody.git("checkout", "-q", "main")
    nobody.commit()
    assert nobody.push("main").ok
    assert decisions(server)[-1].by == ""
    client.git("pull", "-q")
    with_policy(client, "server: {os-user: true}\n")
    nobody.git("pull", "-q")
    nobody.commit()
    assert nobody.push("main").ok
    import pwd

    assert decisions(server)[-1].by == pwd.getpwuid(os.geteuid()).pw_name


def test_a_spool_that_cannot_be_written_closes_the_door(pair: Pair) -> None:
    server, client = pair
    folder = server.repo / "guard" / "spool"
    folder.rmdir()
    folder.write_text("in the way")
    client.commit()
    assert "cannot make" in refused(client.push("main"), "error")
    folder.unlink()
    assert client.push("main").ok


def test_the_lock_is_waited_for_and_not_for_ever(pair: Pair) -> None:
    import fcntl

    server, client = pair
    client.commit()
    handle = os.open(server.repo / "guard" / "lock", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "was locked by others for 5 s" in refused(client.push("main"), "error")
    finally:
        os.close(handle)
    assert client.push("main").ok


def test_a_repository_with_longer_object_names(tmp_path: Path) -> None:
    server = Server(tmp_path / "server").make(objects="sha256")
    client = Client(server, "alice", tmp_path / "clone")
    client.folder.mkdir()
    client.git("init", "-q", "--object-format=sha256", "-b", "main")
    client.git("remote", "add", "origin", f"file://{server.repo}")
    client.commit("the first", app_dot_py="VALUE = 1\n")
    assert client.push("main").ok
    client.commit()
    assert client.push("main").ok
    assert verdicts(server) == ["pass", "pass"]


def test_decisions_are_as_old_as_the_push(pair: Pair) -> None:
    server, client = pair
    client.commit()
    assert client.push("main", GUARD_TEST_NOW="1800000000").ok
    assert decisions(server)[-1].at == 1_800_000_000
    assert decisions(server)[0].at <= time.time()
