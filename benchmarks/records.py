"""How long the guard's records take to read and to write, by how many there are.

    python -m benchmarks.records [--evidence N] [--chain N]

Makes a bare repository with a ledger of N records of evidence and a chain of N records of the lane,
as `git gc` leaves them, and prints the milliseconds of each operation: the least and the middle of
several runs, each with nothing kept in memory, git's processes included.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha1
from itertools import islice
from pathlib import Path

from guard import ledger, upkeep
from guard._wire import dump
from guard.chain import encode, newest_first
from guard.change import Evidence, LaneRecord, RecordKind
from guard.model import Verdict
from guard.records import EVIDENCE, VERSION, Records, lane_ref
from guard.refs import LocalRefs, Refs, RemoteRefs
from guard.repository import Repository

_SURROUNDINGS = (f"installed={'d' * 32} (120)", "platform=linux-x86_64", "python=cpython 3.12.1")
_PER_TREE = 4


def tree(number: int) -> str:
    """The id of the tree that a record is about; no such tree is there."""
    return sha1(str(number).encode(), usedforsecurity=False).hexdigest()


def evidence(number: int) -> Evidence:
    """One record, other than all others."""
    verdict = Verdict.PASS
    return Evidence(
        tree(number // _PER_TREE),
        "check",
        verdict,
        "e" * 32,
        _SURROUNDINGS,
        "",
        "premerge-guard 1.0",
        1_700_000_000 + number,
        f"https://ci.example.org/jobs/{number}",
    )


def versioned(value: object) -> object:
    """A record as it is written."""
    found = dump(value)
    assert isinstance(found, dict)
    return {"version": VERSION, **found}


def stream(records: int, links: int) -> Iterator[bytes]:
    """What `git fast-import` makes the ledger and the chain of."""
    who = b"committer guard <guard> 1700000000 +0000\n"
    yield b"commit %s\n%sdata 1\nx\n" % (EVIDENCE.encode(), who)
    for number in range(records):
        item = ledger.Item("evidence", evidence(number).tree, versioned(evidence(number)))
        data = encode(item.value)
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (item.path.encode(), len(data), data)
    for number in range(links):
        record = LaneRecord(RecordKind.LANDED, tree(number), number, "ada", tree(number + 1))
        data = encode(versioned(record))
        yield b"commit %s\n%sdata 1\nx\n" % (lane_ref("main").encode(), who)
        yield b"M 100644 inline record.json\ndata %d\n%s\n" % (len(data), data)


def build(top: Path, records: int, links: int) -> None:
    """A bare repository with both."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", top], check=True)
    load = [*_git(top), "fast-import", "--quiet"]
    subprocess.run(load, input=b"".join(stream(records, links)), check=True)
    subprocess.run([*_git(top), "gc", "--quiet"], check=True)


def _git(top: Path) -> list[str]:
    return ["git", "-C", str(top)]


def measure(what: str, work: Callable[[Records], object], records: Callable[[], Records]) -> None:
    """Print the least and the middle of the times; few runs where one takes long."""
    times: list[float] = []
    while (len(times) < 9 and sum(times) < 4) or len(times) < 3:
        begun = time.perf_counter()
        work(records())
        times.append(time.perf_counter() - begun)
    least, middle = min(times) * 1000, statistics.median(times) * 1000
    print(f"{what:<52} {least:8.1f} {middle:8.1f} ms", flush=True)


def main() -> None:
    """Read the command line, measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--evidence", type=int, default=20_000)
    parser.add_argument("--chain", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        top, clone = Path(folder) / "b.git", Path(folder) / "clone"
        build(top, asked.evidence, asked.chain)
        subprocess.run(["git", "clone", "-q", top, clone], check=True, stderr=subprocess.DEVNULL)
        print(f"ledger of {asked.evidence:,} records, chain of {asked.chain:,}")
        _run(asked.evidence, asked.chain, lambda: _open(top, None))
        measure(
            "from a clone: find the evidence of one tree",
            lambda records: records.evidence(tree(1)),
            lambda: _open(clone, "origin"),
        )
        fresh = iter(range(10**9, 2 * 10**9))
        measure(
            "from a clone: record evidence",
            lambda records: records.record_evidence([evidence(next(fresh))]),
            lambda: _open(clone, "origin"),
        )


def _open(top: Path, remote: str | None) -> Records:
    git = Repository(str(top))
    refs: Refs = LocalRefs(git) if remote is None else RemoteRefs(git, remote)
    return Records(git, refs)


def _run(total: int, links: int, records: Callable[[], Records]) -> None:
    fresh = iter(range(total, 10**9))
    measure("find the evidence of one tree", lambda each: each.evidence(tree(total // 8)), records)
    measure("find that there is none", lambda each: each.evidence("0" * 40), records)
    measure("record evidence", lambda each: each.record_evidence([evidence(next(fresh))]), records)
    measure("read all evidence", lambda each: each.all_evidence(), records)
    measure("verify the ledger", upkeep.faults, records)
    tip = records().tip(lane_ref("main"))
    git = records().git
    measure(
        "read the newest 10 records of the chain",
        lambda _: list(islice(newest_first(git, tip), 10)),
        records,
    )
    measure("read the whole chain", lambda _: sum(1 for _ in newest_first(git, tip)), records)
    settled = LaneRecord(RecordKind.SETTLED, tree(links), links, "ada")
    records().append_lane("main", lambda _: [settled])
    landed = LaneRecord(RecordKind.LANDED, tree(links + 1), links, "ada", tree(links))
    measure(
        "read the lane since it was settled, and append to it",
        lambda each: each.append_lane("main", lambda _: [landed]),
        records,
    )


if __name__ == "__main__":
    main()
