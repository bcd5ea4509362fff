from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from guard import facts
from guard.project import Commit, Index, SourceProject, WorkTree
from guard.rule import Extractor
from tests.ground import kit
from tests.ground.kit import PICKY, TEXT, calls, counting

QUIET = 20_000_000


class Place:
    """A folder with sources, and a cache for it."""

    def __init__(self, base: Path) -> None:
        self.top = base / "top"
        self.cache = base / "cache"
        self.calls = base / "calls"
        for folder in (self.top, self.calls):
            folder.mkdir()

    def open(self, **options) -> SourceProject:
        tree = WorkTree(str(self.top), quiet_ns=QUIET)
        return SourceProject(tree, cache_dir=str(self.cache), **options)

    def write(self, name: str, text: str) -> None:
        (self.top / name).write_text(text)

    def settle(self) -> None:
        """Wait until what was written is old enough to be trusted."""
        time.sleep(QUIET / 1e9 + 0.03)

    def run(self, version: str = "1", **options) -> tuple[dict[str, int], int]:
        """The facts, and how many files were really looked at."""
        found = self.open(**options).facts(counting(str(self.calls), version))
        return found, calls(str(self.calls))

    def tables(self) -> list[Path]:
        return sorted(path for path in self.cache.rglob("*") if path.is_file())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def fill(place: Place, count: int) -> None:
    for number in range(count):
        place.write(f"f{number}.py", f"x = {number}\n")
    place.settle()


def test_a_second_run_looks_at_what_changed(place: Place):
    fill(place, 5)
    assert place.run() == ({f"f{n}.py": 6 for n in range(5)}, 5)
    assert place.run()[1] == 0
    place.write("f1.py", "y = 10\n")
    found, looked = place.run()
    assert (found["f1.py"], looked) == (7, 1)
    assert place.run()[1] == 0


def test_a_touched_file_is_read_and_not_extracted_again(place: Place):
    fill(place, 2)
    place.run()
    os.utime(place.top / "f0.py")
    assert place.run()[1] == 0


def test_moved_content_is_known(place: Place):
    fill(place, 2)
    place.run()
    (place.top / "f0.py").rename(place.top / "moved.py")
    assert place.run() == ({"f1.py": 6, "moved.py": 6}, 0)


