"""Where there is no fork: each module, and each entry point, in a process that the guard starts.

It is made for Windows. Here the same way is taken on purpose, with the fork of the system hidden.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from guard.observed import EffectKind, Interpreter, ModuleRun, Outcome
from guard.smoke import _job
from guard.smoke.entries import Alive, EntrySpec, ExitCode, Output, Proof, run_entries
from tests.smoke.probing import alive, by_name, interpreters, observe, write
from tests.smoke.test_agree import TRAPS, seen

FINE = {"pkg/__init__.py": "", "pkg/fine.py": "x = 1\n", "pkg/zfine.py": "from pkg.fine import x\n"}


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import tempfile

    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def run_one(tmp_path: Path, text: str, **more: Any) -> ModuleRun:
    """What comes of one bad module among good ones, which must all be well."""
    top = tmp_path / "project"
    write(top, FINE | {"pkg/bad.py": text})
    runs = by_name(observe(top, mode="plain", **more))
    assert len(runs) == 4
    assert {run.outcome for name, run in runs.items() if name != "pkg.bad"} == {Outcome.OK}
    assert all(run.fresh for run in runs.values())
    assert not alive(str(top))
    return runs["pkg.bad"]


@pytest.mark.parametrize("python", interpreters()[:1] + interpreters()[-1:])
def test_it_agrees_with_fresh_interpreters(tmp_path: Path, python: str) -> None:
    write(tmp_path, TRAPS)
    plain = by_name(observe(tmp_path, python=python, mode="plain"))
    fresh = by_name(observe(tmp_path, python=python, mode="fresh"))
    assert list(plain) == list(fresh)
    differ = {
        name: (seen(plain[name]), seen(fresh[name]))
        for name in fresh
        if seen(plain[name]) != seen(fresh[name])
    }
    assert not differ
    assert all(run.fresh for run in plain.values())


# Run by itself, as if the system had no fork: the guard must find that out alone, and the probe,
# which runs in another process, must not need any of it either.
HIDDEN = """
import sys
sys.path[:0] = {path!r}
import os
for name in ("fork", "mkfifo", "pread", "pwrite"):
    delattr(os, name)
from pathlib import Path
from tests.smoke.probing import observe
found = observe(Path({top!r}), env={env!r})
print([(run.module, run.outcome.value, run.fresh) for run in found.modules])
print(*found.notes, sep="\\n")
"""
WITHOUT = (
    "import os, sys, _signal\n"
    "for name in ('fork', 'mkfifo', 'setsid', 'killpg', 'waitpid', 'pipe', 'readlink', 'getuid'):\n"
    "    delattr(os, name)\n"
    "del _signal.SIGKILL\nsys.modules['select'] = sys.modules['resource'] = None\n"
)


def test_a_system_without_fork_is_known_by_itself(tmp_path: Path) -> None:
    top, site = tmp_path / "project", tmp_path / "site"
    write(top, FINE | {"pkg/bad.py": "1 / 0\n"})
    write(site, {"sitecustomize.py": WITHOUT})
    here = Path(__file__).parents[2]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(site)}
    code = HIDDEN.format(path=[str(here), str(here / "rules")], top=str(top), env=env)
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "[('pkg', 'ok', True), ('pkg.bad', 'raised', True), ('pkg.fine', 'ok', True), "
        "('pkg.zfine', 'ok', True)]",
        "network: refused by an audit hook, which code in C can pass by",
        "no fork on this system: each module in an interpreter of its own",
    ]


BACKSLASHES = r"""
import os, sys
del os.fork
os.sep = "\\"
names = {{"__name__": "probe", "__file__": {probe!r}}}
exec(compile(open({probe!r}).read(), {probe!r}, "exec"), names)
names["State"].top = names["slashed"]("C:\\shop") + "/"
names["State"].foreign = ("<", names["slashed"]("C:\\shop\\.venv") + "/")
for path in (
    "C:\\shop\\pkg\\a.py",
    "C:\\shop\\.venv\\Lib\\os.py",
    "C:\\shop\\env\\Lib\\site-packages\\x.py",
    "C:\\shopping\\a.py",
):
    print(names["is_own"](path), names["relative"](path))
