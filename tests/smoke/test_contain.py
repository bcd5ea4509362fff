"""Whatever a module does while it is imported is one clear result, and the others still come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from guard.observed import EffectKind, ModuleRun, Outcome
from tests.smoke.probing import alive, by_name, interpreters, observe, write

FINE = {"pkg/__init__.py": "", "pkg/fine.py": "x = 1\n", "pkg/zfine.py": "from pkg.fine import x\n"}


def run_one(tmp_path: Path, text: str, **more: Any) -> ModuleRun:
    """What comes of one bad module among good ones, which must all be well."""
    top = tmp_path / "project"
    write(top, FINE | {"pkg/bad.py": text})
    observed = observe(top, **more)
    runs = by_name(observed)
    assert len(runs) == 4
    assert {run.outcome for name, run in runs.items() if name != "pkg.bad"} == {Outcome.OK}
    assert not alive(str(top))
    return runs["pkg.bad"]


ENDS = {
    "exit": ("import sys\nsys.exit(3)\n", Outcome.RAISED, ""),
    "os exit": ("import os\nos._exit(3)\n", Outcome.ENDED, "exit code 3"),
    "os exit 0": ("import os\nos._exit(0)\n", Outcome.ENDED, "exit code 0"),
    "segfault": ("import ctypes\nctypes.string_at(0)\n", Outcome.ENDED, "signal SIGSEGV"),
    "abort": ("import os\nos.abort()\n", Outcome.ENDED, "signal SIGABRT"),
    "kills itself": ("import os\nos.kill(os.getpid(), 9)\n", Outcome.ENDED, "signal SIGKILL"),
    "kills its group": ("import os\nos.killpg(0, 15)\n", Outcome.ENDED, "signal SIGTERM"),
    "recursion": ("def f():\n    f()\nf()\n", Outcome.RAISED, ""),
    "stack overflow": (
        "import sys, pickle\nsys.setrecursionlimit(1 << 30)\n"
        "class A:\n    def __repr__(self):\n        return repr(self)\n"
        "    def __getattr__(self, n):\n        return getattr(self, n + 'x')\n"
        "import ctypes\nf = ctypes.CFUNCTYPE(None)\ng = f(lambda: g())\ng()\n",
        Outcome.ENDED,
        "signal SIGSEGV",
    ),
    "interrupt": ("raise KeyboardInterrupt\n", Outcome.RAISED, ""),
    "replaces its process": ("import os\nos.execv('/bin/true', ['true'])\n", Outcome.ENDED, "exit"),
    "closes all files": ("import os\nos.closerange(0, 4096)\n", Outcome.OK, ""),
    "fails with all files closed": ("import os\nos.closerange(0, 99)\n1/0\n", Outcome.RAISED, ""),
    "closes stdout": ("import sys\nsys.stdout.close()\nsys.stderr.close()\n", Outcome.OK, ""),
    "has no stdout": ("import sys\nsys.stdout = sys.stderr = None\n", Outcome.OK, ""),
    "bad stdout": ("import sys\nsys.stdout = sys.__stdout__ = 3\n", Outcome.OK, ""),
    "writes to any file": (
        "import os\nfor n in range(1, 64):\n    try:\n        os.write(n, b'x' * 100)\n"
        "    except OSError:\n        pass\n",
        Outcome.OK,
        "",
    ),
    "reads stdin": ("import sys\nassert sys.stdin.read() == ''\n", Outcome.OK, ""),
    "asks": ("input()\n", Outcome.RAISED, ""),
    "gone folder": (
        "import os, tempfile\nos.chdir(tempfile.mkdtemp())\nos.rmdir(os.getcwd())\n",
        Outcome.OK,
        "",
    ),
    "no temporary folder": (
        "import shutil, tempfile\nshutil.rmtree(tempfile.gettempdir())\n",
        Outcome.OK,
        "",
    ),
    "empties everything": (
        "import sys, builtins, os\nsys.path[:] = []\nsys.excepthook = None\n"
        "for n in ('_exit', 'write', 'open', 'close', 'getpid', 'fork'):\n"
        "    setattr(os, n, None)\n"
        "for n in ('open', 'len', 'repr', 'ascii', 'sorted', 'print', 'eval', 'OSError'):\n"
        "    delattr(builtins, n)\n",
        Outcome.OK,
        "",
    ),
    "forgets all modules": ("import sys\nsys.modules.clear()\n", Outcome.RAISED, ""),
    "an exception that fights": (
        "class E(Exception):\n    def __str__(self):\n        raise SystemExit\n"
        "    def __getattr__(self, n):\n        raise SystemExit\nraise E\n",
        Outcome.RAISED,
        "",
    ),
    "an endless message": ("raise ValueError('x' * 50_000_000)\n", Outcome.RAISED, ""),
    "open files": (
        "hold = []\ntry:\n    while True:\n        hold.append(open('/dev/null'))\n"
        "except OSError:\n    pass\n",
        Outcome.OK,
        "",
    ),
}


@pytest.mark.parametrize(("text", "outcome", "status"), ENDS.values(), ids=ENDS)
def test_each_end_is_told(tmp_path: Path, text: str, outcome: Outcome, status: str) -> None:
    run = run_one(tmp_path, text)
    assert run.outcome is outcome, run
    assert run.status.startswith(status)
    if outcome is Outcome.ENDED:
        assert run.loading == ("pkg.bad",)


@pytest.mark.parametrize("text", ["while True:\n    pass\n", "import time\ntime.sleep(600)\n"])
def test_what_does_not_end_is_stopped(tmp_path: Path, text: str) -> None:
    run = run_one(tmp_path, text, timeout=1.0)
    assert (run.outcome, run.status, run.loading) == (Outcome.TIMEOUT, "after 1 s", ("pkg.bad",))


def test_it_is_stopped_though_it_ignores_signals(tmp_path: Path) -> None:
    text = (
        "import signal, time\nfor n in (2, 15, 17):\n    signal.signal(n, signal.SIG_IGN)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\ntime.sleep(600)\n"
    )
    assert run_one(tmp_path, text, timeout=1.0).outcome is Outcome.TIMEOUT


def test_a_package_that_hangs_takes_down_what_is_below_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/slow/__init__.py": "from pkg.slow import b\n",
            "pkg/slow/a.py": "",
            "pkg/slow/b.py": "while True:\n    pass\n",
            "pkg/other.py": "",
        },
    )
    runs = by_name(observe(tmp_path, timeout=1.0))
    for name in ("pkg.slow", "pkg.slow.a", "pkg.slow.b"):
        assert runs[name].outcome is Outcome.TIMEOUT
        assert runs[name].loading == ("pkg.slow", "pkg.slow.b")
    assert runs["pkg.other"].outcome is Outcome.OK


def test_floods_are_stopped_and_their_end_is_kept(tmp_path: Path) -> None:
    text = "while True:\n    print('y' * 100000)\n"
    run = run_one(tmp_path, text, output_limit=1_000_000)
    assert run.outcome is Outcome.FLOOD
    assert 0 < len(run.output) <= 20_000
    assert run.status == "more than 1000000 bytes of output"


def test_the_end_of_much_output_is_kept(tmp_path: Path) -> None:
    run = run_one(tmp_path, "print('y' * 1000000)\nprint('the end')\n")
    assert run.outcome is Outcome.OK
    assert run.output.endswith("the end\n")


@pytest.mark.parametrize(
    "how",
    [
        "import subprocess\nsubprocess.Popen(['sleep', '987'])\n",
        "import subprocess\nsubprocess.Popen(['sleep', '987'], start_new_session=True)\n",
        "import os\nif not os.fork():\n    os.execv('/bin/sleep', ['sleep', '987'])\n",
        "import os\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
        "        os.execv('/bin/sleep', ['sleep', '987'])\n    os._exit(0)\n",
    ],
    ids=["child", "session", "fork", "daemon"],
)
def test_children_that_are_left_are_stopped(tmp_path: Path, how: str) -> None:
    run = run_one(tmp_path, how)
    assert run.outcome is Outcome.OK
    kinds = {each.kind for each in run.effects}
    assert EffectKind.SUBPROCESS in kinds


def test_a_child_that_is_left_is_told(tmp_path: Path) -> None:
    run = run_one(tmp_path, "import subprocess\nsubprocess.Popen(['sleep', '987'])\n")
    told = [each.kind for each in run.effects]
    assert told == [EffectKind.SUBPROCESS, EffectKind.LEFT_CHILD]
    assert run.effects[0].what == "sleep 987"
    assert run.effects[0].frame is not None
    assert (run.effects[0].frame.path, run.effects[0].frame.line) == ("pkg/bad.py", 2)


def test_memory_can_be_limited(tmp_path: Path) -> None:
    run = run_one(tmp_path, "x = bytearray(3 << 30)\n", memory_mb=1000)
    assert run.failure is not None
    assert run.failure.type == "MemoryError"


def test_the_whole_run_can_be_limited(tmp_path: Path) -> None:
    write(tmp_path, {f"m{n}.py": "import time\ntime.sleep(5)\n" for n in range(6)})
    began = time.monotonic()
    observed = observe(tmp_path, total_timeout=1.0)
    assert time.monotonic() - began < 20
    assert {run.outcome for run in observed.modules} == {Outcome.LOST}
    assert "stopped: the time for the whole run was over" in observed.notes
    assert not alive(str(tmp_path))


def test_an_interpreter_that_is_none_loses_all(tmp_path: Path) -> None:
    write(tmp_path, FINE)
    for python in ("/bin/true", "/bin/false", str(tmp_path / "none")):
        observed = observe(tmp_path, python=python)
        assert [run.outcome for run in observed.modules] == [Outcome.LOST] * 3
        assert any("interpreter did not start" in n or "probe ended" in n for n in observed.notes)


CONNECT = (
    "import socket\nfound = []\n"
    "server = socket.socket()\nserver.bind(('127.0.0.1', 0))\nserver.listen()\n"
    "socket.create_connection(server.getsockname(), timeout=5).close()\n"
)


def test_the_network_is_refused(tmp_path: Path) -> None:
    text = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=5)\n"
    run = run_one(tmp_path, text)
    assert run.failure is not None
    assert run.failure.type == "OSError"
    assert "unreachable" in run.failure.message
    (effect,) = run.effects
    assert (effect.kind, effect.what, effect.refused) == (
        EffectKind.NETWORK,
        "connect 192.0.2.1:80",
        True,
    )


def test_loopback_too_unless_it_is_allowed(tmp_path: Path) -> None:
    assert run_one(tmp_path, CONNECT).outcome is Outcome.RAISED
    assert run_one(tmp_path, CONNECT, network="loopback").outcome is Outcome.OK
    assert run_one(tmp_path, CONNECT, network="allow").outcome is Outcome.OK


def test_the_notes_say_what_refuses_it(tmp_path: Path) -> None:
    write(tmp_path, FINE)
    for network, said in (("refuse", "refused by"), ("allow", "allowed")):
        (note,) = (n for n in observe(tmp_path, network=network).notes if n.startswith("network"))
        assert said in note


EFFECTS = {
    "write": ("open('written.txt', 'w').close()\n", "write", "write written.txt"),
    "folder": ("import os\nos.mkdir('new')\nos.rmdir('new')\n", "write", "mkdir new"),
    "command": ("import os\nos.system('true')\n", "subprocess", "true"),
    "chdir": ("import os\nos.chdir('/')\n", "changed-folder", "/"),
    "thread": (
        "import threading\nwait = threading.Event().wait\n"
        "threading.Thread(target=wait, name='worker', daemon=True).start()\n",
        "thread",
        "worker",
    ),
}


@pytest.mark.parametrize("python", interpreters()[:1] + interpreters()[-1:])
@pytest.mark.parametrize(("text", "kind", "what"), EFFECTS.values(), ids=EFFECTS)
def test_what_a_module_does_is_told(
    tmp_path: Path, python: str, text: str, kind: str, what: str
) -> None:
    run = run_one(tmp_path, text, python=python)
    told = [(each.kind.value, each.what) for each in run.effects]
    if kind == "thread":
        told = [(each[0], what) for each in told]  # an older Python does not tell its name
    assert (kind, what) in told


def test_a_module_that_defines_things_does_nothing(tmp_path: Path) -> None:
    text = "import json, logging, dataclasses, threading\nclass A: pass\n"
    assert run_one(tmp_path, text).effects == ()


GUARD = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from tests.smoke.probing import observe
observe(Path({top!r}), timeout=60.0)
"""


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_the_guard(tmp_path: Path, kind: signal.Signals) -> None:
    seconds = f"986.{os.getpid()}{kind:d}"
    hang = f"import time, subprocess\nsubprocess.Popen(['sleep', '{seconds}'])\ntime.sleep(600)\n"

    def spawned() -> list[str]:
        return alive(f"sleep\0{seconds}")

    top = tmp_path / "project"
    write(top, FINE | {"pkg/hang.py": hang, "pkg/deep/__init__.py": hang})
    temp = tmp_path / "temp"
    temp.mkdir()
    here = Path(__file__).parents[2]
    guard = subprocess.Popen(
        [sys.executable, "-c", GUARD.format(path=[str(here), str(here / "rules")], top=str(top))],
        env={**os.environ, "TMPDIR": str(temp)},
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 20
    while len(spawned()) < 2 and time.monotonic() < until:  # what the two modules left behind
        time.sleep(0.05)
    assert len(spawned()) == 2
    assert len(alive(str(top))) > 3
    guard.send_signal(kind)
    guard.wait()
    until = time.monotonic() + 10
    while (alive(str(top)) or list(temp.iterdir())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(str(top))
    assert not list(temp.iterdir())


def leave_nothing(top: Path, temp: Path, times: int) -> None:
    write(
        top,
        FINE
        | {
            "pkg/gone.py": "import os\nos._exit(1)\n",
            "pkg/kid.py": "import subprocess\nsubprocess.Popen(['sleep', '985'])\n",
            "pkg/temp.py": "import tempfile\nname = tempfile.mkdtemp()\n",
            "pkg/threads/__init__.py": "import threading\n"
            "threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
            "pkg/threads/below.py": "",
        },
    )
    files = len(os.listdir("/proc/self/fd"))
    for _ in range(times):
        assert len(observe(top).modules) == 8
        assert not alive(str(top))
        assert not list(temp.iterdir())
    assert len(os.listdir("/proc/self/fd")) == files


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import tempfile

    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_runs_leave_nothing(tmp_path: Path, temp: Path) -> None:
    leave_nothing(tmp_path / "project", temp, 30)


@pytest.mark.slow
def test_many_runs_leave_nothing(tmp_path: Path, temp: Path) -> None:
    leave_nothing(tmp_path / "project", temp, 200)
