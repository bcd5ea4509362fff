"""Compare the smoke runner with the naive way: a fresh ``python -c "import m"`` for each module.

    python -m benchmarks.smoke [--python PYTHON] [--jobs N] [--every N] FOLDER...

Each FOLDER holds packages as ``sys.path`` would; PYTHON has what they need. Prints, for each, the
seconds of both, their ratio, and every module for which they do not agree: on whether it can be
imported, or on the exception. ``--every 10`` runs the naive way for each tenth module only, and
scales its time.
"""

from __future__ import annotations

import argparse
import keyword
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from guard.observed import Interpreter, ModuleRun, Outcome
from guard.smoke.run import ImportRequest, run_modules

_POOLS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def modules_of(top: Path) -> tuple[tuple[str, str, None], ...]:
    """All modules below ``top`` whose names can be written in an import statement."""
    found = []
    for file in sorted(top.rglob("*.py")):
        parts = file.relative_to(top).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if parts and all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
            found.append((".".join(parts), str(file.relative_to(top)), None))
    return tuple(found)


def naive(python: str, top: Path, module: str) -> str:
    """The last line of what a plain import says; empty where it is well."""
    env = {**os.environ, "PYTHONPATH": str(top), **dict.fromkeys(_POOLS, "1")}
    try:
        done = subprocess.run(
            [python, "-c", f"import {module}"],
            cwd=top,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "timeout"
    said = done.stderr.decode("utf-8", "replace").rstrip().splitlines()
    if not done.returncode:
        return ""
    raised = [line for line in said if re.match(r"[A-Za-z_][\w.]*(: |$)", line)]
    return raised[-1] if raised else f"exit code {done.returncode}"


def told(run: ModuleRun) -> str:
    """The same of what the runner observed."""
    if run.outcome is Outcome.OK:
        return ""
    if run.failure is None:
        return f"{run.outcome.value}: {run.status}"
    return f"{run.failure.type}: {run.failure.message}".splitlines()[0].removesuffix(": ")


def compare(python: str, top: Path, jobs: int, every: int) -> None:
    """Run both, print what came of it."""
    modules = modules_of(top)
    subprocess.run([python, "-m", "compileall", "-q", top], stdout=subprocess.DEVNULL, check=False)
    began, used = time.perf_counter(), processor_seconds()
    observed = run_modules(
        ImportRequest(
            Interpreter(python, (3, 0, 0), "--python"),
            str(top.resolve()),
            (".",),
            modules,
            dict(os.environ),
            timeout=120,
            jobs=jobs,
        )
    )
    fast, fast_used = time.perf_counter() - began, processor_seconds() - used
    runs = {run.module: told(run) for run in observed.modules}
    names = [module for module, _, _ in modules][::every]
    began, used = time.perf_counter(), processor_seconds()
    with ThreadPoolExecutor(jobs) as pool:
        plain = dict(
            zip(names, pool.map(lambda name: naive(python, top, name), names), strict=True)
        )
    scale = len(modules) / len(names)
    slow, slow_used = (time.perf_counter() - began) * scale, (processor_seconds() - used) * scale
    differ = [name for name in names if not alike(runs[name], plain[name])]
    failed = sum(bool(said) for said in runs.values())
    print(f"{top.name}: {len(modules)} modules, {failed} cannot be imported")
    print(f"  naive {slow:.1f} s, runner {fast:.1f} s: {slow / fast:.1f} times as fast")
    print(
        f"  of processor time {slow_used:.1f} s and {fast_used:.1f} s: "
        f"{slow_used / fast_used:.1f} times less"
    )
    print(f"  {len(names) - len(differ)} of {len(names)} agree")
    for name in differ:
        print(f"  {name}\n    naive:  {plain[name]}\n    runner: {runs[name]}")
    for note in observed.notes:
        print(f"  {note}")


def processor_seconds() -> float:
    """What this process and all that it waited for have used: it says more on a busy machine."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def alike(first: str, second: str) -> bool:
    """Whether two last lines say the same, but for addresses and further lines of a message."""
    first, second = (re.sub("0x[0-9a-f]+", "0x", said)[:200] for said in (first, second))
    return first == second


def main() -> None:
    """Read the command line, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    for folder in options.folders:
        compare(options.python, folder, options.jobs, options.every)


if __name__ == "__main__":
    main()
