"""The folder through which the guard and the processes of the probe speak to each other.

Everything has a path, so that code which closes all files of its process cuts nothing off:

- ``request``: what all processes need to know; ``isolated``: how the first one was cut off.
- ``events``: a fifo; whoever begins, is ready or sees a child end writes one line.
- ``<slot>.job``, ``.memory``, ``.fifo`` and ``out/<slot>``: one process, and the commands to it.
"""

from __future__ import annotations

import ast
import marshal
import mmap
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from typing import Any

PID, LOADING, EFFECTS, RESULT, SIZE = 16, 64, 16384, 65536, 262144
"""As in the probe."""
_HEAD = 24
_TAIL = 16384
"""How much of the end of the output is kept."""


_BINARY: int = getattr(os, "O_BINARY", 0)


def _shared(file: int, size: int, offset: int) -> bytes:
    """What another process, which has the file in its memory, left there."""
    if hasattr(os, "pread"):
        return os.pread(file, size, offset)
    with mmap.mmap(file, SIZE, access=mmap.ACCESS_READ) as memory:  # Windows: read as it is written
        return memory[offset : offset + size]


@dataclass(frozen=True, slots=True)
class Event:
    """``R``: ready. ``E``: ended, with ``status`` (of ``waitpid``) and whether it left children."""

    kind: str
    slot: str
    status: int = 0
    left: bool = False


@dataclass(slots=True)
class Slot:
    """One process of the probe, as the guard sees it."""

    name: str
    nonce: bytes
    base: str
    out: int
    memory: int
    fifo: int = -1

    @property
    def out_path(self) -> str:
        """The file of its output."""
        folder, name = os.path.split(self.base)
        return os.path.join(folder, "out", name)

    def pid(self) -> int:
        """Its process id; 0 as long as it has not begun."""
        told = _shared(self.memory, 8, PID)
        return int(told) if told.isdigit() else 0

    def read(self, offset: int, end: int) -> str | None:
        """What it left at a place of its memory; ``None`` if that is not whole."""
        head = _shared(self.memory, _HEAD, offset)
        try:
            length = int(head[:8], 16)
        except ValueError:
            return None
        if head[8:] != self.nonce or not 0 <= length <= end - offset - _HEAD:
            return None
        return _shared(self.memory, length, offset + _HEAD).decode("utf-8", "replace")

    def literal(self, offset: int, end: int) -> object:
        """The same as a Python value; ``None`` where it is none."""
        text = self.read(offset, end)
        if not text:
            return None
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None

    def plan(self) -> dict[str, tuple[str | None, tuple[str, ...]]]:
        """What each module that waits will load first, and inside which others.

        Empty if it did not come to say.
        """
        try:
            with open(f"{self.base}.plan", encoding="ascii") as file:
                told = ast.literal_eval(file.read())
            return {name: (first, tuple(within)) for name, first, within in told}
        except (OSError, ValueError, SyntaxError, TypeError):
            return {}

    def written(self) -> int:
        """How many bytes of output there are."""
        return os.fstat(self.out).st_size

    def output(self) -> str:
        """The end of the output."""
        with open(self.out, "rb", closefd=False) as file:
            file.seek(max(0, self.written() - _TAIL))
            return file.read(_TAIL).decode("utf-8", "replace")

    def send(self, line: str) -> None:
        """Tell it what to do."""
        os.write(self.fifo, line.encode() + b"\n")

    def close(self) -> None:
        """Forget it: all its files go."""
        for file in (self.out, self.memory, self.fifo):
            if file >= 0:
                os.close(file)
        for path in (
            f"{self.base}.memory",
            f"{self.base}.job",
            f"{self.base}.fifo",
            f"{self.base}.plan",
            self.out_path,
        ):
            try:
                os.unlink(path)
            except OSError:  # it was not needed; or Windows still holds it, then it goes at the end
                pass


@dataclass(slots=True)
class Control:
    """The control folder. Used with ``with``: at the end nothing of it is left.

    ``plain``: without fifos, as nothing is told to a process after its start.
    """

    plain: bool = False
    folder: str = field(default_factory=lambda: tempfile.mkdtemp(prefix="guard-smoke-"))
    nonce: bytes = field(default_factory=lambda: os.urandom(8).hex().encode())
    events: int = -1
    _rest: bytes = b""
    _count: int = 0

    def __enter__(self) -> Control:
        os.mkdir(os.path.join(self.folder, "out"))
        os.mkdir(self.temp)
        if self.plain:
            return self
        path = os.path.join(self.folder, "events")
        os.mkfifo(path, 0o600)
        self.events = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        return self

    def __exit__(self, *_: object) -> None:
        if self.events >= 0:
            os.close(self.events)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def temp(self) -> str:
        """The folder for temporary files of the code that is imported."""
        return os.path.join(self.folder, "tmp")

    def write(self, name: str, value: object) -> None:
        """Leave a literal for the probe."""
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(ascii(value))

    def write_table(self, name: str, value: tuple[Any, ...]) -> None:
        """Leave much for the probe, in a form that every Python reads without compiling it."""
        with open(os.path.join(self.folder, name), "wb") as file:
            marshal.dump(value, file, 2)

    def isolated(self) -> str:
        """How the first process was cut off from the network; empty as long as it has not said."""
        try:
            with open(os.path.join(self.folder, "isolated"), encoding="ascii") as file:
                told = ast.literal_eval(file.read())
        except (OSError, ValueError, SyntaxError):
            return ""
        return str(told["how"])

    def slot(self, job: dict[str, object], *, name: str = "", node: bool = False) -> Slot:
        """Prepare the place of one process."""
        self._count += 1
        name = name or str(self._count)
        base = os.path.join(self.folder, name)
        self.write(f"{name}.job", job)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY
        memory = os.open(f"{base}.memory", flags, 0o600)
        os.ftruncate(memory, SIZE)
        os.write(memory, self.nonce)
        out = os.open(os.path.join(self.folder, "out", name), flags, 0o600)
        slot = Slot(name, self.nonce, base, out, memory)
        if node:
            os.mkfifo(f"{base}.fifo", 0o600)
            slot.fifo = os.open(f"{base}.fifo", os.O_RDWR | os.O_NONBLOCK)
        return slot

    def read_events(self) -> tuple[Event, ...]:
        """The events that have come since; a line that is none of ours is left out."""
        try:
            data = self._rest + os.read(self.events, 65536)
        except BlockingIOError:
            return ()
        *lines, self._rest = data.split(b"\n")
        return tuple(event for line in lines if (event := self._event(line)) is not None)

    def _event(self, line: bytes) -> Event | None:
        match line.decode("ascii", "replace").split(" "):
            case [nonce, "R", slot] if nonce.encode() == self.nonce:
                return Event("R", slot)
            case [nonce, "E", slot, status, left] if nonce.encode() == self.nonce:
                return Event("E", slot, int(status), left == "1")
        return None
