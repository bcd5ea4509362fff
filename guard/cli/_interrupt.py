"""Ways to be told to stop that leave time to clean up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASKED = ("SIGTERM", "SIGHUP")


@contextmanager
def ends_cleanly() -> Iterator[None]:
    """Within, a request to end is what Ctrl-C is: ``KeyboardInterrupt``, and all is cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {}
    for name in _ASKED:
        number = getattr(signal, name, None)
        # nohup, and whoever else ignores a signal, means it.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
