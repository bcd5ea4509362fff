"""A process and all that it starts, so that all of it can be ended: where nothing can be forked.

On POSIX they are a process group; what leaves it is not held. On Windows they are a job object,
from which nothing leaves, and which the kernel ends if the guard is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

_WORDS = {
    0xC0000005: "access violation",
    0xC00000FD: "stack overflow",
    0xC0000374: "heap corruption",
    0xC000013A: "interrupted",
}


class Group:
    """One started command. Raises ``OSError`` where it cannot be started."""

    def __init__(
        self,
        command: Sequence[str],
        folder: str,
        env: Mapping[str, str],
        output: IO[bytes] | int,
        memory: int = 0,
    ) -> None:
        flags = 0
        if sys.platform == "win32":
            from guard.smoke._job import SUSPENDED, hold

            flags = subprocess.CREATE_NEW_PROCESS_GROUP | SUSPENDED
        self.process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=flags,
        )
        try:
            if sys.platform == "win32":
                self._job = hold(self.process, memory)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def ask_to_end(self) -> None:
        """TERM, or what comes nearest to it."""
        try:
            if sys.platform == "win32":
                self.process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                os.killpg(self.process.pid, signal.SIGTERM)
        except OSError:
            pass

    def kill(self) -> bool:
        """End all of it. After the end of the process itself: whether it had left others."""
        if sys.platform == "win32":
            left = self._kill_on_windows()
        else:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
                left = True
            except OSError:
                left = False
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        return left

    if sys.platform == "win32":

        def _kill_on_windows(self) -> bool:
            if self._job is None:  # then by the tree, as long as its root is there
                subprocess.run(
                    ["taskkill", "/F", "/T", "/PID", str(self.process.pid)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
                return False
            left = self._job.alive() > 0
            self._job.end()
            return left


def in_words(code: int) -> str:
    """An exit code, as ``Popen`` tells it: ``exit code 3``, ``signal SIGSEGV``."""
    if code < 0:
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"
    if code < 1 << 31:
        return f"exit code {code}"
    words = _WORDS.get(code)
    return f"exit code {code:#x}" + (f" ({words})" if words else "")
