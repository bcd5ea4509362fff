"""What the server's hooks add to a push: 5,000 files and 50,000 commits by default.

    python -m benchmarks.push [--files N] [--commits N] [--many N]

Makes a bare repository with git-fast-import(1) and a clone of it, and measures whole pushes by
path: of one change without the hooks and with them, in turns; then one of ``--many`` commits. Wall
seconds, and in brackets processor seconds of all processes: those hold on a busy machine too.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROUNDS = 7
POLICY = """version: 1
people:
  - {login: alice, emails: [a@example.org]}
server: {most-commits: 1000000}
"""
WHO = "A <a@example.org>"


def stream(files: int, commits: int, first: int = 0) -> Iterator[bytes]:
    """The history: all files at once, then one file a commit."""
    yield b"feature done\n"
    for number in range(first, commits):
        yield f"commit refs/heads/main\ncommitter {WHO} {number + 1} +0000\n".encode()
        yield b"data 2\nx\n"
        if first and number == first:
            yield b"from refs/heads/main^0\n"
        if number == 0:
            yield _file("guard.yaml", POLICY)
            for file in range(files):
                yield _file(_path(file), _text(file, 0))
        else:
            yield _file(_path(number % files), _text(number % files, number))
    yield b"done\n"


def _path(number: int) -> str:
    return f"pkg_{number // 50:03}/module_{number % 50:02}.py"


def _text(file: int, number: int) -> str:
    """A small module; one in ten has a guard."""
    other = f"pkg_{(file + 7) % 50 // 50:03}.module_{(file + 7) % 50:02}"
    if file % 10:
        head = f"import os\n\nfrom {other} import NUMBER as OTHER\n"
    else:
        head = f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {other} import f\n"
        head += "def g(x: 'f') -> None: ...\nimport os\nOTHER = 1\n"
    return (
        f"{head}\nNUMBER = {number}\n\ndef f(x: int) -> str:\n    return os.sep * x + str(OTHER)\n"
    )


def _file(path: str, text: str) -> bytes:
    data = text.encode()
    return f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def environment(home: Path) -> dict[str, str]:
    """Without the machine's own git configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "REMOTE_USER": "alice"}


def git(top: Path, *args: str, data: bytes = b"") -> str:
    """One git command in ``top``."""
    env = environment(top.parent)
    done = subprocess.run(
        ["git", "-C", str(top), *args], input=data, env=env, capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"git {' '.join(args)}: {done.stderr.decode()}")
    return done.stdout.decode().strip()


def timed(clone: Path) -> tuple[float, float]:
    """What one push of main takes: wall seconds, and processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    git(clone, "push", "-q", "origin", "main")
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def middle(spent: list[tuple[float, float]]) -> tuple[float, float]:
    """The median of each."""
    walls, processors = zip(*spent, strict=True)
    return statistics.median(walls), statistics.median(processors)


def change(clone: Path, files: int, number: int) -> None:
    """One more commit: one file changed."""
    file = number % files
    (clone / _path(file)).write_text(_text(file, -number))
    git(clone, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qam", "a change")


def hooks(repo: Path, on: bool) -> None:
    """Have git see the hooks, or not."""
    here, away = repo / "hooks", repo / "hooks.away"
    if on != here.exists():
        (away if on else here).rename(here if on else away)


def interpreter(home: Path) -> Path:
    """A program that runs this very guard: the hooks pass ``-I``, which drops PYTHONPATH."""
    path = home / "python"
    paths = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    code = f"import sys; sys.path[:0] = {paths!r}; from guard.__main__ import main; main()"
    code = code.replace("main()", "sys.exit(main(sys.argv[3:]))")
    path.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -I -c "{code}" "$@"\n')
    path.chmod(0o755)
    return path


def main() -> int:
    """Make the repository, push, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--commits", type=int, default=50_000)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="Make it there, and leave it.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = asked.keep or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        repo, clone = home / "project.git", home / "clone"
        if not repo.exists():
            git(home, "init", "-q", "--bare", "-b", "main", str(repo))
            data = b"".join(stream(asked.files, asked.commits))
            git(repo, "fast-import", "--quiet", data=data)
            git(repo, "repack", "-adq")
            python = str(interpreter(home))
            command = [sys.executable, "-m", "guard", "server-hook", "install", str(repo)]
            subprocess.run([*command, "--python", python], env=environment(home), check=True)
            git(home, "clone", "-q", f"file://{repo}", str(clone))
        spent: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        start = int(time.time())
        for number in range(2 * ROUNDS + 2):
            change(clone, asked.files, start + number)
            hooks(repo, on=bool(number % 2))
            spent[bool(number % 2)].append(timed(clone))
        hooks(repo, on=True)
        for on, name in ((False, "without the hooks"), (True, "with the hooks")):
            first, *rest = spent[on]
            wall, processor = middle(rest)
            print(f"one change, {name:18} {wall:.3f} s ({processor:.3f}); first {first[0]:.3f} s")
        less, more = middle(spent[False][1:]), middle(spent[True][1:])
        print(f"the hooks add {more[0] - less[0]:.3f} s ({more[1] - less[1]:.3f})", flush=True)
        if asked.many:
            for on in (False, True):
                count = len(git(clone, "rev-list", "main").split())
                data = b"".join(stream(asked.files, count + asked.many, count))
                git(clone, "fast-import", "--quiet", "--force", data=data)
                git(clone, "reset", "-q", "--hard")
                hooks(repo, on=on)
                name = "with the hooks" if on else "without the hooks"
                wall, processor = timed(clone)
                print(f"{asked.many} commits, {name:18} {wall:.3f} s ({processor:.3f})", flush=True)
            hooks(repo, on=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
