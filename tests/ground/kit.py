"""Extractors for the tests: module-level functions, as the contract asks, some of them bad."""

from __future__ import annotations

import os
import signal

from guard.rule import Extractor


def text(data: bytes) -> tuple[int, str]:
    return len(data), data[:200].decode("utf-8", "replace")


def noting(data: bytes, folder: str) -> int:
    """Leaves a file for each call, so that a test can count them across processes."""
    fd = os.open(os.path.join(folder, f"{os.getpid()}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, b".")
    os.close(fd)
    return len(data)


def picky(data: bytes) -> int:
    if b"RAISE" in data:
        raise RecursionError("too deep\nfor this")
    if b"DIE" in data:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"OBJECT" in data:
        return object()  # type: ignore[return-value]
    return len(data)


TEXT = Extractor("text", "1", text)
PICKY = Extractor("picky", "1", picky)


def counting(folder: str, version: str = "1") -> Extractor[int]:
    return Extractor("counting", version, noting, (str(folder),))


def calls(folder: str) -> int:
    """How often a ``counting`` extractor ran; forgets them."""
    total = 0
    for name in os.listdir(folder):
        total += os.path.getsize(os.path.join(folder, name))
        os.unlink(os.path.join(folder, name))
    return total
