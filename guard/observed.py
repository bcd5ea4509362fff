"""What was observed when a project's own code was run: imports and entry points. Frozen values.

The runner (``guard.smoke``) makes them, rules read them. They cross process borders as JSON
(``guard.smoke.wire``): a shard's report holds them, and ``guard smoke --merge`` puts them together.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """How an import, or an entry point, ended."""

    OK = "ok"
    RAISED = "raised"
    """An exception; ``SystemExit`` too."""
    ENDED = "ended"
    """The process was gone before the import was over: ``os._exit``, a signal, a crash."""
    TIMEOUT = "timeout"
    FLOOD = "flood"
    """More output than the limit."""
    LOST = "lost"
    """Not known: the run was stopped, or the runner itself failed. Never a pass."""


class EffectKind(str, Enum):
    """What a module may do while it is imported, besides defining things."""

    NETWORK = "network"
    SUBPROCESS = "subprocess"
    WRITE = "write"
    THREAD = "thread"
    SLOW = "slow"
    LEFT_CHILD = "left-child"
    """A process was still running when the import was over."""
    CHANGED_FOLDER = "changed-folder"


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback. ``path`` is relative to the top where the file is the project's."""

    path: str
    line: int
    function: str
    text: str
    own: bool
    """Whether the file belongs to the project."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception, as far as others can use it."""

    type: str
    """``NameError``; with its module where it is no built-in: ``json.JSONDecodeError``."""
    message: str
    frames: tuple[Frame, ...] = ()
    """Outermost first, without those of the import system and of the probe."""
    name: str = ""
    """The name that a ``NameError`` or ``AttributeError`` misses, or that an import asked for."""
    module: str = ""
    """The module that an ``ImportError`` is about; ``name`` is what was to come from it."""
    partial: bool = False
    """Whether that module was still being imported: a circle."""
    file: str = ""
    """For a ``SyntaxError``: where, with ``line``."""
    line: int = 0
    cause: Failure | None = None
    """``__cause__``, or ``__context__``, even where ``from None`` keeps it from being shown."""
    raised_from: bool = False
    """Whether ``cause`` is ``__cause__``: the exception says itself that it comes from there."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a module did while it was imported."""

    kind: EffectKind
    what: str
    """For a reader: ``connect 10.0.0.1:5432``, ``write /tmp/x``, ``1.4 s``."""
    frame: Frame | None = None
    """The innermost line of the project that led to it."""
    refused: bool = False
    """Whether the runner did not let it happen."""


@dataclass(frozen=True, slots=True)
class Optionality:
    """The declaration that a module may fail to import."""

    reason: str
    raises: str = ""
    """The exception's class that is expected; empty for any ``Exception`` that speaks of the
    surroundings: neither a ``NameError`` nor a ``SyntaxError``."""
    missing: str = ""
    """The module that is expected to be missing; empty for any."""

    def covers(self, failure: Failure) -> bool:
        """Whether ``failure`` is what was declared, and not another one."""
        kind = getattr(builtins, failure.type, None)
        if self.raises:
            expected = getattr(builtins, self.raises, None)
            if isinstance(kind, type) and isinstance(expected, type):
                if not issubclass(kind, expected):
                    return False
            elif self.raises not in (failure.type, failure.type.rpartition(".")[2]):
                return False
        elif isinstance(kind, type) and (
            issubclass(kind, (NameError, SyntaxError)) or not issubclass(kind, Exception)
        ):
            return False
        return not self.missing or any(self._lacks(item) for item in causes(failure))

    def _lacks(self, failure: Failure) -> bool:
        if failure.type not in ("ImportError", "ModuleNotFoundError"):
            return False
        names = (failure.module or failure.name, f"{failure.module}.{failure.name}")
        return any(name == self.missing or name.startswith(f"{self.missing}.") for name in names)


def causes(failure: Failure) -> Iterator[Failure]:
    """``failure`` and what led to it, outermost first."""
    item: Failure | None = failure
    while item is not None:
        yield item
        item = item.cause


@dataclass(frozen=True, slots=True)
class ModuleRun:
    """One module, imported cold."""

    module: str
    path: str
    outcome: Outcome
    seconds: float = 0.0
    """Of the import itself, without the start of the interpreter."""
    fresh: bool = False
    """Whether it had an interpreter of its own, and was not forked from another import."""
    failure: Failure | None = None
    status: str = ""
    """How the process ended, or was: ``exit code 3``, ``signal SIGSEGV``, ``after 30 s``."""
    loading: tuple[str, ...] = ()
    """The project's modules that were being imported when it stopped, outermost first."""
    effects: tuple[Effect, ...] = ()
    output: str = ""
    """The end of what it wrote to stdout and stderr."""
    optional: Optionality | None = None
    """Set for a module that may fail to import, if it is for the declared reason."""

    @property
    def failed_as_declared(self) -> bool:
        """Whether it raised, and nothing but what it is declared to raise."""
        return _failed_as_declared(self)


@dataclass(frozen=True, slots=True)
class EntryRun:
    """One entry point, started."""

    name: str
    command: tuple[str, ...]
    origin: str
    """Where it was found: ``pyproject.toml [project.scripts]``, ``guard.yaml:12``."""
    path: str
    """The file to point at: that of the module behind it, or of its declaration."""
    line: int
    outcome: Outcome
    proof: str = ""
    """What showed that it lives: ``exit code 0``, ``still up after 5 s``, ``GET /health: 200``."""
    status: str = ""
    """What it did instead."""
    seconds: float = 0.0
    failure: Failure | None = None
    output: str = ""
    stopped: str = ""
    """How it was ended: ``SIGTERM``, ``SIGKILL after 5 s``; empty where it ended by itself."""
    optional: Optionality | None = None
    """The declaration of its module, if that may fail to import."""

    @property
    def failed_as_declared(self) -> bool:
        """Whether it raised nothing but what its module is declared to raise."""
        return _failed_as_declared(self)


def _failed_as_declared(run: ModuleRun | EntryRun) -> bool:
    return (
        run.outcome is Outcome.RAISED
        and run.optional is not None
        and run.failure is not None
        and run.optional.covers(run.failure)
    )


@dataclass(frozen=True, slots=True)
class Excluded:
    """A file or module that was not imported, and why: never silent."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The project's Python."""

    path: str
    version: tuple[int, int, int]
    how: str
    """Which way it was found: ``.venv in the project``, ``--python``."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A distribution that the project's metadata names."""

    name: str
    """Normalized (PEP 503)."""
    extra: str = ""
    """The extra, or dependency group, that asks for it; empty where it is always needed."""


@dataclass(frozen=True, slots=True)
class SmokeRun:
    """Everything that one run, or several merged shards, observed."""

    subject: str
    """``working tree``, ``commit 1a2b3c4``."""
    interpreter: Interpreter
    modules: tuple[ModuleRun, ...]
    entries: tuple[EntryRun, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[str, ...] = ()
    """How the code was contained and what fell back: network, fork or fresh, memory limit."""
    shard: tuple[int, int] = (1, 1)
    missing_shards: tuple[int, ...] = ()
    """The shards whose reports were not there when several were merged."""
    requirements: tuple[Requirement, ...] = ()
    distributions: tuple[tuple[str, str], ...] = ()
    """``(import name, distribution)`` of what is installed in the project's environment; empty

    where all is well and nobody wanted it recorded.
    """
    requires_python: str = ""
    tree: str = ""
    """Equal for equal contents of all Python files of the project; empty where nobody asked."""
    plan: str = ""
    """For a shard: who was to run what (``guard.smoke.shards``)."""
