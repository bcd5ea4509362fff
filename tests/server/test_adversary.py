"""What someone tries who wants an AI's change on the target without a human: by real pushes.

Each is refused with a message of its own, and the target stays where it was.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.servers import Client, Pushed, Server, copied
from tests.server.test_rules import AI, POLICY, approve, topic

Pair = tuple[Server, Client]


@pytest.fixture(scope="module")
def base(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server with the guard's rules and a policy, and alice's clone."""
    home = tmp_path_factory.mktemp("adversary") / "server"
    alice = copied(template, home)[1]
    alice.commit("A policy", guard_dot_yaml=POLICY)
    done = alice.push("main")
    assert done.ok, done.said
    return home


@pytest.fixture
def real(base: Path, tmp_path: Path) -> Pair:
    server, alice = copied(base, tmp_path / "server")
    server.judges = ""
    alice.clock += 600
    return server, alice


def merged(client: Client, name: str, *, edit: str = "") -> Pushed:
    """Merge a branch into main, perhaps with an edit of the merge's own, and push that."""
    client.git("fetch", "-q", "origin")
    client.git("checkout", "-q", "-B", "main", "origin/main")
    asked = ("merge", "-q", "--no-ff", "-m", f"Merge {name}")
    client.git(*asked, *(["--no-commit"] if edit else []), f"origin/{name}")
    if edit:
        (client.folder / "app.py").write_text(edit)
        client.git("add", "-A")
        client.git("commit", "-q", "-m", f"Merge {name}")
    client.clock += 60
    return client.push("main")


def stopped(server: Server, done: Pushed, before: str, *words: str) -> None:
    """The push was refused with these words, and nothing moved."""
    assert not done.ok
    assert server.ref("refs/heads/main") == before
    for word in words:
        assert word in done.said, done.said
    assert "\x1b" not in done.said


def file_topic(client: Client, name: str, message: str, **files: str) -> str:
    client.git("checkout", "-q", "-b", name, "origin/main")
    head = client.commit(message, **files)
    done = client.push(name)
    assert done.ok, done.said
    return head


