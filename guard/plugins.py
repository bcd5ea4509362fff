"""The plugin host. It fails closed: what does not load, or breaks the contract, blocks the run.

Plugins are modules behind the entry-point group ``guard`` that implement a hook of
``guard.hookspecs``. The built-in rules are such a plugin, ``guard_rules``, and nothing more.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from guard import hookspecs
from guard.config.shapes import UnsupportedType, record_of
from guard.engine import OWN_RULES, RESERVED
from guard.errors import PluginError
from guard.model import Level, Stage
from guard.rule import COSTLY, ChangeRule, Rule, SmokeRule, SourceRule

GROUP = "guard"
BUILT_IN = "guard_rules"

KINDS = (SourceRule, SmokeRule, ChangeRule)

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One loaded plugin. ``distribution`` and ``version`` are empty where nothing is installed."""

    name: str
    distribution: str
    version: str
    rules: tuple[Rule, ...]

    @property
    def label(self) -> str:
        """How messages name it."""
        known = f"{self.distribution} {self.version}".strip() or "no distribution"
        return f"plugin {self.name!r} ({known})"


def load_plugins(found: Iterable[EntryPoint] | None = None) -> tuple[Plugin, ...]:
    """Every plugin of the group, or of ``found``, with its rules; sorted by name.

    Raises ``PluginError`` that names plugin, distribution and, where one is at fault, the rule.
    """
    points = sorted(entry_points(group=GROUP) if found is None else found, key=_order)
    host = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    pluggy.HookspecMarker(hookspecs.PROJECT_NAME)(hookspecs.guard_rules)
    host.add_hookspecs(hookspecs)
    plugins = tuple(_load(host, point) for point in points)
    if not any(plugin.name == BUILT_IN for plugin in plugins):
        raise PluginError(
            f"the built-in rules were not found: no entry point {BUILT_IN!r} in the group "
            f"{GROUP!r}; install premerge-guard again"
        )
    owners: dict[str, str] = dict.fromkeys(RESERVED, "the engine itself")
    for plugin in plugins:
        for rule in plugin.rules:
            if rule.id in owners:
                raise PluginError(
                    f"{plugin.label}: rule {rule.id!r} is offered by {owners[rule.id]} too"
                )
            owners[rule.id] = plugin.label
    return plugins


def load_rules(found: Iterable[EntryPoint] | None = None) -> tuple[Rule, ...]:
    """The rules of all plugins and the engine's own, sorted by id. Raises ``PluginError``."""
    rules: list[Rule] = [rule for plugin in load_plugins(found) for rule in plugin.rules]
    return tuple(sorted([*rules, *OWN_RULES], key=lambda rule: rule.id))


def readme(rule: Rule) -> str:
    """The rule's explanation: the README.md of its folder. Raises ``PluginError`` without one.

    The engine's own rules have no folder; theirs is the docstring.
    """
    if rule in OWN_RULES:
        import inspect

        return f"# {rule.id}\n\n{inspect.cleandoc(type(rule).__doc__ or '')}\n"
    folder = rule_folder(rule)
    try:
        return resources.files(folder).joinpath("README.md").read_text("utf-8")
    except (OSError, ValueError, ImportError, TypeError) as error:
        raise PluginError(f"rule {rule.id!r}: no README.md in {folder}: {error}") from error


def rule_folder(rule: Rule) -> str:
    """The package that holds the rule's class."""
    name = type(rule).__module__
    module = sys.modules.get(name)
    return name if hasattr(module, "__path__") else name.rpartition(".")[0]


