"""Rules over a run of the project's code in, report out. Pure, as ``guard.engine`` is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from guard.engine import INCOMPLETE, ConfiguredRule, Outcome, ask, results_of, unmatched
from guard.model import Finding, Level, Report, RuleResult, Stage, Unjudged, Verdict
from guard.observed import EntryRun, ModuleRun, SmokeRun
from guard.observed import Outcome as Ended
from guard.rule import Project, SmokeRule
from guard.suppress import COMMENTS, Ignores

_WEIGHT = (Level.OFF, Level.WARNING, Level.ERROR)
_SHOWN = 5


def run_smoke(
    run: SmokeRun,
    project: Project,
    rules: Sequence[ConfiguredRule[SmokeRule]],
    stage: Stage = Stage.PULL_REQUEST,
) -> Report:
    """Judge what ``run`` observed of ``project``.

    A finding weighs what its rule says, at most what the policy says of the rule at its place, or
    at the file of one of its victims, whichever is more. An inline ignore at its place covers it.
    A rule that crashes is ``unverified``, and the others still run. So is a run in which nothing
    was imported or started, whose result is not known for some module, or that lacks a shard.
    """
    files = {module.module: module.path for module in run.modules}
    outcomes = [_outcome(run, project, item, stage) for item in rules]
    notes = [*_surroundings(run), *run.notes, *_excluded(run), *_declared(run)]
    notes += unmatched(project, rules)
    for outcome in outcomes:
        outcome.findings = _levelled(outcome, files)
    notes += _ignored(project, outcomes)
    results = [*results_of(outcomes, None, notes), *_incomplete(run)]
    judged: Sequence[ModuleRun | EntryRun] = run.modules or run.entries
    known = sum(item.outcome is not Ended.LOST for item in judged)
    unit = "module" if run.modules or not run.entries else "entry point"
    return Report(run.subject, known, tuple(results), tuple(notes), unit=unit)


def _outcome(
    run: SmokeRun, project: Project, item: ConfiguredRule[SmokeRule], stage: Stage
) -> Outcome:
    try:
        idle = item.rule.idle(run, item.options)
    except (Exception, SystemExit):  # noqa: BLE001 - then it is asked, and crashes again where that is told
        idle = ""
    if idle and not item.off and stage in item.rule.stages:
        return Outcome(item, reason=idle, skipped=True)
    return ask(item, stage, partial(item.rule.check, run, project, item.options))


def _levelled(outcome: Outcome, files: dict[str, str]) -> list[Finding]:
    """The findings with the level that they have; those without one are left out."""
    found = []
    for finding in dict.fromkeys(outcome.findings):
        paths = {finding.place.path, *(files[name] for name in finding.victims if name in files)}
        allowed = max(map(outcome.configured.level_at, paths), key=_WEIGHT.index)
        level = min(finding.level, allowed, key=_WEIGHT.index)
        if level is not Level.OFF:
            found.append(replace(finding, level=level))
    return found


def _ignored(project: Project, outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Take out what the sources ignore, and say how much that was."""
    known = frozenset(project.paths())
    named = {finding.place.path for outcome in outcomes for finding in outcome.findings}
    paths = sorted(named & known)
    comments = project.facts(COMMENTS, paths) if paths else {}
    ignores = Ignores({path: comments[path] for path in sorted(comments) if comments[path]})
    dropped = 0
    for outcome in outcomes:
        kept = [ignores.apply(finding) for finding in outcome.findings]
        outcome.findings = [finding for finding in kept if finding]
        dropped += len(kept) - len(outcome.findings)
    if dropped:
        yield f"{_count(dropped, 'finding')} ignored inline"


def _incomplete(run: SmokeRun) -> Iterator[RuleResult]:
    """What keeps a run from being a proof, whatever the rules say."""
    reasons = []
    lost: list[ModuleRun | EntryRun] = [*run.modules, *run.entries]
    lost = [item for item in lost if item.outcome is Ended.LOST]
    if not run.modules and not run.entries:
        reasons.append("no module was imported and no entry point started: nothing was judged")
    if run.missing_shards:
        numbers = ", ".join(map(str, run.missing_shards))
        reasons.append(f"the report of shard {numbers} of {run.shard[1]} is missing")
    if lost:
        reasons.append(f"{_count(len(lost), 'result')} of {_count(_all(run), 'run')} not known")
    if reasons:
        unjudged = tuple(Unjudged(item.path, _lost(item)) for item in lost)
        yield RuleResult(INCOMPLETE, Verdict.UNVERIFIED, (), unjudged, "; ".join(reasons))


def _all(run: SmokeRun) -> int:
    return len(run.modules) + len(run.entries)


def _lost(item: ModuleRun | EntryRun) -> str:
    what = f"module {item.module}" if isinstance(item, ModuleRun) else f"entry point {item.name}"
    return f"{what}: {item.status or 'the run was stopped before it was over'}"


def _surroundings(run: SmokeRun) -> Iterator[str]:
    version = ".".join(map(str, run.interpreter.version))
    yield f"Python {version} ({run.interpreter.path}, found by: {run.interpreter.how})"
    number, of = run.shard
    if of > 1 and not run.missing_shards:
        yield f"this is shard {number} of {of} alone: merge it with the others"


def _excluded(run: SmokeRun) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for item in run.excluded:
        reasons.setdefault(item.reason, []).append(item.path)
    for reason, paths in reasons.items():
        yield f"not imported, {reason}: {_listed(sorted(paths))}"


def _declared(run: SmokeRun) -> Iterator[str]:
    """What may fail, and did, for the reason that it is declared with."""
    named: list[tuple[str, ModuleRun | EntryRun]] = [(item.module, item) for item in run.modules]
    named += [(f"entry point {item.name}", item) for item in run.entries]
    for name, item in named:
        if item.optional is not None and item.failed_as_declared:
            failure = item.failure
            text = f"{failure.type}: {failure.message}" if failure else item.status
            yield f"{name} failed as declared ({item.optional.reason}): {text}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
