"""Measure processes: wall time, interleaved, and peak memory of a whole process tree."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: `accept` are the exit codes that count as a finished run."""

    argv: tuple[str, ...]
    folder: Path
    accept: tuple[int, ...] = (0, 1)
    env: Mapping[str, str] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start it with its output thrown away, as a terminal's speed is not the question."""
        return subprocess.Popen(
            self.argv,
            cwd=self.folder,
            env=os.environ | (self.env or {}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def check(self, code: int) -> None:
        """Refuse a run that did not do its work: a crash is fast."""
        if code not in self.accept:
            again = subprocess.run(
                self.argv,
                cwd=self.folder,
                env=os.environ | (self.env or {}),
                text=True,
                capture_output=True,
                check=False,
            )
            said = (again.stdout + again.stderr)[-2000:]
            raise SystemExit(f"{' '.join(self.argv)}\nin {self.folder} exited {code}:\n{said}")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of several runs."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.runs)

    @property
    def spread(self) -> str:
        """The fastest and the slowest, for the reader to judge the noise."""
        return f"{min(self.runs):.3f}-{max(self.runs):.3f}"


def once(command: Command) -> float:
    """Run to the end; return the seconds."""
    begin = time.perf_counter()
    process = command.start()
    code = process.wait()
    seconds = time.perf_counter() - begin
    command.check(code)
    return seconds


def interleave(commands: Sequence[Command], runs: int) -> list[Times]:
    """Run A B A B ...: what else the machine does hits all alike. A first round is not counted."""
    for command in commands:
        once(command)
    seconds: list[list[float]] = [[] for _ in commands]
    for _ in range(runs):
        for place, command in enumerate(commands):
            seconds[place].append(once(command))
    return [Times(tuple(values)) for values in seconds]


def peak_memory(command: Command) -> tuple[float, float]:
    """Peak memory in MB: (the largest process, as the kernel counts; all processes together).

    The first is `ru_maxrss` of wait4(2), the maximum over the process and its descendants that were
    waited for. The second is the proportional set size, sampled, where /proc has it.
    """
    process = command.start()
    together = 0.0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        together = max(together, _proportional(process.pid))
        time.sleep(0.005)
    process.returncode = os.waitstatus_to_exitcode(status)
    command.check(process.returncode)
    return usage.ru_maxrss / 1000, together / 1000


def _proportional(pid: int) -> float:
    total, todo = 0.0, [pid]
    while todo:
        folder = Path("/proc", str(todo.pop()))
        try:
            lines = (folder / "smaps_rollup").read_text().splitlines()
            for task in (folder / "task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError):  # it ended meanwhile, or this is not Linux
            continue
        total += sum(float(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total
