"""The smoke check at the door, where the policy wants it: what is pushed is imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.server.servers import Client, Server, copied
from tests.server.test_push import refused

POLICY = f"""version: 1
server: {{smoke: true, smoke-timeout: 20s}}
smoke: {{python: {sys.executable}, timeout: 5}}
"""


@pytest.fixture
def real(template: Path, tmp_path: Path) -> tuple[Server, Client]:
    """A server whose policy has the pushed tree imported, and alice's clone."""
    server, alice = copied(template, tmp_path / "server")
    alice.commit("A policy", guard_dot_yaml=POLICY)
    done = alice.push("main")
    assert done.ok, done.said
    server.judges = ""
    return server, alice


def test_what_can_be_imported_lands(real: tuple[Server, Client]) -> None:
    server, alice = real
    rev = alice.commit("A module", shop_dot_py="import app\n\nTOTAL = app.VALUE + 1\n")
    done = alice.push("main")
    assert done.ok, done.said
    assert server.ref("refs/heads/main") == rev


def test_what_cannot_be_imported_is_refused_with_its_cause(real: tuple[Server, Client]) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    alice.commit("Breaks", shop_dot_py="import app\n\nTOTAL = app.NO_SUCH_VALUE\n")
    said = refused(alice.push("main"), "import-failure")
    assert "NO_SUCH_VALUE" in said
    assert server.ref("refs/heads/main") == before


def test_what_never_ends_is_refused(real: tuple[Server, Client]) -> None:
    server, alice = real
    before = server.ref("refs/heads/main")
    alice.commit("Hangs", shop_dot_py="while True:\n    pass\n")
    refused(alice.push("main"), "import-failure")
    assert server.ref("refs/heads/main") == before


def test_nothing_is_left_behind(real: tuple[Server, Client]) -> None:
    server, alice = real
    alice.commit("A module", shop_dot_py="VALUE = 2\n")
    assert alice.push("main").ok
    worktrees = server.git("worktree", "list", "--porcelain")
    assert worktrees.count("worktree ") == 1
