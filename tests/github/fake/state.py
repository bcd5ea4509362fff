"""What GitHub remembers, as plain values. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

ACTIONS = "github-actions"
QUEUE = "github-merge-queue"
"""The account by which the merge queue pushes and merges, as its webhooks name it."""
PASSES = frozenset({"SUCCESS", "NEUTRAL", "SKIPPED"})
"""Conclusions that a required check is content with (docs.github.com, "About status checks")."""


class Refused(Exception):
    """GitHub does not do that; the message is for people."""


class Clock:
    """A clock that only tests move."""

    def __init__(self, now: int = 1_700_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: int) -> None:
        self.now += seconds


def stamp(at: int) -> str:
    """A time as GitHub writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(eq=False)
class Account:
    """GraphQL gives a bot's login bare; REST and whoever is a ``User`` have ``[bot]`` after it."""

    id: int
    login: str
    bot: bool = False
    permission: str = "write"
    """none, read, triage, write, maintain or admin."""
    gone: bool = False
    """A deleted account: who wrote something is null from then on."""

    @property
    def node_id(self) -> str:
        return f"{'BOT' if self.bot else 'U'}_{self.id}"

    @property
    def full_login(self) -> str:
        return f"{self.login}[bot]" if self.bot else self.login

    @property
    def email(self) -> str:
        return f"{self.id}+{self.full_login}@users.noreply.github.com"

    @property
    def emails(self) -> tuple[str, ...]:
        """Commits with one of these are the account's."""
        return (self.email, f"{self.login}@example.org")

    @property
    def can_push(self) -> bool:
        return self.permission in {"write", "maintain", "admin"}


@dataclass(eq=False)
class App:
    id: int
    slug: str

    @property
    def node_id(self) -> str:
        return f"A_{self.id}"


@dataclass(frozen=True)
class Token:
    """Who asks. ``app`` is None for a person's token, which cannot write check runs."""

    text: str
    account: Account
    app: App | None
    writes: bool = True

    @property
    def can_push(self) -> bool:
        return self.writes and self.account.can_push


@dataclass(eq=False)
class Review:
    id: int
    pull: Pull
    by: Account
    state: str
    commit: str
    at: int
    body: str = ""
    teams: tuple[str, ...] = ()

    @property
    def node_id(self) -> str:
        return f"PRR_{self.id}"


@dataclass(eq=False)
class Comment:
    id: int
    pull: Pull
    by: Account
    body: str
    created: int
    updated: int

    @property
    def node_id(self) -> str:
        return f"IC_{self.id}"


@dataclass(eq=False)
class ForcePush:
    id: int
    pull: Pull
    by: Account
    before: str
    after: str
    at: int

    @property
    def node_id(self) -> str:
        return f"HRFPE_{self.id}"


@dataclass(frozen=True)
class Label:
    name: str

    @property
    def node_id(self) -> str:
        return f"LA_{self.name}"


@dataclass(frozen=True)
class Team:
    slug: str

    @property
    def node_id(self) -> str:
        return f"T_{self.slug}"


@dataclass(eq=False)
class Pull:
    id: int
    number: int
    title: str
    body: str
    by: Account
    head_repo: str
    head_branch: str
    head: str
    base: str
    created: int
    updated: int
    state: str = "OPEN"
    draft: bool = False
    closed: int | None = None
    merged_by: Account | None = None
    merge_commit: str | None = None
    commits: tuple[str, ...] = ()
    """Of a pull request that is merged or closed; of an open one git knows."""
    labels: list[str] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    force_pushes: list[ForcePush] = field(default_factory=list)

    @property
    def node_id(self) -> str:
        return f"PR_{self.id}"

    @property
    def merged(self) -> bool:
        return self.state == "MERGED"


@dataclass(eq=False)
class CheckSuite:
    """All check runs of one app on one commit."""

    id: int
    app: App
    sha: str
    created: int
    runs: list[CheckRun] = field(default_factory=list)

    @property
    def node_id(self) -> str:
        return f"CS_{self.id}"


@dataclass(eq=False)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    status: str
    conclusion: str | None = None
    title: str | None = None
    summary: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    started: int = 0
    completed: int | None = None

    @property
    def node_id(self) -> str:
        return f"CR_{self.id}"


@dataclass(frozen=True)
class RequiredCheck:
    """``app`` is the slug of the only app whose word counts, if there is one."""

    name: str
    app: str | None = None


@dataclass(eq=False)
class Deployment:
    id: int
    environment: str
    commit: str
    by: Account
    created: int
    ref: str = "main"
    statuses: list[DeploymentStatus] = field(default_factory=list)

    @property
    def node_id(self) -> str:
        return f"DE_{self.id}"


@dataclass(eq=False)
class DeploymentStatus:
    id: int
    deployment: Deployment
    state: str
    by: Account
    created: int

    @property
    def node_id(self) -> str:
        return f"DES_{self.id}"


@dataclass(frozen=True)
class QueueSettings:
    """As in a ruleset; times in minutes (docs.github.com, "Managing a merge queue")."""

    method: str = "MERGE"
    """MERGE, SQUASH or REBASE."""
    strategy: str = "ALLGREEN"
    """ALLGREEN or HEADGREEN."""
    max_build: int = 5
    min_merge: int = 1
    max_merge: int = 5
    wait: int = 5
    timeout: int = 60
    push_keeps_entry: bool = False
    """Whether an entry outlives a push to its pull request, as was seen at GitHub."""


@dataclass(eq=False)
class QueueEntry:
    id: int
    pull: Pull
    by: Account
    queue: object
    enqueued: int
    jump: bool = False
    solo: bool = False
    state: str = "QUEUED"
    pull_head: str = ""
    """What of the pull request is built in."""
    base: str | None = None
    head: str | None = None
    ref: str | None = None
    requested: int = 0
    """When the checks of the group were asked for."""

    @property
    def node_id(self) -> str:
        return f"MQE_{self.id}"


@dataclass(frozen=True)
class CommitFacts:
    oid: str
    tree: str
    parents: tuple[str, ...]
    author: Stamp
    committer: Stamp
    message: str


@dataclass(frozen=True)
class Stamp:
    """Who and when, as a commit has it."""

    name: str
    email: str
    at: int
