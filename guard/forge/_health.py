"""What the source rules say of whole trees, without a checkout, by the target's policy."""

from __future__ import annotations

from dataclasses import dataclass, field

from guard.baseline import Baseline, parse_baseline
from guard.change import Health, Rollback, Unit, Unknown
from guard.engine import EMPTY, run, subtract
from guard.errors import GuardError
from guard.forge.rulebook import Rulebook
from guard.mergeresult import taken_back, trees
from guard.model import Finding, Level, Report, Stage, Verdict
from guard.project import Commit, SourceProject
from guard.repository import Repository
from guard.suppress import COMMENTS

_MOST = 100


@dataclass
class Doctor:
    """Judges commits, each once. ``base`` is the target's tip, whose baseline counts for all."""

    git: Repository
    book: Rulebook
    base: str
    _known: dict[str, Report | Unknown] = field(default_factory=dict)
    _commits: dict[str, str] = field(default_factory=dict)

    def health(self, commit: str) -> Health | Unknown:
        """What is broken in a commit; unknown where a rule crashed."""
        if not commit:
            return Health(self.git.empty_tree())
        (tree,) = trees(self.git, commit)
        report = self._report(commit, tree)
        if isinstance(report, Unknown):
            return report
        return Health(tree, tuple(_line(each) for each in _errors(report)))

    def rollback(self, units: tuple[Unit, ...], rev: str) -> Rollback | Unknown:
        """What comes of taking the AI's units (all, where none is an AI's) back from ``rev``.

        One at a time: each must come out without the others.
        """
        tried = [unit for unit in units if unit.is_ai and not unit.reverts] or list(units)
        conflicts: list[str] = []
        worse: list[str] = []
        for unit in tried:
            if not unit.base:
                return Unknown("the change makes the target: there is nothing to go back to")
            try:
                back = taken_back(self.git, rev, unit.base, unit.rev)
            except GuardError as error:
                return Unknown(f"the dry run failed: {error}")
            if back.tree is None:
                conflicts += back.conflicts
                continue
            said = self._worse(back.tree, rev)
            if isinstance(said, Unknown):
                return said
            worse += said
        return Rollback(not conflicts, tuple(dict.fromkeys(conflicts)), tuple(dict.fromkeys(worse)))

    def _worse(self, tree: str, rev: str) -> tuple[str, ...] | Unknown:
        """What is said of the reverted tree and not of the base."""
        base = trees(self.git, self.base)[0] if self.base else self.git.empty_tree()
        if tree == base:
            return ()
        before = self._report(self.base, base) if self.base else None
        commit = self.git.write_commit(tree, [rev], "Take a change back, to try it\n", at=0)
        after = self._report(commit, tree)
        if isinstance(after, Unknown):
            return after
        if isinstance(before, Unknown):
            return before
        new = subtract(after, before) if before else after
        return tuple(_line(each) for each in _errors(new))

    def _report(self, commit: str, tree: str) -> Report | Unknown:
        if tree not in self._known:
            try:
                self._known[tree] = self._judge(commit)
            except GuardError as error:
                self._known[tree] = Unknown(str(error).split("\n", 1)[0])
        return self._known[tree]

    def _judge(self, commit: str) -> Report | Unknown:
        policy = self.book.policy
        project = SourceProject(
            Commit(self.git.top, commit),
            exclude=policy.exclude,
            roots=policy.roots,
            target=policy.target_version,
            together=COMMENTS,
        )
        report = run(
            project,
            self.book.source_rules(),
            stage=Stage.PULL_REQUEST,
            baseline=self._baseline(),
            known=[rule.id for rule in self.book.rules],
        )
        for result in report.results:
            if result.rule == EMPTY or result.unjudged:
                continue  # no Python, or files that no rule can read: no proof that they fail
            if result.verdict is Verdict.UNVERIFIED:
                return Unknown(result.reason.split("\n", 1)[0])
        return report

    def _baseline(self) -> Baseline | None:
        name = self.book.policy.baseline
        if name is None or not self.base:
            return None
        data = Commit(self.git.top, self.base).read_file(name)
        if data is None:
            raise GuardError(f"the policy names the baseline {name}, and the target lacks it")
        return parse_baseline(data, name)


def _errors(report: Report) -> list[Finding]:
    return [each for each in report.findings if each.level is Level.ERROR][:_MOST]


def _line(finding: Finding) -> str:
    place = finding.place
    return f"{place.path}:{place.line}: {finding.rule}: {finding.message}"
