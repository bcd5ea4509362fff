"""Run in a mount namespace: a server on a disk that is full, or that nobody may write to.

    unshare --map-root-user --mount python -m tests.server.on_a_mount full|read-only FOLDER

Ends with code 0 if all is as it must be; the caller is a test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.server.kit import decisions, spool
from tests.server.servers import Client, Server
from tests.server.test_rules import AI, POLICY, approve, land, topic


def begin(home: Path) -> tuple[Server, Client, str]:
    """A server with a policy, and an approved AI change that could land; the target's tip."""
    server = Server(home, judges="").make()
    alice = server.client("alice")
    alice.git("checkout", "-q", "-b", "main", check=False)
    alice.commit("The first", app_dot_py="VALUE = 1\n", guard_dot_yaml=POLICY)
    done = alice.push("main")
    assert done.ok, done.said
    head = topic(alice, "claude", "An AI's change" + AI)
    approve(server, "bob", head)
    return server, alice, server.ref("refs/heads/main")


def full(home: Path) -> None:
    """On a disk without room the push is refused; with room again it lands, and nothing is lost."""
    _mount("-t", "tmpfs", "-o", "size=24m", "none", str(home / "disk"))
    server, alice, before = begin(home / "disk" / "server")
    filler = home / "disk" / "filler"
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 4096)
            except OSError:
                break
    asked = ("commit-tree", "-m", "x", "HEAD^{tree}")
    assert not alice.git(*asked, check=False), "the disk is not full"
    # The clone has no room either, so the merge is made before; a push of what is there.
    done = alice.push("claude:main")
    assert not done.ok, done.said
    assert server.ref("refs/heads/main") == before
    filler.unlink()
    done = land(alice, "claude")
    assert done.ok, done.said
    server.guard("server-hook", "flush", str(server.repo))
    assert decisions(server)[-1].verdict.value == "pass"
    assert not spool(server).intents, "the spool is not empty"
    assert "Traceback" not in done.said


def read_only(home: Path) -> None:
    """On a repository that cannot be written nothing lands, and it is said why."""
    server, alice, before = begin(home / "server")
    _mount("--bind", str(server.repo), str(server.repo))
    _mount("-o", "remount,bind,ro", str(server.repo))
    done = land(alice, "claude")
    assert not done.ok
    assert "Traceback" not in done.said
    assert server.ref("refs/heads/main") == before
    said = Client(server, "", server.repo).guard("lane", "reconcile", code=None)
    assert "Traceback" not in said, said
    assert "ead-only" in said or "cannot" in said, said
    subprocess.run(["umount", str(server.repo)], check=True)
    done = land(alice, "claude")
    assert done.ok, done.said


def _mount(*args: str) -> None:
    Path(args[-1]).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *args], check=True)


if __name__ == "__main__":
    os.umask(0o022)
    {"full": full, "read-only": read_only}[sys.argv[1]](Path(sys.argv[2]))
