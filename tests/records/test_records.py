"""References by compare-and-swap, chains, ledgers, and the typed records on top of them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from guard.chain import Broken, Contended, Entry, append, newest_first
from guard.change import (
    Arrival,
    Decision,
    Deployment,
    Evidence,
    How,
    LaneRecord,
    Origin,
    RecordKind,
    State,
)
from guard.errors import GitError, UsageError
from guard.ledger import Item, add, everything, faults, find, key_of, paths, remove
from guard.model import Verdict
from guard.records import ARRIVALS, EVIDENCE, Records, lane_ref
from guard.refs import LocalRefs, Refs
from guard.repository import FILE, Repository
from guard.upkeep import faults_of
from tests.records.conftest import git

REF = "refs/guard/lane/main"
Place = tuple[Repository, Refs]


def entry(number: int) -> Entry:
    return Entry({"version": 1, "number": number}, f"number {number}", at=1000 + number, by="ada")


def numbers(repository: Repository, tip: str | None) -> list[object]:
    values = [link.value for link in newest_first(repository, tip)]
    return [value["number"] for value in values if isinstance(value, dict)]


def test_a_swap_is_lost_when_the_reference_is_elsewhere(place: Place) -> None:
    repository, refs = place
    one, two = (repository.write_commit(tree(repository), (), n, at=0) for n in "ab")
    assert refs.read(REF) is None
    assert refs.swap(REF, None, one)
    assert not refs.swap(REF, None, two)
    assert not refs.swap(REF, two, one)
    assert refs.read(REF) == one
    assert refs.swap(REF, one, two)
    assert refs.list("refs/guard/lane/") == {REF: two}
    assert refs.swap(REF, two, None)
    assert refs.read(REF) is None


def tree(repository: Repository) -> str:
    (oid,) = repository.write_trees([[(FILE, repository.write_blob(b"x"), "record.json")]])
    return oid


def test_a_chain_grows_and_is_read_from_the_newest(place: Place) -> None:
    repository, refs = place
    append(repository, refs, REF, lambda tip: [entry(1), entry(2)])
    tip = append(repository, refs, REF, lambda tip: [entry(3)])
    assert numbers(repository, tip) == [3, 2, 1]
    assert append(repository, refs, REF, lambda tip: []) == tip


def test_a_lost_race_is_run_again_with_what_the_other_wrote(place: Place) -> None:
    repository, refs = place
    seen: list[list[object]] = []

    def make(tip: str | None) -> list[Entry]:
        seen.append(numbers(repository, tip))
        if len(seen) == 1:
            append(repository, refs, REF, lambda tip: [entry(1)])
        return [entry(2)]

    tip = append(repository, refs, REF, make)
    assert seen == [[], [1]]
    assert numbers(repository, tip) == [2, 1]


class Busy:
    """References that always were moved by someone else."""

    def read(self, ref: str) -> str | None:
        return None

    def swap(self, ref: str, old: str | None, new: str | None) -> bool:
        return False

    def list(self, prefix: str) -> dict[str, str]:
        return {}


def test_a_race_that_is_always_lost_is_an_error(repository: Repository) -> None:
    with pytest.raises(Contended, match="run the command again"):
        append(repository, Busy(), REF, lambda tip: [entry(1)], tries=3)


def test_what_is_no_record_breaks_the_chain(repository: Repository, bare: Path) -> None:
    refs = LocalRefs(repository)
    first = append(repository, refs, REF, lambda tip: [entry(1)])
    assert first is not None
    plain = repository.write_commit(repository.tree_of(first), (), "x", at=0)
    for parents, data, said in (
        ((first, plain), b"{}", "has 2 parents"),
        ((first,), b"{", "is no JSON"),
        ((first,), b"\xff\xfe", "is no JSON"),
    ):
        blob = repository.write_blob(data)
        (oid,) = repository.write_trees([[(FILE, blob, "record.json")]])
        tip = repository.write_commit(oid, parents, "x", at=0)
        with pytest.raises(Broken, match=said):
            list(newest_first(repository, tip))
    (empty,) = repository.write_trees([[]])
    with pytest.raises(Broken, match=r"holds no record\.json"):
        list(newest_first(repository, repository.write_commit(empty, (), "x", at=0)))


def test_a_long_chain_is_read_in_pages(repository: Repository) -> None:
    refs = LocalRefs(repository)
    tip = append(repository, refs, REF, lambda tip: [entry(n) for n in range(300)])
    assert numbers(repository, tip) == list(range(299, -1, -1))


def test_a_ledger_holds_each_record_once(place: Place) -> None:
    repository, refs = place
    one, two = Item("evidence", "ab" * 20, {"a": 1}), Item("evidence", "ab" * 20, {"a": 2})
    other = Item("deployment", "cd" * 20, "x")
    add(repository, refs, REF, [one, other], "x", 5)
    tip = add(repository, refs, REF, [one, two], "y", 6)
    assert sorted(map(str, find(repository, tip, "evidence", "ab" * 20))) == [
        "{'a': 1}",
        "{'a': 2}",
    ]
    assert find(repository, tip, "evidence", "ef" * 20) == ()
    assert everything(repository, tip, "deployment") == ("x",)
    assert add(repository, refs, REF, [two, other], "z", 7) == tip
    assert faults(repository, tip) == ()
    tip = remove(repository, refs, REF, paths(repository, tip, "evidence"), "less", 8)
    assert everything(repository, tip, "evidence") == ()
    assert everything(repository, tip, "deployment") == ("x",)


def test_a_changed_record_is_found(repository: Repository) -> None:
    refs = LocalRefs(repository)
    item = Item("evidence", "ab" * 20, {"a": 1})
    tip = add(repository, refs, REF, [item], "x", 5)
    kind, top, key, name = item.path.split("/")
    blob = repository.write_blob(b'{"a": 3}')
    oid = blob
    mode = FILE
    for part in (name, key, top, kind):
        (oid,) = repository.write_trees([[(mode, oid, part)]])
        mode = "040000"
    forged = repository.write_commit(oid, (tip or "",), "x", at=9)
    (fault,) = faults(repository, forged)
    assert fault.startswith(item.path)
    assert "it was changed" in fault


WRITER = """
import sys
from guard.ledger import Item, add
from guard.chain import Entry, append
from guard.refs import LocalRefs, RemoteRefs
from guard.repository import Repository
top, number, remote = sys.argv[1], int(sys.argv[2]), sys.argv[3]
git = Repository(top)
refs = RemoteRefs(git, remote) if remote else LocalRefs(git)
for turn in range(4):
    value = {"version": 1, "number": number * 10 + turn}
    add(git, refs, "refs/guard/evidence", [Item("evidence", "ab" * 20, value)], "x", turn)
    append(git, refs, "refs/guard/lane/main", lambda tip: [Entry(value, "x", turn)])
