"""What goes wrong around the records: hostile settings, broken and locked references, kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from guard.chain import Entry, append, newest_first
from guard.errors import GitError
from guard.ledger import Item, add, everything, faults
from guard.refs import LocalRefs, RemoteRefs
from guard.repository import FILE, Repository
from tests.records.conftest import git

LANE, EVIDENCE = "refs/guard/lane/main", "refs/guard/evidence"
ITEM = Item("evidence", "ab" * 20, {"version": 1})
ENTRY = Entry({"version": 1}, "x", 1)


def sides(repository: Repository) -> tuple[str, str]:
    """Two commits that change the same line of the file ``a``."""

    def commit(text: bytes, *parents: str) -> str:
        (oid,) = repository.write_trees([[(FILE, repository.write_blob(text), "a")]])
        return repository.write_commit(oid, parents, "x", at=0)

    base = commit(b"1\n2\n3\n")
    return commit(b"0\n2\n3\n", base), commit(b"9\n2\n3\n", base)


def test_a_merge_runs_no_program_of_the_configuration(bare: Path, repository: Repository) -> None:
    ours, theirs = sides(repository)
    owned = bare / "owned"
    git(bare, "config", "merge.evil.driver", f"touch '{owned}'; exit 0")
    git(bare, "config", "merge.default", "evil")
    assert repository.merge_tree(ours, theirs).conflicts == ("a",)
    git(bare, "config", "--unset", "merge.default")
    (bare / "info").mkdir(exist_ok=True)
    (bare / "info" / "attributes").write_text("a merge=evil\n")
    assert repository.merge_tree(ours, theirs).conflicts == ("a",)
    assert not owned.exists()


def test_a_merge_is_the_same_in_a_clone_with_attributes(bare: Path, tmp_path: Path) -> None:
    there = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", bare, there], check=True, stderr=subprocess.DEVNULL)
    ours, theirs = sides(Repository(str(bare)))
    git(bare, "update-ref", "refs/heads/ours", ours)
    git(bare, "update-ref", "refs/heads/theirs", theirs)
    git(there, "fetch", "-q")
    (there / ".gitattributes").write_text("a merge=union\n")
    (there / "below").mkdir()
    for top in (there, there / "below"):
        assert Repository(str(top)).merge_tree(ours, theirs).conflicts == ("a",)


def test_a_broken_reference_is_not_a_missing_one(bare: Path, repository: Repository) -> None:
    file = bare / EVIDENCE
    file.parent.mkdir(parents=True)
    file.write_text("")
    with pytest.raises(GitError, match="broken ref"):
        LocalRefs(repository).read(EVIDENCE)
    with pytest.raises(GitError, match="broken ref"):
        add(repository, LocalRefs(repository), EVIDENCE, [ITEM], "x", 1)


def test_a_lock_that_was_left_is_told_with_its_file(bare: Path, repository: Repository) -> None:
    lock = bare / (EVIDENCE + ".lock")
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    with pytest.raises(GitError, match=r"evidence\.lock': File exists"):
        add(repository, LocalRefs(repository), EVIDENCE, [ITEM], "x", 1)
    lock.unlink()
    assert add(repository, LocalRefs(repository), EVIDENCE, [ITEM], "x", 1) is not None


def test_a_repository_that_cannot_be_written_to_is_told(bare: Path) -> None:
    """Files stand where the folders for objects would be made: this stops root as well."""
    for number in range(256):
        shutil.rmtree(bare / "objects" / f"{number:02x}", ignore_errors=True)
        (bare / "objects" / f"{number:02x}").write_text("")
    repository = Repository(str(bare))
    with pytest.raises(GitError, match="hash-object"):
        add(repository, LocalRefs(repository), EVIDENCE, [ITEM], "x", 1)
    with pytest.raises(GitError, match="hash-object"):
        append(repository, LocalRefs(repository), LANE, lambda tip: [ENTRY])
    assert repository.refs("refs/guard/") == {}


KILLED = """
import os, signal, sys
from guard.chain import Entry, append
from guard.ledger import Item, add
from guard.refs import LocalRefs, RemoteRefs
from guard.repository import Repository

