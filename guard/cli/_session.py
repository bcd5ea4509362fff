"""The seam where everything is put together: what was asked in, a report out.

options -> place -> subject -> policy -> rules -> project -> engine -> report.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

from guard.baseline import Baseline, parse_baseline, read_baseline
from guard.cli._policies import joined, judges_alike, lowered, newly_accepted
from guard.cli._subject import Subject, Tree, Wanted, choose, reopened
from guard.cli._surroundings import Surroundings
from guard.cli._where import Where, locate
from guard.config import POLICY_NAME, Policy, configure, default_policy, parse_policy, read_policy
from guard.engine import EMPTY, ConfiguredRule, run, subtract
from guard.errors import GuardError, PolicyError, UsageError
from guard.model import Level, Report, RuleResult, Stage, Verdict
from guard.project import SourceProject, WorkTree
from guard.reporters._words import count
from guard.rule import ChangeRule, Rule, RuleT, SmokeRule, SourceRule, Version
from guard.suppress import COMMENTS

_MISNAMED = ("guard.yml", ".guard.yaml", ".guard.yml")


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """Which rules run: those of the policy, or ``select`` alone; in each case not ``ignore``."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """``file`` is relative to the current directory; without it the policy names the baseline."""

    use: bool = True
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What ``guard check`` was asked for, apart from the form of the output."""

    paths: tuple[str, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    stage: Stage | None = None
    target: Version | None = None
    config: str | None = None
    rules: RuleChoice = field(default_factory=RuleChoice)
    baseline: BaselineChoice = field(default_factory=BaselineChoice)
    cache: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """A report and what it was made from."""

    report: Report
    where: Where
    tree: Tree
    policy: Policy
    rules: tuple[Rule, ...]


Progress = Callable[[int, int], None]


def check(request: Request, around: Surroundings, progress: Progress | None = None) -> Checked:
    """Judge what ``request`` names. Raises ``GuardError`` where it cannot be judged at all."""
    # pre-commit hands the staged files over. They say which files changed, not which ones break.
    where = locate(() if request.wanted.staged else request.paths)
    subject = choose(request.wanted, where.top, around.environ)
    rules = around.rules()
    policy = policy_of(subject.tree, where, rules, request.config)
    if isinstance(subject.tree, WorkTree) and not request.wanted.staged:
        _paths_exist(request.paths)
    baseline = _baseline_of(subject.tree, policy, request.baseline)
    runner = _Runner(request, where, rules, policy, baseline, progress)
    report = runner.report(subject.tree) if subject.base is None else _caused(subject, runner)
    if request.wanted.staged and not report.files and is_without_python(subject):
        report = _nothing_to_judge(report)
    if subject.note:
        report = replace(report, notes=(subject.note, *report.notes))
    return Checked(report, where, subject.tree, policy, rules)


def is_without_python(subject: Subject) -> bool:
    """Whether there is no Python file on either side, not even one that the policy excludes."""
    trees = [reopened(subject.tree)] + ([subject.base()] if subject.base else [])
    projects = [SourceProject(tree, cache=False) for tree in trees]
    return not any(project.paths() or project.unreadable() for project in projects)


def _nothing_to_judge(report: Report) -> Report:
    """A repository of documents, or one that has only begun: its commits must not be blocked."""
    reason = f"there is no Python file in the {report.subject}: there was nothing to judge"
    results = (RuleResult(EMPTY, Verdict.SKIPPED, reason=reason),)
    return replace(report, results=results, notes=(*report.notes, reason), skipped=reason)


@dataclass(frozen=True, slots=True)
class _Runner:
    """One configuration, for the subject and for its base alike."""

    request: Request
    where: Where
    known: tuple[Rule, ...]
    policy: Policy
    baseline: Baseline | None
    progress: Progress | None
    layout: Policy | None = None
    """The policy with the subject's roots and target, if that is another one."""

    def report(
        self, tree: Tree, base: Callable[[], Tree] | None = None, before: Policy | None = None
    ) -> Report:
        """What the rules say of ``tree`` and not of its ``base``.

        ``before`` is the policy of the base. Rules, levels and exclusions are the same on both
        sides, else a rule that is switched on would blame old code on the change. Roots and target
        are the base's own: to move them is a change.
        """
        project = self._project(tree, self.layout or self.policy, self.where.selection)
        selected = project.selected if project.has_selection else None
        report = self._judge(project, selected)
        if base is None or not (report.findings or any(r.unjudged for r in report.results)):
            return report
        # What is selected may not exist there yet, so it is only asked what to report.
        older = self._project(base(), before or self.policy, ())
        return subtract(report, self._judge(older, selected))

    def _project(self, tree: Tree, layout: Policy, selection: tuple[str, ...]) -> SourceProject:
        """``layout`` is the policy that says where this tree's modules lie and for which Python."""
        return SourceProject(
            tree,
            exclude=self.policy.exclude,
            selection=selection,
            roots=layout.roots,
            target=self.request.target or layout.target_version,
            cache=self.request.cache,
            progress=self.progress,
            together=COMMENTS,
        )

    def _judge(self, project: SourceProject, selected: Callable[[str], bool] | None) -> Report:
        """What the rules say of ``project``, with the project's own notes."""
        source = [rule for rule in self.known if isinstance(rule, SourceRule)]
        others = commands_of(self.known, SourceRule)
        stage = self.request.stage
        if stage is None:
            stage = Stage.PRE_COMMIT if self.request.wanted.staged else Stage.PULL_REQUEST
        report = run(
            project,
            choose_rules(configure(self.policy, source), self.request.rules, others),
            stage=stage,
            baseline=self.baseline,
            selected=selected,
            known=[rule.id for rule in self.known],
        )
        notes = tuple(note for note in project.notes if note not in report.notes)
        return replace(report, notes=(*report.notes, *notes))


def _caused(subject: Subject, runner: _Runner) -> Report:
    """What a change causes, by its own policy and by the one that it found."""
    assert subject.base is not None
    base = cache(subject.base)
    against = subject.against.partition(",")[0]
    before, notes = runner.policy, list[str]()
    if runner.request.config is None and not subject.untouched(POLICY_NAME):
        try:
            before = policy_of(base(), runner.where, runner.known, None)
        except GuardError:  # it may not be readable today; it must be possible to mend it
            notes.append(f"the {POLICY_NAME} of {against} cannot be read and was not applied")
    report = runner.report(subject.tree, base, before)
    if not judges_alike(before, runner.policy):
        older = replace(runner, policy=before, layout=runner.policy)
        report = joined(report, older.report(reopened(subject.tree), base, before), against)
        notes.append(f"{POLICY_NAME} differs from that of {against}: both were applied")
    notes += [f"{POLICY_NAME} {what}" for what in lowered(before, runner.policy)]
    notes += _accepted(subject, runner, before, base, against)
    return replace(
        report,
        subject=f"{report.subject} against {subject.against}",
        notes=(*notes, *report.notes),
    )


def _accepted(
    subject: Subject, runner: _Runner, before: Policy, base: Callable[[], Tree], against: str
) -> Iterator[str]:
    """A note on findings that the change itself adds to the baseline."""
    newer, name = runner.baseline, runner.policy.baseline
    if newer is None or name is None or runner.request.baseline.file is not None:
        return
    if before.baseline == name and subject.untouched(name):
        return
    try:
        older = _baseline_of(base(), before, runner.request.baseline)
    except GuardError:
        older = None
    number = newly_accepted(older, newer)
    if number:
        yield f"{name} accepts {count(number, 'finding')} more than in {against}"


def policy_of(tree: Tree, where: Where, rules: tuple[Rule, ...], config: str | None) -> Policy:
    if config is not None:
        return read_policy(os.getcwd(), rules, config)
    if isinstance(tree, WorkTree):
        return read_policy(where.top, rules)
    data = tree.read_file(POLICY_NAME)
    if data is not None:
        return parse_policy(data, POLICY_NAME, rules)
    for name in _MISNAMED:
        if tree.read_file(name) is not None:
            raise PolicyError([f"{name}:1:1: not read; the policy is named {POLICY_NAME}"])
    return default_policy(rules)


def _paths_exist(paths: tuple[str, ...]) -> None:
    """A path that is not there selects nothing: a typing error must not look like a pass.

    The index and a commit know themselves what they hold.
    """
    missing = [path for path in paths if not os.path.lexists(path)]
    if missing:
        raise UsageError("no such file or folder: " + ", ".join(missing))


def choose_rules(
    configured: tuple[ConfiguredRule[RuleT], ...],
    choice: RuleChoice,
    others: Mapping[str, str] = MappingProxyType({}),
) -> tuple[ConfiguredRule[RuleT], ...]:
    """The rules that ``choice`` leaves. One that is selected by name runs even if it is off.

    ``others`` are the rules of another command: to ignore one is harmless, to select one is not.
    Raises ``UsageError`` for a name that no rule has.
    """
    known = {item.rule.id: item for item in configured}
    elsewhere = [name for name in choice.select if name in others]
    if elsewhere:
        raise UsageError("\n".join(f"{name!r} is a rule of `{others[name]}`" for name in elsewhere))
    named = (*choice.select, *choice.ignore)
    unknown = [name for name in named if name not in known and name not in others]
    if unknown:
        raise UsageError("\n".join(unknown_rule(name, known) for name in unknown))
    chosen = configured
    if choice.select:
        chosen = tuple(_switched_on(item) for item in configured if item.rule.id in choice.select)
    return tuple(item for item in chosen if item.rule.id not in choice.ignore)


def commands_of(rules: tuple[Rule, ...], ours: type[Rule]) -> dict[str, str]:
    """The rules that are none of ``ours``, each with the command that it belongs to."""
    commands: dict[type[Rule], str] = {
        SourceRule: "guard check",
        SmokeRule: "guard smoke",
        ChangeRule: "guard gate",
    }
    return {
        rule.id: command
        for rule in rules
        for kind, command in commands.items()
        if kind is not ours and isinstance(rule, kind)
    }


def unknown_rule(name: str, known: Collection[str]) -> str:
    """What to say of a rule that does not exist."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown rule {name!r}{hint} (known: {', '.join(sorted(known))})"


def _switched_on(item: ConfiguredRule[RuleT]) -> ConfiguredRule[RuleT]:
    if item.level is not Level.OFF:
        return item
    level = item.rule.default_level
    return replace(item, level=Level.ERROR if level is Level.OFF else level)


def _baseline_of(tree: Tree, policy: Policy, choice: BaselineChoice) -> Baseline | None:
    if not choice.use:
        return None
    if choice.file is not None:
        return read_baseline(os.getcwd(), choice.file)
    if policy.baseline is None:
        return None
    data = tree.read_file(policy.baseline)
    if data is None:
        raise PolicyError(
            [f"{policy.baseline}:1:1: the policy names this baseline, the {tree.label} lacks it"]
        )
    return parse_baseline(data, policy.baseline)


def read_levels(rules: tuple[Rule, ...], config: str | None) -> dict[str, Level]:
    """The level that the policy of the current directory gives to each rule."""
    where = locate(())
    policy = read_policy(where.top if config is None else os.getcwd(), rules, config)
    return {rule.id: policy.rules[rule.id].level for rule in rules}
