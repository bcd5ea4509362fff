"""Run every case under every Python that can be found; slow, so not part of the test suite.

    python -m truth.run_versions [--python PATH ...] [--pyodide FOLDER] [--only TEXT]

from the folder ``tests``. Without ``--python`` it takes ``python3.N`` from PATH and pyenv's
versions. ``--pyodide`` names an unpacked npm package ``pyodide`` (CPython 3.14 as WebAssembly,
run by node), for a machine without that version. The exit status is 1 if a case is wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .corpus import HERE, Case, Version, load_cases
from .execute import Outcome, job_of, problems, read_answers, run_native


def find_pythons() -> list[str]:
    """One executable for each minor version."""
    found = {}
    for path in Path.home().glob(".pyenv/versions/3.*/bin/python"):
        found[path.parts[-3].split(".")[1]] = str(path)
    for minor in range(9, 20):
        path_entry = shutil.which(f"python3.{minor}")
        if path_entry:
            found.setdefault(str(minor), path_entry)
    return [found[minor] for minor in sorted(found, key=int) if int(minor) >= 9]


def version_of(python: str) -> Version:
    """Ask an executable for its version."""
    code = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    major, minor = done.stdout.split()
    return int(major), int(minor)


def run_pyodide(package: str, cases: Sequence[Case], folder: Path) -> dict[str, Outcome]:
    """The outcome of each case inside WebAssembly, all in one process."""
    jobs = folder / "jobs.json"
    jobs.write_text(json.dumps([job_of(case, folder) for case in cases]))
    program = ["node", HERE / "pyodide_runner.mjs", package, jobs, HERE / "runner.py", folder]
    done = subprocess.run(list(map(str, program)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return read_answers(done.stdout.splitlines())


def report(version: Version, cases: Sequence[Case], outcomes: dict[str, Outcome]) -> int:
    """Print what is wrong, and a line with the counts; the number of wrong cases comes out."""
    wrong = 0
    for case in cases:
        found = problems(case, version, outcomes[case.id])
        wrong += bool(found)
        for problem in found:
            print(f"{version[0]}.{version[1]} {case.id}: {problem}")
    broken = sum(case.failure(version) is not None for case in cases)
    clean = len(cases) - broken
    print(f"{version[0]}.{version[1]}: {broken} fail as marked, {clean} run clean, {wrong} wrong")
    return wrong


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--pyodide", metavar="FOLDER")
    parser.add_argument("--only", default="", metavar="TEXT")
    args = parser.parse_args()
    wanted = [case for case in load_cases() if args.only in case.id]
    pythons = args.python or ([] if args.pyodide else find_pythons())
    wrong = 0
    for python in pythons:
        version = version_of(python)
        cases = [case for case in wanted if case.runs_on(version)]
        with tempfile.TemporaryDirectory() as folder:
            wrong += report(version, cases, run_native(python, cases, Path(folder)))
    if args.pyodide:
        version = (3, 14)
        cases = [case for case in wanted if case.runs_on(version)]
        with tempfile.TemporaryDirectory() as folder:
            package = str(Path(args.pyodide).resolve())
            wrong += report(version, cases, run_pyodide(package, cases, Path(folder)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
