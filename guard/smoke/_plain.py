"""Import each module in an interpreter of its own: where there is no fork, as on Windows.

The processes and what they leave are those of the forked way (``_control``, ``probe``), without its
first process: nothing stands between them and the guard.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from guard.observed import ModuleRun, Outcome
from guard.smoke._answers import Answer
from guard.smoke._control import Control, Slot
from guard.smoke._ending import answer_in
from guard.smoke._group import Group, in_words
from guard.smoke._tasks import Limits, Wanted

NOTE = "no fork on this system: each module in an interpreter of its own"
_TICK = 0.02
_START = 30.0
"""Seconds for an interpreter to be there; those of the module count from then on."""


@dataclass(frozen=True, slots=True)
class Start:
    """How to start a process of the probe."""

    command: Callable[[str], Sequence[str]]
    """For the name of a slot."""
    env: Mapping[str, str]
    memory: int
    """Bytes; 0 for no limit."""


@dataclass(slots=True)
class _Running:
    wanted: Wanted
    slot: Slot
    group: Group
    until: float
    begun: bool = False


class Plain:
    """One run over all modules. Whatever happens, nothing runs any more when ``run`` returns."""

    def __init__(
        self,
        control: Control,
        wanted: tuple[Wanted, ...],
        limits: Limits,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._control = control
        self._wanted = wanted
        self._limits = limits
        self._progress = progress
        self._waiting = list(reversed(wanted))
        self._running: list[_Running] = []
        self._runs: dict[str, ModuleRun] = {}
        self._notes: list[str] = [NOTE]

    def notes(self) -> tuple[str, ...]:
        """How it was run, and what went wrong."""
        return tuple(self._notes)

    def run(self, start: Start) -> tuple[ModuleRun, ...]:
        """Import everything. What could not be found out is ``Outcome.LOST``."""
        try:
            while self._waiting or self._running:
                if self._limits.deadline is not None and time.monotonic() > self._limits.deadline:
                    self._notes.append("stopped: the time for the whole run was over")
                    break
                try:
                    while self._waiting and len(self._running) < self._limits.jobs:
                        self._begin(self._waiting.pop(), start)
                except OSError as failure:
                    self._notes.append(f"the interpreter did not start: {failure}")
                    break
                time.sleep(_TICK)
                for running in list(self._running):
                    self._watch(running)
        finally:
            for running in self._running:
                running.group.kill()
                running.slot.close()
        lost = Answer(Outcome.LOST, status="not known: the run was stopped before")
        return tuple(
            self._runs.get(each.module)
            or lost.of(each.module, each.path, each.optional, fresh=False)
            for each in self._wanted
        )

    def _begin(self, wanted: Wanted, start: Start) -> None:
        slot = self._control.slot({"kind": "leaf", "module": wanted.module})
        try:
            with open(slot.out_path, "ab") as out:
                group = Group(
                    start.command(slot.name), self._control.folder, start.env, out, start.memory
                )
        except BaseException:
            slot.close()
            raise
        self._running.append(_Running(wanted, slot, group, time.monotonic() + _START))

    def _watch(self, running: _Running) -> None:
        killed = None
        if not running.begun and running.slot.pid():
            running.begun = True
            running.until = time.monotonic() + self._limits.timeout
        if running.group.process.poll() is None:
            if time.monotonic() > running.until:
                killed = Outcome.TIMEOUT
            elif running.slot.written() > self._limits.output:
                killed = Outcome.FLOOD
            else:
                return
        left = running.group.kill() and killed is None
        self._running.remove(running)
        ended = in_words(running.group.process.returncode)
        if not running.slot.pid():
            answer = self._not_begun(running, ended)
        else:
            answer = answer_in(running.slot, killed, self._limits, ended=ended, left=left)
        running.slot.close()
        wanted = running.wanted
        self._runs[wanted.module] = answer.of(
            wanted.module, wanted.path, wanted.optional, fresh=True
        )
        if self._progress is not None:
            self._progress(len(self._runs), len(self._wanted))

    def _not_begun(self, running: _Running, ended: str) -> Answer:
        """The probe never came to the module: nothing is known of that."""
        told = running.slot.output().strip()[-2000:]
        note = f"the probe ended: {ended}\n{told}".strip()
        if note not in self._notes:
            self._notes.append(note)
        return Answer(Outcome.LOST, status=f"not known: the interpreter ended: {ended}")
