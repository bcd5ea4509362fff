"""Approvals: who may write which, and what they must hold."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from guard.server.approvals import quoted, ref_of
from tests.server.http import served
from tests.server.servers import Client, Server, git
from tests.server.test_push import refused, with_policy

Pair = tuple[Server, Client]


def topic(client: Client) -> str:
    """A branch that wants to land; its head."""
    client.git("checkout", "-q", "-b", "topic")
    head = client.commit("a topic", topic_dot_py="TOPIC = 1\n")
    assert client.push("topic").ok
    return head


def tree(client: Client, rev: str) -> str:
    return client.git("rev-parse", f"{rev}^{{tree}}")


def record(client: Client, rev: str, **changes: object) -> str:
    """A commit as `guard approve` makes it, with some fields otherwise."""
    value = {
        "version": 1,
        "by": "bob",
        "tree": tree(client, rev),
        "head": client.git("rev-parse", rev),
        "at": int(time.time()),
        "opinion": "approved",
    }
    value.update(changes)
    path = client.folder / "record.tmp"
    path.write_text(json.dumps(value))
    blob = client.git("hash-object", "-w", str(path))
    path.unlink()
    made = client.folder / "tree.tmp"
    made.write_text(f"100644 blob {blob}\trecord.json\n")
    import subprocess

    done = subprocess.run(
        ["git", "-C", str(client.folder), "mktree"],
        input=made.read_bytes(),
        env=client.environ(),
        capture_output=True,
        check=True,
    )
    made.unlink()
    asked = ("commit-tree", done.stdout.decode().strip(), "-m", "approved")
    parent = client.git("rev-parse", rev)
    return client.git(*asked, "-p", parent)


def approved(server: Server, ref: str) -> dict[str, object]:
    found = json.loads(server.git("show", f"{ref}:record.json"))
    assert isinstance(found, dict)
    return found


def test_an_approval_is_bound_to_the_tree_and_signed_by_the_server(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    bob = server.client("bob")
    said = bob.guard("approve", head, "--as", "bob")
    ref = ref_of("main", "bob", tree(alice, head))
    found = approved(server, ref)
    assert (found["by"], found["head"], found["opinion"]) == ("bob", head, "approved")
    assert f"bob approved {head[:12]} (a topic) for main" in said
    assert server.git("rev-parse", f"{ref}^") == head


def test_a_later_word_replaces_the_one_before(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    bob = server.client("bob")
    ref = ref_of("main", "bob", tree(alice, head))
    bob.git("config", "guard.login", "bob")
    bob.guard("approve", head)
    bob.guard("approve", head, "--request-changes")
    assert approved(server, ref)["opinion"] == "changes-requested"
    bob.guard("approve", head, "--dismiss")
    assert approved(server, ref)["opinion"] == "dismissed"


def test_there_must_be_something_to_dismiss(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    said = server.client("bob").guard("approve", head, "--as", "bob", "--dismiss", code=2)
    assert "bob has said nothing of the tree" in said


def test_nobody_approves_as_somebody_else(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    said = alice.guard("approve", head, "--as", "bob", "--target", "main", code=3)
    assert "it is signed by 'bob', and you are 'alice' here" in said
    assert server.ref(ref_of("main", "bob", tree(alice, head))) == ""


def test_nobody_that_is_known_approves_nothing(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    said = server.client("").guard("approve", head, "--as", "bob", code=3)
    assert "the server does not know who you are" in said


def test_whose_login_is_not_said_is_asked_for_it(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    assert "who are you at origin" in server.client("bob").guard("approve", head, code=2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tree": "1" * 40}, "its tree is not the tree of the head"),
        ({"opinion": "fine"}, "'fine' is none of approved"),
        ({"at": int(time.time()) + 7200}, "after the server's time"),
        ({"at": int(time.time()) - 7200}, "before the server's time"),
        ({"by": "carol"}, "signed by 'carol'"),
        ({"head": "1" * 40}, "parent is not the head"),
        ({"version": 2}, "not of version 1"),
        ({"more": "x"}, "unknown key 'more'"),
    ],
    ids=["tree", "opinion", "later", "earlier", "by", "head", "version", "key"],
)
def test_what_an_approval_says_is_checked(
    pair: Pair, changes: dict[str, object], said: str
) -> None:
    server, alice = pair
    head = topic(alice)
    bob = server.client("bob")
    made = record(bob, head, **changes)
    ref = ref_of("main", "bob", tree(bob, head))
    assert said in refused(bob.push(f"{made}:{ref}"), "guard-records")


@pytest.mark.parametrize(
    "ref",
    [
        "refs/guard/approvals/main/carol/{tree}",
        "refs/guard/approvals/main/bob/" + "1" * 40,
    ],
)
def test_an_approval_stands_where_it_belongs(pair: Pair, ref: str) -> None:
    server, alice = pair
    head = topic(alice)
    bob = server.client("bob")
    made = record(bob, head)
    done = bob.push(f"{made}:{ref.format(tree=tree(bob, head))}")
    assert "it belongs to refs/guard/approvals/main/bob/" in refused(done, "guard-records")


def test_a_commit_that_holds_more_is_no_approval(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    bob = server.client("bob")
    ref = ref_of("main", "bob", tree(bob, head))
    assert "something other than record.json" in refused(bob.push(f"{head}:{ref}"), "guard-records")


def test_an_approval_is_not_deleted_and_an_old_one_does_not_come_back(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    bob = server.client("bob")
    ref = ref_of("main", "bob", tree(bob, head))
    old = record(bob, head, at=int(time.time()) - 100)
    assert bob.push(f"{old}:{ref}").ok
    bob.guard("approve", head, "--as", "bob", "--request-changes")
    refused(bob.push(f":{ref}"), "guard-records")
    assert "something later" in refused(bob.push(f"+{old}:{ref}"), "guard-records")
    assert approved(server, ref)["opinion"] == "changes-requested"


def test_an_approval_is_of_a_protected_branch(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    bob = server.client("bob")
    bob.guard("approve", head, "--as", "bob", "--target", "elsewhere", code=3)
    assert server.git("for-each-ref", "refs/guard/approvals") == ""


@pytest.mark.parametrize(
    ("login", "part"),
    [
        ("alice", "alice"),
        ("alice.smith", "alice.smith"),
        ("alice@example.com", "alice@example.com"),
        (".a", "%2Ea"),
        ("a..b", "a%2E%2Eb"),
        ("a.", "a%2E"),
        ("a.lock", "a%2Elock"),
        ("a/b", "a%2Fb"),
        ("a b~^:?*[\\", "a%20b%7E%5E%3A%3F%2A%5B%5C"),
        ("аlice", "%D0%B0lice"),
        ("100%", "100%25"),
    ],
)
def test_any_login_has_a_reference(pair: Pair, login: str, part: str) -> None:
    server, _ = pair
    assert quoted(login) == part
    server.git("check-ref-format", ref_of("main", login, "1" * 40))


def test_a_login_in_another_script_is_another_one(pair: Pair) -> None:
    server, alice = pair
    head = topic(alice)
    twin = server.client("bоb")
    said = twin.guard("approve", head, "--as", "bob", code=3)
    assert "you are 'b\\u043eb' here" in said or "you are 'bоb' here" in said


def test_lane_records_are_written_by_whom_the_policy_names(pair: Pair) -> None:
    _, alice = pair
    with_policy(alice, "server: {lane-writers: [release-bot]}\n")
    alice.git("fetch", "-q", "origin", "refs/guard/lane/main")
    tip = alice.git("rev-parse", "FETCH_HEAD")
    done = alice.push(f"{tip}:refs/guard/lane/stable")
    refused(done, "reserved-name")
    asked = ("commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "more")
    more = alice.git(*asked)
    said = refused(alice.push(f"{more}:refs/guard/lane/main"), "guard-records")
    assert "server.lane-writers alone, and you are 'alice' (by REMOTE_USER)" in said
    bot = {"REMOTE_USER": "release-bot"}
    refused(alice.push(":refs/guard/lane/main", **bot), "guard-records")
    root = alice.git("commit-tree", f"{tip}^{{tree}}", "-m", "another chain")
    done = alice.push(f"+{root}:refs/guard/lane/main", **bot)
    assert "would be lost" in refused(done, "guard-records")
    said = refused(alice.push(f"{more}:refs/guard/lane/main", **bot), "guard-records")
    assert "signed by 'server-hook'" in said  # a start over an old one is an override


def test_evidence_only_grows(pair: Pair) -> None:
    _, alice = pair
    with_policy(alice, "server: {evidence-writers: [ci]}\n")
    empty = alice.git("hash-object", "-t", "tree", "/dev/null")
    one = alice.git("commit-tree", empty, "-m", "nothing")
    refused(alice.push(f"{one}:refs/guard/evidence"), "guard-records")
    assert alice.push(f"{one}:refs/guard/evidence", REMOTE_USER="ci").ok
    two = alice.git("commit-tree", "HEAD^{tree}", "-p", one, "-m", "foreign files")
    done = alice.push(f"{two}:refs/guard/evidence", REMOTE_USER="ci")
    assert "not a record of the guard" in refused(done, "guard-records")


def test_over_http_the_login_is_the_one_that_signed_in(pair: Pair, tmp_path: Path) -> None:
    server, alice = pair
    head = topic(alice)
    with served(server) as address:
        clone = tmp_path / "http"
        env = server.environ()
        git(tmp_path, "clone", "-q", f"http://bob:bob@{address}/project.git", str(clone), env=env)
        bob = Client(server, "", clone)
        said = bob.guard("approve", head)
        assert "bob approved" in said
        bob.git("checkout", "-q", "main")
        bob.commit("refuse this")
        done = bob.push("main")
        refused(done, "words")
        bob.commit("large", blob_dot_txt="\n".join(map(str, range(400_000))))
        assert bob.push("main").ok
    from tests.server.kit import decisions

    assert decisions(server)[-1].by == "bob"
    assert approved(server, ref_of("main", "bob", tree(alice, head)))["by"] == "bob"
