"""Run cases under an interpreter and compare what happened with what the marks say."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .corpus import HERE, Case, Version

Place = tuple[str, int]


@dataclass(frozen=True)
class Outcome:
    """What CPython did. ``error`` is empty for a run to the end."""

    error: str
    text: str
    at: Place | None
    idle: frozenset[Place]
    """What never ran, outside plain guards; line 0 stands for a file that was not imported."""
    ran: frozenset[Place] = frozenset()
    """What ran, without the lines from which an exception left the function or module."""


def run_native(python: str, cases: Iterable[Case], folder: Path) -> dict[str, Outcome]:
    """The outcome of each case under the executable ``python``; files are written to ``folder``."""
    jobs = [job_of(case, folder) for case in cases]
    parts = 1 + len(jobs) // 300
    found: dict[str, Outcome] = {}
    with ThreadPoolExecutor(parts) as pool:
        batches = [jobs[part::parts] for part in range(parts)]
        for answers in pool.map(lambda batch: _run_batch(python, batch), batches):
            found.update(answers)
    return found


def job_of(case: Case, folder: Path) -> dict[str, str]:
    """Write the case and describe it for the runner."""
    root = folder / case.id
    return {"id": case.id, "root": str(root), "entry": str(case.write(root))}


def read_answers(lines: Iterable[str]) -> dict[str, Outcome]:
    """The runner's output, by case id."""
    answers = [json.loads(line) for line in lines if line.startswith("{")]
    return {answer["id"]: outcome_of(answer) for answer in answers}


def outcome_of(answer: Any) -> Outcome:
    """One answer of the runner, typed."""
    raised = answer["raised"] or {"type": "", "text": "", "at": None}
    at = raised["at"]
    return Outcome(
        error=raised["type"],
        text=raised["text"],
        at=(at[0], at[1]) if at else None,
        idle=frozenset((path, line) for path, line in answer["idle"]),
        ran=frozenset((path, line) for path, line in answer["ran"]),
    )


def problems(case: Case, version: Version, outcome: Outcome) -> list[str]:
    """What the case says and CPython does not do; empty where they agree."""
    failure = case.failure(version)
    if failure is None:
        if outcome.error:
            return [f"should run clean: {outcome.error} at {outcome.at}: {outcome.text}"]
        allowed = case.dead(version) | {(path, 0) for path in case.unloaded}
        never = sorted(outcome.idle - allowed)
        return [f"never executed: {never}"] if never else []
    if not outcome.error:
        return ["should fail, ran clean"]
    found = []
    if outcome.error != failure.error:
        found.append(f"raised {outcome.error}, not {failure.error}: {outcome.text}")
    if not any(
        re.search(rf"\b{re.escape(n.rpartition('.')[2])}\b", outcome.text) for n in failure.names
    ):
        found.append(f"the exception does not name {failure.names}: {outcome.text}")
    places = {(m.path, m.line) for m in case.active("raised", version)}
    if outcome.at not in places | {(failure.path, failure.line)}:
        found.append(f"surfaced at {outcome.at}: {outcome.text}")
    return found


def _run_batch(python: str, jobs: list[dict[str, str]]) -> dict[str, Outcome]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-I", "-S", "-W", "ignore", str(HERE / "runner.py")],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        env=env,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{python}: {done.stderr}")
    return read_answers(done.stdout.splitlines())
