"""Names, texts and files that are made to hurt: inert, and what is shown is clear."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from guard.change import Change, FileChange, LaneFacts, Unknown
from guard.forge.facts import read_facts, write_facts
from guard.forge.plain import Asked, gather
from guard.forge.rulebook import rulebook_at
from guard.model import Stage
from guard.plugins import load_rules
from guard.refs import LocalRefs
from guard.samples import ai_unit, change, oid
from tests.forge.kit import NOW, ROBOT, Hub, only, run

ODD = [
    "-x",
    "--upload-pack=touch",
    "caf\u00e9",
    "a\u2028b",
    "r\u202elr",
    "';touch-x",
    "$(id)",
    "m\u0430in",
]
"""Names that git lets a branch have."""
RED = "\x1b[31mred\x1b]0;title\x07"


def pushed(hub: Hub, name: str, message: str = "Edit") -> str:
    """A commit that only the bare repository's branch ``name`` holds."""
    rev = hub.commit({"new.py": f"# {len(name)}\n"}, message)
    hub.git("push", "-q", "--force", str(hub.bare), f"{rev}:refs/heads/{name}")
    hub.git("reset", "-q", "--hard", "origin/main")
    return rev


def harmless(text: str) -> bool:
    """Whether a terminal does nothing with it but print."""
    return all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("name", ODD)
def test_a_branch_of_any_name_is_judged(hub: Hub, name: str) -> None:
    rev = pushed(hub, name, f"Edit\n\n{ROBOT}")
    asked = ("--target", "main", "--rev", rev, "--branch", name)
    said = run(hub.bare, "gate", *asked, "--now", str(NOW))
    assert said.code == 1
    assert "missing-human-approval" in said.out
    assert harmless(said.out)
    assert not [path for path in (hub.bare, Path.cwd()) if (path / "touch").exists()]


def test_branches_of_any_name_are_open_changes(hub: Hub) -> None:
    for name in ODD:
        pushed(hub, name, f"Edit\n\n{ROBOT}")
    pushed(hub, "topic", f"Edit\n\n{ROBOT}")
    found = hub.gather(hub.repository.ref("refs/heads/topic") or "", branch="topic")
    assert not isinstance(found.others, Unknown)
    assert {each.id for each in found.others} == {f"refs/heads/{name}" for name in ODD}
    assert isinstance(found.lane, LaneFacts)


def test_a_message_with_escape_codes_is_inert(hub: Hub) -> None:
    rev = pushed(hub, "topic", f"Edit {RED}\n\n{ROBOT} {RED}\nClaude-Session: {RED}")
    for form in ("text", "github", "markdown"):
        asked = ("--target", "main", "--rev", rev, "--now", str(NOW), "--format", form)
        said = run(hub.bare, "gate", *asked, "-v", "--record")
        assert said.code == 1
        assert harmless(said.out)
    for _, found in hub.records.decisions("main"):
        assert harmless("".join(found.reasons))


def test_escape_codes_in_facts_are_inert(tmp_path: Path) -> None:
    facts = change(ai_unit(id=RED), base="", id=RED, title=RED, branch=RED, units=Unknown(RED))
    (tmp_path / "f.json").write_bytes(write_facts(facts))
    for form in ("text", "github", "markdown"):
        said = run(tmp_path, "gate", "--facts", "f.json", "--format", form)
        assert said.code == 3
        assert harmless(said.out)


def test_an_error_about_facts_does_not_print_what_they_hold(tmp_path: Path) -> None:
    value = {"version": 1, "id": "#1", "target": RED, "base": RED, "rev": oid("a"), RED: 1}
    (tmp_path / "f.json").write_text(json.dumps(value))
    said = run(tmp_path, "gate", "--facts", "f.json")
    assert said.code == 2
    assert harmless(said.err)


def test_a_file_of_100_megabytes_is_one_that_is_not_text(hub: Hub) -> None:
    hub.branch("topic")
    with open(hub.clone / "huge.py", "wb") as file:
        for _ in range(100):
            file.write(b"x = 1\n" * 174763)
    hub.git("add", "-A")
    hub.git("commit", "-q", "-m", f"Huge\n\n{ROBOT}")
    hub.push("topic")
    found = hub.gather("topic", frozenset({"result_health", "rollback"}))
    unit = only(found)
    assert not isinstance(unit.files, Unknown)
    assert [(each.path, each.added) for each in unit.files] == [("huge.py", None)]
    assert not isinstance(found.result_health, Unknown)
    assert found.result_health.broken == ()


def test_a_policy_that_is_too_large_is_not_read(hub: Hub) -> None:
    with open(hub.clone / "guard.yaml", "wb") as file:
        file.write(b"version: 1\n")
        file.truncate(1 << 20)
    hub.commit({})
    hub.push("main")
    said = run(hub.bare, "gate", "--target", "main", "--rev", "main")
    assert said.code == 2
    assert "bytes; at most" in said.err


