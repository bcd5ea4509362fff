"""A GitHub with a repository, and a way to talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.github.client import Client
from tests.github.fake import Clock, Server, World
from tests.github.kit import Caller
from tests.github.scripted import Waits, speaking


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


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(server: Server, world: World, clock: Clock, waits: Waits) -> Iterator[Client]:
    """The product's own client, which has a workflow's token and sleeps for no time."""
    with speaking(server.url, waits, token=world.token(), clock=clock, timeout=0.5) as made:
        yield made
