"""Entry points as real processes: what shows that they live, and that nothing of them is left."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from guard.errors import UsageError
from guard.observed import EntryRun, Interpreter, Outcome
from guard.smoke.entries import (
    Alive,
    EntrySpec,
    ExitCode,
    Help,
    Http,
    Output,
    Proof,
    run_entries,
)

PYTHON = Interpreter(sys.executable, (3, 11, 0), "for tests")
ENV = {"PATH": "/usr/bin:/bin"}
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
STUBBORN += "print('up', flush=True); time.sleep(60)"
FOREVER = "import time; time.sleep(60)"

Start = Callable[..., EntryRun]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start one entry point at the top ``tmp_path``: a command, or the text of a Python file."""

    def start_one(
        command: tuple[str, ...] | str, proof: Proof | None = None, timeout: float = 20, **more: str
    ) -> EntryRun:
        if isinstance(command, str):
            (tmp_path / "start.py").write_text(command)
            command = ("python", "start.py")
        spec = EntrySpec(
            "it",
            command,
            "guard.yaml:3",
            "guard.yaml",
            3,
            more,
            "",
            proof or ExitCode(),
            timeout,
            0.5,
        )
        (run,) = run_entries([spec], PYTHON, ENV, str(tmp_path))
        return run

    return start_one


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def server(port: int, before: str = "") -> str:
    return (
        f"import http.server, sys, time\n{before}\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200 if self.path == '/health?deep=1' else 404)\n"
        "        self.end_headers()\n"
        f"http.server.HTTPServer(('127.0.0.1', {port}), H).serve_forever()\n"
    )


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_for(what: Callable[[], object], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_exit_code(start: Start) -> None:
    run = start("print('done')")
    assert (run.outcome, run.proof, run.status, run.stopped) == (Outcome.OK, "exit code 0", "", "")
    assert run.output == "done\n"
    assert (run.name, run.command, run.path, run.line) == (
        "it",
        ("python", "start.py"),
        "guard.yaml",
        3,
    )
    assert run.seconds > 0


def test_another_exit_code(start: Start) -> None:
    run = start("import sys; sys.exit(3)")
    assert (run.outcome, run.status, run.failure) == (Outcome.ENDED, "exit code 3", None)
    assert start("import sys; sys.exit(3)", ExitCode(3)).outcome is Outcome.OK
    assert start("", ExitCode(3)).status == "exit code 0"


def test_exception(start: Start, tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/__init__.py").write_text("def f():\n    return Missing\n\nf()\n")
    run = start("import json\njson.loads\nimport pkg\n")
    assert (run.outcome, run.status) == (Outcome.RAISED, "exit code 1")
    assert run.failure is not None
    assert (run.failure.type, run.failure.name) == ("NameError", "Missing")
    assert [(f.path, f.line, f.function, f.text, f.own) for f in run.failure.frames] == [
        ("start.py", 3, "<module>", "import pkg", True),
        ("pkg/__init__.py", 4, "<module>", "f()", True),
        ("pkg/__init__.py", 2, "f", "return Missing", True),
    ]


def test_signal(start: Start) -> None:
    run = start("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (run.outcome, run.status) == (Outcome.ENDED, "signal SIGSEGV")


def test_too_late(start: Start) -> None:
    run = start(FOREVER, timeout=0.5)
    assert (run.outcome, run.status, run.stopped) == (Outcome.TIMEOUT, "after 0.5 s", "SIGTERM")


def test_help_that_is_not_answered_says_what_to_declare(start: Start) -> None:
    run = start(FOREVER, Help(), timeout=0.5)
    assert run.proof == "--help: exit code 0"
    assert "declare in the policy what shows that it lives" in run.status


def test_output(start: Start) -> None:
    run = start(f"print('listening on 80', flush=True)\n{FOREVER}", Output(r"listening on \d+"))
    assert (run.outcome, run.stopped) == (Outcome.OK, "SIGTERM")
    assert start("print('last words')", Output("words$")).outcome is Outcome.OK
    run = start("print('other words')", Output("last"))
    assert (run.outcome, run.status) == (Outcome.ENDED, "exit code 0")


def test_alive(start: Start) -> None:
    run = start(FOREVER, Alive(0.5), timeout=0.1)
    assert (run.outcome, run.proof) == (Outcome.OK, "still up after 0.5 s")
    assert start("raise SystemExit(0)", Alive(5)).outcome is Outcome.ENDED
    assert start("1 / 0", Alive(5)).outcome is Outcome.RAISED


def test_term_is_enough_for_who_listens(start: Start) -> None:
    text = "import os, signal, time\n"
    text += "signal.signal(signal.SIGTERM, lambda *a: (os.write(1, b'bye\\n'), os._exit(0)))\n"
    run = start(f"{text}print('up', flush=True)\ntime.sleep(60)", Output("up"))
    assert (run.outcome, run.stopped, run.output) == (Outcome.OK, "SIGTERM", "up\nbye\n")


def test_kill_for_who_does_not(start: Start) -> None:
    run = start(STUBBORN, Output("up"))
    assert (run.outcome, run.stopped) == (Outcome.OK, "SIGKILL after 0.5 s")


def test_http(start: Start) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/health?deep=1"
    run = start(server(port, "time.sleep(0.3)"), Http(url))
    assert (run.outcome, run.proof) == (Outcome.OK, f"GET {url}: 200")
    assert start(server(port), Http(f"http://localhost:{port}/", 404)).outcome is Outcome.OK


def test_http_with_another_status(start: Start) -> None:
    port = free_port()
    run = start(server(port), Http(f"http://127.0.0.1:{port}/"), timeout=4)
    assert (run.outcome, run.status) == (Outcome.TIMEOUT, "after 4 s: answered with 404")


def test_http_that_nobody_answers(start: Start) -> None:
    run = start(FOREVER, Http(f"http://127.0.0.1:{free_port()}/"), timeout=1)
    assert run.outcome is Outcome.TIMEOUT
    assert run.status.startswith("after 1 s: no answer: ")


def test_http_server_that_dies(start: Start) -> None:
    run = start("import nowhere", Http(f"http://127.0.0.1:{free_port()}/"))
    assert run.outcome is Outcome.RAISED
    assert run.failure is not None
    assert run.failure.module == "nowhere"


def test_port_that_something_else_holds(start: Start) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        run = start(server(1), Http(f"http://127.0.0.1:{other.getsockname()[1]}/"))
    assert run.outcome is Outcome.LOST
    assert "something else already listens" in run.status


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "http://10.0.0.1:80/", "https://127.0.0.1/", "file:///etc/passwd"),
        *("http://127.0.0.1.example.org/", "http://127.0.0.1:99999/", "http:///"),
    ],
)
def test_only_the_own_machine_is_asked(start: Start, url: str) -> None:
    with pytest.raises(UsageError, match="entry point it: "):
        start("", Http(url))


