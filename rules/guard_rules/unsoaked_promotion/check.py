"""The check: what is deployed has been healthy in the environment before, for long enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard.change import Change, Deployment, State, Unknown
from guard.model import Finding, Held, Missing
from guard_rules._changes.words import about, lacks, listed, short, units_of
from guard_rules.unsoaked_promotion import Options

Answers = Iterator[Finding | Held | Missing]


def findings(rule: str, change: Change, options: Options) -> Answers:
    """What keeps ``change.rev`` from being deployed to ``change.promotes_to``."""
    to = change.promotes_to
    if to in (options.from_, *options.free):
        return
    if to not in options.to:
        known = listed([options.from_, *options.to, *options.free], 20)
        message = f"the policy does not know the environment {to!r}; it knows {known}"
        fix = f"Name {to} in the options of {rule}: under to, or under free if it wants no proof."
        yield about(rule, to, message, fix)
        return
    if isinstance(change.deployments, Unknown):
        fix = "Record each with `guard deployment record`."
        yield lacks("deployments", change.deployments, fix)
        return
    yield from _soaked(rule, change, change.deployments, options)
    there = [each for each in change.deployments if each.environment == to]
    yield from _alone(rule, change, there)


def _soaked(
    rule: str, change: Change, deployments: Sequence[Deployment], options: Options
) -> Answers:
    stretch = _stretch(change, [each for each in deployments if each.environment == options.from_])
    where, what = options.from_, f"revision {short(change.rev)}"
    fix = f"Deploy it to {where}, and record there that it is healthy."
    if stretch is None:
        if isinstance(change.result_tree, Unknown):  # it may have been there by another name
            yield lacks("result_tree", change.result_tree)
        else:
            yield about(rule, where, f"{what} has not been in {where}", fix)
    elif stretch.state is not State.HEALTHY:
        message = f"{what} is not healthy in {where}: the newest record says {stretch.state.value}"
        yield about(rule, where, message, fix)
    elif stretch.seconds < options.soak:
        soak = f"the {options.soak} of {where}"
        if stretch.over:
            message = (
                f"{what} was healthy in {where} for {stretch.seconds} s, less than {soak}, before "
                f"{short(stretch.over)} took its place"
            )
            yield about(rule, where, message, fix)
        else:
            until = stretch.since + options.soak
            yield Held(f"{what} has been healthy for less than {soak}", short(change.rev), until)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The last time that a revision was in an environment."""

    state: State
    since: int
    """Since when the records say ``state``, by the latest clock that had been seen."""
    seconds: int
    over: str
    """The revision that took its place."""


def _stretch(change: Change, records: Sequence[Deployment]) -> _Stretch | None:
    """From the records of one environment, the oldest first. A clock may jump back in them."""
    found: _Stretch | None = None
    clock = 0
    for each in records:
        clock = max(clock, each.at)
        if _is(change, each):
            goes_on = found and not found.over and found.state is each.state is State.HEALTHY
            since = found.since if found and goes_on else clock
            found = _Stretch(each.state, since, 0, "")
        elif found and not found.over:
            found = _Stretch(found.state, found.since, clock - found.since, each.rev)
    if found and not found.over:
        return _Stretch(found.state, found.since, max(change.now - found.since, 0), "")
    return found


def _is(change: Change, deployment: Deployment) -> bool:
    """The same revision, or another one with the same tree: what was proven is the content."""
    return deployment.rev == change.rev or deployment.tree == change.result_tree


def _alone(rule: str, change: Change, there: Sequence[Deployment]) -> Answers:
    """One at a time: what is new there has one AI change at most, and nothing is under way."""
    to = change.promotes_to
    running = there[-1] if there else None
    if running and running.state is State.STARTED and not _is(change, running):
        yield Held(f"{to} is taking revision {short(running.rev)}", short(running.rev))
        return
    units = units_of(change)
    if isinstance(units, Missing):
        yield units
        return
    deployed = _deployed(there)
    if units and deployed and units[0].base != deployed.rev:
        reason = f"they begin at {short(units[0].base)}, and {to} has {short(deployed.rev)}"
        yield Missing("units", reason)
        return
    ai = [unit.id for unit in units if unit.is_ai]
    if len(ai) > 1:
        message = f"{len(ai)} AI changes at once are new to {to}: {listed(ai)}"
        fix = f"Deploy the revision of {ai[0]} first, and the next one when that has proven sound."
        yield about(rule, to, message, fix)


def _deployed(there: Sequence[Deployment]) -> Deployment | None:
    """What the environment runs: the last that was healthy there, whatever failed since."""
    healthy = [each for each in there if each.state is State.HEALTHY]
    return healthy[-1] if healthy else None
