"""What the tests ask of a repository's records."""

from __future__ import annotations

from guard.change import Arrival, Decision, LaneRecord
from guard.plugins import load_rules
from guard.records import Records
from guard.refs import LocalRefs
from guard.repository import Repository
from guard.server.hook import Hook
from guard.server.receive import flush_all
from guard.server.spool import Found, Spool
from tests.server.servers import Server


def records(server: Server) -> Records:
    git = Repository(str(server.repo), server.environ())
    return Records(git, LocalRefs(git))


def decisions(server: Server, target: str = "main") -> list[Decision]:
    """The log, oldest first."""
    return [each for _, each in records(server).decisions(target)][::-1]


def verdicts(server: Server, target: str = "main") -> list[str]:
    return [each.verdict.value for each in decisions(server, target)]


def arrivals(server: Server) -> list[Arrival]:
    return list(records(server).all_arrivals())


def lane(server: Server, target: str = "main") -> list[LaneRecord]:
    return list(records(server).lane(target))


def spool(server: Server, now: int = 0) -> Found:
    return Spool(str(server.repo)).read(now)


def flush(server: Server, now: int) -> list[str]:
    """Empty the spool at a time of the test's choice; what was said."""
    said: list[str] = []
    hook = Hook(str(server.repo), server.environ(), b"", now, said.append, load_rules)
    flush_all(hook)
    return said
