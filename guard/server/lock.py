"""A lock file of the repository, waited for no longer than a given time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from guard.errors import GuardError

_PAUSE = 0.02


class Busy(GuardError):
    """Another process holds the lock, or it cannot be had at all."""

    exit_code = 3


@contextmanager
def held(
    path: str,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the lock at ``path``; the kernel frees it when the process ends, however it ends.

    Raises ``Busy`` after ``seconds``, and where the file cannot be opened or locked.
    """
    try:
        import fcntl
    except ImportError as error:
        raise Busy("this system has no flock: the hooks need a POSIX system") from error
    try:
        # flock(2) needs no right to write: accounts that share the repository share the file.
        handle = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o664)
    except OSError as error:
        raise Busy(f"cannot open the lock {path}: {error.strerror}") from error
    try:
        end = clock() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if clock() >= end:
                    raise Busy(f"{path} was locked by others for {seconds:g} s") from None
                sleep(_PAUSE)
            except OSError as error:
                raise Busy(f"cannot lock {path}: {error.strerror}") from error
        yield
    finally:
        os.close(handle)
