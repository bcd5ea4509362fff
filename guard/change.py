"""What a rule may know of a change: a pull request, a push or a merge group. Frozen values.

A source of facts (``guard.forge``) makes them, change rules read them. They cross process borders
as JSON (``guard.forge.facts``). A fact that a source cannot know is ``Unknown``, with the reason:
neither empty nor false, and a rule that needs it says ``unverified``.

Times are seconds since 1970-01-01 UTC. Revisions and trees are full object names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from guard.model import Held as Held  # noqa: PLC0414 - an explicit re-export
from guard.model import Missing as Missing  # noqa: PLC0414
from guard.model import Place, Verdict

CHANGE = Place("", 0, 0)
"""The place of a finding about the change as a whole, and not about a line of a file."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be had, and why: one phrase for the report."""

    reason: str


NOT_GATHERED = Unknown("the source of the facts does not say")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who wrote, sent, opened or reviewed something; what is not known is empty."""

    name: str = ""
    email: str = ""
    login: str = ""
    """The account on the forge or the server, proven by it. Never taken from a commit."""
    id: int | None = None
    """The numeric id of the account: names can be changed and taken over."""
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Trailer:
    """One trailer of a commit message, as git-interpret-trailers(1) reads it."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit."""

    rev: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    at: int
    """The committer's date: what the commit says, and thus no proof of anything."""
    message: str
    trailers: tuple[Trailer, ...] = ()
    accounts: tuple[Person, ...] = ()
    """The accounts, each with the address that it is known by, of those who made it: what a forge
    vouches for, and not what the commit says."""

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs. ``old`` and ``new`` are blobs, empty where there is no file."""

    path: str
    old: str = ""
    new: str = ""
    added: int | None = None
    """Lines; ``None`` for what is not text."""
    deleted: int | None = None


class Origin(str, Enum):
    """Who made a change."""

    AI = "ai"
    HUMAN = "human"
    """A person who says so, with a declaration."""
    BOT = "bot"
    """A machine that is no AI: dependency updates, releases."""
    UNDECLARED = "undeclared"
    """No sign of an AI, and no word about it."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign of who made a change."""

    tier: str
    """``A`` platform identity, ``B`` git identity, ``C`` trailer, ``D`` branch or text,
    ``P`` the policy's own, ``R`` a record or the tree itself."""
    agent: str
    what: str
    """What was found: the e-mail address, the trailer, the piece of text."""
    where: str
    """``author of 1a2b3c4``, ``branch``, ``body``."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The judgement with all its signals. Any signal may raise a change to AI; none lowers it."""

    origin: Origin
    signals: tuple[Signal, ...] = ()
    declared: str = ""
    """The declaration that the change makes of itself, as written."""
    conflict: str = ""
    """Where declared and detected differ: one sentence."""
    must_declare: bool = False
    """Whether the policy wants a declaration of every change, and this one has none."""
    silent: tuple[str, ...] = ()
    """The commits that declare nothing, where a declaration is wanted."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What lands as one change: a branch that is merged, squashed or pushed.

    A pull request is one unit; a push or a merge group may have several. It brings the commits
    ``base..rev`` to the target; the tree of ``rev`` is what the target then is.
    """

    id: str
    """``#23``, ``refs/heads/topic`` or the revision."""
    base: str
    rev: str
    tree: str
    head: str | Unknown = NOT_GATHERED
    """The commit that reviewers saw."""
    head_tree: str | Unknown = NOT_GATHERED
    faithful: bool | Unknown = NOT_GATHERED
    """Whether merging ``head`` into ``base``, done again here, gives exactly ``tree``."""
    commits: tuple[Commit, ...] | Unknown = NOT_GATHERED
    files: tuple[FileChange, ...] | Unknown = NOT_GATHERED
    provenance: Provenance | Unknown = NOT_GATHERED
    lanes: tuple[str, ...] | Unknown = NOT_GATHERED
    """The lanes that its files belong to."""
    reverts: str = ""
    """The revision on the target whose landing this takes back exactly, and does nothing else."""
    code_owners: tuple[tuple[str, ...], ...] | Unknown = NOT_GATHERED
    """Of each of its files that has code owners, who they are, by the CODEOWNERS of the target:
    ``@login``, ``@org/team`` or an address. Each list is there once."""

    @property
    def is_ai(self) -> bool:
        """Whether it counts as AI. Where that is not known it does: the stricter reading."""
        return isinstance(self.provenance, Unknown) or self.provenance.origin is Origin.AI


