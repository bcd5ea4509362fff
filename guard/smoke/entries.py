"""Start the project's entry points and see whether they live, then leave nothing of them running.

Each runs below a small process of the guard's own (``_starter.py``), which ends all that the entry
point started when that is over, or when the guard is gone, however it went. Where the system has no
fork, the guard starts it itself (``_running_plain.py``).
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from guard.errors import UsageError
from guard.observed import EntryRun, Interpreter, Optionality, Outcome
from guard.smoke._group import in_words
from guard.smoke._running import Running
from guard.smoke._traceback import failure_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.smoke._asker import Asker

SECONDS = 30.0
NETWORK_NOTE = "entry points: the network was not refused to them"


@dataclass(frozen=True, slots=True)
class ExitCode:
    """It ends by itself with this code."""

    code: int = 0

    def __str__(self) -> str:
        return f"exit code {self.code}"


@dataclass(frozen=True, slots=True)
class Help(ExitCode):
    """It answers ``--help``, its last argument: what is asked where nothing is declared."""

    def __str__(self) -> str:
        return "--help: exit code 0"


@dataclass(frozen=True, slots=True)
class Output:
    """It writes something that this regular expression finds."""

    pattern: str

    def __str__(self) -> str:
        return f"output {self.pattern!r}"


@dataclass(frozen=True, slots=True)
class Alive:
    """It is still up after so many seconds."""

    seconds: float

    def __str__(self) -> str:
        return f"still up after {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Http:
    """It answers a GET of this address of the own machine with this status."""

    url: str
    status: int = 200

    def __str__(self) -> str:
        return f"GET {self.url}: {self.status}"


Proof = ExitCode | Output | Alive | Http


@dataclass(frozen=True, slots=True)
class EntrySpec:
    """An entry point, and what shows that it lives.

    The first word of ``command`` is the project's interpreter where it is ``python``; else a path
    relative to ``cwd``, or a program beside the interpreter or on ``PATH``. ``cwd`` is relative to
    the top.
    """

    name: str
    command: tuple[str, ...]
    origin: str
    path: str
    line: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    proof: Proof = field(default_factory=ExitCode)
    timeout: float = SECONDS
    grace: float = 5.0
    """Seconds between TERM and KILL."""
    module: str = ""
    """What the command imports first, where it was found and not declared in the policy."""
    optional: Optionality | None = None
    """The declaration that this module may fail to import."""


def run_entries(
    specs: Sequence[EntrySpec],
    interpreter: Interpreter,
    env: Mapping[str, str],
    top: str,
    *,
    total: float | None = None,
    progress: Callable[[EntryRun], None] | None = None,
) -> tuple[EntryRun, ...]:
    """Start each of ``specs`` in turn, in the environment ``env``; one answer for each, in order.

    ``total`` limits the seconds for all of them: those that it leaves no time for are ``LOST``.
    ``progress`` is told each answer. Raises ``UsageError`` for a proof that makes no sense, before
    anything is started. An interrupt ends what runs and is passed on.
    """
    for spec in specs:
        _check(spec)
    until = None if total is None else time.monotonic() + total
    runs = []
    for spec in specs:
        left = spec.timeout if until is None else min(spec.timeout, until - time.monotonic())
        if left <= 0:
            run = _answer(spec, Outcome.LOST, status="not started: the time for all was over")
        else:
            run = _Entry(spec, interpreter, env, top, left).run()
        runs.append(run)
        if progress is not None:
            progress(run)
    return tuple(runs)


def _check(spec: EntrySpec) -> None:
    if not spec.command:
        raise UsageError(f"entry point {spec.name}: the command is empty")
    if isinstance(spec.proof, Output):
        try:
            re.compile(spec.proof.pattern)
        except re.error as error:
            raise UsageError(
                f"entry point {spec.name}: {spec.proof.pattern!r} is no pattern: {error}"
            ) from None
    if isinstance(spec.proof, Http):
        _address(spec)


def _address(spec: EntrySpec) -> tuple[str, int, str]:
    """Host, port and path of the proof. Raises ``UsageError`` for all but the own machine."""
    assert isinstance(spec.proof, Http)
    try:
        parts = urlsplit(spec.proof.url)
        port = parts.port or 80
    except ValueError as error:
        raise UsageError(f"entry point {spec.name}: {spec.proof.url}: {error}") from None
    host = parts.hostname or ""
    if parts.scheme != "http" or not (host in ("localhost", "::1") or _LOOPBACK.fullmatch(host)):
        raise UsageError(
            f"entry point {spec.name}: {spec.proof.url} is not asked: only an address of the own "
            "machine is, such as http://127.0.0.1:8000/health"
        )
    return host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}")


def _answer(spec: EntrySpec, outcome: Outcome, *, status: str = "") -> EntryRun:
    return EntryRun(
        spec.name,
        spec.command,
        spec.origin,
        spec.path,
        spec.line,
        outcome,
        str(spec.proof),
        status,
        optional=spec.optional,
    )


class _Entry:
    def __init__(
        self,
        spec: EntrySpec,
        interpreter: Interpreter,
        env: Mapping[str, str],
        top: str,
        seconds: float,
    ) -> None:
        self.spec = spec
        self.interpreter = interpreter
        self.top = top
        self.seconds = seconds
        self.folder = os.path.join(top, spec.cwd) if spec.cwd else top
        self.env = {**env, **spec.env}
        ours, theirs = spec.env.get("PYTHONPATH"), env.get("PYTHONPATH")
        if ours and theirs:
            self.env["PYTHONPATH"] = os.pathsep.join((ours, theirs))
        self.asker: Asker | None = None
        self.status = ""

    def run(self) -> EntryRun:
        command = self._command()
        if isinstance(self.spec.proof, Http):
            from guard.smoke._asker import Asker as Asking  # http.client is slow to import

            self.asker = Asking(*_address(self.spec), wanted=self.spec.proof.status)
            if self.asker.is_taken():
                return _answer(
                    self.spec,
                    Outcome.LOST,
                    status=f"not started: something else already listens at {self.spec.proof.url}",
                )
        start = time.monotonic()
        running = _way()(command, self.folder, self.env, self.spec.env, self.spec.grace)
        try:
            outcome = self._watch(running, start + self.seconds)
            seconds = time.monotonic() - start
            stopped = running.stop()
        finally:
            if self.asker is not None:
                self.asker.stop()
            running.kill()
        return self._judge(running, outcome, seconds, stopped)

    def _command(self) -> tuple[str, ...]:
        first, *rest = self.spec.command
        if first in ("python", "python3", "python.exe"):
            return (self.interpreter.path, *rest)
        if os.path.basename(first) == first:
            beside = os.path.dirname(self.interpreter.path)
            places = os.pathsep.join((beside, self.env.get("PATH", os.defpath)))
            first = shutil.which(first, path=places) or first
        return (first, *rest)

    def _watch(self, running: Running, until: float) -> Outcome | None:
        """Until the proof is there, or cannot come any more; ``None`` where it ended."""
        proof = self.spec.proof
        pattern = re.compile(proof.pattern) if isinstance(proof, Output) else None
        alive = time.monotonic() + proof.seconds if isinstance(proof, Alive) else None
        if alive is not None:
            until = max(until, alive)
        if self.asker is not None:
            self.asker.start()
        while True:
            now = time.monotonic()
            ended = not running.pump(max(0.0, min(until, alive or until, now + 0.05) - now))
            if pattern is not None and pattern.search(running.text()):
                return Outcome.OK
            if ended:
                return None
            if running.flooded:
                return Outcome.FLOOD
            if self.asker is not None and self.asker.answered.is_set():
                return Outcome.OK
            now = time.monotonic()
            if alive is not None and now >= alive:
                return Outcome.OK
            if now >= until:
                self.status = self._late()  # before it is stopped, and answers no more
                return Outcome.TIMEOUT

    def _judge(
        self, running: Running, outcome: Outcome | None, seconds: float, stopped: str
    ) -> EntryRun:
        proof = self.spec.proof
        text = running.text()
        failure = None
        status = ""
        if running.problem:
            outcome, status = Outcome.ENDED, f"cannot be started: {running.problem}"
        elif outcome is None and running.exit is None:
            outcome, status = Outcome.LOST, "the guard's own process around it was ended"
        elif outcome is None:
            code = running.exit or 0
            status = in_words(code)
            outcome = Outcome.ENDED
            if isinstance(proof, ExitCode) and code == proof.code:
                outcome, status = Outcome.OK, ""
            elif isinstance(proof, Output) and re.search(proof.pattern, text):
                outcome, status = Outcome.OK, ""  # its last words
            elif code > 0:
                failure = failure_in(text, self.top, self.interpreter.path)
                outcome = Outcome.ENDED if failure is None else Outcome.RAISED
        elif outcome is Outcome.TIMEOUT:
            status = self.status
        elif outcome is Outcome.FLOOD:
            status = f"wrote more than {Running.LIMIT // 1_000_000} MB"
        left = f"left running, and killed: {running.left}" if running.left else ""
        return EntryRun(
            self.spec.name,
            self.spec.command,
            self.spec.origin,
            self.spec.path,
            self.spec.line,
            outcome,
            str(proof),
            status,
            seconds,
            failure,
            text,
            "; ".join(part for part in (stopped, left) if part),
            self.spec.optional,
        )

    def _late(self) -> str:
        text = f"after {self.seconds:g} s"
        if self.asker is not None and self.asker.said:
            return f"{text}: {self.asker.said}"
        if isinstance(self.spec.proof, Help):
            return (
                f"{text} without an answer to --help; where that is right, declare in the policy "
                f"what shows that {self.spec.name} lives"
            )
        return text


def _way() -> type[Running]:
    """How a command is run on this system."""
    if hasattr(os, "fork"):
        return Running
    from guard.smoke._running_plain import PlainRunning

    return PlainRunning
