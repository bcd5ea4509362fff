"""Rules in, report out. Pure: it reads the project that it is handed, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar

from guard._tell import unsure
from guard.baseline import STALE_ENTRY, Baseline
from guard.errors import GuardError, Unreadable
from guard.globs import Globs
from guard.model import Finding, Level, Report, RuleResult, Stage, Unjudged, Verdict
from guard.rule import Project, Rule, SourceRule
from guard.suppress import COMMENTS, INLINE_IGNORE, Ignores

OWN_RULES: tuple[SourceRule, ...] = (INLINE_IGNORE, STALE_ENTRY)
"""The rules that the engine itself applies, after all others."""

UNREADABLE = "unreadable-file"
EMPTY = "empty-selection"
INCOMPLETE = "incomplete-run"
"""Of a run of the project's code that is no proof, whatever the rules say of it."""
RESERVED = frozenset({UNREADABLE, EMPTY, INCOMPLETE, *(rule.id for rule in OWN_RULES)})
"""Ids that no plugin may use: results of the engine have them."""

Selected = Callable[[str], bool]

R_co = TypeVar("R_co", bound=Rule, covariant=True)


@dataclass(frozen=True, slots=True)
class PathLevel:
    """A level for the paths that ``globs`` covers."""

    globs: Globs
    level: Level


@dataclass(frozen=True, slots=True)
class ConfiguredRule(Generic[R_co]):
    """A rule with what the policy says of it."""

    rule: R_co
    level: Level
    options: Any
    per_path: tuple[PathLevel, ...] = ()

    def level_at(self, path: str) -> Level:
        """The level of a finding at ``path``: the last entry that matches wins."""
        for entry in reversed(self.per_path):
            if entry.globs.matches(path):
                return entry.level
        return self.level

    @property
    def off(self) -> bool:
        """Whether no path can have a finding."""
        return self.level is Level.OFF and all(entry.level is Level.OFF for entry in self.per_path)


@dataclass
class Outcome:
    """What one rule said, before levels, ignores and baseline."""

    configured: ConfiguredRule[Rule]
    findings: list[Finding] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)
    reason: str = ""
    skipped: bool = False

    def judged(self, path: str) -> bool:
        """Whether silence about ``path`` means that there is nothing."""
        return not (
            self.skipped
            or self.reason
            or self.configured.level_at(path) is Level.OFF
            or any(item.path == path for item in self.unjudged)
        )


def run(
    project: Project,
    rules: Sequence[ConfiguredRule[SourceRule]],
    *,
    stage: Stage = Stage.PULL_REQUEST,
    baseline: Baseline | None = None,
    selected: Selected | None = None,
    known: Iterable[str] = (),
) -> Report:
    """Judge ``project``.

    Every rule sees the whole project; ``selected`` then says of which paths the report speaks: a
    finding counts when its place, one of its uses or its guard is on such a path. Findings that an
    inline ignore or the ``baseline`` covers are left out. A rule that crashes is ``unverified``
    with the reason (its traceback follows after the first line), and the others still run.
    ``known`` are ids of rules that exist but are not among ``rules``: an ignore may name them.
    """
    paths = [path for path in project.paths() if selected is None or selected(path)]
    if not paths:
        what = "no Python file is selected" if selected else "there is no Python file"
        reason = f"{what} in the {project.label}: nothing was judged"
        notes: list[str] = []
        faults = _unreadable(project.unreadable(), selected, notes)
        empty = RuleResult(EMPTY, Verdict.UNVERIFIED, reason=reason)
        return Report(project.label, 0, (empty, *faults), tuple(notes))
    own = {rule.id for rule in OWN_RULES}
    source = [item for item in rules if item.rule.id not in own]
    outcomes = {
        item.rule.id: ask(item, stage, partial(item.rule.check, project, item.options))
        for item in source
    }
    notes = [*unmatched(project, rules)]
    for item in rules:
        if item.rule.id in own:
            reason = _not_needed(item, baseline, outcomes.values())
            outcomes[item.rule.id] = Outcome(item, reason=reason, skipped=bool(reason))
    finish = _Finish(project, outcomes, notes)
    finish.ignores({*outcomes, *known})
    finish.baseline(baseline)
    results = [*results_of(outcomes.values(), selected, notes)]
    results += _unreadable(finish.unreadable, selected, notes)
    return Report(project.label, len(paths), tuple(results), tuple(notes))


