"""Run pylint or mypy on many small projects from one warm process; called by compare_peers.py.

Runs in the peers' environment. Standard input: a JSON list of jobs ``[folder, [argument ...]]``;
standard output: a JSON list with what the tool printed for each. Each job gets a forked child,
because both tools remember modules by name and every project here has modules of the same names.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib import import_module


def run_pylint(arguments: list[str]) -> None:
    """Run pylint in this process; it prints to standard output."""
    import_module("pylint.lint").Run(arguments, exit=False)


def run_mypy(arguments: list[str]) -> None:
    """Run mypy in this process; it prints to standard output."""
    sys.stdout.write(import_module("mypy.api").run(arguments)[0])


def in_child(tool: str, folder: str, arguments: list[str]) -> str:
    """What the tool printed for one job."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(output.fileno(), 1)
                os.chdir(folder)
                sys.path.insert(0, folder)
                {"pylint": run_pylint, "mypy": run_mypy}[tool](arguments)
                sys.stdout.flush()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        text = output.read()
    if status:
        raise RuntimeError(f"{tool} failed in {folder}: {text[-500:]}")
    return text


def main() -> None:
    """Answer the jobs on standard input."""
    tool = sys.argv[1]
    # Warm: the children find the tool's modules loaded.
    import_module({"pylint": "pylint.lint", "mypy": "mypy.api"}[tool])
    print(json.dumps([in_child(tool, folder, words) for folder, words in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
