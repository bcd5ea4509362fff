"""From what is to be done to what was observed: the one place that starts the project's code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from guard.cli._smoke_words import WITHHELD
from guard.config import POLICY_NAME
from guard.config.smoke import EntryPolicy, OptionalPolicy, SmokePolicy
from guard.errors import GuardError
from guard.observed import (
    EntryRun,
    Excluded,
    Interpreter,
    ModuleRun,
    Optionality,
    Outcome,
    SmokeRun,
)
from guard.project import SourceProject
from guard.smoke._distributions import Distributions
from guard.smoke.entries import (
    NETWORK_NOTE,
    Alive,
    EntrySpec,
    ExitCode,
    Http,
    Output,
    Proof,
    run_entries,
)
from guard.smoke.modules import Chosen, OptionalRule, choose, optional_rule
from guard.smoke.packaging import Packaging, declared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.smoke.run import ImportRequest

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Work:
    """What to import and to start, and with what."""

    project: SourceProject
    top: str
    """The folder with the project's own environment; the code may lie elsewhere."""
    smoking: SmokePolicy
    modules: tuple[Chosen, ...]
    entries: tuple[EntrySpec, ...]
    excluded: tuple[Excluded, ...]
    packaging: Packaging
    python: str | None = None
    """The option that names the interpreter."""
    fresh: bool = False
    notes: tuple[str, ...] = ()
    shard: tuple[int, int] = (1, 1)
    plan: str = ""
    is_recorded: bool = False
    """Whether others will read all that was observed: then it says what is installed."""

    @property
    def is_some(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.modules or self.entries)

    def only(self, paths: Collection[str]) -> Work:
        """Without what lies in other files. An entry point whose file is not known remains, if

        anything does: it may lead anywhere.
        """
        modules = tuple(chosen for chosen in self.modules if chosen.path in paths)
        behind = {spec.name: self._behind(spec) for spec in self.entries}
        known = any(file in paths for file in behind.values())
        entries = tuple(
            spec
            for spec in self.entries
            if behind[spec.name] in paths or (not behind[spec.name] and (modules or known))
        )
        return replace(self, modules=modules, entries=entries)

    def _behind(self, spec: EntrySpec) -> str:
        """The project's file that an entry point runs first; empty where that is not known."""
        if spec.module:
            return self.project.modules.find(spec.module) or ""
        return spec.path if spec.path.endswith(".py") else ""


def optional_rules(policies: Collection[OptionalPolicy]) -> tuple[OptionalRule, ...]:
    """The policy's declarations as the runner knows them."""
    return tuple(
        OptionalRule(item.modules, item.reason, item.raises, item.missing) for item in policies
    )


def select(project: SourceProject, top: str, smoking: SmokePolicy, names: Collection[str]) -> Work:
    """Everything that ``names`` (none: the whole project) cover, with all its entry points."""
    selection = choose(
        project,
        tuple(names),
        [(item.paths, item.reason) for item in smoking.exclude],
        optional_rules(smoking.optional),
    )
    packaging = declared(top, project.read_file, selection.mains, project.roots)
    ours = [_from_policy(entry, smoking, project) for entry in smoking.entry_points]
    taken = {spec.name for spec in ours} | {spec.command[0] for spec in ours}
    taken |= {f"python -m {spec.command[2]}" for spec in ours if spec.command[1:2] == ("-m",)}
    optional = optional_rules(smoking.optional)
    found = [
        replace(
            spec,
            timeout=smoking.timeout,
            optional=_optional(spec.module.removesuffix(".__main__"), optional),
        )
        for spec in packaging.scripts
        if spec.name not in taken
    ]
    return Work(
        project,
        top,
        smoking,
        selection.modules,
        (*ours, *found),
        selection.excluded,
        packaging,
        notes=(*selection.notes, *packaging.notes),
    )


def _from_policy(entry: EntryPolicy, smoking: SmokePolicy, project: SourceProject) -> EntrySpec:
    path = _file_behind(entry, project)
    return EntrySpec(
        entry.name,
        entry.command,
        f"{POLICY_NAME}:{entry.line}",
        path or POLICY_NAME,
        1 if path else entry.line,
        entry.env,
        entry.cwd,
        _proof(entry),
        entry.timeout or smoking.timeout,
    )


def _file_behind(entry: EntryPolicy, project: SourceProject) -> str | None:
    """The project's file that the command runs, where that is plain to see."""
    first, *rest = entry.command
    if first not in ("python", "python3") or not rest:
        return None
    if rest[0] == "-m" and len(rest) > 1:
        return project.modules.find(f"{rest[1]}.__main__") or project.modules.find(rest[1])
    path = f"{entry.cwd}/{rest[0]}".lstrip("/")
    return path if path in project.paths() else None


