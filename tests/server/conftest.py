from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.servers import Client, Server, copied, started


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template") / "server"
    started(home)
    return home


@pytest.fixture
def pair(template: Path, tmp_path: Path) -> tuple[Server, Client]:
    """A server with a first commit on main, and the clone of alice who pushed it."""
    return copied(template, tmp_path / "server")