def subtract(head: Report, base: Report) -> Report:
    """``head`` without what ``base`` has too: what the change between them causes.

    Findings are the same when their id is (as often as ``base`` has it); files that could not be
    judged when path and reason are. A rule that crashed stays unverified.
    """
    known = Counter(finding.id for finding in base.findings)
    faults = {
        (result.rule, item.path, item.reason) for result in base.results for item in result.unjudged
    }
    results = []
    for result in head.results:
        findings = []
        for finding in result.findings:
            if known[finding.id]:
                known[finding.id] -= 1
            else:
                findings.append(finding)
        unjudged = tuple(
            item for item in result.unjudged if (result.rule, item.path, item.reason) not in faults
        )
        if result.rule == UNREADABLE and not unjudged:
            continue  # its reason speaks of files that the base could not read either
        verdict, reason = result.verdict, result.reason
        if reason == _doubt(result.unjudged):
            reason = _doubt(unjudged)
        if verdict in (Verdict.FAIL, Verdict.UNVERIFIED):
            verdict = _verdict(findings, bool(unjudged or reason))
        results.append(RuleResult(result.rule, verdict, tuple(findings), unjudged, reason))
    return replace(head, results=tuple(results))


def ask(
    item: ConfiguredRule[Rule], stage: Stage, check: Callable[[], Iterable[Finding | Unjudged]]
) -> Outcome:
    """What a rule says, by ``check``; whatever it raises becomes a reason, and is no pass."""
    outcome = Outcome(item)
    rule = item.rule
    if item.off:
        outcome.skipped, outcome.reason = True, "its level is off"
        return outcome
    if stage not in rule.stages:
        outcome.skipped, outcome.reason = True, f"it does not run at {stage.value}"
        return outcome
    try:
        for said in check():
            _take(outcome, said)
    except Unreadable as error:
        outcome.unjudged.append(Unjudged(error.path, error.reason))
    except GuardError as error:
        outcome.reason = str(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - sys.exit(0) must not pass for a pass
        outcome.reason = _crash(rule.id, error)
    if outcome.reason:
        unsure(outcome.reason)
    return outcome


def _take(outcome: Outcome, said: object) -> None:
    rule = outcome.configured.rule.id
    if isinstance(said, Unjudged):
        outcome.unjudged.append(said)
    elif isinstance(said, Finding) and said.rule == rule:
        outcome.findings.append(said)
    elif isinstance(said, Finding):
        raise TypeError(f"it returned a finding of rule {said.rule!r}")
    else:
        raise TypeError(f"it returned {said!r:.80}, neither a Finding nor an Unjudged")


def _crash(rule: str, error: BaseException) -> str:
    import traceback

    path = getattr(error, "path", None)
    where = f" at {path}" if isinstance(path, str) else ""
    notes = "; ".join(getattr(error, "__notes__", ()))
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    head = f"the rule {rule} crashed{where}: {text}" + (f" ({notes})" if notes else "")
    trace = "".join(traceback.format_exception(error))
    return f"{head}\n{trace}"


def _not_needed(
    item: ConfiguredRule[Rule], baseline: Baseline | None, others: Iterable[Outcome]
) -> str:
    if item.off:
        return "its level is off"
    if item.rule is STALE_ENTRY and baseline is None:
        return "there is no baseline"
    if all(other.skipped for other in others if other.configured.rule not in OWN_RULES):
        # Otherwise it would pass, and with it a run in which nothing was judged.
        return "no other rule ran"
    return ""


def unmatched(project: Project, rules: Sequence[ConfiguredRule[Rule]]) -> Iterable[str]:
    """A note for each pattern of the policy that covers no file."""
    patterns = {entry.globs.patterns: entry.globs for item in rules for entry in item.per_path}
    for names in patterns:
        for name in names:
            one = Globs((name,))
            if not any(one.matches(path) for path in project.paths()):
                yield f"the per-path pattern {name!r} matches no file"


@dataclass
class _Finish:
    """The steps after the rules, each on all outcomes."""

    project: Project
    outcomes: dict[str, Outcome]
    notes: list[str]
    unreadable: dict[str, str] = field(default_factory=dict)

    def ignores(self, known: Iterable[str]) -> None:
        """Levels, then inline ignores, which may name the ``known`` rules."""
        for outcome in self.outcomes.values():
            outcome.findings = _levelled(outcome)
        own = self.outcomes.get(INLINE_IGNORE.id)
        paths = None
        if own is None or own.skipped:
            found = [finding for outcome in self.outcomes.values() for finding in outcome.findings]
            paths = sorted({place for finding in found for place in _paths(finding)})
        comments = self.project.facts(COMMENTS, paths)
        # Now that every file was asked for, and before the baseline asks for files that are gone.
        self.unreadable.update(self.project.unreadable())
        ignores = Ignores({path: comments[path] for path in sorted(comments) if comments[path]})
        dropped = 0
        for outcome in self.outcomes.values():
            kept = [ignores.apply(finding) for finding in outcome.findings]
            outcome.findings = [finding for finding in kept if finding]
            dropped += len(kept) - len(outcome.findings)
        if dropped:
            self.notes.append(f"{_count(dropped, 'finding')} ignored inline")
        if own is not None and not own.skipped:
            own.findings.extend(ignores.findings(known, self._judged))
            own.findings = _levelled(own)

    def baseline(self, baseline: Baseline | None) -> None:
        """Take out what the baseline accepts, then judge the baseline itself."""
        if baseline is None:
            return
        found = [finding for outcome in self.outcomes.values() for finding in outcome.findings]
        new, matched = baseline.split(sorted(found, key=lambda item: (item.place.line, item.id)))
        fresh = {id(finding) for finding in new}
        for outcome in self.outcomes.values():
            outcome.findings = [item for item in outcome.findings if id(item) in fresh]
        if matched:
            count = _count(matched.total(), "finding")
            self.notes.append(f"{count} accepted by {baseline.path}")
        own = self.outcomes.get(STALE_ENTRY.id)
        if own is not None and not own.skipped:
            own.findings.extend(baseline.stale(matched, self._judged_or_gone))
            own.findings = _levelled(own)

    def _judged(self, rule: str, path: str) -> bool:
        outcome = self.outcomes.get(rule)
        return outcome is not None and outcome.judged(path) and path not in self.unreadable

    def _judged_or_gone(self, rule: str, path: str) -> bool:
        return self._judged(rule, path) and (path in self._paths() or self._gone(path))

    def _paths(self) -> frozenset[str]:
        return self.project.shared("guard.engine.paths", lambda: frozenset(self.project.paths()))

    def _gone(self, path: str) -> bool:
        # A path that the policy leaves out is there all the same, and was not judged.
        try:
            self.project.read(path)
        except Unreadable:
            return True
        return False


def _levelled(outcome: Outcome) -> list[Finding]:
    unique = dict.fromkeys(outcome.findings)
    levels = ((item, outcome.configured.level_at(item.place.path)) for item in unique)
    return [replace(item, level=level) for item, level in levels if level is not Level.OFF]


def _paths(finding: Finding) -> set[str]:
    places = [finding.place, *(use.place for use in finding.uses)]
    return {place.path for place in places}


def results_of(
    outcomes: Iterable[Outcome], selected: Selected | None, notes: list[str]
) -> Iterable[RuleResult]:
    """The verdict of each rule on what is ``selected``."""
    for outcome in outcomes:
        rule = outcome.configured.rule.id
        if outcome.skipped:
            yield RuleResult(rule, Verdict.SKIPPED, reason=outcome.reason)
            continue
        findings = [item for item in outcome.findings if _wanted(item, selected)]
        findings.sort(key=lambda item: (item.place.path, item.place.line, item.place.column))
        level_at = outcome.configured.level_at
        on = [item for item in outcome.unjudged if level_at(item.path) is not Level.OFF]
        unjudged = _keep_unjudged(list(dict.fromkeys(on)), selected, notes)
        verdict = _verdict(findings, bool(unjudged or outcome.reason))
        reason = outcome.reason
        if verdict is Verdict.UNVERIFIED and not reason:
            reason = _doubt(unjudged)
        yield RuleResult(rule, verdict, tuple(findings), unjudged, reason)


def _unreadable(
    reasons: Mapping[str, str], selected: Selected | None, notes: list[str]
) -> list[RuleResult]:
    items = [Unjudged(path, reason) for path, reason in sorted(reasons.items())]
    faults = _keep_unjudged(items, selected, notes)
    if not faults:
        return []
    reason = f"{_count(len(faults), 'file')} could not be read or judged"
    return [RuleResult(UNREADABLE, Verdict.UNVERIFIED, (), faults, reason)]


def _verdict(findings: Iterable[Finding], doubt: bool) -> Verdict:
    if any(finding.level is Level.ERROR for finding in findings):
        return Verdict.FAIL
    return Verdict.UNVERIFIED if doubt else Verdict.PASS


def _doubt(unjudged: Sequence[Unjudged]) -> str:
    return f"{_count(len(unjudged), 'file')} could not be judged" if unjudged else ""


def _wanted(finding: Finding, selected: Selected | None) -> bool:
    if selected is None or finding.rule == STALE_ENTRY.id:
        return True
    paths = _paths(finding) | ({finding.guard.path} if finding.guard else set())
    return any(selected(path) for path in paths)


def _keep_unjudged(
    items: list[Unjudged], selected: Selected | None, notes: list[str]
) -> tuple[Unjudged, ...]:
    if selected is None:
        return tuple(items)
    kept = tuple(item for item in items if selected(item.path))
    left = len({item.path for item in items} - {item.path for item in kept})
    note = f"{_count(left, 'file')} outside the selection could not be judged"
    if left and note not in notes:
        notes.append(note)
    return kept


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
