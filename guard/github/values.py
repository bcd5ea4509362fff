"""What GitHub says of a target branch, as values: who is open, who landed, what is queued."""

from __future__ import annotations

from dataclasses import dataclass, field

from guard.change import Deployment, Opinion, Person, Unknown
from guard.model import Verdict

GONE = "0" * 40
"""Stands for an object that GitHub has no more; no object has this name."""


@dataclass(frozen=True, slots=True)
class Repo:
    """``owner/name`` on GitHub."""

    owner: str
    name: str

    @property
    def path(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Said:
    """One review."""

    by: Person
    opinion: Opinion
    at: int
    head: str
    tree: str
    may_write: bool
    node: str
    teams: tuple[str, ...] = ()
    """The teams on whose behalf it was given, by slug; where makers are known, these are too."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest check run of the guard's name on a commit."""

    number: int
    state: str
    """``SUCCESS``, ``FAILURE`` ...; ``PENDING`` while it is not completed."""
    mark: str
    """Its external id: ours tells what it says."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a commit, by the accounts that GitHub knows for its addresses."""

    author: Person
    committer: Person
    people: tuple[Person, ...]
    """Author and co-authors."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One open pull request."""

    node: str
    number: int
    title: str
    body: str
    branch: str
    head: str
    target: str
    draft: bool
    opener: Person
    opened_at: int
    labels: tuple[str, ...] | Unknown
    assignees: tuple[Person, ...]
    reviews: tuple[Said, ...]
    shown: tuple[Shown, ...]
    """Of each app that has such a check run, the newest first; empty for none."""
    queued: bool
    makers: dict[str, Maker] = field(default_factory=dict, hash=False)
    """By commit; only of the pull request that was asked for by its number."""

    @property
    def id(self) -> str:
        """``#23``."""
        return f"#{self.number}"


@dataclass(frozen=True, slots=True)
class Merged:
    """A pull request that landed as ``rev``."""

    number: int
    title: str
    body: str
    branch: str
    head: str
    opener: Person
    rev: str
    updated_at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in the merge queue; what GitHub has not made yet is empty."""

    number: int
    position: int
    base: str
    head: str
    by: Person


@dataclass(frozen=True, slots=True)
class Queue:
    """The merge queue of the target."""

    method: str
    """``MERGE``, ``SQUASH`` or ``REBASE``."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """One check run on a commit."""

    name: str
    app: str
    verdict: Verdict
    at: int
    where: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All of it."""

    repo: Repo
    node: str
    target: str
    tip: str
    open: tuple[Pull, ...]
    merged: tuple[Merged, ...]
    """The newest; ``landed_since`` reads on where that is not enough."""
    more_merged: str | None
    queue: Queue | None
    deployments: tuple[Deployment, ...]
    pull: Pull | None = None
    """The one that was asked for by its number."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask for."""

    repo: Repo
    target: str
    number: int = 0
    staging: str = ""
    promotes_to: str = ""
    """The environment that something is deployed to: its history is asked for, too."""

    @property
    def check(self) -> str:
        """The name of the guard's check run; it carries the target, for a commit has one list."""
        return f"guard/{self.target}"