def _proof(entry: EntryPolicy) -> Proof:
    proof = entry.proof
    if proof.output is not None:
        return Output(proof.output)
    if proof.alive is not None:
        return Alive(proof.alive)
    if proof.http is not None:
        return Http(proof.http, proof.status or 200)
    return ExitCode(proof.exit_code or 0)


def share(work: Work, shard: tuple[int, int], seconds: Mapping[str, float]) -> Work:
    """The part of ``work`` that is this shard's."""
    from guard.smoke.shards import plan

    number, of = shard
    modules = [chosen.module for chosen in work.modules]
    whole = plan(modules, [spec.name for spec in work.entries], of, seconds)
    return replace(
        work,
        modules=tuple(one for one in work.modules if whole.modules[one.module] == number),
        entries=tuple(one for one in work.entries if whole.entries[one.name] == number),
        shard=shard,
        plan=whole.digest,
    )


class Unsupported(GuardError):
    """The runner does not work on this system: nothing was verified."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Ground:
    """What the code runs on."""

    interpreter: Interpreter
    env: Mapping[str, str]
    notes: tuple[str, ...]


def prepare(work: Work, environ: Mapping[str, str]) -> Ground:
    """Find the interpreter and settle the environment. Raises ``GuardError`` without one."""
    if sys.platform in ("emscripten", "wasi"):
        raise Unsupported("guard smoke needs a system that can start processes")
    from guard.smoke.environment import environment
    from guard.smoke.interpreter import find_interpreter

    smoking = work.smoking
    interpreter = find_interpreter(work.top, work.python, smoking.python, environ)
    env = environment(environ, smoking.env, smoking.pass_env, interpreter.path)
    withheld = (WITHHELD + ", ".join(env.withheld),) if env.withheld else ()
    return Ground(interpreter, env.variables, (*env.notes, *withheld))


def carry_out(work: Work, ground: Ground, folder: str, progress: Progress | None) -> SmokeRun:
    """Import and start everything in ``folder``, which holds the project's files."""
    until = time.monotonic() + work.smoking.total_timeout
    notes = [*work.notes, *ground.notes]
    modules: tuple[ModuleRun, ...] = ()
    entries: tuple[EntryRun, ...] = ()
    with Distributions(ground.interpreter.path, ground.env, now=work.is_recorded) as installed:
        if work.modules:
            from guard.smoke.run import run_modules

            observed = run_modules(_request(work, ground, folder), progress)
            modules = observed.modules
            notes += observed.notes
        if work.entries:
            notes.append(NETWORK_NOTE)
            specs = [_placed(spec, folder, work.project.roots) for spec in work.entries]
            left = max(until - time.monotonic(), 0.0)
            entries = run_entries(specs, ground.interpreter, ground.env, folder, total=left)
        # Asking takes longer than many an import: only for those who will read the answer.
        ends = {*(run.outcome for run in modules), *(run.outcome for run in entries)}
        wanted = work.is_recorded or ends != {Outcome.OK}
        distributions = installed.read() if wanted else ()
    return SmokeRun(
        work.project.label,
        ground.interpreter,
        modules,
        entries,
        work.excluded,
        tuple(dict.fromkeys(notes)),
        work.shard,
        requirements=work.packaging.requirements,
        distributions=distributions,
        requires_python=work.packaging.requires_python,
        plan=work.plan,
    )


def _request(work: Work, ground: Ground, folder: str) -> ImportRequest:
    from guard.smoke.run import ImportRequest

    smoking = work.smoking
    optional = optional_rules(smoking.optional)
    return ImportRequest(
        ground.interpreter,
        folder,
        tuple(work.project.roots),
        tuple((one.module, one.path, _optional(one.module, optional)) for one in work.modules),
        ground.env,
        timeout=smoking.timeout,
        total_timeout=smoking.total_timeout,
        memory_mb=smoking.memory,
        network=smoking.network,
        jobs=smoking.jobs or _processors(),
        mode="fresh" if work.fresh else "auto",
    )


def _processors() -> int:
    """How many this process may use: a container often has fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _optional(module: str, rules: Collection[OptionalRule]) -> Optionality | None:
    rule = optional_rule(module, rules)
    return None if rule is None else Optionality(rule.reason, rule.raises, rule.missing)


def _placed(spec: EntrySpec, folder: str, roots: Collection[str]) -> EntrySpec:
    """With the import roots of ``folder`` before all others, installed or not."""
    ours = [os.path.normpath(os.path.join(folder, root)) for root in roots]
    theirs = dict(spec.env).get("PYTHONPATH", "") if spec.origin.startswith(POLICY_NAME) else ""
    path = os.pathsep.join(filter(None, (*ours, theirs)))
    return replace(spec, env={**spec.env, "PYTHONPATH": path})
