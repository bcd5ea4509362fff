"""The command as a process: streams that close, locales, interrupts, plugins that fail."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


def test_exit_codes(process) -> None:
    assert process("check").returncode == 0
    process.project.write(c="# use pear\n")
    done = process("check")
    assert done.returncode == 1
    assert done.stdout.decode().splitlines()[-1].startswith("1 error in 1 file (3 files checked, ")
    assert done.stderr == b""
    assert process("check", "nope").returncode == 2
    process.project.write(c="# unsure\n")
    assert process("check").returncode == 3


def test_a_plugin_that_does_not_load_blocks(process) -> None:
    site = Path(process.path.split(os.pathsep)[0])
    (site / "words_plugin" / "__init__.py").write_text("import nonexistent_module\n")
    done = process("check")
    assert done.returncode == 2
    assert b"guard: error: plugin 'guard_rules'" in done.stderr


def test_a_bug_keeps_its_traceback_and_is_no_verdict(process) -> None:
    site = Path(process.path.split(os.pathsep)[0])
    # Something breaks below the commands, as in a damaged installation.
    (site / "click").mkdir()
    (site / "click" / "__init__.py").write_text("raise RuntimeError('damaged')\n")
    done = process("check")
    assert done.returncode == 3
    assert b"RuntimeError: damaged" in done.stderr


def test_a_reader_that_goes_away_is_no_pass_and_no_noise(process) -> None:
    process.project.write(**{f"f{n}": "# use pear\n" for n in range(50)})
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        process.argv("check"),
        cwd=process.project.top,
        env=process.environ(),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


def test_a_full_disk_is_no_pass(process) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            process.argv("check"),
            cwd=process.project.top,
            env=process.environ(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 3
    assert b"guard: error: cannot write the output" in done.stderr


def test_closed_streams_do_not_change_the_verdict(process) -> None:
    process.project.write(c="# use pear\n")
    argv = " ".join(process.argv("check"))
    done = subprocess.run(
        ["sh", "-c", f"{argv} >&- 2>&-"],
        cwd=process.project.top,
        env=process.environ(),
        check=False,
    )
    assert done.returncode == 1


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}],
)
def test_a_name_beyond_the_locale_is_escaped(process, locale) -> None:
    name = os.fsdecode(b"caf\xc3\xa9\xff.py")
    (process.project.top / name).write_text("# use pear  # ü\n")
    for form in ("text", "json", "jsonl", "sarif", "github", "junit", "markdown"):
        done = process("check", "--format", form, **locale)
        # Where the locale cannot even name the file, it is unverified; in no case is it clean.
        assert done.returncode in (1, 3), (form, done.stderr)
        assert done.stderr == b""
        assert b"caf" in done.stdout


def test_an_interrupt_is_130(process) -> None:
    site = Path(process.path.split(os.pathsep)[0])
    plugin = site / "words_plugin" / "__init__.py"
    plugin.write_text(
        plugin.read_text().replace(
            "        uses = {}\n",
            "        import pathlib, time\n"
            "        pathlib.Path('started').touch()\n"
            "        time.sleep(60)\n"
            "        uses = {}\n",
        )
    )
    running = subprocess.Popen(
        process.argv("check"),
        cwd=process.project.top,
        env=process.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not (process.project.top / "started").exists() and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert running.returncode == 130
    assert out == b""
    assert err.split() == b"guard: interrupted".split()


def test_a_terminal_gets_colours_and_a_pipe_does_not(process) -> None:
    process.project.write(c="# use pear\n")
    master, slave = pty.openpty()
    env = {k: v for k, v in process.environ(TERM="xterm").items() if k != "NO_COLOR"}
    running = subprocess.Popen(
        process.argv("check"), cwd=process.project.top, env=env, stdout=slave, stderr=slave
    )
    os.close(slave)
    text = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            break
        if not chunk:
            break
        text += chunk
    os.close(master)
    assert running.wait() == 1
    assert b"\x1b[1;31merror[lost-word]\x1b[0m" in text
    assert b"\x1b" not in process("check").stdout


def test_it_runs_from_a_folder_and_prints_jsonl_for_it(process, tmp_path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    (loose / "c.py").write_text("# use pear\n")
    for target in ("c.py", "."):
        done = process("check", "--format", "jsonl", target, cwd=str(loose))
        assert done.returncode == 1
        first = json.loads(done.stdout.splitlines()[0])
        assert (first["path"], first["line"], first["name"]) == ("c.py", 1, "pear")


def test_the_entry_module_does_not_load_click() -> None:
    code = "import sys, guard.__main__; print('click' in sys.modules, 'dataclasses' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