class Opinion(str, Enum):
    """What a review says."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"
    DISMISSED = "dismissed"
    COMMENTED = "commented"


@dataclass(frozen=True, slots=True)
class Review:
    """One opinion, bound to the tree that was read."""

    by: Person
    emails: tuple[str, ...] | Unknown
    """All addresses that this person commits with."""
    opinion: Opinion
    tree: str
    head: str
    at: int
    may_write: bool | Unknown = NOT_GATHERED
    """Whether this person may write to the target today."""
    roles: tuple[str, ...] = ()
    """``approver``, ``owner``, ``releaser``: today's."""


@dataclass(frozen=True, slots=True)
class Landing:
    """An AI change that is on the target."""

    base: str
    rev: str
    tree: str
    lanes: tuple[str, ...]
    provenance: Provenance
    seen_at: int | Unknown
    """When the server or the reconciler saw it land. Not the date that the commit claims."""
    reverted_by: str = ""
    """The revision on the target that takes it back exactly."""
    change: str = ""
    """``#23`` or a branch, where that is known."""


class RecordKind(str, Enum):
    """What a record of the lane says."""

    STARTED = "started"
    """The lane begins after ``rev``: what landed before is not its matter."""
    LANDED = "landed"
    """``base..rev`` was seen on the target."""
    RELEASED = "released"
    """``base..rev`` proved sound, was taken back, or a human says so."""
    SETTLED = "settled"
    """Nothing up to ``rev`` is unreleased: later readers begin there."""
    CLEARED = "cleared"
    """A named human says that the change ``rev`` is not an AI's."""


class How(str, Enum):
    """Why something was released."""

    EVIDENCE = "evidence"
    REVERT = "revert"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class LaneEntry:
    """What a record of the lane says."""

    kind: RecordKind
    rev: str
    at: int
    by: str
    """The account that wrote it; for an override the human who answers for it."""
    base: str = ""
    lanes: tuple[str, ...] = ()
    how: How | None = None
    reason: str = ""
    proof: tuple[str, ...] = ()
    """What it rests on: ids of evidence records, the reverting revision."""
    change: str = ""
    """``#23`` or a branch, where that is known."""


@dataclass(frozen=True, slots=True)
class LaneRecord(LaneEntry):
    """One record of the chain ``refs/guard/lane/<target>``."""

    carried: tuple[LaneEntry, ...] = ()
    """Of a checkpoint (started, settled): the older records that still count, so that readers need
    not look behind it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open AI change that wants to land."""

    id: str
    head: str
    lanes: tuple[str, ...]
    ready_since: int | Unknown | None
    """Since when nothing but the lane keeps it; ``None`` where something else does."""
    missing: str = ""
    """What else keeps it."""


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """What decides about a lane: facts of git that cannot change, and the records."""

    target: str
    tip: str
    landings: tuple[Landing, ...]
    """The AI landings since the last settled record, oldest first, released or not."""
    records: tuple[LaneRecord, ...]
    """The chain, oldest first."""
    faults: tuple[str, ...] = ()
    """Why these facts are no ground for a decision: a broken chain, a rewritten target."""
    waiting: tuple[Waiting, ...] | Unknown = NOT_GATHERED
    soak: int = 0
    """How long a landing is watched, in seconds; ``deadline`` and ``turn`` likewise: the policy's.
    """
    deadline: int = 0
    turn: int = 0
    marks: tuple[str, ...] = ()
    """Where landings begin and end on the way from the last settled record's revision to the tip,
    oldest first. A record that speaks of several landings is understood by them."""
    lanes: tuple[str, ...] = ()
    """The names of all lanes."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one check said of one tree, in one environment, under one policy."""

    tree: str
    check: str
    """``check``, ``smoke``, or the name of any other check that someone records."""
    verdict: Verdict
    environment: str
    """The fingerprint: a digest of ``surroundings``."""
    surroundings: tuple[str, ...]
    """What the fingerprint is made of, ``name=value``, sorted: interpreter, lock file or installed
    distributions, platform."""
    policy: str
    """The blob of the policy; empty where there is none."""
    tool: str
    at: int
    where: str = ""
    rev: str = ""