"""


def test_eight_writers_at_once_lose_nothing(bare: Path, tmp_path: Path) -> None:
    writers = []
    for number in range(8):
        top, remote = bare, ""
        if number % 2:
            top, remote = tmp_path / f"clone{number}", "origin"
            subprocess.run(["git", "clone", "-q", bare, top], check=True, stderr=-3)
        command = [sys.executable, "-c", WRITER, str(top), str(number), remote]
        writers.append(subprocess.Popen(command, stderr=subprocess.PIPE))
    said = [writer.communicate(timeout=120)[1].decode() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8, said
    repository = Repository(str(bare))
    wanted = {number * 10 + turn for number in range(8) for turn in range(4)}
    values = everything(repository, repository.ref("refs/guard/evidence"), "evidence")
    assert {value["number"] for value in values if isinstance(value, dict)} == wanted
    chained = numbers(repository, repository.ref("refs/guard/lane/main"))
    assert sorted(map(str, chained)) == sorted(map(str, wanted))


def test_typed_records_come_back(place: Place) -> None:
    repository, refs = place
    rev, oid = "a" * 40, "b" * 40
    evidence = Evidence(oid, "check", Verdict.PASS, "f" * 32, ("python=3.11",), "", "guard 1", 7)
    deployed = Deployment("staging", rev, oid, State.HEALTHY, 8, "ada")
    arrival = Arrival("refs/heads/topic", rev, "ada", 9, Origin.AI)
    started = LaneRecord(RecordKind.STARTED, rev, 1, "ada")
    released = LaneRecord(RecordKind.RELEASED, rev, 2, "ada", rev, ("other",), How.OVERRIDE, "why")
    decision = Decision("main", "#1", rev, rev, "pre-receive", Verdict.HOLD, ("r",), "", "ada", 3)
    writer = Records(repository, refs)
    writer.record_evidence([evidence])
    writer.record_deployment(deployed)
    writer.record_arrivals([arrival])
    writer.append_lane("main", lambda before: [started])
    assert writer.append_lane("main", lambda before: [released][len(before) - 1 :]) == (released,)
    writer.log("main", [decision] * 120)
    reader = Records(repository, refs)
    assert reader.evidence(oid) == reader.all_evidence() == (evidence,)
    assert reader.evidence(rev) == ()
    assert reader.deployments("staging") == reader.deployments() == (deployed,)
    assert reader.deployments("production") == ()
    assert reader.arrivals("refs/heads/topic") == reader.all_arrivals() == (arrival,)
    assert reader.lane("main") == (started, released)
    assert [record for _, record in reader.lane_history("main")] == [released, started]
    assert [each for _, each in reader.decisions("main")] == [decision] * 120


def test_reading_stops_at_the_newest_settled_record(repository: Repository) -> None:
    records = Records(repository, LocalRefs(repository))
    kinds = (RecordKind.STARTED, RecordKind.LANDED, RecordKind.SETTLED, RecordKind.LANDED)
    made = [LaneRecord(kind, "a" * 40, at, "x") for at, kind in enumerate(kinds)]
    records.append_lane("main", lambda before: made)
    assert records.lane("main") == tuple(made[2:])


def test_a_record_of_another_version_is_an_error(repository: Repository) -> None:
    refs = LocalRefs(repository)
    append(repository, refs, lane_ref("main"), lambda tip: [Entry({"version": 2}, "x", 1)])
    with pytest.raises(Broken, match="not of version 1"):
        Records(repository, refs).lane("main")


def test_a_merge_without_a_checkout(bare: Path, repository: Repository) -> None:
    def commit(text: bytes, *parents: str) -> str:
        (oid,) = repository.write_trees([[(FILE, repository.write_blob(text), "a")]])
        return repository.write_commit(oid, parents, "x", at=0, by="A <b>\n\0")

    base = commit(b"1\n2\n3\n4\n5\n6\n7\n8\n")
    ours, theirs = (
        commit(b"0\n2\n3\n4\n5\n6\n7\n8\n", base),
        commit(b"1\n2\n3\n4\n5\n6\n7\n9\n", base),
    )
    merged = repository.merge_tree(ours, theirs)
    assert merged.tree is not None
    assert list(repository.read_names([f"{ours}:a", f"{ours}:b"])) == [
        b"0\n2\n3\n4\n5\n6\n7\n8\n",
        None,
    ]
    assert git(bare, "cat-file", "-p", f"{merged.tree}:a").split() == list("02345679")
    clash = repository.merge_tree(ours, commit(b"9\n2\n3\n4\n5\n6\n7\n8\n", base))
    assert (clash.tree, clash.conflicts) == (None, ("a",))
    assert repository.is_ancestor(base, ours)
    assert not repository.is_ancestor(ours, base)
    assert git(bare, "fsck", "--strict", "--no-dangling") == ""


def test_a_remote_that_would_run_a_program_is_refused(repository: Repository) -> None:
    for remote in ("ext::sh -c true", "--upload-pack=true", ""):
        with pytest.raises(UsageError, match="not a remote"):
            repository.fetch(remote, ["refs/heads/main"])
    with pytest.raises(GitError):
        repository.fetch("nowhere", ["refs/heads/main"])


def test_a_record_in_the_place_of_another_is_an_error(repository: Repository) -> None:
    refs = LocalRefs(repository)
    one = Evidence("b" * 40, "check", Verdict.PASS, "f" * 32, (), "", "guard 1", 7)
    two = Deployment("staging", "a" * 40, "b" * 40, State.HEALTHY, 8, "ada")
    three = Arrival("refs/heads/topic", "a" * 40, "ada", 9, Origin.AI)
    values = [("evidence", one), ("deployment", two), ("arrival", three)]
    keys = {"evidence": "c" * 40, "deployment": key_of("production"), "arrival": key_of("x")}
    for ref in (EVIDENCE, ARRIVALS):
        items = [
            Item(kind, keys[kind], {"version": 1, **asdict(value)})
            for kind, value in values
            if (kind == "arrival") == (ref == ARRIVALS)
        ]
        add(repository, refs, ref, items, "x", 1)
        assert len(faults_of(repository, ref, repository.ref(ref))) == len(items)
    records = Records(repository, refs)
    with pytest.raises(Broken, match="another tree"):
        records.evidence("c" * 40)
    with pytest.raises(Broken, match="another environment"):
        records.deployments("production")
    with pytest.raises(Broken, match="another branch"):
        records.arrivals("x")


def test_only_what_is_new_is_looked_at_again(repository: Repository) -> None:
    refs = LocalRefs(repository)
    wrong = [Item("evidence", n * 40, {"version": n}) for n in "abc"]
    tips = [add(repository, refs, EVIDENCE, [item], "x", 1) for item in wrong]
    found = [faults_of(repository, EVIDENCE, tips[2], since) for since in (None, *tips)]
    assert [len(each) for each in found] == [3, 2, 1, 0]
    assert found[2][0].startswith(wrong[2].path)
