"""A GitHub with a repository, and a way to talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github.fake import Clock, Server, World
from tests.github.kit import Caller


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> World:
    """``main`` has a commit; ada and bob may write."""
    made = World(tmp_path / "github", clock)
    made.direct_push("main", made.commit({"a.py": "1\n"}, message="First"))
    made.account("ada")
    made.account("bob")
    return made


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    with Server(world).running() as running:
        yield running


@pytest.fixture
def call(server: Server) -> Iterator[Caller]:
    with Caller.of(server) as caller:
        yield caller
