"""A repository whose lane has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.repository import Repository
from tests.lane.world import World, shell

BEGIN = {"api/a.py": "1\n", "web/w.py": "1\n", "x.py": "1\n"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """``main`` is at its first commit, and the lane begins after it."""
    top = tmp_path / "main.git"
    shell(tmp_path, "init", "-q", "--bare", "-b", "main", str(top))
    found = World(top, Repository(str(top)))
    found.move(found.commit(BEGIN))
    found.write("started", found.tip)
    return found
