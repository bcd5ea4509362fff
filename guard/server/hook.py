"""What a hook is handed from outside, and what those that judge a push are handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from guard.config import Policy
from guard.repository import Repository
from guard.rule import Rule
from guard.server.identity import Identity
from guard.server.spool import Moved
from guard.server.words import Complaint


@dataclass(frozen=True, slots=True)
class Hook:
    """One run of a hook."""

    repo: str
    """The absolute path of the repository."""
    environ: Mapping[str, str]
    stdin: bytes
    now: int
    say: Callable[[str], None]
    """Takes a line for whoever pushed."""
    rules: Callable[[], tuple[Rule, ...]]
    step: Callable[[str], None] = lambda _: None
    """Called with a name at each step: tests end the process there."""
    patience: float = 30.0
    """How long the lock is waited for, in seconds."""


@dataclass(frozen=True, slots=True)
class Push:
    """A protected branch and where it shall move, on from where it is."""

    git: Repository
    ref: str
    target: str
    old: str
    """Empty where the branch is made by this push, the first of the repository."""
    new: str
    who: Identity
    policy: Policy
    """That of the old tip."""
    after: Policy
    """That of the new one; what it says of the layout holds for its files."""
    blob: str
    """The blob of ``policy``; empty where there is none."""
    rules: tuple[Rule, ...]
    now: int
    unrecorded: tuple[Moved, ...] = ()
    """What has landed, perhaps, and is in no record yet."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one of those who judge says of a push."""

    complaints: tuple[Complaint, ...] = ()
    reasons: tuple[str, ...] = ()
    """For the log."""
    notes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    """Ids of what decided, for the log."""
    change: str = ""
    policy: str = ""
    """The blob of the policy that judged."""
    moved: tuple[Moved, ...] = ()
    """What would land."""


Judge = Callable[[Push], Said]