"""


@pytest.mark.parametrize("python", interpreters()[:1] + interpreters()[-1:])
def test_the_probe_knows_the_projects_files_by_paths_of_windows(python: str) -> None:
    probe = str(Path(__file__).parents[2] / "guard/smoke/probe.py")
    code = BACKSLASHES.format(probe=probe)
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [
        "True pkg/a.py",
        r"False C:\shop\.venv\Lib\os.py",
        r"False C:\shop\env\Lib\site-packages\x.py",
        r"False C:\shopping\a.py",
    ]


ENDS = {
    "exit": ("import sys\nsys.exit(3)\n", Outcome.RAISED, ""),
    "os exit": ("import os\nos._exit(3)\n", Outcome.ENDED, "exit code 3"),
    "os exit 0": ("import os\nos._exit(0)\n", Outcome.ENDED, "exit code 0"),
    "crash": ("import ctypes\nctypes.string_at(0)\n", Outcome.ENDED, "signal SIGSEGV"),
    "closes all files": ("import os\nos.closerange(0, 4096)\n", Outcome.OK, ""),
    "reads stdin": ("import sys\nassert sys.stdin.read() == ''\n", Outcome.OK, ""),
    "hang": ("while True:\n    pass\n", Outcome.TIMEOUT, "after 3 s"),
    "flood": ("while True:\n    print('y' * 99999)\n", Outcome.FLOOD, "more than 1000000 bytes"),
}


@pytest.mark.parametrize(("text", "outcome", "status"), ENDS.values(), ids=ENDS)
def test_each_end_is_told(
    tmp_path: Path, temp: Path, text: str, outcome: Outcome, status: str
) -> None:
    run = run_one(tmp_path, text, timeout=3.0, output_limit=1_000_000)
    assert run.outcome is outcome, run
    assert run.status.startswith(status)
    if outcome not in (Outcome.OK, Outcome.RAISED):
        assert run.loading == ("pkg.bad",)
    assert len(run.output) <= 20_000
    assert not list(temp.iterdir())


def test_a_child_that_is_left_is_told_and_stopped(tmp_path: Path) -> None:
    run = run_one(tmp_path, "import subprocess\nsubprocess.Popen(['sleep', '987'])\n")
    told = [each.kind for each in run.effects]
    assert told == [EffectKind.SUBPROCESS, EffectKind.LEFT_CHILD]


def test_a_child_of_one_that_ended_itself_is_told_and_stopped(tmp_path: Path) -> None:
    text = "import os, subprocess\nsubprocess.Popen(['sleep', '987'])\nos._exit(0)\n"
    run = run_one(tmp_path, text)
    assert run.outcome is Outcome.ENDED
    assert [each.kind for each in run.effects] == [EffectKind.SUBPROCESS, EffectKind.LEFT_CHILD]


def test_the_network_is_refused(tmp_path: Path) -> None:
    text = "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=5)\n"
    run = run_one(tmp_path, text)
    assert run.failure is not None
    assert "unreachable" in run.failure.message
    assert [each.refused for each in run.effects] == [True]


def test_the_whole_run_can_be_limited(tmp_path: Path) -> None:
    write(tmp_path, {f"m{n}.py": "import time\ntime.sleep(60)\n" for n in range(4)})
    observed = observe(tmp_path, mode="plain", total_timeout=1.0)
    assert {run.outcome for run in observed.modules} == {Outcome.LOST}
    assert "stopped: the time for the whole run was over" in observed.notes
    assert not alive(str(tmp_path))


@pytest.mark.parametrize(
    ("python", "said"),
    [("/bin/false", "the probe ended: exit code 1"), ("/no/such", "the interpreter did not start")],
)
def test_an_interpreter_that_is_none_loses_all(tmp_path: Path, python: str, said: str) -> None:
    write(tmp_path, FINE)
    observed = observe(tmp_path, python=python, mode="plain")
    assert [run.outcome for run in observed.modules] == [Outcome.LOST] * 3
    assert len([note for note in observed.notes if note.startswith(said)]) == 1


GUARD = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from tests.smoke.probing import observe
observe(Path({top!r}), timeout=60.0, mode="plain")
"""


