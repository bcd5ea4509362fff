"""One run over several machines: who imports which modules, and all of it together again.

A shard knows nothing of the others. So the split must come out the same on every machine, and each
report carries the plan that it was part of: merging them proves that no module was lost between
two of them, whatever the machines were given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain

from guard.errors import GuardError, UsageError
from guard.observed import SmokeRun

MOST = 1000
_FINENESS = 4
"""A package of more than this part of a shard is cut: so no shard is that much over its share."""


class Unmergeable(GuardError):
    """The reports do not make up one whole run."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """Which shard, counted from 1, does what. The keys of both together are the whole selection."""

    of: int
    modules: Mapping[str, int]
    entries: Mapping[str, int]

    @property
    def digest(self) -> str:
        """The same for the same plan, on every machine."""
        lines = [f"shards {self.of}"]
        lines += [f"module {name} {shard}" for name, shard in sorted(self.modules.items())]
        lines += [f"entry {name} {shard}" for name, shard in sorted(self.entries.items())]
        text = "\n".join(lines).encode("utf-8", "surrogateescape")
        return blake2b(text, digest_size=16).hexdigest()


def parse_shard(text: str) -> tuple[int, int]:
    """``2/3`` as ``(2, 3)``. Raises ``UsageError``."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", text, re.ASCII)
    if match is not None:
        shard, of = int(match[1]), int(match[2])
        if shard <= of <= MOST:
            return shard, of
    raise UsageError(f"not a shard: {text!r}; write 2/3 for the second of three")


def plan(
    modules: Iterable[str], entries: Iterable[str], of: int, seconds: Mapping[str, float]
) -> Plan:
    """Each module and entry point in exactly one of ``of`` shards.

    The modules of a package stay together, for they share most of their imports; a package that is
    too large for that is cut. ``seconds`` are the recorded durations; a module without one counts
    as the median of those that have one.
    """
    weights = _weights(sorted(set(modules)), seconds)
    room = sum(weights.values()) // (of * _FINENESS)
    units = list(chain.from_iterable(_cut(group, weights, room) for group in _groups(weights)))
    # The heaviest first, each to the shard with the least to do.
    units.sort(key=lambda unit: (-sum(weights[name] for name in unit), unit))
    loads = [0] * of
    found: dict[str, int] = {}
    for unit in units:
        least = loads.index(min(loads))
        loads[least] += sum(weights[name] for name in unit)
        found.update(dict.fromkeys(unit, least + 1))
    # Entry points take as long as they take: they begin where the least modules are.
    order = sorted(range(of), key=lambda shard: (loads[shard], shard))
    started = {name: order[at % of] + 1 for at, name in enumerate(sorted(set(entries)))}
    return Plan(of, found, started)


def _weights(modules: Sequence[str], seconds: Mapping[str, float]) -> dict[str, int]:
    """Whole microseconds: sums of them are the same in every order."""
    known = {
        name: max(1, round(seconds[name] * 1e6)) for name in modules if seconds.get(name, -1) >= 0
    }
    usual = sorted(known.values())[len(known) // 2] if known else 1_000_000
    return {name: known.get(name, usual) for name in modules}


def _groups(modules: Iterable[str]) -> list[tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for name in modules:
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    return [tuple(sorted(group)) for group in groups.values()]


def _cut(group: tuple[str, ...], weights: Mapping[str, int], room: int) -> list[tuple[str, ...]]:
    """Runs of neighbours that are not over ``room``, except for a single module that is."""
    parts: list[tuple[str, ...]] = []
    part: list[str] = []
    load = 0
    for name in group:
        if part and load + weights[name] > room:
            parts.append(tuple(part))
            part, load = [], 0
        part.append(name)
        load += weights[name]
    return [*parts, tuple(part)]


def durations(run: SmokeRun) -> dict[str, float]:
    """What each module took, for the next plan."""
    return {module.module: module.seconds for module in run.modules}


def merge(reports: Sequence[tuple[str, SmokeRun]]) -> SmokeRun:
    """The whole run out of ``(name, report)`` of every shard.

    Raises ``Unmergeable`` where one is missing or doubled, is of another subject, tree, interpreter
    or plan, or does not hold what the plan gave it; the message names it.
    """
    if not reports:
        raise Unmergeable("no report to merge")
    (first, model), *_ = reports
    of = model.shard[1]
    by_shard: dict[int, str] = {}
    for name, run in reports:
        for what, mine, theirs in _compared(run, model):
            if mine != theirs:
                raise Unmergeable(f"{name} is of another {what} than {first}: {mine} and {theirs}")
        shard = run.shard[0]
        if shard in by_shard:
            raise Unmergeable(f"{by_shard[shard]} and {name} are both shard {shard} of {of}")
        by_shard[shard] = name
    missing = sorted(set(range(1, of + 1)) - by_shard.keys())
    if missing:
        raise Unmergeable(f"missing: shard {', '.join(map(str, missing))} of {of}")
    runs = [run for _, run in sorted(reports, key=lambda report: report[1].shard[0])]
    _held_to_plan(runs, of)
    return replace(
        model,
        modules=tuple(sorted((m for run in runs for m in run.modules), key=lambda m: m.module)),
        entries=tuple(sorted((e for run in runs for e in run.entries), key=lambda e: e.name)),
        excluded=tuple(dict.fromkeys(item for run in runs for item in run.excluded)),
        notes=(*_notes(runs), *_apart(runs)),
        requirements=tuple(dict.fromkeys(item for run in runs for item in run.requirements)),
        distributions=tuple(sorted({item for run in runs for item in run.distributions})),
        shard=(1, 1),
        plan="",
    )


def _compared(run: SmokeRun, model: SmokeRun) -> Iterable[tuple[str, object, object]]:
    versions = [".".join(map(str, each.interpreter.version)) for each in (run, model)]
    yield "subject", run.subject, model.subject
    yield "interpreter", f"Python {versions[0]}", f"Python {versions[1]}"
    yield "number of shards", run.shard[1], model.shard[1]
    yield "tree", run.tree or "unknown", model.tree or "unknown"
    # Other durations, another --exclude or another --since: then modules may fall between two.
    yield "plan (modules, options and durations)", run.plan, model.plan


def _held_to_plan(runs: Sequence[SmokeRun], of: int) -> None:
    modules = [(module.module, run.shard[0]) for run in runs for module in run.modules]
    entries = [(entry.name, run.shard[0]) for run in runs for entry in run.entries]
    done = Plan(of, dict(modules), dict(entries))
    twice = len(done.modules) < len(modules) or len(done.entries) < len(entries)
    if twice or done.digest != runs[0].plan:
        raise Unmergeable("the reports together do not hold each module of their plan once")


def _notes(runs: Sequence[SmokeRun]) -> tuple[str, ...]:
    """What all say once; what only some say with their number."""
    said: dict[str, list[int]] = {}
    for run in runs:
        for note in dict.fromkeys(run.notes):
            said.setdefault(note, []).append(run.shard[0])
    return tuple(
        note if len(shards) == len(runs) else f"shard {', '.join(map(str, shards))}: {note}"
        for note, shards in said.items()
    )


def _apart(runs: Sequence[SmokeRun]) -> tuple[str, ...]:
    """What the machines have not in common: a failure may lie there."""
    everywhere = set.intersection(*(set(run.distributions) for run in runs))
    somewhere = set().union(*(run.distributions for run in runs)) - everywhere
    names = sorted({distribution for _, distribution in somewhere})
    if not names:
        return ()
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (f"not installed in every shard's environment: {', '.join(names[:5])}{more}",)