def test_bad_declarations(start: Start) -> None:
    with pytest.raises(UsageError, match="is no pattern"):
        start("", Output("("))
    with pytest.raises(UsageError, match="the command is empty"):
        start(())


def test_command_that_does_not_exist(start: Start) -> None:
    run = start(("no-such-program",))
    assert (run.outcome, run.status) == (
        Outcome.ENDED,
        "cannot be started: No such file or directory",
    )


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    spec = EntrySpec("it", ("python", "-V"), "x", "x", cwd="gone")
    (run,) = run_entries([spec], PYTHON, ENV, str(tmp_path))
    assert run.status == "cannot be started: No such file or directory"


def test_environment_and_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    code = "import os; print(os.getcwd(), sorted(set(os.environ) - {'LC_CTYPE', 'TMPDIR'}))"
    code += "; print(os.environ['A'], os.environ['PYTHONPATH'])"
    env = {"A": "ours", "PYTHONPATH": "/ours"}
    spec = EntrySpec("it", ("python", "-c", code), "x", "x", env=env, cwd="deep")
    ambient = {**ENV, "A": "theirs", "PYTHONPATH": "/theirs"}
    (run,) = run_entries([spec], PYTHON, ambient, str(tmp_path))
    assert run.output == (
        f"{tmp_path / 'deep'} ['A', 'PATH', 'PYTHONPATH']\nours /ours{os.pathsep}/theirs\n"
    )


def test_python_is_the_projects(tmp_path: Path) -> None:
    home = tmp_path / "env/bin"
    home.mkdir(parents=True)
    (home / "python3").write_text("#!/bin/sh\necho theirs $*\n")
    (home / "tool").write_text("#!/bin/sh\necho beside it\n")
    for name in ("python3", "tool"):
        (home / name).chmod(0o755)
    python = Interpreter(str(home / "python3"), (3, 8, 0), "for tests")
    specs = [EntrySpec("a", ("python", "-m", "x"), "", ""), EntrySpec("b", ("tool",), "", "")]
    first, second = run_entries(specs, python, ENV, str(tmp_path))
    assert (first.output, second.output) == ("theirs -m x\n", "beside it\n")


def test_input_is_empty_and_nobody_waits_for_a_user(start: Start) -> None:
    run = start("input('name? ')")
    assert run.failure is not None
    assert run.failure.type == "EOFError"


