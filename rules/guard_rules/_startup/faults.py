"""Many modules that do not start, few causes: the failures of a run put together by cause."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace

from guard.model import Place, Step
from guard.observed import Failure, Frame, ModuleRun, Outcome, SmokeRun
from guard.rule import Project
from guard_rules._startup.failures import Lack, lack_of, own_frames, root
from guard_rules._startup.sources import Sources, sources_of

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of the project, and the name in it that matters, if one does."""

    path: str
    line: int
    scope: str = "module"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One cause. The first of ``runs`` is the one that is shown: the way to the fault is short."""

    runs: tuple[ModuleRun, ...]
    """The modules that it takes down and that are not declared to fail so, the shown one first."""
    spots: tuple[Spot, ...]
    """The lines of the project where it arises; the first belongs to what is shown."""
    failure: Failure | None = None
    """The exception behind it; ``None`` for a process that ended in another way."""
    lack: Lack = Lack()
    chain: tuple[Step, ...] = ()
    cycle: tuple[Frame, ...] = ()
    """For a circle of imports: the statements around it, the failing one last."""
    declared: tuple[ModuleRun, ...] = ()
    """The modules that it takes down as their declarations say."""

    @property
    def victims(self) -> tuple[str, ...]:
        """The names of the modules, sorted."""
        return tuple(sorted({run.module for run in self.runs}))


def faults_of(smoke: SmokeRun, project: Project) -> tuple[Fault, ...]:
    """The causes for which modules failed, but those that every module declares."""
    look = _Look(sources_of(project), eager=smoke.interpreter.version < (3, 14))
    groups: dict[Key, list[_Seen]] = {}
    for run in smoke.modules:
        if run.outcome not in (Outcome.OK, Outcome.LOST):
            seen = _seen(run, look)
            groups.setdefault(seen.key, []).append(seen)
    found = []
    for group in groups.values():
        open_ = [seen for seen in group if not seen.run.failed_as_declared]
        if open_:
            declared = tuple(seen.run for seen in group if seen.run.failed_as_declared)
            found.append(replace(_fault(open_), declared=declared))
    return tuple(found)


def fault_of(failure: Failure, run: ModuleRun, project: Project) -> Fault:
    """The cause of one exception; ``run`` is the module or entry point that raised it."""
    look = _Look(sources_of(project), eager=False)
    return _fault([_seen(replace(run, failure=failure), look)])


@dataclass(frozen=True, slots=True)
class _Look:
    """What it takes to tell causes apart."""

    sources: Sources
    eager: bool
    """Whether the Python that ran evaluates annotations."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One failed module, as far as its cause goes."""

    key: Key
    run: ModuleRun
    spot: Spot
    chain: tuple[Step, ...]
    failure: Failure | None = None
    lack: Lack = Lack()
    cycle: tuple[Frame, ...] = ()


def _fault(group: list[_Seen]) -> Fault:
    times = Counter(seen.spot for seen in group)
    # The line that takes most down, by the shortest way.
    group = sorted(group, key=lambda s: (-times[s.spot], len(s.chain), s.run.module))
    shown, worst = group[0], group[0].spot
    # The way from a module that is not itself at fault tells more than no way at all.
    way = next((seen.chain for seen in group if seen.chain and seen.spot == worst), ())
    spots = dict.fromkeys((worst, *sorted(times, key=_order)))
    return Fault(
        tuple(seen.run for seen in group),
        tuple(spots),
        shown.failure,
        shown.lack,
        way,
        shown.cycle,
    )


def _order(spot: Spot) -> tuple[str, int]:
    return spot.path, spot.line


