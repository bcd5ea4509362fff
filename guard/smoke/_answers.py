"""From what a process of the probe left in its memory to what was observed. Nothing is trusted."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from typing import Any

from guard.observed import Effect, EffectKind, Failure, Frame, ModuleRun, Optionality, Outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """What one process said at its end, before it is given to a module."""

    outcome: Outcome
    seconds: float = 0.0
    failure: Failure | None = None
    status: str = ""
    loading: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    output: str = ""
    unsafe: str = ""
    """Why what it would fork could not be trusted."""

    def of(self, module: str, path: str, optional: Optionality | None, *, fresh: bool) -> ModuleRun:
        """The same for one module."""
        return ModuleRun(
            module=module,
            path=path,
            outcome=self.outcome,
            seconds=self.seconds,
            fresh=fresh,
            failure=self.failure,
            status=self.status,
            loading=self.loading,
            effects=self.effects,
            output=self.output,
            optional=optional,
        )

    def after(self, output: str) -> Answer:
        """With what had been written before it was forked."""
        return replace(self, output=(output + self.output)[-16384:]) if output else self


def read_result(told: object) -> Answer | None:
    """The result of an import that came to its end; ``None`` if it is none."""
    try:
        return _result(told)
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def _result(told: Any) -> Answer | None:
    if not isinstance(told, dict):
        return None
    return Answer(
        outcome=Outcome(told["outcome"]),
        seconds=float(told["seconds"]),
        failure=None if told["failure"] is None else _failure(told["failure"]),
        loading=tuple(str(each) for each in told["loading"]),
        effects=read_effects(told["effects"]),
        unsafe=str(told.get("unsafe", "")),
    )


def read_effects(told: Any) -> tuple[Effect, ...]:
    """The effects; none of them if they are not whole."""
    try:
        return tuple(
            Effect(EffectKind(kind), str(what), None if frame is None else _frame(frame), refused)
            for kind, what, frame, refused in told or ()
        )
    except (TypeError, ValueError):
        return ()


def _frame(told: Any) -> Frame:
    path, line, function, text, own = told
    return Frame(str(path), int(line), str(function), str(text), bool(own))


def _failure(told: Any) -> Failure:
    return Failure(
        type=str(told["type"]),
        message=str(told["message"]),
        frames=tuple(_frame(each) for each in told.get("frames", ())),
        name=str(told.get("name", "")),
        module=str(told.get("module", "")),
        partial=bool(told.get("partial", False)),
        file=str(told.get("file", "")),
        line=int(told.get("line", 0)),
        cause=None if told.get("cause") is None else _failure(told["cause"]),
        raised_from=bool(told.get("raised_from", False)),
    )


def in_words(status: int) -> str:
    """A status of ``waitpid``: ``exit code 3``, ``signal SIGSEGV``."""
    if status < 0:
        return "gone"
    if not os.WIFSIGNALED(status):
        return f"exit code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        return f"signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"