@pytest.mark.parametrize(
    "data", [b"version: 1\0\n", b"\0" * 100, b"\xff\xfe", b"version: 1\n\x1b[31m"]
)
def test_a_policy_that_is_no_text_closes_the_door(hub: Hub, data: bytes) -> None:
    (hub.clone / "guard.yaml").write_bytes(data)
    hub.commit({})
    hub.push("main")
    pushed(hub, "topic")
    said = run(hub.bare, "gate", "--target", "main", "--rev", "topic")
    assert said.code == 2
    assert "the policy of the target cannot be read" in said.err
    assert harmless(said.err)


def raw_commit(hub: Hub, message: bytes, tree: str) -> str:
    """A commit that ``git commit`` would not make."""
    head = hub.rev("main")
    text = b"tree %s\nparent %s\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n%s" % (
        tree.encode(),
        head.encode(),
        message,
    )
    command = [
        "git",
        "-C",
        str(hub.bare),
        "hash-object",
        "-w",
        "-t",
        "commit",
        "--stdin",
        "--literally",
    ]
    done = subprocess.run(command, input=text, check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"a\0b\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n",
        b"\xff\xfe\x00",
        b"\x1b[31m\r\n",
        b"x" * 1_000_000,
        b"\n" * 10_000,
    ],
)
def test_a_message_of_any_bytes_is_read(hub: Hub, message: bytes) -> None:
    rev = raw_commit(hub, message, hub.tree("main"))
    unit = only(landing(hub, rev))
    assert not isinstance(unit.commits, Unknown)
    assert [each.rev for each in unit.commits] == [rev]


def landing(hub: Hub, rev: str) -> Change:
    """The facts of a commit that only the bare repository has."""
    git = hub.repository
    base = git.ref("refs/heads/main") or ""
    asked = Asked("main", base, rev, NOW, Stage.PRE_RECEIVE)
    needs = frozenset({"rollback", "target_health", "result_health"})
    return gather(git, LocalRefs(git), asked, rulebook_at(git, base, load_rules()), needs)


PATHS = [
    b"..",
    b".git",
    b"a\nb.py",
    b"\x1b[31m.py",
    b"\xff\xfe.py",
    b"-x.py",
    b"a\tb.py",
    b'"quoted".py',
    b" ",
    b"C:\\x.py",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_any_bytes_is_a_file_that_was_changed(hub: Hub, path: bytes) -> None:
    git = hub.repository
    blob = git.write_blob(b"x = 1\n")
    entry = f"100644 blob {blob}\t".encode() + path + b"\0"
    old = subprocess.run(
        ["git", "-C", str(hub.bare), "ls-tree", "-z", "main"], check=True, capture_output=True
    )
    tree = git.run("mktree", "-z", stdin=old.stdout + entry).decode().strip()
    found = landing(hub, raw_commit(hub, b"Odd", tree))
    unit = only(found)
    assert not isinstance(unit.files, Unknown)
    assert [os.fsencode(each.path) for each in unit.files] == [path]
    assert read_facts(write_facts(found), "f", 0) == found


def test_a_link_that_leads_out_is_not_followed(hub: Hub) -> None:
    outside = hub.clone.parent / "outside.py"
    outside.write_text("from typing import TYPE_CHECKING\n")
    hub.branch("topic")
    (hub.clone / "link.py").symlink_to(outside)
    (hub.clone / "folder").symlink_to(hub.clone.parent)
    hub.commit({})
    hub.push("topic")
    found = hub.gather("topic", frozenset({"result_health"}))
    unit = only(found)
    assert not isinstance(unit.files, Unknown)
    assert [(each.path, each.added) for each in unit.files] == [("folder", 1), ("link.py", 1)]


def test_a_submodule_is_a_file_without_lines(hub: Hub) -> None:
    git = hub.repository
    old = git.run("ls-tree", "-z", "main")
    entry = f"160000 commit {oid('elsewhere')}\tvendor\0".encode()
    tree = git.run("mktree", "-z", "--missing", stdin=old + entry).decode().strip()
    unit = only(landing(hub, raw_commit(hub, b"Add", tree)))
    assert unit.files == (FileChange("vendor", "", oid("elsewhere"), None, None),)


def test_a_merge_driver_of_the_configuration_is_not_run(hub: Hub) -> None:
    mark = hub.bare / "ran"
    hub.git("config", "merge.evil.driver", f"touch {mark}", cwd=hub.bare)
    (hub.bare / "info").mkdir(exist_ok=True)
    (hub.bare / "info" / "attributes").write_text("* merge=evil\n")
    hub.branch("topic")
    hub.commit({"app.py": "x = 1\n"})
    hub.push("topic")
    hub.git("checkout", "-q", "main", "--")
    hub.commit({"app.py": "x = 2\n"})
    hub.push("main")
    assert isinstance(hub.gather("topic").units, Unknown)
    assert not mark.exists()


def test_replaced_objects_do_not_change_what_is_judged(hub: Hub) -> None:
    rev = pushed(hub, "topic", f"Edit\n\n{ROBOT}")
    clean = raw_commit(hub, b"Human", hub.tree(rev))
    hub.git("replace", rev, clean, cwd=hub.bare)
    assert only(landing(hub, rev)).is_ai