def _seen(run: ModuleRun, look: _Look) -> _Seen:
    sources = look.sources
    if run.failure is None or run.outcome is not Outcome.RAISED:
        return _stopped(run, sources)
    failure = root(run.failure)
    lack = lack_of(failure)
    own = own_frames(failure)
    chain = _steps(own[:-1], sources)
    if failure.file and is_syntax_error(failure.type):
        if not failure.file.startswith("/"):
            key: Key = ("syntax", failure.message, failure.file, failure.line)
            spot = Spot(failure.file, max(failure.line, 1))
            return _Seen(key, run, spot, _steps(own, sources), failure, lack)
        key = ("syntax", failure.message, failure.file, failure.line)
        return _Seen(key, run, _spot(run, own, lack), chain, failure, lack)
    spot = _spot(run, own, lack)
    cycle = _cycle(own, lack, sources.project) if lack.partial else ()
    if cycle:
        key = ("cycle", frozenset(frame.path for frame in cycle))
        if len(cycle) == len({frame.path for frame in cycle}) == 1:
            key = ("cycle", cycle[0].path, lack.name)
    elif lack.kind in ("module", "member"):
        key = (lack.kind, lack.module, lack.name, lack.partial)
    elif own and failure.frames[-1] != own[-1] and sources.import_at(own[-1].path, own[-1].line):
        # An import does nothing but load: what fails inside fails for everyone alike.
        last = failure.frames[-1]
        key = (failure.type, failure.message, last.path, last.line)
    elif look.eager and lack.kind == "name" and lacks_future(sources, spot):
        key = ("future",)  # one mend for them all, and as a rule one commit that broke them all
    else:
        key = (failure.type, failure.message, spot.path, spot.line)
    return _Seen(key, run, spot, chain, failure, lack, cycle)


def lacks_future(sources: Sources, spot: Spot) -> bool:
    """Whether an annotation evaluates a guarded name, and the future import would prevent it."""
    return (
        not sources.has_future_annotations(spot.path)
        and sources.only_annotates(spot.path, spot.line, spot.name)
        and sources.guard_of(spot.path, spot.name) is not None
    )


def is_syntax_error(name: str) -> bool:
    """Whether an exception's type is ``SyntaxError`` or one of its kind."""
    return name in ("SyntaxError", "IndentationError", "TabError")


def _stopped(run: ModuleRun, sources: Sources) -> _Seen:
    """An import that came to no end of its own: the innermost module that was loading."""
    frames = own_frames(run.failure) if run.failure is not None else ()
    module = run.loading[-1] if run.loading else run.module
    path = sources.project.modules.find(module) or run.path
    spot = Spot(path, 1)
    if frames:
        spot = Spot(frames[-1].path, frames[-1].line, _scope(frames[-1]))
    key = (run.outcome, run.status, module)
    return _Seen(key, run, spot, _loading_steps(run.loading, sources), None)


def _spot(run: ModuleRun, own: tuple[Frame, ...], lack: Lack) -> Spot:
    if not own:
        return Spot(run.path, 1)
    frame = own[-1]
    name = lack.name or lack.module.rpartition(".")[2]
    return Spot(frame.path, max(frame.line, 1), _scope(frame), name)


def _scope(frame: Frame) -> str:
    return "module" if frame.function in ("", "<module>") else frame.function


def _steps(frames: tuple[Frame, ...], sources: Sources) -> tuple[Step, ...]:
    return tuple(
        Step(
            sources.place(frame.path, frame.line),
            sources.statement(frame.path, frame.line) or frame.text.strip(),
        )
        for frame in dict.fromkeys(frames)
        if not frame.text.lstrip().startswith(("class ", "@"))
    )


def _loading_steps(loading: tuple[str, ...], sources: Sources) -> tuple[Step, ...]:
    """The statements by which each module that was loading led to the next one."""
    from guard_rules._startup.cycles import import_of

    steps = []
    for outer, inner in itertools.pairwise(loading):
        path = sources.project.modules.find(outer)
        node = import_of(sources, path, inner) if path is not None else None
        if path is not None and node is not None:
            place: Place = sources.place(path, node.lineno)
            steps.append(Step(place, sources.statement(path, node.lineno)))
    return tuple(steps)


def _cycle(own: tuple[Frame, ...], lack: Lack, project: Project) -> tuple[Frame, ...]:
    """The lines from the module that is not ready to the one that asks for it."""
    path = project.modules.find(lack.module)
    starts = [number for number, frame in enumerate(own) if frame.path == path]
    return own[starts[0] :] if starts else ()
