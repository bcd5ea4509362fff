"""The seam where everything is put together: what was asked in, a report out.

options -> place -> subject -> policy -> rules -> project -> engine -> report.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from guard.baseline import Baseline, parse_baseline, read_baseline
from guard.cli._subject import Tree, Wanted, choose
from guard.cli._surroundings import Surroundings
from guard.cli._where import Where, locate
from guard.config import POLICY_NAME, Policy, configure, default_policy, parse_policy, read_policy
from guard.engine import ConfiguredRule, run, subtract
from guard.errors import GuardError, PolicyError, UsageError
from guard.model import Level, Report, Stage
from guard.project import SourceProject, WorkTree
from guard.rule import SourceRule, Version

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
    rules: tuple[SourceRule, ...]


Progress = Callable[[int, int], None]


def check(request: Request, around: Surroundings, progress: Progress | None = None) -> Checked:
    """Judge what ``request`` names. Raises ``GuardError`` where it cannot be judged at all."""
    # pre-commit hands the staged files over. They say which files changed, not which ones break.
    where = locate(() if request.wanted.staged else request.paths)
    subject = choose(request.wanted, where.top, around.environ)
    rules = around.rules()
    policy = _policy_of(subject.tree, where, rules, request.config)
    if isinstance(subject.tree, WorkTree) and not request.wanted.staged:
        _paths_exist(request.paths)
    runner = _Runner(
        request,
        where,
        choose_rules(configure(policy, rules), request.rules),
        policy,
        _baseline_of(subject.tree, policy, request.baseline),
        progress,
    )
    project = runner.project(subject.tree, policy, where.selection)
    selected = project.selected if project.has_selection else None
    report = runner.judge(project, selected)
    if subject.base is not None:
        if report.findings or any(result.unjudged for result in report.results):
            base = subject.base()
            # What is selected may not exist there yet, so it is only asked what to report.
            before = runner.project(base, _base_policy(base, runner, rules), ())
            report = subtract(report, runner.judge(before, selected))
        report = replace(report, subject=f"{report.subject} against {subject.against}")
    if subject.note:
        report = replace(report, notes=(subject.note, *report.notes))
    return Checked(report, where, subject.tree, policy, rules)


@dataclass(frozen=True, slots=True)
class _Runner:
    """One configuration, for the subject and for its base alike."""

    request: Request
    where: Where
    rules: tuple[ConfiguredRule, ...]
    policy: Policy
    baseline: Baseline | None
    progress: Progress | None

    def project(self, tree: Tree, layout: Policy, selection: tuple[str, ...]) -> SourceProject:
        """``layout`` is the policy that says where this tree's modules lie and for which Python."""
        return SourceProject(
            tree,
            exclude=self.policy.exclude,
            selection=selection,
            roots=layout.roots,
            target=self.request.target or layout.target_version,
            cache=self.request.cache,
            progress=self.progress,
        )

    def judge(self, project: SourceProject, selected: Callable[[str], bool] | None) -> Report:
        """What the rules say of ``project``, with the project's own notes."""
        stage = self.request.stage
        if stage is None:
            stage = Stage.PRE_COMMIT if self.request.wanted.staged else Stage.PULL_REQUEST
        report = run(project, self.rules, stage=stage, baseline=self.baseline, selected=selected)
        notes = tuple(note for note in project.notes if note not in report.notes)
        return replace(report, notes=(*report.notes, *notes))


def _base_policy(tree: Tree, runner: _Runner, rules: tuple[SourceRule, ...]) -> Policy:
    """Rules, levels and exclusions are the subject's on both sides, else a rule that is switched
    on would blame old code on the change. Roots and target are the base's own: to move them is one.
    """
    if runner.request.config is not None:
        return runner.policy
    try:
        return _policy_of(tree, runner.where, rules, None)
    except GuardError:  # an older policy may not be readable today; it judges nothing here
        return runner.policy


def _policy_of(
    tree: Tree, where: Where, rules: tuple[SourceRule, ...], config: str | None
) -> Policy:
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
    configured: tuple[ConfiguredRule, ...], choice: RuleChoice
) -> tuple[ConfiguredRule, ...]:
    """The rules that ``choice`` leaves. One that is selected by name runs even if it is off.

    Raises ``UsageError`` for a name that no rule has.
    """
    known = {item.rule.id: item for item in configured}
    unknown = [name for name in (*choice.select, *choice.ignore) if name not in known]
    if unknown:
        raise UsageError("\n".join(unknown_rule(name, known) for name in unknown))
    chosen = configured
    if choice.select:
        chosen = tuple(_switched_on(item) for item in configured if item.rule.id in choice.select)
    return tuple(item for item in chosen if item.rule.id not in choice.ignore)


def unknown_rule(name: str, known: Collection[str]) -> str:
    """What to say of a rule that does not exist."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown rule {name!r}{hint} (known: {', '.join(sorted(known))})"


def _switched_on(item: ConfiguredRule) -> ConfiguredRule:
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


def read_levels(rules: tuple[SourceRule, ...], config: str | None) -> dict[str, Level]:
    """The level that the policy of the current directory gives to each rule."""
    where = locate(())
    policy = read_policy(where.top if config is None else os.getcwd(), rules, config)
    return {rule.id: policy.rules[rule.id].level for rule in rules}
