"""What ``guard smoke`` was asked for, and what that and the policy make of it together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from guard.cli._session import RuleChoice
from guard.cli._subject import Wanted
from guard.config.smoke import ExcludePolicy, SmokePolicy
from guard.model import Stage

BY_OPTION = "left out by --exclude"


@dataclass(frozen=True, slots=True)
class HowToRun:
    """Options that stand above the policy; ``None`` where the policy has its say."""

    python: str | None = None
    timeout: float | None = None
    jobs: int | None = None
    exclude: tuple[str, ...] = ()
    fresh: bool = False
    """A process of its own for each module, never a fork."""


@dataclass(frozen=True, slots=True)
class Shards:
    """One part of a run that is spread over machines, or all parts put together again."""

    shard: tuple[int, int] | None = None
    durations: str | None = None
    """An earlier record, to balance by."""
    merge: tuple[str, ...] = ()
    """The records of all shards."""
    record: str | None = None
    """Where this run's record goes."""


@dataclass(frozen=True, slots=True)
class SmokeRequest:
    """The command line, apart from the form of the output."""

    named: tuple[str, ...] = ()
    """Modules, files and folders."""
    wanted: Wanted = field(default_factory=Wanted)
    modules: bool = True
    entries: bool | None = None
    """Whether to start the entry points; ``None``: where the whole project is meant."""
    stage: Stage | None = None
    config: str | None = None
    rules: RuleChoice = field(default_factory=RuleChoice)
    how: HowToRun = field(default_factory=HowToRun)
    shards: Shards = field(default_factory=Shards)


def settled(policy: SmokePolicy | None, how: HowToRun) -> SmokePolicy:
    """The policy with the options in place."""
    base = policy or SmokePolicy()
    by_option = (ExcludePolicy(how.exclude, BY_OPTION),) if how.exclude else ()
    return replace(
        base,
        timeout=how.timeout or base.timeout,
        jobs=how.jobs or base.jobs,
        exclude=(*by_option, *base.exclude),
    )
