"""What is said from memory, and what is not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from guard import replay
from guard.rule import SourceRule
from tests.replay.conftest import Bench

CHECK = ("check",)


def test_an_unchanged_tree(repo: Bench) -> None:
    assert not repo.replays(*CHECK)
    assert repo.replays(*CHECK)
    assert repo.replays(*CHECK)


def test_without_git(plain: Bench) -> None:
    assert not plain.replays(*CHECK)
    assert plain.replays(*CHECK)


def test_a_failure_is_said_again(plain: Bench) -> None:
    plain.write("bad.py", "from a import Decimal\n")
    plain.settle()
    assert plain.seat.remembering(*CHECK).code == 1
    assert plain.seat.remembering(*CHECK).code == 1
    assert plain.seat.replayed == 1


def test_one_command_does_not_answer_for_another(repo: Bench) -> None:
    repo.replays(*CHECK)
    assert not repo.replays("check", "pkg")
    assert not repo.replays(*CHECK, folder="pkg")
    assert not repo.replays("check", "--select", "type-checking-runtime-use")
    assert repo.replays("check", "pkg")


@pytest.mark.parametrize("argv", [("check", "--no-cache"), ("rules",), ()])
def test_what_is_never_recorded(argv: tuple[str, ...]) -> None:
    assert replay.begin(argv) is None


@pytest.mark.parametrize("argv", [("--format", "json"), ("-o", "out.txt"), ("--debug",)])
def test_what_tells_more_than_text_on_standard_output(plain: Bench, argv: tuple[str, ...]) -> None:
    for _ in range(2):
        assert not plain.replays("check", *argv)


def test_a_file_that_was_just_written(plain: Bench) -> None:
    plain.write("a.py", "x = 1\n")
    assert not plain.replays(*CHECK)
    plain.write("a.py", "x = 2\n")
    assert not plain.replays(*CHECK)


def test_a_file_that_could_not_be_read(plain: Bench) -> None:
    (plain.top / "link.py").symlink_to("nowhere")
    plain.settle()
    for _ in range(2):
        assert not plain.replays(*CHECK)


@pytest.mark.parametrize("name", ["guard.yaml", "pyproject.toml", "new.py", "pkg/new/deep.py"])
def test_a_file_that_was_not_there(plain: Bench, name: str) -> None:
    plain.replays(*CHECK)
    plain.write(name, "version: 1\n" if name == "guard.yaml" else "")
    assert not plain.replays(*CHECK)


def test_a_policy_above(plain: Bench) -> None:
    plain.replays(*CHECK, folder="pkg")
    assert plain.replays(*CHECK, folder="pkg")
    plain.write("guard.yaml", "version: 1\n")
    assert not plain.replays(*CHECK, folder="pkg")


def test_what_git_ignores(repo: Bench) -> None:
    repo.replays(*CHECK)
    repo.write(".git/info/exclude", "new.py\n")
    repo.write("new.py", "x = (\n")
    assert repo.replays(*CHECK)
    repo.write(".git/info/exclude", "")
    assert not repo.replays(*CHECK)


def test_a_deleted_file_that_returns(repo: Bench) -> None:
    aside = repo.top.parent / "aside"
    (repo.top / "a.py").rename(aside)
    repo.settle()
    repo.replays(*CHECK)
    assert repo.replays(*CHECK)
    aside.rename(repo.top / "a.py")
    assert not repo.replays(*CHECK)


@pytest.mark.parametrize(
    ("name", "replayed"), [("LANG", False), ("SHLVL", True), ("GIT_AUTHOR_DATE", True)]
)
def test_the_environment(repo: Bench, name: str, replayed: bool) -> None:
    repo.replays(*CHECK)
    repo.seat.environ[name] = "xx"
    assert repo.replays(*CHECK) is replayed


def test_the_plugins_that_are_installed(
    plain: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    info = library / "other-1.dist-info"
    info.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(library))
    plain.settle()
    plain.replays(*CHECK)
    assert plain.replays(*CHECK)
    (info / "entry_points.txt").write_text("")
    assert not plain.replays(*CHECK)


def test_a_record_that_was_damaged(plain: Bench) -> None:
    plain.replays(*CHECK)
    (record,) = plain.seat.cache.rglob("replay-*.table")
    data = record.read_bytes()
    for damaged in (data[:-1], data[:-9] + b"x" + data[-8:], b""):
        record.write_bytes(damaged)
        assert not plain.replays(*CHECK)


def test_few_records_stay(plain: Bench) -> None:
    for number in range(12):
        plain.replays("check", "--ignore", "inline-ignore", *["-q"] * number)
    assert len([*plain.seat.cache.rglob("replay-*.table")]) == 8


class Curious(SourceRule):
    """Looks where no rule may look."""

    id = "curious"
    summary = "Looks at other things than the project."

    def __init__(self, look) -> None:
        self._look = look

    def check(self, project, options):
        del options
        self._look(project)
        return ()


def with_rule(bench: Bench, look) -> None:
    bench.seat.rules = (*bench.seat.rules, Curious(look))
    bench.settle()


def test_a_file_that_a_rule_opens_by_itself_is_heard_of(plain: Bench, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("one")
    with_rule(plain, lambda project: words.read_text())
    plain.replays(*CHECK)
    assert plain.replays(*CHECK)
    words.write_text("two")
    assert not plain.replays(*CHECK)


@pytest.mark.parametrize(
    "look",
    [
        lambda project: subprocess.run([sys.executable, "-c", ""], check=True),
        lambda project: Path(project.top, "..", "left.txt").write_text("x"),
        lambda project: 1 / 0,
    ],
    ids=["another program", "a written file", "a crash"],
)
def test_a_run_that_is_not_recorded(plain: Bench, look) -> None:
    with_rule(plain, look)
    for _ in range(2):
        assert not plain.replays(*CHECK)


def test_the_time_is_the_new_one(plain: Bench) -> None:
    plain.replays(*CHECK)
    began = time.perf_counter()
    with plain.seat.seated() as out:
        call = replay.begin(CHECK)
        assert call is not None
        call.began -= 100
        assert replay.replay(call) == 0
    words = out.read_text().split()
    assert float(words[-2]) == pytest.approx(100 + time.perf_counter() - began, abs=2)


def test_the_real_program_imports_next_to_nothing(repo: Bench) -> None:
    time.sleep(1.1)  # the real patience
    argv = [sys.executable, "-X", "importtime", "-m", "guard", "check"]
    environ = {**repo.seat.environ, "PYTHONPATH": ":".join(sys.path)}
    runs = [
        subprocess.run(argv, cwd=repo.top, env=environ, capture_output=True, text=True, check=False)
        for _ in range(2)
    ]
    assert runs[0].returncode == runs[1].returncode == 0, runs[0].stderr
    words = [run.stdout.rpartition(",")[0] for run in runs]
    assert words[0] == words[1]
    imported = {line.rpartition("|")[2].strip() for line in runs[1].stderr.splitlines()}
    assert imported.isdisjoint({"click", "pluggy", "inspect", "guard.model", "guard_rules"})
