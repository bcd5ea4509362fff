"""One command without the starter between it and the guard: where nothing can be forked."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence

from guard.smoke._group import Group
from guard.smoke._running import Running

_PATIENCE = 10.0
_CHUNK = 1 << 16


class PlainRunning(Running):
    """As ``Running``. What leaves its process group is held on Windows alone (``_group``)."""

    def __init__(
        self,
        command: Sequence[str],
        folder: str,
        env: Mapping[str, str],
        own: Mapping[str, str],
        grace: float = 5.0,
    ) -> None:
        self._prepare(grace)
        self._lock = threading.Lock()
        self._group: Group | None = None
        self._reader: threading.Thread | None = None
        self._temp = tempfile.mkdtemp(prefix="guard-entry-")
        names = ("TMPDIR",) if os.name == "posix" else ("TMPDIR", "TEMP", "TMP")
        temp = {name: self._temp for name in names if name not in own}
        first, *rest = command
        if os.path.dirname(first):  # Windows would look for it from the guard's own folder
            first = os.path.join(folder, first)
        try:
            self._group = Group((first, *rest), folder, {**env, **temp}, subprocess.PIPE)
        except OSError as error:
            self.problem = error.strerror or str(error)
            return
        except BaseException:
            self.kill()
            raise
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def text(self) -> str:
        """The end of what it wrote so far."""
        with self._lock:
            return super().text()

    def pump(self, seconds: float) -> bool:
        """Wait at most so long for its end. ``False`` once it has ended."""
        if self._group is None or self.exit is not None:
            return False
        try:
            code = self._group.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        if self._group.kill():
            self.left = "a process of its group"
        self._finish()
        self.exit = code
        return False

    def stop(self) -> str:
        """End it: it is asked, then killed. How that went; empty where it had ended by itself."""
        if self._group is None or not self.pump(0):
            return ""
        self._group.ask_to_end()
        until = time.monotonic() + self._grace
        while (left := until - time.monotonic()) > 0:
            if not self.pump(left):
                return "SIGTERM" if os.name == "posix" else "CTRL_BREAK"
        self._group.kill()
        self._finish()
        self.exit = self._group.process.returncode
        return f"SIGKILL after {self._grace:g} s" if os.name == "posix" else "killed"

    def kill(self) -> None:
        """End it and all that it started, and free what is held. Harmless when it is over."""
        if self._group is not None:
            if self.exit is None:
                self._group.kill()
            self._finish()
            assert self._group.process.stdout is not None
            self._group.process.stdout.close()
        shutil.rmtree(self._temp, ignore_errors=True)

    def _read(self) -> None:
        assert self._group is not None
        assert self._group.process.stdout is not None
        file = self._group.process.stdout.fileno()
        try:
            while data := os.read(file, _CHUNK):
                with self._lock:
                    self._keep(data)
        except OSError:
            return

    def _finish(self) -> None:
        """Read what is left; who left the group may hold the other end."""
        if self._reader is not None:
            self._reader.join(_PATIENCE)
