"""How long `guard lane` takes on a large repository: 5,000 files and 50,000 commits by default.

    python -m benchmarks.lane [--files N] [--commits N]

Makes the repository with git-fast-import(1), begins its lane near the tip, lets a few changes land,
and measures whole runs of the command, Python's start included.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROUNDS = 7
POLICY = "version: 1\nlane:\n  soak: 30m\n  lanes:\n    - {name: api, paths: [pkg_001/]}\n"


def stream(files: int, commits: int) -> Iterator[bytes]:
    """The history: all files at once, then one file a commit."""
    yield b"feature done\n"
    who = "A <a@example.org>"
    for number in range(commits):
        yield f"commit refs/heads/main\ncommitter {who} {number + 1} +0000\n".encode()
        yield b"data 2\nx\n"
        if number == 0:
            yield _file("guard.yaml", POLICY)
            for file in range(files):
                yield _file(_path(file), f"NUMBER = {file}\n")
        else:
            yield _file(_path(number % files), f"NUMBER = {number}\n")
    yield b"done\n"


def _path(number: int) -> str:
    return f"pkg_{number // 50:03}/module_{number % 50:02}.py"


def _file(path: str, text: str) -> bytes:
    data = text.encode()
    return f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def git(top: Path, *args: str, data: bytes = b"") -> str:
    """One git command in ``top``."""
    env = {"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(
        ["git", "-C", str(top), *args], input=data, env=env, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def guard(top: Path, *args: str) -> None:
    """One run of the guard in ``top``; what it says of the lane does not matter here."""
    command = [sys.executable, "-m", "guard", "lane", *args]
    code = subprocess.run(command, cwd=top, capture_output=True, check=False).returncode
    if code not in (0, 1):
        raise SystemExit(f"guard lane {' '.join(args)} ended with {code}")


def land(top: Path, number: int, trailer: str = "") -> None:
    """A merge of a branch with one commit."""
    tip = git(top, "rev-parse", "main")
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    path = _path(number)
    blob = git(top, "hash-object", "-w", "--stdin", data=f"NUMBER = {-number}\n".encode())
    index = ("read-tree", "main"), ("update-index", "--cacheinfo", f"100644,{blob},{path}")
    for asked in index:
        git(top, *asked)
    tree = git(top, "write-tree")
    side = git(top, *person, "commit-tree", tree, "-p", tip, "-m", f"Change {number}\n\n{trailer}")
    merge = git(top, *person, "commit-tree", tree, "-p", tip, "-p", side, "-m", "Merge branch 'x'")
    git(top, "update-ref", "refs/heads/main", merge)


def build(top: Path, files: int, commits: int) -> None:
    """The repository, with a lane that is held and has 30 landings since its start."""
    git(top, "init", "-q", "--bare", "-b", "main", ".")
    git(top, "fast-import", "--quiet", "--done", data=b"".join(stream(files, commits)))
    git(top, "repack", "-q", "-a", "-d")
    guard(top, "start")
    for number in range(15):
        land(top, number)
    land(top, 100, "Co-Authored-By: Claude <noreply@anthropic.com>")
    guard(top, "reconcile")
    for number in range(16, 30):
        land(top, number)


def measured(top: Path, *args: str) -> float:
    """The median of the seconds that a run takes."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        guard(top, *args)
        times.append(time.perf_counter() - start)
    return sorted(times)[ROUNDS // 2]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--commits", type=int, default=50_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        build(top, asked.files, asked.commits)
        print(f"{asked.files} files, {asked.commits} commits, 30 landings since the start")
        for command in (("status",), ("reconcile",), ("verify",)):
            print(f"guard lane {command[0]:<10} {measured(top, *command):.3f} s")


if __name__ == "__main__":
    main()
