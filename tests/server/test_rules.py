"""The guard's own rules at the door of a plain git server, by real pushes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.kit import arrivals, decisions, lane
from tests.server.servers import Client, Pushed, Server, copied
from tests.server.test_push import refused

AI = "\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
POLICY = """version: 1
people:
  - {login: alice, emails: [alice@example.com]}
  - {login: bob, emails: [bob@example.com], roles: [approver, owner, releaser]}
  - {login: carol, emails: [carol@example.com], roles: [approver]}
lane: {soak: 10m, deadline: 1d}
server: {lane-writers: [bob]}
"""


@pytest.fixture
def real(template: Path, tmp_path: Path) -> tuple[Server, Client]:
    """A server with the guard's rules and a policy, and alice's clone."""
    server, alice = copied(template, tmp_path / "server")
    alice.commit("A policy", guard_dot_yaml=POLICY)
    done = alice.push("main")
    assert done.ok, done.said
    server.judges = ""
    return server, alice


def topic(client: Client, name: str, message: str) -> str:
    """A branch from main on the server; its head."""
    client.git("checkout", "-q", "-b", name, "origin/main")
    head = client.commit(message, **{f"{name}_dot_py": f"{name.upper()} = 1\n"})
    done = client.push(name)
    assert done.ok, done.said
    return head


def land(client: Client, name: str) -> Pushed:
    """Merge a branch into main and push that."""
    client.git("fetch", "-q", "origin")
    client.git("checkout", "-q", "-B", "main", "origin/main")
    client.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", f"origin/{name}")
    client.clock += 60
    return client.push("main")


def approve(server: Server, login: str, head: str) -> Client:
    client = server.client(login)
    client.git("fetch", "-q", "origin")
    client.guard("approve", head, "--as", login, "--target", "main")
    return client


def test_a_human_change_lands(real: tuple[Server, Client]) -> None:
    server, alice = real
    topic(alice, "human", "A human's change")
    done = land(alice, "human")
    assert done.ok, done.said
    assert decisions(server)[-1].verdict.value == "pass"


def test_an_ai_change_needs_a_human_and_then_has_the_lane(real: tuple[Server, Client]) -> None:
    server, alice = real
    head = topic(alice, "claude", "An AI's change" + AI)
    refused(land(alice, "claude"), "missing-human-approval")
    approve(server, "bob", head)
    done = land(alice, "claude")
    assert done.ok, done.said
    landed = server.ref("refs/heads/main")
    assert [(each.kind.value, each.rev) for each in lane(server)][-1] == ("landed", landed)
    second = topic(alice, "second", "Another AI's change" + AI)
    approve(server, "bob", second)
    assert "held by" in refused(land(alice, "second"), "ai-change-in-flight")
    topic(alice, "human", "A human's change")
    done = land(alice, "human")
    assert done.ok, done.said


def test_whoever_sent_an_ai_change_does_not_approve_it(real: tuple[Server, Client]) -> None:
    server, alice = real
    head = topic(alice, "claude", "An AI's change" + AI)
    approve(server, "alice", head)
    refused(land(server.client("bob"), "claude"), "missing-human-approval")


def test_an_approval_of_an_older_tree_does_not_count(real: tuple[Server, Client]) -> None:
    server, alice = real
    head = topic(alice, "claude", "An AI's change" + AI)
    approve(server, "bob", head)
    alice.git("checkout", "-q", "claude")
    alice.commit("More of it" + AI, more_dot_py="MORE = 1\n")
    assert alice.push("claude").ok
    refused(land(alice, "claude"), "missing-human-approval")


def test_an_ai_stays_one_when_its_branch_is_rewritten(real: tuple[Server, Client]) -> None:
    server, alice = real
    topic(alice, "claude", "An AI's change" + AI)
    alice.git("commit", "-q", "--amend", "-m", "Nobody's change")
    assert alice.push("+claude").ok
    assert {each.origin.value for each in arrivals(server) if "claude" in each.ref} >= {"ai"}
    refused(land(alice, "claude"), "missing-human-approval")


def test_a_pushed_fault_is_refused_with_its_place(real: tuple[Server, Client]) -> None:
    _, alice = real
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import decimal\n"
    alice.commit("A fault", late_dot_py=text + "VALUE = decimal.Decimal(1)\n")
    said = refused(alice.push("main"), "type-checking-runtime-use")
    assert "late.py:4:9" in said


def test_the_reconciler_writes_down_what_pushes_left(real: tuple[Server, Client]) -> None:
    server, alice = real
    topic(alice, "claude", "An AI's change" + AI)
    refused(land(alice, "claude"), "missing-human-approval")
    assert [each for each in decisions(server) if each.verdict.value == "fail"] == []
    Client(server, "", server.repo).guard("lane", "reconcile")
    (told,) = [each for each in decisions(server) if each.verdict.value == "fail"]
    assert any("missing-human-approval" in reason for reason in told.reasons)


def test_a_squash_of_the_branch_whose_turn_it_is_lands(real: tuple[Server, Client]) -> None:
    server, alice = real
    head = topic(alice, "claude", "An AI's change" + AI)
    approve(server, "bob", head)
    alice.git("fetch", "-q", "origin")
    alice.git("checkout", "-q", "-B", "main", "origin/main")
    alice.git("merge", "-q", "--squash", "origin/claude")
    alice.clock += 60
    alice.git("commit", "-q", "-m", "Squashed" + AI)
    done = alice.push("main")
    assert done.ok, done.said
    second = topic(alice, "second", "Another AI's change" + AI)
    approve(server, "bob", second)
    refused(land(alice, "second"), "ai-change-in-flight")
    told = Client(server, "", server.repo).guard("lane", "status")
    assert "open: claude, lane other, lacks work that the target does not have" in told
