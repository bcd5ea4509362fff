"""How a process is ended, and what came of it."""

from __future__ import annotations

import os
import re
import select
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from guard.observed import Effect, EffectKind, Outcome
from guard.smoke._answers import Answer, in_words, read_effects, read_result
from guard.smoke._control import EFFECTS, LOADING, RESULT, SIZE

if TYPE_CHECKING:
    import subprocess

    from guard.smoke._control import Control, Slot
    from guard.smoke._tasks import Limits


def answer_in(
    slot: Slot, killed: Outcome | None, limits: Limits, *, ended: str, left: bool
) -> Answer:
    """What came of a process that is gone: as it said itself, or else by how it ended.

    ``killed`` is why the guard ended it; ``left``: it had left processes behind.
    """
    answer = None
    if killed is None:
        answer = read_result(slot.literal(RESULT, SIZE))
    if answer is None:
        loading = tuple(filter(None, (slot.read(LOADING, EFFECTS) or "").split("\n")))
        effects = read_effects(slot.literal(EFFECTS, RESULT))
        outcome, said = killed or Outcome.ENDED, ended
        if outcome is Outcome.TIMEOUT:
            said = f"after {limits.timeout:g} s"
        elif outcome is Outcome.FLOOD:
            said = f"more than {limits.output} bytes of output"
        answer = Answer(outcome, status=said, loading=loading, effects=effects)
    if left and not any(each.kind is EffectKind.LEFT_CHILD for each in answer.effects):
        more = Effect(EffectKind.LEFT_CHILD, "a process of its group")
        answer = replace(answer, effects=(*answer.effects, more))
    return replace(answer, output=slot.output())


def cause(answer: Answer) -> object:
    """What two answers with the same cause have in common."""
    failure = answer.failure
    if failure is None:
        return (answer.outcome, answer.status, answer.loading[-1:])
    innermost = failure.frames[-1] if failure.frames else None
    return (failure.type, re.sub("0x[0-9a-f]+", "0x", failure.message), innermost)


def kill(pid: int) -> bool:
    """End a process and what it started; whether there was one."""
    if pid <= 1:
        return False
    for send in (os.killpg, os.kill):
        try:
            send(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        return True
    return False


def wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for the end of ``process``. Raises ``subprocess.TimeoutExpired``.

    ``Popen.wait`` with a time limit looks ever more seldom, and would hear of the end too late.
    """
    if hasattr(os, "pidfd_open"):
        try:
            ends = os.pidfd_open(process.pid)
        except OSError:  # an older kernel
            pass
        else:
            try:
                if select.select([ends], [], [], seconds)[0]:
                    seconds = 0.5
            finally:
                os.close(ends)
    process.wait(timeout=seconds)


def start_words(first: subprocess.Popen[bytes], control: Control) -> str:
    """How the first process ended, and what it said."""
    code = first.returncode
    said = in_words(-code if code < 0 else code << 8)
    try:
        with open(os.path.join(control.folder, "out", "start"), "rb") as file:
            told = file.read()[-2000:].decode("utf-8", "replace").strip()
    except OSError:
        told = ""
    return f"{said}\n{told}".strip()