def test_a_change_that_edits_the_policy_is_judged_by_the_old_one(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    weaker = "version: 1\nrules:\n  missing-human-approval: off\n  policy-weakened: off\n"
    file_topic(alice, "loose", "Tidy up" + AI, guard_dot_yaml=weaker)
    done = merged(alice, "loose")
    stopped(server, done, before, "policy-weakened", "missing-human-approval", "guard.yaml")


@pytest.mark.parametrize(
    "path", ["_dot_github__workflows__ci_dot_yml", "_dot_pre-commit-config_dot_yaml"]
)
def test_a_change_that_edits_what_runs_the_guard_wants_an_owner(real: Pair, path: str) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    head = file_topic(alice, "hooks", "Tidy up" + AI, **{path: "on: push\n"})
    approve(server, "carol", head)
    stopped(server, merged(alice, "hooks"), before, "policy-weakened", "owner")


def test_a_trailer_of_an_earlier_commit_counts(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    topic(alice, "mixed", "An AI began" + AI)
    alice.commit("A human went on", more_dot_py="MORE = 1\n")
    assert alice.push("mixed").ok
    stopped(server, merged(alice, "mixed"), before, "missing-human-approval")


def test_a_rewritten_branch_does_not_lose_its_origin(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    topic(alice, "laundered", "An AI's" + AI)
    alice.git("commit", "-q", "--amend", "-m", "All mine")
    assert alice.push("--force", "laundered").ok
    stopped(server, merged(alice, "laundered"), before, "missing-human-approval")


def test_a_forged_author_gives_nobody_the_word(real: Pair) -> None:
    """Who approves is whom the server knows; a commit says what it likes."""
    server, alice = real
    before = server.ref("refs/heads/main")
    forged = {"GIT_AUTHOR_NAME": "bob", "GIT_AUTHOR_EMAIL": "bob@example.com"}
    alice.git("checkout", "-q", "-b", "forged", "origin/main")
    (alice.folder / "forged.py").write_text("FORGED = 1\n")
    alice.git("add", "-A")
    alice.git("commit", "-q", "-m", "Approved by bob" + AI, **forged)
    assert alice.push("forged").ok
    stopped(server, merged(alice, "forged"), before, "missing-human-approval", "0 of 1")


def test_an_approval_in_the_name_of_another_is_refused(real: Pair) -> None:
    server, alice = real
    head = topic(alice, "mine", "An AI's" + AI)
    said = alice.guard("approve", head, "--as", "bob", "--target", "main", code=None)
    assert "bob" in said
    assert "refused" in said or "rejected" in said
    assert server.git("for-each-ref", "refs/guard/approvals") == ""


@pytest.mark.parametrize("login", ["bоb", "BOB", "bob ", "bob/../bob"])
def test_a_login_that_looks_like_another_is_another(real: Pair, login: str) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    head = topic(alice, "look", "An AI's" + AI)
    asked = ("approve", head, "--as", login, "--target", "main")
    alice.guard(*asked, code=None, REMOTE_USER=login)
    stopped(server, merged(alice, "look"), before, "missing-human-approval")


def test_an_approval_of_an_older_tree_is_told_as_one(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    head = topic(alice, "grows", "An AI's" + AI)
    approve(server, "bob", head)
    alice.commit("One more" + AI, extra_dot_py="EXTRA = 1\n")
    assert alice.push("grows").ok
    stopped(server, merged(alice, "grows"), before, "missing-human-approval", "bob")


def test_a_co_author_does_not_approve(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    both = AI + "\nCo-Authored-By: Bob <BOB@example.com>"
    head = topic(alice, "pair", "Two wrote it" + both)
    approve(server, "bob", head)
    stopped(server, merged(alice, "pair"), before, "missing-human-approval", "bob", "author")


def test_a_bot_does_not_approve(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    head = topic(alice, "botted", "An AI's" + AI)
    client = server.client("claude[bot]")
    client.git("fetch", "-q", "origin")
    client.guard("approve", head, "--as", "claude[bot]", "--target", "main", code=None)
    stopped(server, merged(alice, "botted"), before, "missing-human-approval")


def test_a_removed_member_does_not_approve(real: Pair) -> None:
    server, alice = real
    head = topic(alice, "gone", "An AI's" + AI)
    approve(server, "carol", head)
    bob = server.client("bob")
    bob.git("fetch", "-q", "origin")
    bob.git("checkout", "-q", "-B", "main", "origin/main")
    without = "\n".join(line for line in POLICY.splitlines() if "carol" not in line) + "\n"
    bob.clock = alice.clock + 60
    bob.git("checkout", "-q", "-b", "leave", "origin/main")
    leave = bob.commit("Carol has left\n\nAI-Assisted: no", guard_dot_yaml=without)
    assert bob.push("leave").ok
    # An owner reads that, as every change of the policy; bob wrote it, so another owner must.
    del leave
    server.git("update-ref", "refs/heads/main", bob.git("rev-parse", "leave"))
    before = server.ref("refs/heads/main")
    stopped(server, merged(alice, "gone"), before, "missing-human-approval", "carol")


def test_a_revert_that_smuggles_something_in_is_no_revert(real: Pair) -> None:
    server, alice = real
    head = topic(alice, "first", "An AI's" + AI)
    approve(server, "bob", head)
    assert merged(alice, "first").ok
    before = server.ref("refs/heads/main")
    alice.git("checkout", "-q", "-b", "undo", "origin/main")
    alice.git("fetch", "-q", "origin")
    alice.git("reset", "-q", "--hard", "origin/main")
    alice.git("revert", "--no-edit", "-m", "1", "HEAD")
    (alice.folder / "app.py").write_text("VALUE = 2\n")
    alice.git("add", "-A")
    alice.git("commit", "-q", "--amend", "-m", "Revert the first" + AI)
    assert alice.push("undo").ok
    undo = alice.git("rev-parse", "undo")
    approve(server, "bob", undo)
    stopped(server, merged(alice, "undo"), before, "ai-change-in-flight", "held by")


def test_the_exact_revert_of_the_holder_passes_the_lane(real: Pair) -> None:
    server, alice = real
    head = topic(alice, "first", "An AI's" + AI)
    approve(server, "bob", head)
    assert merged(alice, "first").ok
    alice.git("fetch", "-q", "origin")
    alice.git("checkout", "-q", "-B", "main", "origin/main")
    alice.git("revert", "--no-edit", "-m", "1", "HEAD")
    done = alice.push("main")
    assert done.ok, done.said


def test_a_merge_with_an_edit_of_its_own_is_not_what_was_approved(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    head = topic(alice, "evil", "An AI's" + AI)
    approve(server, "bob", head)
    done = merged(alice, "evil", edit="VALUE = 666\n")
    stopped(server, done, before, "missing-human-approval")


def test_a_branch_whose_name_begins_with_a_dash(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    alice.git("checkout", "-q", "--detach", "origin/main")
    head = alice.commit("An AI's" + AI, dash_dot_py="DASH = 1\n")
    done = alice.push(f"{head}:refs/heads/-x")
    stopped(server, done, before, "branch-name")
    assert server.ref("refs/heads/-x") == ""


def test_escape_codes_in_a_message_come_out_inert(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    evil = "\x1b[2J\x1b]0;owned\x07 ::error::x\n\nguard: passed" + AI
    topic(alice, "codes", evil)
    stopped(server, merged(alice, "codes"), before, "missing-human-approval")


def test_two_ai_changes_in_one_push_are_two(real: Pair) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    for name in ("one", "two"):
        head = topic(alice, name, f"An AI's {name}" + AI)
        approve(server, "bob", head)
    alice.git("fetch", "-q", "origin")
    alice.git("checkout", "-q", "-B", "main", "origin/main")
    for name in ("one", "two"):
        alice.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", f"origin/{name}")
    stopped(server, alice.push("main"), before, "ai-change-in-flight")


def test_records_of_the_lane_cannot_be_pushed_by_whoever_likes(real: Pair) -> None:
    server, alice = real
    for ref in ("refs/guard/lane/main", "refs/guard/log/main", "refs/guard/evidence"):
        old = server.ref(ref)
        done = alice.push(f"+HEAD:{ref}")
        assert not done.ok
        assert server.ref(ref) == old
        if old:
            assert not alice.push(f":{ref}").ok
            assert server.ref(ref) == old
