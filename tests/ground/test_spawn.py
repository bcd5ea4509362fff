from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from guard._spawn import run, start

PYTHON = sys.executable


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()


def test_it_returns_code_output_and_errors():
    code, out, err = run(
        [PYTHON, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"]
    )
    assert (code, out.strip(), err.strip()) == (3, b"out", b"err")


def test_large_streams_in_all_directions_do_not_block_each_other():
    text = (
        "import sys\n"
        "sys.stderr.write('e' * 500_000)\n"
        "sys.stdout.buffer.write(sys.stdin.buffer.read())\n"
        "sys.stderr.write('e' * 500_000)\n"
    )
    data = os.urandom(3_000_000)
    code, out, err = run([PYTHON, "-c", text], data)
    assert code == 0
    assert out == data
    assert err.endswith(b"eee")


def test_without_input_the_program_reads_nothing():
    code, out, _ = run([PYTHON, "-c", "import sys; print(len(sys.stdin.read()))"])
    assert (code, out.strip()) == (0, b"0")


def test_a_program_that_does_not_read_its_input_is_no_error():
    code, out, _ = run([PYTHON, "-c", "print('done')"], b"x" * 1_000_000)
    assert (code, out.strip()) == (0, b"done")


def test_the_environment_is_the_one_given():
    code, out, _ = run(
        [PYTHON, "-c", "import os; print(os.environ['COLOUR'])"], env={"COLOUR": "red"}
    )
    assert (code, out.strip()) == (0, b"red")


def test_a_signal_is_a_negative_code():
    code, _, _ = run([PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"])
    assert code == -9


def test_a_missing_program_is_an_os_error_and_leaks_nothing():
    before = descriptors()
    with pytest.raises(OSError, match="No such file"):
        run(["/nonexistent/program"], b"input")
    assert descriptors() == before


def test_descriptors_are_closed_after_a_run_and_after_an_abandoned_one():
    before = descriptors()
    run([PYTHON, "-c", "print(1)"], b"input")
    for chunk in start(
        [PYTHON, "-c", "print(1, flush=True); import time; time.sleep(60)"]
    ).chunks():
        assert chunk
        break
    running = start([PYTHON, "-c", "import time; time.sleep(60)"])
    running.kill()
    running.kill()
    assert descriptors() == before


def test_the_child_does_not_get_the_parents_descriptors():
    probe = "import os, sys; os.fstat(int(sys.argv[1]))"
    with open(os.devnull) as extra:
        running = start([PYTHON, "-c", "import sys; sys.stdin.read()"], b"x" * 1_000_000)
        code, _, err = run([PYTHON, "-c", probe, str(extra.fileno())])
        running.kill()
    assert code == 1
    assert b"Bad file descriptor" in err


def test_closed_standard_descriptors_do_not_confuse_it(tmp_path: Path):
    text = (
        "import os, sys\n"
        "os.close(0); os.close(1); os.close(2)\n"
        "from guard._spawn import run\n"
        f"argv = [{PYTHON!r}, '-c', 'import sys; print(sys.stdin.read() + chr(33))']\n"
        "code, out, err = run(argv, b'in')\n"
        f"open({str(tmp_path / 'answer')!r}, 'wb').write(out)\n"
    )
    subprocess.run([PYTHON, "-c", text], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert (tmp_path / "answer").read_bytes() == b"in!\n"


def test_an_interrupt_kills_the_child(tmp_path: Path):
    pid_file = tmp_path / "pid"
    child = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"open({str(pid_file)!r} + '.new', 'w').write(str(os.getpid()))\n"
        f"os.rename({str(pid_file)!r} + '.new', {str(pid_file)!r})\n"
        "time.sleep(120)\n"
    )
    parent = f"from guard._spawn import run\nrun([{PYTHON!r}, '-c', {child!r}])\n"
    process = subprocess.Popen(
        [PYTHON, "-c", parent],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stderr=subprocess.PIPE,
    )
    while not pid_file.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert b"KeyboardInterrupt" in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
