"""A line on the terminal while long work runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_PATIENCE, _PERIOD = 0.5, 0.1


class Progress:
    """Called with what is done and the total. Says nothing in a pipe, nor in the first moment."""

    def __init__(
        self,
        stream: TextIO | None,
        clock: Callable[[], float] = time.monotonic,
        what: str = "files",
    ) -> None:
        self._stream = stream if stream is not None and stream.isatty() else None
        self._clock = clock
        self._what = what
        self._next = clock() + _PATIENCE
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        if self._stream is None or self._clock() < self._next:
            return
        self._next = self._clock() + _PERIOD
        self._shown = True
        # Back to the margin, and what an earlier, longer line left is erased.
        self._stream.write(f"\r\x1b[Kguard: {done:,} of {total:,} {self._what}")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away, before anything else is printed."""
        if self._shown and self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
