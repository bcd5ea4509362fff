"""Run a program and read what it prints, without the 10 ms that ``import subprocess`` costs.

Built on ``os.posix_spawn`` and ``select.poll``. Where the system has no ``posix_spawn`` (Windows)
the same interface stands on ``subprocess``.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

_CHUNK = 1 << 16
_KEEP_STDERR = 1 << 16
_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25  # `import signal` costs 4 ms; POSIX systems agree on these


def run(
    argv: Sequence[str], stdin_bytes: bytes | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    """Run ``argv`` to its end. Returns the exit code (minus the signal's number), stdout, stderr.

    ``argv[0]`` is a path (no search). Without ``stdin_bytes`` the program reads an empty input.
    Raises ``OSError`` when it cannot be started. An interrupt kills it before it is passed on.
    """
    return start(argv, stdin_bytes, env).finish()


def start(
    argv: Sequence[str], stdin_bytes: bytes | None = None, env: Mapping[str, str] | None = None
) -> Running:
    """Start ``argv`` and return at once, so that the caller works while the program does."""
    environ = os.environ if env is None else env
    if hasattr(os, "posix_spawn"):
        return _Spawned(argv, stdin_bytes, environ)
    return _Fallback(argv, stdin_bytes, environ)


class Running:
    """A started program. Read it once: ``finish()``, or ``chunks()`` and then ``code``."""

    asked: tuple[str, ...] = ()
    """What the caller asked for, in its own words."""
    code = -1
    """The exit code; minus the number of the signal that ended it. Valid after the last chunk."""
    stderr = b""
    """The last part of what it wrote to stderr. Valid after the last chunk."""

    def chunks(self) -> Iterator[bytes]:
        """Its stdout, piece by piece. Leaving the loop early kills the program."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the program and free all that it holds. Harmless when it has ended."""
        raise NotImplementedError

    def finish(self) -> tuple[int, bytes, bytes]:
        """Wait for its end: exit code, stdout, stderr."""
        out = b"".join(self.chunks())
        return self.code, out, self.stderr


class _Spawned(Running):
    def __init__(
        self, argv: Sequence[str], stdin_bytes: bytes | None, env: Mapping[str, str]
    ) -> None:
        self._pid = 0
        self._owner = os.getpid()
        self._fds: list[int] = []
        self._stdin = -1
        self._input = memoryview(stdin_bytes or b"")
        _occupy_standard_descriptors()
        child: list[int] = []
        try:
            self._stdout, out = self._pipe(child)
            self._stderr, err = self._pipe(child)
            actions = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
            if stdin_bytes is None:
                null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
                child.append(null)
                actions.append((os.POSIX_SPAWN_DUP2, null, 0))
            else:
                read, self._stdin = os.pipe()
                child.append(read)
                self._fds.append(self._stdin)
                os.set_blocking(self._stdin, False)
                actions.append((os.POSIX_SPAWN_DUP2, read, 0))
            self._pid = os.posix_spawn(
                argv[0],
                list(argv),
                dict(env),
                file_actions=actions,
                # Python ignores these two; a child must die of them as it does under a shell.
                setsigdef=(_SIGPIPE, _SIGXFSZ),
            )
        except BaseException:
            self.kill()
            raise
        finally:
            for fd in child:
                os.close(fd)

    def _pipe(self, child: list[int]) -> tuple[int, int]:
        ours, theirs = os.pipe()
        self._fds.append(ours)
        child.append(theirs)
        return ours, theirs

    def chunks(self) -> Iterator[bytes]:
        try:
            yield from self._pump()
            self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self._pid = 0
        finally:
            self.kill()

    def _pump(self) -> Iterator[bytes]:
        # One loop serves all three pipes: whichever of them fills up, none can block the others.
        import select

        poll = select.poll()
        poll.register(self._stdout, select.POLLIN)
        poll.register(self._stderr, select.POLLIN)
        if self._stdin >= 0:
            poll.register(self._stdin, select.POLLOUT)
        reading = 2
        while reading:
            for fd, _ in poll.poll():
                if fd == self._stdin:
                    if not self._feed():
                        poll.unregister(fd)
                        self._close(fd)
                    continue
                data = os.read(fd, _CHUNK)
                if not data:
                    poll.unregister(fd)
                    self._close(fd)
                    reading -= 1
                elif fd == self._stdout:
                    yield data
                else:
                    self.stderr = (self.stderr + data)[-_KEEP_STDERR:]

    def _feed(self) -> bool:
        try:
            self._input = self._input[os.write(self._stdin, self._input[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except (
            BrokenPipeError
        ):  # it does not want the rest: its exit code tells whether that is bad
            return False
        return bool(self._input)

    def _close(self, fd: int) -> None:
        self._fds.remove(fd)
        os.close(fd)

    def kill(self) -> None:
        if self._pid:
            pid, self._pid = self._pid, 0
            try:
                os.kill(pid, _SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        while self._fds:
            os.close(self._fds.pop())

    def __del__(self) -> None:
        if os.getpid() == self._owner:  # a forked copy must leave its parent's child alone
            self.kill()


class _Fallback(Running):
    def __init__(
        self, argv: Sequence[str], stdin_bytes: bytes | None, env: Mapping[str, str]
    ) -> None:
        import subprocess

        pipe = subprocess.PIPE
        source = subprocess.DEVNULL if stdin_bytes is None else pipe
        self._input = stdin_bytes
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            list(argv), stdin=source, stdout=pipe, stderr=pipe, env=dict(env)
        )

    def chunks(self) -> Iterator[bytes]:
        try:
            out, err = self._process.communicate(self._input)
            self.stderr = err[-_KEEP_STDERR:]
            self.code = self._process.returncode
            yield out
        finally:
            self.kill()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def _occupy_standard_descriptors() -> None:
    # With 0, 1 or 2 closed, a new pipe would take that number and be overwritten in the child.
    fd = os.open(os.devnull, os.O_RDWR)
    while fd <= 2:
        fd = os.open(os.devnull, os.O_RDWR)
    os.close(fd)
