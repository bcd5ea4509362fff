"""The interpreter that the hooks of tests call: the guard of this tree, with seams for tests.

``GUARD_TEST_FAULT`` names the step at which the process is killed, ``GUARD_TEST_FAULT_OF_GIT`` that
at which git is, which runs the hook: the hook goes on alone. ``GUARD_TEST_NOW`` is the clock,
and ``GUARD_TEST_JUDGES`` replaces the rules: ``words`` refuses a tip whose message says so,
``source`` are the rules over source files alone.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "rules")]


def main() -> int:
    from guard.plugins import load_rules
    from guard.server import source
    from guard.server.hook import Hook, Push, Said
    from guard.server.receive import run
    from guard.server.words import Complaint

    def step(name: str) -> None:
        if os.environ.get("GUARD_TEST_STEPS"):
            with open(os.environ["GUARD_TEST_STEPS"], "a", encoding="utf-8") as file:
                file.write(f"{sys.argv[-1]}: {name}\n")
        at = f"{sys.argv[-1]}: {name}"
        if os.environ.get("GUARD_TEST_FAULT") == at:
            os.kill(os.getpid(), signal.SIGKILL)
        if os.environ.get("GUARD_TEST_FAULT_OF_GIT") == at:
            os.kill(os.getppid(), signal.SIGKILL)

    def words(push: Push) -> Said:
        message = push.git.run("log", "-1", "--format=%B", push.new).decode()
        if "crash" in message:
            raise ZeroDivisionError("as asked for")
        if "refuse" in message:
            what = "the message says \x1b[31mrefuse"
            return Said((Complaint(push.ref, "words", what, "Say something else."),))
        return Said(reasons=("words: pass",), change=push.ref)

    judges = {"words": (words,), "source": (source.judge,), "": None}[
        os.environ.get("GUARD_TEST_JUDGES", "")
    ]
    now = int(os.environ.get("GUARD_TEST_NOW") or time.time())
    repo = os.path.abspath(os.environ.get("GIT_DIR", "."))
    stdin = sys.stdin.buffer.read()

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    hook = Hook(repo, os.environ, stdin, now, say, load_rules, step, 5.0)
    return run(sys.argv[-1], hook, judges)


if __name__ == "__main__":
    sys.exit(main())
