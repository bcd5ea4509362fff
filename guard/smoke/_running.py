"""One command below the guard's own starter: its output, its end, and a sure way to end it."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

_KEEP = 64_000
_PATIENCE = 10.0
"""How long the starter may take to end what is left; it kills, so it is quick."""
_CHUNK = 1 << 16


class Running:
    """A started command. ``pump`` until it ends, then ``stop`` and, whatever happens, ``kill``.

    ``grace`` are the seconds between asking it to end and killing it.
    ``own`` is what of ``env`` was declared for this command: what it says of temporary files holds;
    else the command has a folder for them that is gone with it.
    """

    LIMIT = 64_000_000
    """More output than this is a flood."""

    def __init__(
        self,
        command: Sequence[str],
        folder: str,
        env: Mapping[str, str],
        own: Mapping[str, str],
        grace: float = 5.0,
    ) -> None:
        self._prepare(grace)
        self._said = b""
        temp = "" if "TMPDIR" in own else _temp_name(env)
        starter = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_starter.py")
        self._status, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                # Without site: what is installed beside the guard must not run in between.
                [sys.executable, "-I", "-S", "-B", starter, str(theirs), folder, temp, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(env),
                pass_fds=(theirs,),
                start_new_session=True,
                bufsize=0,
            )
        except BaseException:
            os.close(self._status)
            raise
        finally:
            os.close(theirs)
        assert self._process.stdout is not None
        self._poll = selectors.DefaultSelector()
        self._poll.register(self._process.stdout, selectors.EVENT_READ)
        self._poll.register(self._status, selectors.EVENT_READ)

    def _prepare(self, grace: float) -> None:
        self._grace = grace
        self.problem = ""
        """Why it did not start."""
        self.exit: int | None = None
        """Its exit code, or minus the number of the signal that ended it."""
        self.left = ""
        """What of it was still running when it had ended."""
        self._total = 0
        self._kept = bytearray()
        self._cut = False

    @property
    def flooded(self) -> bool:
        """Whether it wrote more than the limit."""
        return self._total > self.LIMIT

    def text(self) -> str:
        """The end of what it wrote so far."""
        text = self._kept.decode("utf-8", "replace")
        return f"[...]{text}" if self._cut else text

    def pump(self, seconds: float) -> bool:
        """Wait at most so long for something to read, and read it. ``False`` once it has ended."""
        if not self._poll.get_map():
            return False
        for key, _ in self._poll.select(seconds):
            data = os.read(key.fd, _CHUNK)
            if not data:
                self._poll.unregister(key.fileobj)
            elif key.fd == self._status:
                self._hear(data)
            else:
                self._keep(data)
        return bool(self._poll.get_map()) and self.exit is None and not self.problem

    def _keep(self, data: bytes) -> None:
        self._total += len(data)
        self._kept += data
        if len(self._kept) > 2 * _KEEP:
            del self._kept[:-_KEEP]
            self._cut = True

    def stop(self) -> str:
        """End it: it is asked, then killed. How that went; empty where it had ended by itself."""
        if self._is_over():
            self._drain(time.monotonic() + _PATIENCE)
            return ""
        self._order(b"T")
        self._drain(time.monotonic() + self._grace, until_exit=True)
        if self._is_over():
            self._drain(time.monotonic() + _PATIENCE)
            return "SIGTERM"
        self._order(b"K")
        self._drain(time.monotonic() + _PATIENCE)
        return f"SIGKILL after {self._grace:g} s"

    def kill(self) -> None:
        """End it and all that it started, and free what is held. Harmless when it is over."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()  # which tells the starter to end all
        except OSError:
            pass
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._poll.close()
        self._process.stdout.close()
        if self._status >= 0:
            os.close(self._status)
            self._status = -1

    def _is_over(self) -> bool:
        return self.exit is not None or bool(self.problem) or not self._poll.get_map()

    def _order(self, order: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(order)
        except OSError:  # it is over
            pass

    def _drain(self, until: float, until_exit: bool = False) -> None:
        while (left := until - time.monotonic()) > 0 and self._poll.get_map():
            self.pump(min(left, 0.1))
            if until_exit and self._is_over():
                return

    def _hear(self, data: bytes) -> None:
        self._said += data
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            if word == "exit":
                self.exit = os.waitstatus_to_exitcode(int(rest))
            elif word == "left":
                self.left = rest
            elif word == "error":
                self.problem = rest


def _temp_name(env: Mapping[str, str]) -> str:
    base = env.get("TMPDIR") or tempfile.gettempdir()
    return os.path.join(base, f"guard-entry-{os.getpid()}-{time.time_ns():x}")
