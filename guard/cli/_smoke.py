"""The seam of ``guard smoke``: what was asked in, a run of the project's code, a report out.

options -> place -> subject -> policy -> modules -> folder -> interpreter -> run -> rules -> report.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from guard.cli._policies import joined, judges_alike, lowered
from guard.cli._report import Done
from guard.cli._session import choose_rules, commands_of, is_without_python, policy_of
from guard.cli._smoke_request import SmokeRequest, settled
from guard.cli._smoke_run import Work, carry_out, prepare, select, share
from guard.cli._smoke_subject import affected_by, changed, code_folder
from guard.cli._subject import Subject, choose
from guard.cli._surroundings import Surroundings
from guard.cli._where import Where, locate
from guard.config import POLICY_NAME, Policy, configure
from guard.config.smoke import SmokePolicy
from guard.engine import EMPTY
from guard.errors import GuardError
from guard.model import Report, RuleResult, Stage, Verdict
from guard.observed import SmokeRun
from guard.project import SourceProject
from guard.reporters._words import count
from guard.rule import Rule, SmokeRule
from guard.smoke_engine import run_smoke

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Smoked:
    """A report with what it was made from, and what was observed (``None``: nothing was run)."""

    done: Done
    run: SmokeRun | None


def smoke(request: SmokeRequest, around: Surroundings, progress: Progress | None = None) -> Smoked:
    """Run what ``request`` names and judge it. Raises ``GuardError`` where that cannot be."""
    session = open_session(request, around)
    if request.shards.merge:
        from guard.cli._smoke_records import read_merged

        run: SmokeRun | None = read_merged(request.shards.merge, session.project)
        if run is not None and not run.modules and not run.entries:
            session.work()  # perhaps there was nothing to do, for a good reason
    else:
        run = session.run(progress)
    if run is not None and request.shards.record is not None:
        from guard.cli._smoke_records import save_record

        save_record(request.shards.record, run)
    report = session.judge(run) if run is not None and not session.idle else session.skipped()
    made_of = (session.where, session.subject.tree, session.policy, session.rules)
    return Smoked(Done(report, *made_of), run)


def open_session(request: SmokeRequest, around: Surroundings) -> Session:
    """Settle place, subject and policy. Raises ``GuardError`` where one of them is wrong."""
    # pre-commit hands the staged files over. They say which files changed, not which ones break.
    named = () if request.wanted.staged else request.named
    paths = [name for name in named if _is_path(name)]
    where = locate(paths)
    whole = bool(paths) and not where.selection
    names = () if whole else (*where.selection, *(name for name in named if name not in paths))
    subject = choose(request.wanted, where.top, around.environ)
    rules = around.rules()
    policy = policy_of(subject.tree, where, rules, request.config)
    before, notes = policy, list[str]()
    if subject.base is not None and request.config is None:
        if not subject.untouched(POLICY_NAME):
            try:
                before = policy_of(subject.base(), where, rules, None)
            except GuardError:  # it may not be readable today; it must be possible to mend it
                against = subject.against.partition(",")[0]
                notes.append(f"the {POLICY_NAME} of {against} cannot be read and was not applied")
    project = SourceProject(
        subject.tree,
        exclude=[pattern for pattern in policy.exclude if pattern in before.exclude],
        selection=where.selection,
        roots=policy.roots,
        target=policy.target_version,
    )
    smoking, more = _in_both(settled(policy.smoke, request.how), before, policy, request)
    notes += more
    return Session(
        request, around, where, subject, rules, policy, before, project, smoking, names, notes, []
    )


def _in_both(
    settled: SmokePolicy, before: Policy, after: Policy, request: SmokeRequest
) -> tuple[SmokePolicy, list[str]]:
    """Without what the change itself lets pass: that counts from the next change on."""
    if before is after:
        return settled, []
    older = before.smoke or SmokePolicy()
    exclude = [item for item in settled.exclude if item in older.exclude]
    exclude += [item for item in settled.exclude if item.paths == request.how.exclude]
    optional = [item for item in settled.optional if item in older.optional]
    fewer = len(settled.exclude) - len(exclude) + len(settled.optional) - len(optional)
    fewer += len([pattern for pattern in after.exclude if pattern not in before.exclude])
    notes = []
    if fewer:
        notes.append(
            f"{count(fewer, 'exception')} (exclude, smoke.exclude, smoke.optional) came with this "
            f"change and did not count: let a looser {POLICY_NAME} land in a change of its own, "
            "before what needs it"
        )
    kept = {entry.name for entry in settled.entry_points}
    dropped = [entry.name for entry in older.entry_points if entry.name not in kept]
    if dropped:
        notes.append(f"{POLICY_NAME} drops the entry points {', '.join(dropped)}")
    return replace(settled, exclude=tuple(exclude), optional=tuple(optional)), notes


def _is_path(name: str) -> bool:
    return "/" in name or os.sep in name or name.endswith(".py") or os.path.lexists(name)


@dataclass(frozen=True, slots=True)
class Session:
    """One configuration: what to run, and how to judge what was observed."""

    request: SmokeRequest
    around: Surroundings
    where: Where
    subject: Subject
    rules: tuple[Rule, ...]
    policy: Policy
    before: Policy
    """That of the base, else the same."""
    project: SourceProject
    smoking: SmokePolicy
    names: tuple[str, ...]
    notes: list[str]
    idle: list[str]
    """Why there is surely nothing to do, once that is known."""

    def run(self, progress: Progress | None) -> SmokeRun | None:
        """What was observed; ``None`` if there is nothing to do and nobody wants that recorded."""
        work = self.work()
        shards = self.request.shards
        if self.idle and shards.record is None:
            return None
        ground = prepare(work, self.around.environ)
        with code_folder(self.subject, self.where, self.around.environ) as folder:
            run = carry_out(work, ground, folder, progress)
        if work.is_recorded:
            run = replace(run, tree=self.project.fingerprint())
        return run

    def work(self) -> Work:
        """What there is to import and to start."""
        request = self.request
        work = select(self.project, self.where.top, self.smoking, self.names)
        work = replace(work, python=request.how.python, fresh=request.how.fresh)
        paths = changed(self.subject, self.where, self.around.environ, self.project)
        if paths is not None:
            affected = affected_by(self.project, paths)
            total, any_at_all = len(work.modules), self._asked(work).is_some
            note = affected.note
            if affected.paths is not None:
                work = work.only(affected.paths)
                note += f": {len(work.modules):,} of {count(total, 'module')} affected"
            self.notes.append(note)
            if any_at_all and not self._asked(work).is_some:
                self.idle.append("the change affects no module: there was nothing to import")
        work = self._asked(work)
        if request.shards.shard is not None:
            from guard.cli._smoke_records import read_durations

            seconds = read_durations(request.shards.durations)
            any_at_all = work.is_some
            work = share(work, request.shards.shard, seconds)
            if any_at_all and not work.is_some:
                number, of = request.shards.shard
                self.idle.append(
                    f"shard {number} of {of} has nothing to do: the others have it all"
                )
        recorded = request.shards.shard is not None or request.shards.record is not None
        return replace(work, notes=(*self.notes, *work.notes), is_recorded=recorded)

    def _asked(self, work: Work) -> Work:
        """Modules, entry points, or both; entry points where nothing is named, or by option."""
        request = self.request
        modules = work.modules if request.modules else ()
        without = request.entries is False or (request.entries is None and bool(self.names))
        return replace(work, modules=modules, entries=() if without else work.entries)

    def judge(self, run: SmokeRun) -> Report:
        """What the rules say, by the policy and by the one that the change found."""
        report = self._judged(run, self.policy)
        if not judges_alike(self.before, self.policy):
            against = self.subject.against.partition(",")[0]
            notes = [f"{POLICY_NAME} differs from that of {against}: both were applied"]
            notes += [f"{POLICY_NAME} {what}" for what in lowered(self.before, self.policy)]
            report = joined(report, self._judged(run, self.before), against)
            report = replace(report, notes=(*notes, *report.notes))
        if self.subject.note:
            report = replace(report, notes=(self.subject.note, *report.notes))
        if self.subject.base is not None:
            report = replace(report, subject=f"{report.subject} against {self.subject.against}")
        if self.request.wanted.staged and not run.modules and is_without_python(self.subject):
            self.idle.append(f"there is no Python file in the {run.subject}")
            return self.skipped()
        return report

    def _judged(self, run: SmokeRun, policy: Policy) -> Report:
        ours = [rule for rule in self.rules if isinstance(rule, SmokeRule)]
        others = commands_of(self.rules, SmokeRule)
        chosen = choose_rules(configure(policy, ours), self.request.rules, others)
        return run_smoke(run, self.project, chosen, self.stage)

    @property
    def stage(self) -> Stage:
        if self.request.stage is not None:
            return self.request.stage
        return Stage.PRE_COMMIT if self.request.wanted.staged else Stage.PULL_REQUEST

    def skipped(self) -> Report:
        """The report where there was nothing to do."""
        reason = self.idle[0]
        results = (RuleResult(EMPTY, Verdict.SKIPPED, reason=reason),)
        against = f" against {self.subject.against}" if self.subject.base is not None else ""
        notes = tuple(dict.fromkeys((*self.notes, reason)))
        label = self.project.label + against
        return Report(label, 0, results, notes, unit="module", skipped=reason)
