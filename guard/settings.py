"""The sections of the policy that speak of people and of changes: frozen values with defaults.

``guard.config`` reads them from YAML by their types. Who decides something is handed the section
that it needs; rules are handed facts, in which these settings have had their effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from guard.options import Duration, option


@dataclass(frozen=True, slots=True)
class PersonSettings:
    """A human whom the policy knows."""

    login: str = option("", "The account on the server or the forge.")
    emails: tuple[str, ...] = option((), "Every address that this person commits with.")
    roles: tuple[str, ...] = option((), "Of approver, owner, releaser.")

    def __post_init__(self) -> None:
        if not self.login:
            raise ValueError("a person needs a login")
        unknown = sorted(set(self.roles) - set(ROLES))
        if unknown:
            raise ValueError(f"unknown role {unknown[0]!r}; allowed: {', '.join(ROLES)}")


ROLES = ("approver", "owner", "releaser")


class Undeclared(str, Enum):
    """What a change counts as that bears no sign of an AI and declares nothing."""

    ALLOW = "allow"
    REQUIRE = "require"
    AI = "ai"


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """An AI agent that the built-in table does not have. Any one match is a signal."""

    name: str = option("", "How reports name it.")
    logins: tuple[str, ...] = option((), "Accounts.")
    ids: tuple[int, ...] = option((), "Numeric ids of accounts.")
    emails: tuple[str, ...] = option((), "Addresses of author, committer or co-author.")
    names: tuple[str, ...] = option((), "Ends of the author's name; addresses are the surer sign.")
    trailers: tuple[str, ...] = option((), "Keys of trailers, or 'Key: value'.")
    branches: tuple[str, ...] = option((), "Beginnings of branch names.")
    texts: tuple[str, ...] = option((), "Pieces of text in title or body.")

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("an agent needs a name")
        signs = (self.logins, self.emails, self.names, self.trailers, self.branches, self.texts)
        if not any(signs) and not self.ids:
            raise ValueError(f"agent {self.name!r} has no sign to know it by")
        if any("" in each for each in signs):
            raise ValueError(f"agent {self.name!r} has an empty sign, which would match everything")


@dataclass(frozen=True, slots=True)
class BotSettings:
    """A machine account that is no AI."""

    name: str = option("", "How reports name it.")
    logins: tuple[str, ...] = option((), "Accounts.")
    ids: tuple[int, ...] = option((), "Numeric ids of accounts.")
    emails: tuple[str, ...] = option((), "Addresses of author or committer.")
    ai: bool = option(False, "Count it as an AI all the same.")

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a bot needs a name")
        if not (self.logins or self.ids or self.emails) or "" in (*self.logins, *self.emails):
            raise ValueError(f"bot {self.name!r} needs a login, an id or an address to know it by")


@dataclass(frozen=True, slots=True)
class ProvenanceSettings:
    """The section ``provenance``."""

    undeclared: Undeclared = option(Undeclared.ALLOW, "What a change without any sign counts as.")
    agents: tuple[AgentSettings, ...] = option((), "More AI agents.")
    bots: tuple[BotSettings, ...] = option((), "More bots that are no AI.")
    drivers: tuple[str, ...] = option((), "Logins or addresses whose changes always count as AI.")


@dataclass(frozen=True, slots=True)
class LanePath:
    """One lane of a repository with several."""

    name: str = option("", "The name of the lane.")
    paths: tuple[str, ...] = option((), "Path patterns; a file may be in several lanes.")

    def __post_init__(self) -> None:
        if not self.name or not self.paths:
            raise ValueError("a lane needs a name and paths")


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """The section ``lane``."""

    targets: tuple[str, ...] = option((), "Protected branches; default: the repository's HEAD.")
    lanes: tuple[LanePath, ...] = option((), "Lanes by path; default: one for everything.")
    soak: Duration = option(Duration(30 * 60), "How long a landing is watched.")
    deadline: Duration = option(Duration(24 * 3600), "After this a soak that goes on is an alert.")
    checks: tuple[str, ...] = option(("check",), "Checks that must be green on the landed tree.")
    staging: str = option("", "The environment where a landing must be healthy for the soak.")
    turn: Duration = option(Duration(3600), "How long a free lane is kept for the oldest change.")

    def __post_init__(self) -> None:
        if self.deadline < self.soak:
            raise ValueError("the deadline is before the end of the soak")
        names = [lane.name for lane in self.lanes]
        if len(set(names)) < len(names) or OTHER_LANE in names:
            raise ValueError(f"the names of lanes differ, and none is {OTHER_LANE!r}")


OTHER_LANE = "other"
"""The lane of the files that no lane names; the only lane where the policy has none."""


class Rebase(str, Enum):
    """What a change counts as that the merge queue rebases: its commits are new ones."""

    UNVERIFIED = "unverified"
    TREE = "tree"
    """Proved, where merging the reviewed head gives the same tree."""


@dataclass(frozen=True, slots=True)
class GithubSettings:
    """The section ``github``."""

    rebase: Rebase = option(Rebase.UNVERIFIED, "What a rebased change counts as in the queue.")
    enqueue: bool = option(False, "Put the AI change whose turn it is into the merge queue.")
    comment: bool = option(False, "Say on an AI change why it waits, in one comment kept edited.")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The section ``server``: what ``pre-receive`` does besides the rules over a change."""

    check: bool = option(True, "Run the rules over source files on the pushed result.")
    smoke: bool = option(False, "Import every module of the pushed result. This runs its code.")
    smoke_timeout: Duration = option(Duration(120), "For the smoke run in all.")
    force_push: tuple[str, ...] = option((), "Logins that may rewrite or delete a target.")
    lane_writers: tuple[str, ...] = option((), "Logins that may push records of the lane.")
    evidence_writers: tuple[str, ...] = option((), "Logins that may push evidence.")
    os_user: bool = option(False, "Without a login from the server, take the system's account.")
    most_commits: int = option(10000, "A push to a target with more commits is refused.")
