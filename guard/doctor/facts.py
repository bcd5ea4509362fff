"""The facts that the checks of ``guard doctor`` judge: frozen, and nothing beyond the data.

Lines count from 1; 0 stands for the file as a whole. What could not be had is ``Unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass

from guard.change import Unknown
from guard.codeowners import Owners
from guard.config import Policy
from guard.model import Unjudged

JUDGED = ("pull_request", "pull_request_target", "merge_group")
"""The events at which a change is judged."""
AT_PULL_REQUEST = JUDGED[:2]
JUDGES = frozenset({"check", "smoke", "gate"})
"""The commands that judge a change; ``reconcile`` moves the lane on."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a token may do. ``everything`` is ``read-all`` or ``write-all``, where one is given."""

    line: int
    everything: str = ""
    scopes: tuple[tuple[str, str], ...] = ()

    @property
    def writes(self) -> tuple[str, ...]:
        """The scopes that it may write."""
        if self.everything:
            return ("everything",) if self.everything == "write-all" else ()
        return tuple(scope for scope, access in self.scopes if access == "write")


@dataclass(frozen=True, slots=True)
class Event:
    """A trigger of a workflow with its filters; ``None`` where there is no such filter."""

    name: str
    line: int
    types: tuple[str, ...] | None = None
    branches: tuple[str, ...] | None = None
    ignored: tuple[str, ...] | None = None
    """``branches-ignore``."""
    paths: int = 0
    """The line of ``paths`` or ``paths-ignore``."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job. ``runs`` are the commands of the guard that it starts."""

    line: int
    uses: str = ""
    run: str = ""
    given: tuple[tuple[str, str], ...] = ()
    """What stands under ``with``."""
    env: str = ""
    """The values of its variables, those of the job and of the workflow, a line each."""
    condition: str = ""
    ignores: str = ""
    """``continue-on-error`` as written."""
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a workflow. ``name`` is the name of its check run, perhaps with expressions."""

    id: str
    line: int
    name: str
    condition: str = ""
    needs: tuple[str, ...] = ()
    ignores: str = ""
    permissions: Permissions | None = None
    steps: tuple[Step, ...] = ()
    uses: str = ""
    """The reusable workflow that it calls."""
    runs: tuple[str, ...] = ()
    """The commands of the guard that its steps, or the workflow that it calls, start."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A file in ``.github/workflows``."""

    path: str
    events: tuple[Event, ...]
    jobs: tuple[Job, ...]
    permissions: Permissions | None = None

    def event(self, name: str) -> Event | None:
        """The trigger of that name."""
        return next((event for event in self.events if event.name == name), None)

    def on(self, *names: str) -> bool:
        """Whether one of these events triggers it."""
        return any(event.name in names for event in self.events)

    def allowed(self, job: Job) -> Permissions | None:
        """What the token of a job may do; ``None`` where the repository's default decides."""
        return job.permissions if job.permissions is not None else self.permissions


@dataclass(frozen=True, slots=True)
class Hook:
    """A pre-commit hook that runs the guard, as the configuration and the manifest have it."""

    line: int
    id: str
    stages: tuple[str, ...]
    """Empty for all stages."""
    always: bool
    files: str = ""
    exclude: str = "^$"
    types: tuple[str, ...] = ("file",)
    types_or: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hooks:
    """The guard's hooks in ``.pre-commit-config.yaml``, and what holds for all hooks."""

    path: str
    hooks: tuple[Hook, ...]
    installed: tuple[str, ...]
    """``default_install_hook_types``: what a plain ``pre-commit install`` installs."""
    files: str = ""
    exclude: str = "^$"


@dataclass(frozen=True, slots=True)
class Checkout:
    """What the repository holds at its top."""

    paths: tuple[str, ...]
    targets: tuple[str, ...]
    """The protected branches, as the policy or the command line names them; may be empty."""
    workflows: tuple[Workflow, ...] = ()
    policy: Policy | None = None
    problem: str = ""
    """Why the policy cannot be read; empty also where there is none."""
    owners: Owners | None = None
    hooks: Hooks | None = None
    unjudged: tuple[Unjudged, ...] = ()

    def guarding(self, *commands: str) -> tuple[tuple[Workflow, Job], ...]:
        """The jobs that run one of these commands, or any that judges, with their workflows."""
        wanted = frozenset(commands) or JUDGES
        return tuple(
            (flow, job) for flow in self.workflows for job in flow.jobs if wanted & set(job.runs)
        )


@dataclass(frozen=True, slots=True)
class Required:
    """A required check. ``app`` is the id of the app that must report it, ``None`` for any."""

    context: str
    app: int | None
    via: str


@dataclass(frozen=True, slots=True)
class Bypass:
    """Who need not obey, and when (``always``, ``pull_request``, ``exempt``)."""

    who: str
    mode: str
    is_admin: bool
    via: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A merge queue. ``most`` is the size of a group."""

    method: str
    strategy: str
    most: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What the active rulesets say of a branch."""

    kinds: frozenset[str] = frozenset()
    """The types of the rules: ``pull_request``, ``non_fast_forward`` ..."""
    required: tuple[Required, ...] = ()
    strict: bool = False
    dismisses: bool = False
    """Stale reviews are dismissed on a push."""
    bypass: tuple[Bypass, ...] = ()
    unread: tuple[str, ...] = ()
    """The rulesets that do not show who may bypass them."""


@dataclass(frozen=True, slots=True)
class Protection:
    """What the branch protection says, GitHub's older way."""

    required: tuple[Required, ...] = ()
    strict: bool = False
    reviewed: bool = False
    """A pull request is required."""
    dismisses: bool = False
    admins: bool = False
    """Administrators are held too."""
    restricted: bool = False
    """Only some may push."""
    force: bool = False
    delete: bool = False
    bypass: tuple[Bypass, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A protected branch as GitHub is set. ``protection`` is ``None`` where there is none."""

    name: str
    rules: Rules | Unknown
    protection: Protection | Unknown | None
    queue: Queue | Unknown | None


@dataclass(frozen=True, slots=True)
class Actions:
    """The settings of GitHub Actions."""

    enabled: bool | Unknown
    writes: bool | Unknown
    """The token may write where a workflow does not say what it may."""
    approves: bool | Unknown
    """Workflows may approve pull requests."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What GitHub is set to, for one repository."""

    repository: str
    branches: tuple[Branch, ...]
    actions: Actions