class State(str, Enum):
    """How a deployment does."""

    STARTED = "started"
    HEALTHY = "healthy"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is known of a revision in an environment, from some time on."""

    environment: str
    rev: str
    tree: str
    state: State
    at: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class OpenChange:
    """Another change that is open for the same target."""

    id: str
    origin: Origin
    by: Person


@dataclass(frozen=True, slots=True)
class Rollback:
    """What came of taking the change back, on the merge result, in a dry run."""

    applies: bool
    conflicts: tuple[str, ...] = ()
    """The paths where it does not apply."""
    worse: tuple[str, ...] = ()
    """What a check says of the reverted tree and did not say of the base."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the target's own checks say of a tree: nothing where all is well."""

    tree: str
    broken: tuple[str, ...] = ()
    """Each fault in a line: place, rule, message."""


@dataclass(frozen=True, slots=True)
class PolicyEdit:
    """What the change does to that which judges it."""

    touched: tuple[str, ...] = ()
    """The paths of policy, hooks, workflows, pins that it changes."""
    weaker: tuple[str, ...] = ()
    """What is weaker afterwards, each in words, with the path first."""


@dataclass(frozen=True, slots=True)
class Change:
    """All that is known of a change. What no source said is ``Unknown``."""

    id: str
    target: str
    """The branch, without ``refs/heads/``."""
    base: str
    """The target's tip; empty where the target does not exist yet."""
    rev: str
    """What the target shall become: the merge result, the pushed commit, the group's head."""
    now: int
    """The clock, from outside."""
    units: tuple[Unit, ...] | Unknown = NOT_GATHERED
    """What would land, oldest first."""
    base_tree: str | Unknown = NOT_GATHERED
    result_tree: str | Unknown = NOT_GATHERED
    title: str | Unknown = NOT_GATHERED
    body: str | Unknown = NOT_GATHERED
    branch: str | Unknown = NOT_GATHERED
    opener: Person | Unknown = NOT_GATHERED
    """Who opened it, or first sent its commits to the server."""
    pusher: Person | Unknown = NOT_GATHERED
    """Who asks for it to land now."""
    requesters: tuple[Person, ...] = ()
    """Accounts that are known to have asked an agent for it; empty where none is known."""
    labels: tuple[str, ...] | Unknown = NOT_GATHERED
    reviews: tuple[Review, ...] | Unknown = NOT_GATHERED
    others: tuple[OpenChange, ...] | Unknown = NOT_GATHERED
    lane: LaneFacts | Unknown = NOT_GATHERED
    evidence: tuple[Evidence, ...] | Unknown = NOT_GATHERED
    """Of the target's tree and of the resulting one."""
    deployments: tuple[Deployment, ...] | Unknown = NOT_GATHERED
    """Oldest first."""
    promotes_to: str = ""
    """The environment that this is a deployment to; empty for a change to a branch."""
    rollback: Rollback | Unknown = NOT_GATHERED
    target_health: Health | Unknown = NOT_GATHERED
    result_health: Health | Unknown = NOT_GATHERED
    policy_edit: PolicyEdit | Unknown = NOT_GATHERED
    policy: str | Unknown = NOT_GATHERED
    """The blob of the policy that judges: the target's, never the change's own."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a door said, for the log."""

    target: str
    change: str
    base: str
    rev: str
    door: str
    verdict: Verdict
    reasons: tuple[str, ...]
    """``rule: verdict: message``, without anything that the decision did not use."""
    policy: str
    by: str
    at: int
    inputs: tuple[str, ...] = field(default=())
    """Ids of what decided: trees, records, reviews."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A branch came to the server: who sent which commit first."""

    ref: str
    rev: str
    by: str
    at: int
    origin: Origin
