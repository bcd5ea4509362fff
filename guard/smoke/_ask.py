"""Ask a program one question: its output, or in one phrase why there is none. It may not linger."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said. ``problem`` is empty where it ended well."""

    out: str
    problem: str = ""


def ask(
    argv: Sequence[str], environ: Mapping[str, str], folder: str | None, seconds: float
) -> Answer:
    """Run ``argv`` to its end, without input; it and all that it started are gone afterwards."""
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        return Answer("", f"cannot be started: {error.strerror or error}")
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Answer("", f"no answer after {seconds:g} s")
    finally:
        _kill(process)
    text = out.decode("utf-8", "replace")
    if process.returncode == 0:
        return Answer(text)
    said = last_line(err.decode("utf-8", "replace")) or last_line(text)
    ended = f"exit code {process.returncode}" if process.returncode > 0 else "killed by a signal"
    return Answer(text, f"{ended}{': ' if said else ''}{said[:300]}")


def last_line(text: str) -> str:
    """The last line that is not empty."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    elif process.poll() is None:
        process.kill()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
