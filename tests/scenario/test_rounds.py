"""AI branches that all want to land at once: on a path, behind lighttpd, behind gitolite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario.hosts import by_daemon, by_gitolite, by_lighttpd, by_path, missing
from tests.scenario.rounds import Scenario, play
from tests.server.servers import Server

DRIVERS = ("dan", "eve", "fay", "gus", "ida", "joe")


def test_three_branches_of_two_clients(tmp_path: Path) -> None:
    with by_path(Server(tmp_path / "s", judges="")) as host:
        assert play(Scenario(host, 3, DRIVERS[:2]), 3) == 3


@pytest.mark.slow
def test_twelve_branches_of_six_clients_by_path(tmp_path: Path) -> None:
    with by_path(Server(tmp_path / "s", judges="")) as host:
        assert play(Scenario(host, 12, DRIVERS), 12) == 12


@pytest.mark.slow
def test_twelve_branches_of_six_clients_behind_lighttpd(tmp_path: Path) -> None:
    assert "lighttpd" not in missing(), "apt-get install lighttpd"
    logins = (*DRIVERS, "alice", "rita", "hugo", "ci")
    with by_lighttpd(Server(tmp_path / "s", judges=""), logins) as host:
        assert play(Scenario(host, 12, DRIVERS), 12) == 12


@pytest.mark.slow
def test_twelve_branches_of_six_clients_behind_gitolite(tmp_path: Path) -> None:
    assert "gitolite3" not in missing(), "apt-get install gitolite3"
    with by_gitolite(Server(tmp_path / "s", judges="")) as host:
        assert play(Scenario(host, 12, DRIVERS), 12) == 12


@pytest.mark.slow
def test_nobody_is_known_behind_git_daemon(tmp_path: Path) -> None:
    """Whoever is not known cannot approve, and an AI's change cannot land."""
    with by_daemon(Server(tmp_path / "s", judges="")) as host:
        scenario = Scenario(host, 1, DRIVERS[:1])
        with pytest.raises(AssertionError, match="refused"):
            scenario.begin()
        scenario.clients["dan"].git("fetch", "-q")
        done = scenario.land("dan", "ai-0")
        assert not done.ok
        assert any("missing-human-approval" in line for line in done.remote), done.said
