"""Started by the guard around one command: nothing that the command starts outlives it.

Runs alone in the guard's own Python, without the guard and without ``site``, on POSIX. Called as
``_starter.py STATUS_FD FOLDER TEMP COMMAND...``; TEMP, where it is not empty, becomes the command's
folder for temporary files, and is removed at the end. Its input is held open by the guard: ``T``
asks the command to end, ``K`` ends all; the end of the input, when the guard is gone however it
went, does too. On STATUS_FD it says in lines what happened: ``error TEXT``, ``exit STATUS``,
``left TEXT``.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LINUX = sys.platform.startswith("linux")
_GRACE = 0.3
"""How long what the command started may take to end after it."""


def _prctl(option: int, value: int) -> None:
    """On Linux; elsewhere the session that the command leads is all that is known of its children.

    The libc is asked once, before the fork.
    """
    if _LIBC is not None:
        _LIBC.prctl(option, value, 0, 0, 0)


def _libc() -> ctypes.CDLL | None:
    if not _LINUX:
        return None
    try:
        import ctypes

        return ctypes.CDLL(None)
    except (ImportError, OSError):
        return None


_LIBC = _libc()


def descendants() -> dict[int, str]:
    """The living processes below this one: ``pid`` to name. Empty without ``/proc``."""
    parents: dict[int, tuple[int, str]] = {}
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                head, _, rest = file.read().rpartition(b")")
        except OSError:
            continue
        fields = rest.split()
        if fields[0] not in (b"Z", b"X"):
            name = head.partition(b"(")[2].decode("utf-8", "replace")
            parents[pid] = (int(fields[1]), name)
    found: dict[int, str] = {}
    grew = True
    while grew:
        grew = False
        for pid, (parent, name) in parents.items():
            if pid not in found and (parent == os.getpid() or parent in found):
                found[pid] = name
                grew = True
    return found


def end_all(leader: int) -> None:
    """Kill everything below this process, and what the command's own session still holds."""
    for _ in range(500):
        living = descendants()
        for pid in living:
            _kill(os.kill, pid)
        if not _LINUX:  # there the list is whole, and a number that is free may be another's
            _kill(os.killpg, leader)
        reap(0)
        if not living:
            return
        time.sleep(0.01)


def _kill(how: Callable[[int, int], None], pid: int) -> None:
    try:
        how(pid, signal.SIGKILL)
    except OSError:
        pass


def reap(leader: int) -> int | None:
    """Take in what has ended. Answers with the status of ``leader`` if that is among it."""
    found: int | None = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == leader:
            found = status


def start(folder: str, command: list[str]) -> tuple[int, str]:
    """Start the command in a session of its own. Its pid, or the reason why it did not start."""
    read, write = os.pipe()
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            os.setsid()
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != guard:
                os._exit(127)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for name in ("SIGPIPE", "SIGXFSZ"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.chdir(folder)
            os.execvp(command[0], command)
        except OSError as error:
            os.write(write, str(error.strerror or error).encode("utf-8", "replace"))
        finally:
            os._exit(127)
    os.close(write)
    said = b""
    while True:
        data = os.read(read, 4096)
        if not data:
            break
        said += data
    os.close(read)
    return pid, said.decode("utf-8", "replace")


def main() -> None:
    status_fd, folder, temp, command = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    os.set_inheritable(status_fd, False)

    def say(text: str) -> None:
        try:
            os.write(status_fd, (text.replace("\n", " ") + "\n").encode("utf-8", "replace"))
        except OSError:  # the guard is gone: what is left is to end all
            pass

    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: None)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        if temp:
            os.mkdir(temp, 0o700)
            os.environ["TMPDIR"] = temp
    except OSError:  # it has what everybody has
        temp = ""
    try:
        pid, problem = start(folder, command)
        if problem:
            reap(pid)
            say("error " + problem)
        else:
            watch(pid, woken, say)
    finally:
        if temp:
            remove(temp)


def remove(temp: str) -> None:
    import shutil

    shutil.rmtree(temp, ignore_errors=True)


def watch(pid: int, woken: int, say: Callable[[str], None]) -> None:
    """Until the command ends, or the guard has had enough; then end what is left."""
    # The output is the command's alone: it ends when the last that can write to it has ended.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    ended = None
    try:
        while True:
            ready, _, _ = select.select([0, woken], [], [])
            if woken in ready:
                signals = os.read(woken, 4096)
                ended = reap(pid)
                if ended is not None:
                    say(f"exit {ended}")
                    break
                if any(number != signal.SIGCHLD for number in signals):
                    break
            if 0 in ready:
                order = os.read(0, 1)
                if order != b"T":
                    break
                try:
                    os.killpg(pid, signal.SIGTERM)
                except OSError:
                    pass
        until = time.monotonic() + _GRACE
        while descendants() and time.monotonic() < until and not select.select([0], [], [], 0)[0]:
            time.sleep(0.01)
            reap(0)
        left = descendants()
        if left and ended is not None:
            say("left " + ", ".join(f"{left[one]} ({one})" for one in sorted(left)))
    finally:
        end_all(pid)


if __name__ == "__main__":
    main()
