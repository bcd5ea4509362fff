"""Runs of the command line in this process: with a memory that settles soon, and without any."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import NamedTuple

from guard import replay
from guard._recording import Recording
from guard.cli import app
from guard.cli._surroundings import Surroundings
from guard.engine import OWN_RULES
from guard.rule import SourceRule
from guard_rules import rules_in

QUIET = 30_000_000
"""What the guard waits for is one second; a test cannot."""


def rules() -> tuple[SourceRule, ...]:
    return tuple(sorted([*rules_in("guard_rules"), *OWN_RULES], key=lambda rule: rule.id))


class Said(NamedTuple):
    code: int
    text: str


class Seat:
    """A folder to run in, with a cache of its own."""

    def __init__(self, top: Path, cache: Path, environ: dict[str, str]) -> None:
        self.top = top
        self.cache = cache
        self.environ = {**environ, "GUARD_CACHE_DIR": str(cache)}
        self.rules = rules()
        self.replayed = 0

    def remembering(self, *argv: str, folder: str = "") -> Said:
        """As the program runs: what was said before, else a run that is recorded."""
        with self.seated(folder) as out:
            call = replay.begin(argv)
            assert call is not None
            code = replay.replay(call)
            self.replayed += code is not None
            if code is None:
                code = self._run(argv, Recording(call, QUIET))
        return Said(code, _timeless(out.read_text()))

    def fresh(self, *argv: str, folder: str = "") -> Said:
        """A run that remembers nothing."""
        with self.seated(folder) as out:
            code = self._run((*argv, "--no-cache"), None)
        return Said(code, _timeless(out.read_text()))

    def _run(self, argv: tuple[str, ...], recording: Recording | None) -> int:
        try:
            return app.run(argv, Surroundings(rules=lambda: self.rules, recording=recording))
        finally:
            if recording is not None:
                recording.stop()

    @contextlib.contextmanager
    def seated(self, folder: str = ""):
        out = self.cache.parent / "said.txt"
        before = dict(os.environ), os.getcwd()
        os.environ.clear()
        os.environ.update(self.environ)
        os.chdir(self.top / folder)
        try:
            with out.open("w", encoding="utf-8") as stream, contextlib.redirect_stdout(stream):
                yield out
        finally:
            os.environ.clear()
            os.environ.update(before[0])
            os.chdir(before[1])


def _timeless(text: str) -> str:
    return re.sub(r"\d+\.\d\d s\)$|(?<=\"seconds\": )[\d.]+", "T", text.rstrip())