top, moment, what = sys.argv[1:]
class Dying(LocalRefs):
    def swap(self, ref, old, new):
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().swap(ref, old, new)
        os.kill(os.getpid(), signal.SIGKILL)
git = Repository(top)
refs = Dying(git)
if what == "ledger":
    add(git, refs, "refs/guard/evidence", [Item("evidence", "ab" * 20, {"version": 1})], "x", 1)
else:
    entry = Entry({"version": 1}, "x", 1)
    append(git, refs, "refs/guard/lane/main", lambda tip: [] if tip else [entry])
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_writer_that_is_killed_loses_nothing(bare: Path, moment: str) -> None:
    """Between the objects and the reference, and before it could say that it was done."""
    repository = Repository(str(bare))
    refs = LocalRefs(repository)
    for what, ref in (("ledger", EVIDENCE), ("chain", LANE)):
        done = subprocess.run([sys.executable, "-c", KILLED, bare, moment, what], check=False)
        assert done.returncode == -signal.SIGKILL
        assert (refs.read(ref) is not None) == (moment == "after")
    add(repository, refs, EVIDENCE, [ITEM], "x", 1)
    append(repository, refs, LANE, lambda tip: [] if tip else [ENTRY])
    assert everything(repository, refs.read(EVIDENCE), "evidence") == ({"version": 1},)
    assert faults(repository, refs.read(EVIDENCE)) == ()
    assert [link.value for link in newest_first(repository, refs.read(LANE))] == [{"version": 1}]


def test_a_quarantine_takes_objects_and_no_references(bare: Path, tmp_path: Path) -> None:
    """As within ``pre-receive``: objects go where git says, and are gone if it refuses."""
    inner = tmp_path / "incoming"
    inner.mkdir()
    environ = {
        **os.environ,
        "GIT_DIR": str(bare),
        "GIT_OBJECT_DIRECTORY": str(inner),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(bare / "objects"),
        "GIT_QUARANTINE_PATH": str(inner),
    }
    ours, _ = sides(Repository(str(bare)))
    repository = Repository(str(bare), environ)
    (oid,) = repository.write_trees([[(FILE, repository.write_blob(b"new"), "b")]])
    new = repository.write_commit(oid, [ours], "x", at=0)
    assert repository.is_ancestor(ours, new)
    merged = repository.merge_tree(new, ours)
    assert merged.tree == oid
    with pytest.raises(GitError, match="quarantine"):
        repository.swap([(EVIDENCE, None, new)])
    outside = Repository(str(bare))
    assert outside.kinds([ours, new]) == {ours: "commit"}
    assert repository.kinds([ours, new, oid]) == {ours: "commit", new: "commit", oid: "tree"}


def objects(repository: Repository) -> int:
    said = repository.run("count-objects", "-v").decode()
    known = dict(line.split(": ") for line in said.splitlines())
    return int(known["count"]) + int(known["in-pack"])


def test_only_what_is_new_is_fetched(bare: Path, tmp_path: Path) -> None:
    there = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", bare, there], check=True, stderr=subprocess.DEVNULL)
    server, clone = Repository(str(bare)), Repository(str(there))
    items = [Item("evidence", f"{n:040x}", {"version": 1, "n": n}) for n in range(60)]
    add(server, LocalRefs(server), EVIDENCE, items[:-1], "x", 1)
    RemoteRefs(clone, "origin").read(EVIDENCE)
    before = objects(clone)
    assert before > 100
    tip = add(server, LocalRefs(server), EVIDENCE, items[-1:], "x", 2)
    assert RemoteRefs(clone, "origin").read(EVIDENCE) == tip
    assert objects(clone) - before < 10
    assert len(everything(clone, tip, "evidence")) == 60
    assert clone.refs("refs/guard/", "refs/heads/") == {}


def test_a_branch_with_such_a_name_is_no_record(bare: Path, tmp_path: Path) -> None:
    there = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", bare, there], check=True, stderr=subprocess.DEVNULL)
    server, clone = Repository(str(bare)), Repository(str(there))
    ours, _ = sides(server)
    for refs in (LocalRefs(server), RemoteRefs(clone, "origin")):
        git(bare, "update-ref", "refs/heads/" + LANE, ours)
        assert refs.read(LANE) is None
        assert refs.list("refs/guard/lane/") == {}
