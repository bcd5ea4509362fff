"""What there is to import, and the processes that do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from guard.observed import Optionality, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guard.smoke._answers import Answer
    from guard.smoke._control import Slot


@dataclass(frozen=True, slots=True)
class Wanted:
    """One module to import."""

    module: str
    path: str
    optional: Optionality | None


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one run."""

    timeout: float
    deadline: float | None
    output: int
    jobs: int


@dataclass(slots=True)
class Branch:
    """A module, and the modules below it."""

    name: str
    wanted: Wanted | None = None
    below: dict[str, Branch] = field(default_factory=dict)

    def all(self) -> Iterator[Wanted]:
        """Everything asked for in it."""
        if self.wanted is not None:
            yield self.wanted
        for branch in self.below.values():
            yield from branch.all()


def grow(wanted: tuple[Wanted, ...]) -> Branch:
    """The tree of packages; packages that nobody asked for stand in it too."""
    trunk = Branch("")
    if len(wanted) == 1:  # nothing to share: its packages need no processes of their own
        (one,) = wanted
        trunk.below[one.module.partition(".")[0]] = Branch(one.module, one)
        return trunk
    for each in wanted:
        branch = trunk
        for part in each.module.split("."):
            name = f"{branch.name}.{part}" if branch.name else part
            branch = branch.below.setdefault(part, Branch(name))
        branch.wanted = each
    return trunk


@dataclass(slots=True)
class Task:
    """One process to fork: from ``parent``, or a fresh interpreter."""

    name: str
    """What it imports."""
    parent: Process | None
    branch: Branch | None = None
    """What is asked for with it: the module itself, and those below it."""
    extra: tuple[tuple[Branch, tuple[str, ...]], ...] = ()
    """What loads it first, too, and would do so within which others."""
    fresh: bool = False
    claims: list[Claim] = field(default_factory=list)
    """What its answer, if it is the same, confirms."""

    def job(self) -> dict[str, object]:
        """For the probe."""
        below = [] if self.branch is None else [each.name for each in self.branch.below.values()]
        extra = [(branch.name, within) for branch, within in self.extra]
        kind = "fresh" if self.fresh else "node" if below or extra else "leaf"
        return {"kind": kind, "module": self.name, "below": below, "extra": extra}


@dataclass(slots=True)
class Process:
    """A process that runs."""

    task: Task
    slot: Slot
    deadline: float
    ready: bool = False
    killed: Outcome | None = None
    children: int = 0
    """Tasks that wait for it or run below it."""
    before: str = ""
    """What had been written when it was forked."""
    seconds: float = 0.0
    born: str = ""
    """The slot that it was forked for, by which its parent knows it."""

    def __post_init__(self) -> None:
        self.born = self.born or self.slot.name


@dataclass(slots=True)
class Claim:
    """An answer that is believed only when a fresh interpreter gives the same for its cause."""

    branch: Branch
    answer: Answer


def alone(wanted: Wanted) -> Task:
    """A fresh interpreter for one module."""
    return Task(wanted.module, None, Branch(wanted.module, wanted), fresh=True)