def test_a_freshly_written_file_is_read_again(place: Place):
    place.write("a.py", "a = 1\n")
    before = place.open()
    before.facts(TEXT)
    stat = os.stat(place.top / "a.py")
    place.write("a.py", "a = 2\n")
    os.utime(place.top / "a.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert place.open().facts(TEXT) == {"a.py": (6, "a = 2\n")}


def test_without_a_cache_nothing_is_written_or_read(place: Place):
    fill(place, 2)
    assert place.run(cache=False)[1] == 2
    assert not place.cache.exists()
    place.run()
    assert place.run(cache=False)[1] == 2


def test_the_three_trees_share_one_cache(repo, tmp_path: Path):
    for number in range(4):
        repo.write(f"f{number}.py", f"x = {number}\n")
    repo.commit()
    folder = tmp_path / "calls"
    folder.mkdir()
    top = str(repo.top)
    looked = []
    for tree in (Commit(top, "HEAD"), Index(top), WorkTree(top), Commit(top, "main")):
        project = SourceProject(tree, cache_dir=str(tmp_path / "cache"))
        assert project.facts(counting(str(folder))) == {f"f{n}.py": 6 for n in range(4)}
        looked.append(calls(str(folder)))
    assert looked == [4, 0, 0, 0]


def test_another_version_or_other_parameters_are_other_facts(place: Place):
    fill(place, 2)
    assert place.run("1")[1] == 2
    assert place.run("2")[1] == 2
    assert place.run("2")[1] == 0
    other = place.calls.parent / "other"
    other.mkdir()
    place.open().facts(counting(str(other)))
    assert calls(str(other)) == 2


def test_the_identity_knows_the_interpreter_and_the_code(place: Place, tmp_path: Path):
    from guard._store import identity, source_stamp

    ident = identity("x")
    assert sys.version.replace("\n", "\\n").encode() in ident
    assert str(sys.implementation.cache_tag).encode() in ident
    code = tmp_path / "code"
    code.mkdir()
    (code / "rule.py").write_text("a = 1\n")
    stamps = {source_stamp((str(code / "rule.py"),))}
    (code / "helper.py").write_text("a = 1\n")
    stamps.add(source_stamp((str(code / "rule.py"),)))
    (code / "helper.py").write_text("a = 22\n")
    stamps.add(source_stamp((str(code / "rule.py"),)))
    assert len(stamps) == 3


def test_equal_parameters_have_one_text_in_every_process():
    from guard._store import canonical

    text = (
        "from guard._store import canonical\n"
        "print(canonical((frozenset('abcdefgh'), {'b': 1, 'a': (2,)})))\n"
    )
    seen = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={"PYTHONPATH": os.getcwd(), "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        seen.add(done.stdout.decode().strip())
    assert seen == {canonical((frozenset("abcdefgh"), {"a": (2,), "b": 1}))}
    assert canonical((1,)) != canonical(("1",))
    assert canonical((True,)) != canonical((1,))


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "half":
        path.write_bytes(data[: len(data) // 2])
    elif how == "one byte less":
        path.write_bytes(data[:-1])
    elif how == "one bit":
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    elif how == "foreign":
        path.write_bytes(b"#!/bin/sh\n" + data)
    elif how == "head only":
        path.write_bytes(data[:20])
    elif how == "longer":
        path.write_bytes(data + b"x")
    elif how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "link":
        path.rename(path.with_suffix(".away"))
        path.symlink_to(path.with_suffix(".away"))
    elif how == "pipe":
        path.unlink()
        os.mkfifo(path)


@pytest.mark.parametrize(
    "how",
    "empty,half,one byte less,one bit,foreign,head only,longer,folder,link,pipe".split(","),
)
def test_a_damaged_cache_is_as_good_as_none(place: Place, how: str):
    fill(place, 3)
    expected, _ = place.run()
    for table in place.tables():
        damage(table, how)
    assert place.run() == (expected, 3)
    if how != "folder":
        assert place.run() == (expected, 0)


def test_tables_that_hold_something_else_are_ignored(place: Place):
    from guard import _store

    fill(place, 2)
    place.run()
    for table in place.tables():
        for value in ([1, 2], None, 7):
            ident = b"ident"
            _store.save(str(table), ident, value)  # type: ignore[arg-type]
            assert _store.Table(str(table.parent), table.stem, ident).entries == {}


def test_a_cache_of_another_user_is_not_trusted(place: Place):
    from guard import _store

    fill(place, 1)
    place.run()
    [first, *_] = place.tables()
    assert _store._read_own(str(first))
    if os.geteuid() == 0:
        os.chown(first, 12345, 12345)
        assert _store._read_own(str(first)) == b""
    else:
        assert _store._read_own("/etc/hostname") == b""


def test_a_cache_that_cannot_be_written_does_no_harm(place: Place):
    fill(place, 2)
    place.cache.write_text("a file where a folder should be")
    assert place.run()[1] == 2
    assert place.run()[1] == 2
    blocked = place.cache.parent / "blocked"
    blocked.mkdir()
    project = SourceProject(WorkTree(str(place.top)), cache_dir="/proc/nowhere")
    assert set(project.facts(TEXT)) == {"f0.py", "f1.py"}


def test_the_folder_is_private_and_outside_of_the_project(place: Place):
    fill(place, 1)
    place.run()
    [folder] = (place.cache / "projects").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in place.top.iterdir()] == ["f0.py"]


def test_where_the_cache_is(tmp_path: Path):
    from guard._store import cache_root

    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    assert cache_root({**home, "GUARD_CACHE_DIR": "/c"}) == "/c"
    assert cache_root({**home, "XDG_CACHE_HOME": "/x"}) == "/x/premerge-guard"
    assert str(cache_root(home)).startswith(str(tmp_path))
    assert cache_root({}) is None


def test_unused_entries_go_and_the_cache_stays_small(place: Place):
    from guard import _store

    folder = str(place.cache)
    table = _store.Table(folder, "t", b"id")
    for run in range(60):
        new = {(run, number): "x" * 50 for number in range(200)}
        table = _store.Table(folder, "t", b"id")
        table.add(new, list(new), room=500)
    kept = _store.Table(folder, "t", b"id").entries
    assert set(new) <= set(kept)
    assert len(kept) <= 200 + 500 + 200


def test_what_is_used_outlives_what_is_not(place: Place):
    from guard import _store

    folder = str(place.cache)
    _store.Table(folder, "t", b"id").add({n: n for n in range(1000)}, range(1000), room=0)
    table = _store.Table(folder, "t", b"id")
    table.add({n: n for n in range(2000, 2300)}, [*range(500, 600), *range(2000, 2300)], room=10)
    kept = _store.Table(folder, "t", b"id").entries
    assert set(range(500, 600)) <= set(kept)
    assert len(kept) == 100 + 300 + 10


def test_old_folders_and_the_remains_of_killed_runs_are_removed(place: Place):
    fill(place, 1)
    projects = place.cache / "projects"
    old = projects / "old-0123456789abcdef"
    old.mkdir(parents=True)
    (old / "x.table").write_text("x")
    foreign = projects / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("keep me")
    long_ago = time.time() - 60 * 86400
    for folder in (old, foreign):
        os.utime(folder, (long_ago, long_ago))
    place.run()
    assert not old.exists()
    assert (foreign / "letter.txt").exists()
    [mine] = [path for path in projects.iterdir() if path.name.startswith("top-")]
    left = mine / "facts.table.123.tmp"
    left.write_text("half")
    os.utime(left, (long_ago, long_ago))
    place.write("new.py", "")
    place.run()
    assert not left.exists()


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_bad_extractors_name_the_file_and_the_rest_goes_on(place: Place, jobs: int):
    for number in range(300):
        place.write(f"f{number}.py", f"x = {number}\n")
    place.write("raise.py", "RAISE")
    place.write("object.py", "OBJECT")
    project = place.open(jobs=jobs)
    found = project.facts(PICKY)
    assert len(found) == 300
    assert project.unreadable() == {
        "raise.py": "picky failed: RecursionError: too deep",
        "object.py": "picky failed: its answer is not plain data",
    }
    assert place.open().facts(PICKY) == found  # and it was not remembered as a fact


def test_what_fails_for_one_extractor_is_still_there_for_another(place: Place):
    place.write("raise.py", "RAISE")
    project = place.open()
    assert project.facts(PICKY) == {}
    assert project.facts(PICKY) == {}
    assert project.facts(TEXT) == {"raise.py": (5, "RAISE")}
    assert list(project.unreadable()) == ["raise.py"]


def test_a_file_that_kills_its_process_is_found_and_named(place: Place):
    fill(place, 60)
    place.write("f50.py", "DIE")
    place.write("f59.py", "DIE")
    project = place.open(jobs=3)
    assert len(project.facts(PICKY)) == 58
    assert project.unreadable() == {
        "f50.py": "picky failed: its process died",
        "f59.py": "picky failed: its process died",
    }


def test_processes_give_the_same_answer_as_one(place: Place):
    for number in range(500):
        place.write(f"f{number}.py", f"x = {number}\n" * (number % 90))
    one = place.open(jobs=1, cache=False).facts(TEXT)
    assert place.open(jobs=4, cache=False).facts(TEXT) == one
    assert len(one) == 500


def test_started_processes_do_as_well_as_forked_ones(place: Place):
    from guard import _workers

    for number in range(120):
        place.write(f"f{number}.py", f"x = {number}\n")
    reader = facts.DiskReader(str(place.top))
    job = _workers.Job(reader, "text", kit.text, ())
    items = [(f"f{number}.py", None) for number in range(120)]
    chunks = list(_workers._chunks(items, [100] * 120))
    answers = dict(_workers._pooled(job, chunks, 2))
    assert sorted(answers) == list(range(len(chunks)))
    found = {fact[0]: fact[4] for chunk in answers.values() for fact in chunk}
    assert found == place.open(cache=False).facts(TEXT)


def test_a_started_process_that_dies_leaves_its_chunk_undone(place: Place):
    from guard import _workers

    place.write("die.py", "DIE")
    job = _workers.Job(facts.DiskReader(str(place.top)), "picky", kit.picky, ())
    assert list(_workers._pooled(job, [[("die.py", None)]], 1)) == []


def recorder(seen: list[tuple[int, int]]):
    return lambda done, total: seen.append((done, total))


def test_progress_is_told(place: Place):
    for number in range(200):
        place.write(f"f{number}.py", f"x = {number}\n")
    for jobs in (1, 3):
        seen: list[tuple[int, int]] = []
        place.open(jobs=jobs, cache=False, progress=recorder(seen)).facts(TEXT)
        assert seen[-1] == (200, 200)
        assert seen == sorted(seen)


HELD = (
    "import os, sys\n"
    "from guard.project import SourceProject, WorkTree\n"
    "from tests.ground.kit import PICKY\n"
    "def held():\n"
    "    with open(f'/proc/self/task/{os.getpid()}/children') as children:\n"
    "        return sorted(os.listdir('/proc/self/fd')), children.read()\n"
    "before = held()\n"
    "project = SourceProject(WorkTree(sys.argv[1]), jobs=3, cache=False)\n"
    "print(len(project.facts(PICKY)), held() == before or held())\n"
)


def test_descriptors_and_processes_are_gone_afterwards(place: Place):
    fill(place, 200)
    place.write("die.py", "DIE")
    # In a process of its own: what earlier tests left to the collector comes and goes.
    done = subprocess.run(
        [sys.executable, "-c", HELD, str(place.top)],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("200 True\n", "")


RUN = (
    "import sys, time\n"
    "from guard.project import SourceProject, WorkTree\n"
    "from guard.rule import Extractor\n"
    "from tests.ground import kit\n"
    "top, cache, what = sys.argv[1:4]\n"
    "project = SourceProject(WorkTree(top, quiet_ns=1000), cache_dir=cache, jobs=2)\n"
    "print(sum(size for size, _ in project.facts(getattr(kit, what)).values()))\n"
)


def start(place: Place, what: str = "TEXT", **options) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(place.top), str(place.cache), what],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_runs_at_the_same_time_do_not_disturb_each_other(place: Place):
    fill(place, 150)
    expected = str(sum(len(path.read_bytes()) for path in place.top.iterdir())).encode()
    for _ in range(3):
        running = [start(place) for _ in range(4)]
        for process in running:
            out, err = process.communicate()
            assert (out.strip(), err) == (expected, b"")
        place.write("f3.py", "changed = 1\n")
        place.write("f4.py", "x = 4\n")
        expected = str(sum(len(path.read_bytes()) for path in place.top.iterdir())).encode()
    assert not [path for path in place.tables() if path.name.endswith(".tmp")]


def test_a_killed_run_leaves_a_sound_cache(place: Place):
    fill(place, 400)
    expected = place.open(cache=False).facts(TEXT)
    for number in range(12):
        shutil.rmtree(place.cache, ignore_errors=True)
        process = start(place)
        time.sleep(0.03 + 0.01 * number)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert place.open().facts(TEXT) == expected


def test_a_run_killed_in_the_middle_of_a_write_leaves_the_old_table(place: Place):
    from guard import _store

    folder = place.cache
    _store.Table(str(folder), "t", b"id").add(dict.fromkeys(range(500), "old"), range(500), 0)
    text = (
        "import os, sys\n"
        "from guard import _store\n"
        "real = os.replace\n"
        "os.replace = lambda *args: os.kill(os.getpid(), 9)\n"
        "_store.Table(sys.argv[1], 't', b'id').add({n: 'new' for n in range(500)}, range(500), 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", text, str(folder)], env={"PYTHONPATH": os.getcwd()}, check=False
    )
    assert done.returncode == -9
    assert set(_store.Table(str(folder), "t", b"id").entries.values()) == {"old"}
    assert [path for path in folder.iterdir() if path.name.endswith(".tmp")]


def sleeping(data: bytes) -> tuple[int, str]:
    """For a run that is interrupted."""
    time.sleep(60)
    return len(data), ""


def test_an_interrupt_leaves_no_process(place: Place):
    fill(place, 400)
    text = RUN.replace(
        "getattr(kit, what)",
        "Extractor('slow', '1', __import__('tests.ground.test_facts', fromlist=['x']).sleeping)",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", text, str(place.top), str(place.cache), "x"],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    workers: list[str] = []
    while len(workers) < 2:
        assert process.poll() is None
        time.sleep(0.02)
        workers = Path(children).read_text().split()
    process.send_signal(signal.SIGINT)  # to the parent alone
    _, err = process.communicate()
    assert b"KeyboardInterrupt" in err
    assert process.returncode != 0
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_a_parent_that_is_killed_takes_its_workers_along(place: Place):
    fill(place, 400)
    process = start(place, start_new_session=True)
    process.send_signal(signal.SIGKILL)
    process.communicate()  # ends only when every holder of the pipe has ended


def test_the_extractor_is_asked_once_for_each_file(place: Place):
    fill(place, 3)
    project = place.open()
    extractor = counting(str(place.calls))
    project.facts(extractor, ["f1.py"])
    project.facts(extractor)
    project.facts(extractor, ["f1.py", "f2.py"])
    assert calls(str(place.calls)) == 3


def test_facts_may_be_none_and_false(place: Place):
    fill(place, 2)
    nothing = Extractor("nothing", "1", kit_none)
    assert place.open().facts(nothing) == {"f0.py": None, "f1.py": None}
    assert place.open().facts(nothing) == {"f0.py": None, "f1.py": None}


def kit_none(data: bytes) -> None:
    """A fact that is nothing."""
    del data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ],
)
def test_the_key_is_the_blob_id(data: bytes, expected: str):
    assert facts.blob_key(data).hex() == expected


@pytest.mark.parametrize("fraction", [0, 500_000_000])
def test_a_state_is_trusted_only_when_the_file_was_left_alone(fraction: int):
    reader = facts.DiskReader("/", quiet_ns=1_000_000_000)
    second = 1_000_000_000
    now = 1_000 * second + fraction
    margin = (3 if fraction == 0 else 1) * second

    def trusted(mtime: int, ctime: int) -> bool:
        return reader._trusted((1, mtime, ctime, 1, 1), now) is not None

    assert trusted(now - margin - second, now - margin - second)
    assert not trusted(now - margin, now - margin - second)
    assert not trusted(now - margin - second, now - margin)
    assert not trusted(now + second, now - margin - second)  # a clock that runs ahead