def rule_problems(rule: object) -> tuple[str, ...]:
    """What a rule's declaration breaks of the contract; empty when it is sound."""
    if isinstance(rule, type) and issubclass(rule, Rule):
        return (f"offers the class {rule.__name__}, wanted an instance of it",)
    if not isinstance(rule, KINDS):
        return (f"offers {rule!r:.80}, which is no SourceRule, SmokeRule or ChangeRule",)
    name: object = getattr(rule, "id", None)
    if not (isinstance(name, str) and KEBAB.fullmatch(name)):
        return (f"rule {name!r} of {type(rule).__name__}: the id must be kebab-case",)
    problems = []
    summary: object = getattr(rule, "summary", None)
    if not (isinstance(summary, str) and summary.strip()):
        problems.append("the summary must be one sentence")
    stages: object = rule.stages
    if not (isinstance(stages, frozenset) and stages and stages <= frozenset(Stage)):
        problems.append("stages must be a frozenset of Stage, with at least one")
    level: object = rule.default_level
    if not isinstance(level, Level):
        problems.append("default_level must be a Level")
    if type(rule).check in [kind.check for kind in KINDS]:
        problems.append("it implements no check()")
    if isinstance(rule, ChangeRule):
        problems.extend(_need_problems(rule))
    problems.extend(_option_problems(rule.options))
    return tuple(f"rule {name!r}: {problem}" for problem in problems)


def _need_problems(rule: ChangeRule) -> Iterable[str]:
    needs: object = rule.needs
    if not isinstance(needs, frozenset):
        yield "needs must be a frozenset of names"
    elif not needs <= COSTLY:
        wrong = ", ".join(sorted(map(str, needs - COSTLY)))
        yield f"needs names {wrong}; allowed: {', '.join(sorted(COSTLY))}"


def _option_problems(options: Any) -> Iterable[str]:
    try:
        record = record_of(options)
    except UnsupportedType as error:
        yield f"options: {error}"
        return
    for field in record.fields:
        if field.required:
            yield f"options: field {field.name!r} has no default"
        if field.key == "level":
            yield "options: the key 'level' is taken by the rule's level"
    keys = [field.key for field in record.fields]
    if len(set(keys)) < len(keys):
        yield f"options: two fields have the same key: {', '.join(keys)}"


def _load(host: pluggy.PluginManager, point: EntryPoint) -> Plugin:
    dist = point.dist
    blank = Plugin(point.name, dist.name if dist else "", dist.version if dist else "", ())
    try:
        module = point.load()
        host.register(module, name=point.name)
    except (Exception, SystemExit) as error:
        raise PluginError(f"{blank.label} does not load: {_text(error)}") from error
    callers = host.get_hookcallers(module) or []
    if not callers:
        raise PluginError(
            f"{blank.label} implements no hook; mark guard_rules() with guard.hookspecs.hookimpl"
        )
    for caller in callers:
        if caller.spec is None:
            raise PluginError(f"{blank.label} implements the unknown hook {caller.name!r}")
    offered: list[object] = []
    for impl in host.hook.guard_rules.get_hookimpls():
        if impl.plugin_name != point.name:
            continue
        if impl.hookwrapper or impl.wrapper:
            raise PluginError(f"{blank.label}: guard_rules() cannot be a hook wrapper")
        offered.extend(_offered(blank, impl.function))
    problems = [problem for rule in offered for problem in rule_problems(rule)]
    if problems:
        raise PluginError("\n".join(f"{blank.label}: {problem}" for problem in problems))
    rules = tuple(rule for rule in offered if isinstance(rule, Rule))
    if not rules:
        raise PluginError(f"{blank.label} offers no rule")
    return Plugin(blank.name, blank.distribution, blank.version, rules)


def _offered(plugin: Plugin, function: Any) -> Sequence[object]:
    try:
        answer = function()
        if isinstance(answer, (str, bytes)):
            raise TypeError(f"guard_rules() returned {answer!r:.80}")
        return tuple(answer)
    except PluginError as error:
        raise PluginError(f"{plugin.label}: {error}") from error
    except (Exception, SystemExit) as error:
        raise PluginError(f"{plugin.label}: guard_rules() failed: {_text(error)}") from error


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _order(point: EntryPoint) -> tuple[str, str]:
    return (point.name, point.value)