def test_an_interrupt_ends_all(tmp_path: Path) -> None:
    hang = "import time, subprocess\nsubprocess.Popen(['sleep', '986'])\ntime.sleep(600)\n"
    top, temp = tmp_path / "project", tmp_path / "temp"
    write(top, {"hang.py": hang, "other.py": hang})
    temp.mkdir()
    here = Path(__file__).parents[2]
    guard = subprocess.Popen(
        [sys.executable, "-c", GUARD.format(path=[str(here), str(here / "rules")], top=str(top))],
        env={**os.environ, "TMPDIR": str(temp)},
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 20
    while len(alive(str(top))) < 5 and time.monotonic() < until:  # itself, two and their children
        time.sleep(0.05)
    assert len(alive(str(top))) >= 5
    guard.send_signal(signal.SIGINT)
    guard.wait(20)
    assert not alive(str(top))
    assert not list(temp.iterdir())


def test_what_windows_is_handed_has_the_size_that_it_expects() -> None:
    sizes = [ctypes.sizeof(each) for each in (_job._Basic, _job._Extended, _job._Accounting)]
    assert sizes == [64, 144, 48]


CHILD = "import subprocess, sys\nsubprocess.Popen(['sleep', '988'])\n"
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True)\ntime.sleep(600)\n"
)
ENTRIES: dict[str, tuple[str, Proof, Outcome, str, str]] = {
    "ends well": ("print('fine')", ExitCode(), Outcome.OK, "", ""),
    "ends badly": ("raise ValueError('no')", ExitCode(), Outcome.RAISED, "exit code 1", ""),
    "crashes": ("import os; os.abort()", ExitCode(), Outcome.ENDED, "signal SIGABRT", ""),
    "hangs": ("import time; time.sleep(600)", ExitCode(), Outcome.TIMEOUT, "after 2 s", "SIGTERM"),
    "stays": ("import time; time.sleep(600)", Alive(0.5), Outcome.OK, "", "SIGTERM"),
    "ignores TERM": (STUBBORN, Output("up"), Outcome.OK, "", "SIGKILL after 0.3 s"),
    "floods": (
        "while True: print('y' * 999999)",
        ExitCode(),
        Outcome.FLOOD,
        "wrote more than 64 MB",
        "SIGTERM",
    ),
    "leaves a child": (
        CHILD,
        ExitCode(),
        Outcome.OK,
        "",
        "left running, and killed: a process of its group",
    ),
}


@pytest.fixture
def no_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")


@pytest.mark.usefixtures("no_fork")
@pytest.mark.parametrize(
    ("code", "proof", "ended"),
    [(code, proof, tuple(rest)) for code, proof, *rest in ENTRIES.values()],
    ids=ENTRIES,
)
def test_entry_points_run_without_a_fork(
    tmp_path: Path,
    temp: Path,
    code: str,
    proof: Proof,
    ended: tuple[Outcome, str, str],
) -> None:
    write(tmp_path, {"main.py": code})
    spec = EntrySpec(
        "main", ("python", "main.py"), "test", "main.py", proof=proof, timeout=2.0, grace=0.3
    )
    mark = f"guard-mark-{tmp_path}"
    env = {"PATH": os.environ["PATH"], "MARK": mark}
    (run,) = run_entries([spec], Interpreter(sys.executable, (3, 0, 0), "test"), env, str(tmp_path))
    assert (run.outcome, run.status, run.stopped) == ended
    assert not alive(mark)
    assert not list(temp.iterdir())


@pytest.mark.usefixtures("no_fork")
def test_an_entry_point_that_cannot_be_started_says_so(tmp_path: Path, temp: Path) -> None:
    spec = EntrySpec("main", ("./nothing",), "test", "main.py")
    (run,) = run_entries(
        [spec], Interpreter(sys.executable, (3, 0, 0), "test"), {"PATH": "/bin"}, str(tmp_path)
    )
    assert (run.outcome, run.status) == (
        Outcome.ENDED,
        "cannot be started: No such file or directory",
    )
    assert not list(temp.iterdir())
