"""A stateful GitHub for tests: accounts, pull requests, reviews, checks, a merge queue, real git.

``World`` is the state, changed from Python as a person or a robot would change it; ``Server`` lets
HTTP clients and git see it. Each question and each answer is held to GitHub's own schemas.
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
