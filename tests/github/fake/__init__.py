"""A stateful GitHub for tests: accounts, pull requests, reviews, checks, a merge queue, real git.

``World`` is the state, changed from Python as a person or a robot would change it; ``Server`` lets
HTTP clients and git see it. Each question and each answer is held to GitHub's own schemas.

    world = World(tmp_path, Clock())
    world.direct_push("main", world.commit({"a.py": "1"}))
    ada = world.account("ada")
    world.required_checks["main"] = ("check",)
    world.open_queue("main", QueueSettings(method="SQUASH"))
    with Server(world).running() as server:
        token = world.token()        # a workflow's own; server.api, server.graphql, server.url
        ...                          # pull requests, reviews; world.queue_tick(); world.events
        server.faults.append(Fault(Kind.LOST, query="runs"))
        assert server.points < 100   # and server.requests
"""

from tests.github.fake.faults import Fault, Kind
from tests.github.fake.server import Server
from tests.github.fake.state import Clock, QueueSettings, Refused, RequiredCheck
from tests.github.fake.world import World

__all__ = [
    "Clock",
    "Fault",
    "Kind",
    "QueueSettings",
    "Refused",
    "RequiredCheck",
    "Server",
    "World",
]
