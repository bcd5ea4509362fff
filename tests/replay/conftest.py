"""A small project, in git or not, with a seat in it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.ground.conftest import Repo, clean_environ
from tests.replay.kit import QUIET, Seat

GUARD = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from decimal import Decimal\n"


class Bench(Repo):
    """A repository, and whoever runs the guard there."""

    def __init__(self, base: Path) -> None:
        (base / "top").mkdir()
        super().__init__(base / "top", clean_environ(base))
        self.seat = Seat(self.top, base / "cache", self.environ)

    def settle(self) -> None:
        """Wait until a later change must show in the times."""
        time.sleep(QUIET / 1e9 + 0.02)

    def replays(self, *argv: str, folder: str = "") -> bool:
        """Whether the next run is said from memory. What it says must be right in any case."""
        before = self.seat.replayed
        assert self.seat.remembering(*argv, folder=folder) == self.seat.fresh(*argv, folder=folder)
        return self.seat.replayed > before


@pytest.fixture
def plain(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.write("a.py", GUARD)
    bench.write("pkg/mod.py", GUARD)
    bench.write("pkg/__init__.py", "")
    bench.settle()
    return bench


@pytest.fixture
def repo(plain: Bench) -> Bench:
    plain.git("init", "-q", "-b", "main")
    plain.commit()
    plain.settle()
    return plain
