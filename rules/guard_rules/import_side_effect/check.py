"""One finding for each line that does something at import, with all that import it."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

from guard.model import Finding, Level, When
from guard.observed import Effect, EffectKind, ModuleRun, Outcome, SmokeRun
from guard.rule import Project
from guard_rules._startup.cycles import all_imports
from guard_rules._startup.sources import Sources, sources_of
from guard_rules._startup.words import shown_list

if TYPE_CHECKING:
    from guard_rules.import_side_effect import Options

_WORDS = MappingProxyType(
    {
        EffectKind.NETWORK: (
            "reaches for the network",
            "Connect in a function, when the connection is needed.",
        ),
        EffectKind.SUBPROCESS: (
            "starts a process",
            "Start it in a function, when it is needed.",
        ),
        EffectKind.LEFT_CHILD: (
            "leaves a process running",
            "Start it in a function, and let what starts it end it.",
        ),
        EffectKind.WRITE: (
            "writes to disk",
            "Write in a function, when there is something to keep.",
        ),
        EffectKind.THREAD: (
            "starts a thread",
            "Start it in a function: a process that forks after an import loses its threads.",
        ),
        EffectKind.CHANGED_FOLDER: (
            "changes the working directory",
            "Build paths from `__file__`, or change the directory in the program's entry point.",
        ),
    }
)


def findings(rule: str, run: SmokeRun, project: Project, options: Options) -> Iterator[Finding]:
    """What modules did while they were imported, of the kinds that are switched on."""
    sources = sources_of(project)
    levels = {
        EffectKind.NETWORK: options.network,
        EffectKind.SUBPROCESS: options.subprocess,
        EffectKind.LEFT_CHILD: options.left_child,
        EffectKind.WRITE: options.write,
        EffectKind.THREAD: options.thread,
        EffectKind.CHANGED_FOLDER: options.changed_folder,
    }
    groups: dict[tuple[EffectKind, str, int], list[tuple[ModuleRun, Effect]]] = {}
    for module in run.modules:
        for effect in module.effects:
            if levels.get(effect.kind, Level.OFF) is not Level.OFF:
                path, line = _at(module, effect)
                groups.setdefault((effect.kind, path, line), []).append((module, effect))
    for (kind, path, line), found in sorted(groups.items(), key=lambda item: item[0][1:]):
        does, fix = _WORDS[kind]
        what = dict.fromkeys(_what(effect) for _, effect in found)
        yield Finding(
            rule=rule,
            place=sources.place(path, line),
            name=kind.value,
            message=f"importing the module {does}: {shown_list(what)}",
            raises="",
            when=When.IMPORT,
            fix=fix,
            level=levels[kind],
            victims=tuple(sorted({module.module for module, _ in found})),
        )
    if options.slow is not Level.OFF:
        yield from _slow(rule, run, sources, options)


def _at(module: ModuleRun, effect: Effect) -> tuple[str, int]:
    if effect.frame is not None and effect.frame.own:
        return effect.frame.path, max(effect.frame.line, 1)
    return module.path, 1


def _what(effect: Effect) -> str:
    return f"{effect.what} (refused)" if effect.refused else effect.what


def _slow(rule: str, run: SmokeRun, sources: Sources, options: Options) -> Iterator[Finding]:
    """The modules that are slow themselves, and not by a module of the project that they import.

    A module is another one's victim if without that one it would not be slow.
    """
    limit = options.slow_after
    slow = {
        module.module: module
        for module in run.modules
        if module.outcome is Outcome.OK and module.seconds > limit
    }
    blamed = {name: _blamed(module, slow, sources, limit) for name, module in slow.items()}
    victims: dict[str, set[str]] = {}
    for name in slow:
        victims.setdefault(_end(name, blamed), set()).add(name)
    for name, taken in sorted(victims.items()):
        module = slow[name]
        yield Finding(
            rule=rule,
            place=sources.place(module.path, 1),
            name=EffectKind.SLOW.value,
            message=f"importing `{name}` takes {module.seconds:.1f} s, more than {limit:g} s",
            raises="",
            when=When.IMPORT,
            fix="Import what is heavy where it is needed; `python -X importtime` tells what.",
            level=options.slow,
            victims=tuple(sorted(taken)),
        )


def _blamed(module: ModuleRun, slow: dict[str, ModuleRun], sources: Sources, limit: float) -> str:
    """The slowest module that this one imports, if it accounts for the time; else itself."""
    parts = module.module.split(".")
    near = {".".join(parts[:count]) for count in range(1, len(parts))}
    near |= all_imports(sources, module.path)
    others = [slow[name] for name in near if name in slow and name != module.module]
    slowest = max(others, key=lambda item: (item.seconds, item.module), default=None)
    if slowest is None or module.seconds - slowest.seconds > limit:
        return module.module
    return slowest.module


def _end(name: str, blamed: dict[str, str]) -> str:
    seen = {name}
    while blamed[name] not in seen:
        name = blamed[name]
        seen.add(name)
    # In a circle each one names the next: the first by name stands for all of it.
    return name if blamed[name] == name else min(_circle(name, blamed))


def _circle(name: str, blamed: dict[str, str]) -> set[str]:
    found: set[str] = set()
    while name not in found:
        found.add(name)
        name = blamed[name]
    return found