def test_flood_is_ended_and_its_end_is_kept(start: Start) -> None:
    run = start("import os\nwhile True: os.write(1, b'x' * 65536)")
    assert (run.outcome, run.status) == (Outcome.FLOOD, "wrote more than 64 MB")
    assert run.output.startswith("[...]")
    assert len(run.output) < 200_000


def test_closed_output_is_no_end(start: Start) -> None:
    run = start("import os, time\nos.close(1); os.close(2)\ntime.sleep(0.3)\nos._exit(4)")
    assert run.status == "exit code 4"


CHILD = "import subprocess, sys\nchild = subprocess.Popen(['sleep', '61']{})\n"
CHILD += "print(child.pid, flush=True)\n"


@pytest.mark.parametrize("more", ["", ", start_new_session=True", ", stdout=-3, stderr=-3"])
def test_children_left_running_are_killed_and_named(start: Start, more: str) -> None:
    run = start(CHILD.format(more))
    pid = int(run.output)
    assert run.outcome is Outcome.OK
    assert run.stopped == f"left running, and killed: sleep ({pid})"
    assert not is_alive(pid)


def test_daemon_is_found(start: Start) -> None:
    text = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    text += "        print(os.getpid(), flush=True)\n        time.sleep(60)\n    os._exit(0)\n"
    text += "os.wait(); time.sleep(0.2)\n"
    run = start(text)
    assert re.fullmatch(r"left running, and killed: python[\d.]* \(\d+\)", run.stopped)
    assert not is_alive(int(run.output))


def test_children_of_what_is_stopped_are_killed(start: Start) -> None:
    run = start(CHILD.format("") + STUBBORN, Output("up"))
    assert run.stopped == "SIGKILL after 0.5 s"
    assert not is_alive(int(run.output.split()[0]))


def test_temporary_files_are_gone(start: Start, tmp_path: Path) -> None:
    text = "import tempfile; print(tempfile.mkdtemp(), flush=True)\n"
    run = start(text + STUBBORN, Output("up"))
    folder = Path(run.output.split()[0])
    assert folder.parent.name.startswith("guard-entry-")
    assert not folder.parent.exists()
    own = start(text, TMPDIR=str(tmp_path))
    assert Path(own.output.strip()).parent == tmp_path


def test_one_after_the_other_within_the_time_for_all(tmp_path: Path) -> None:
    specs = [
        EntrySpec(name, ("python", "-c", FOREVER), "x", "x", proof=Alive(seconds))
        for name, seconds in (("a", 0.2), ("b", 0.2))
    ]
    slow = EntrySpec("c", ("python", "-c", FOREVER), "x", "x")
    told: list[str] = []
    runs = run_entries(
        [*specs, slow, *specs[:1]],
        PYTHON,
        ENV,
        str(tmp_path),
        total=2.0,
        progress=lambda run: told.append(run.name),
    )
    assert [run.outcome for run in runs] == [Outcome.OK, Outcome.OK, Outcome.TIMEOUT, Outcome.LOST]
    assert runs[3].status == "not started: the time for all was over"
    assert told == ["a", "b", "c", "a"]


GUARD = """
import sys
from guard.observed import Interpreter
from guard.smoke.entries import EntrySpec, ExitCode, run_entries
code = '''
import subprocess, os, time
child = subprocess.Popen(['sleep', '62'], start_new_session=True)
with open('pids', 'w') as file:
    print(os.getpid(), child.pid, os.environ['TMPDIR'], 'end', end='', file=file)
time.sleep(60)
'''
spec = EntrySpec('it', ('python', '-c', code), 'x', 'x')
run_entries([spec], Interpreter(sys.executable, (3, 11, 0), ''), {'PATH': '/usr/bin:/bin'}, '.')
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_the_guard(tmp_path: Path, number: int) -> None:
    top = Path(__file__).parents[2]
    guard = subprocess.Popen(
        [sys.executable, "-c", GUARD],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(top)},
        stderr=subprocess.PIPE,
    )
    said = tmp_path / "pids"
    assert wait_for(lambda: said.exists() and said.read_text().endswith("end"))
    entry, child, temp, _ = said.read_text().split()
    assert is_alive(int(entry))
    guard.send_signal(number)
    _, err = guard.communicate(timeout=20)
    assert guard.returncode == -number
    assert wait_for(lambda: not is_alive(int(entry)) and not is_alive(int(child)))
    assert wait_for(lambda: not os.path.exists(temp))
    assert (number == signal.SIGINT) == (b"KeyboardInterrupt" in err)
