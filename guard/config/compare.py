"""What a policy gives up that the one before had: each in words. Typed, never by the lines of text.

What is not known to be stricter counts as weaker: a number or a list without a direction is said to
be changed, and an owner reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from enum import Enum
from typing import Any

from guard.config.policy import Policy, RulePolicy
from guard.model import Level
from guard.settings import (
    GithubSettings,
    LaneSettings,
    ProvenanceSettings,
    Rebase,
    ServerSettings,
    Undeclared,
)

_WEIGHT = (Level.OFF, Level.WARNING, Level.ERROR)
_STRICTER = (Undeclared.ALLOW, Undeclared.REQUIRE, Undeclared.AI)


def weaker(before: Policy, after: Policy) -> tuple[str, ...]:
    """What ``after`` gives up. Both were read with the same rules."""
    parts = (
        _rules(before, after),
        _paths(before, after),
        _layout(before, after),
        _smoke(before, after),
        _people(before, after),
        _provenance(before.provenance, after.provenance),
        _lane(before.lane, after.lane),
        _server(before.server, after.server),
        _github(before.github, after.github),
    )
    return tuple(dict.fromkeys(words for part in parts for words in part))


def _rules(before: Policy, after: Policy) -> Iterator[str]:
    for rule, old in before.rules.items():
        new = after.rules[rule]
        if _weight(new.level) < _weight(old.level):
            how = "switches" if new.level is Level.OFF else "lowers"
            to = "off" if new.level is Level.OFF else f"from {old.level.value} to {new.level.value}"
            yield f"{how} {rule} {to}"
        if new.level is not Level.OFF:
            yield from _options(rule, old, new)


def _options(rule: str, old: RulePolicy, new: RulePolicy) -> Iterator[str]:
    for each in fields(old.options):
        was, now = getattr(old.options, each.name), getattr(new.options, each.name)
        name = f"{rule}: {each.name.replace('_', '-')}"
        yield from _changed(name, was, now, str(each.metadata.get("looser", "")))


def _changed(name: str, was: Any, now: Any, looser: str) -> Iterator[str]:
    """The words for a value that has changed, unless that is known to be stricter.

    ``looser`` is the direction: ``more`` or ``less`` of a number, of the values in a list, of a
    switch (on is more than off), and of the values of an enum (in the order of their definition).
    """
    if was == now:
        return
    if looser in ("more", "less"):
        more, less = _more(was, now), _more(now, was)
        if looser == "more" and not more and less is not None:
            return
        if looser == "less" and not less and more is not None:
            return
    yield f"{name} from {_shown(was)} to {_shown(now)}"


def _more(was: Any, now: Any) -> bool | None:
    """Whether ``now`` has something that ``was`` has not; ``None`` where that cannot be said."""
    if isinstance(was, Enum) and isinstance(now, Enum):
        order = list(type(was))
        return order.index(now) > order.index(was)
    if isinstance(was, (int, float)) and isinstance(now, (int, float)):
        return now > was
    if isinstance(was, (tuple, frozenset)) and isinstance(now, (tuple, frozenset)):
        return not set(now) <= set(was)
    return None


def _paths(before: Policy, after: Policy) -> Iterator[str]:
    left_out = [each for each in after.exclude if each not in before.exclude]
    if left_out:
        yield f"excludes {_listed(left_out)}"
    for entry in after.per_path:
        if entry in before.per_path:
            continue
        for rule, level in entry.rules.items():
            usual = max(_level(before, rule), _level(after, rule), key=_weight)
            if _weight(level) < _weight(usual):
                yield f"has {rule} at {level.value} for {_listed(entry.paths)}"
    for entry in before.per_path:
        if entry in after.per_path:
            continue
        for rule, level in entry.rules.items():
            if _weight(level) > _weight(_level(after, rule)):
                yield f"no longer has {rule} at {level.value} for {_listed(entry.paths)}"
    kept = [entry for entry in before.per_path if entry in after.per_path]
    if kept != [entry for entry in after.per_path if entry in before.per_path]:
        yield "has the entries of per-path in another order: the last that matches a path wins"


def _level(policy: Policy, rule: str) -> Level:
    return policy.rules[rule].level


def _layout(before: Policy, after: Policy) -> Iterator[str]:
    if after.baseline != before.baseline and after.baseline is not None:
        yield f"accepts the findings in {after.baseline!r}"
    if after.target_version != before.target_version:
        texts = [
            "what the package says" if version is None else "{}.{}".format(*version)
            for version in (before.target_version, after.target_version)
        ]
        yield f"moves target-version from {texts[0]} to {texts[1]}"
    if after.roots != before.roots:
        yield f"moves the import roots from {_shown(before.roots)} to {_shown(after.roots)}"


def _smoke(before: Policy, after: Policy) -> Iterator[str]:
    if before.smoke == after.smoke:
        return
    if before.smoke is None or after.smoke is None:
        from guard.config.smoke import SmokePolicy

        older, newer = before.smoke or SmokePolicy(), after.smoke or SmokePolicy()
    else:
        older, newer = before.smoke, after.smoke
    for each in fields(older):
        was, now = getattr(older, each.name), getattr(newer, each.name)
        if was != now:
            yield f"changes smoke: {each.name.replace('_', '-')}"


def _people(before: Policy, after: Policy) -> Iterator[str]:
    known = {person.login.casefold(): person for person in before.people}
    for person in after.people:
        old = known.pop(person.login.casefold(), None)
        if old is None:
            roles = f", as {_listed(person.roles)}" if person.roles else ""
            yield f"adds {person.login!r} to the people{roles}"
            continue
        roles_added = [role for role in person.roles if role not in old.roles]
        if roles_added:
            yield f"gives {person.login!r} the role {_listed(roles_added)}"
        gone = [each for each in old.emails if each not in person.emails]
        if gone:
            yield f"no longer knows {_listed(gone)} as {person.login!r}"


def _provenance(
    before: ProvenanceSettings | None, after: ProvenanceSettings | None
) -> Iterator[str]:
    older, newer = before or ProvenanceSettings(), after or ProvenanceSettings()
    if _STRICTER.index(newer.undeclared) < _STRICTER.index(older.undeclared):
        was, now = older.undeclared.value, newer.undeclared.value
        yield f"lowers provenance: undeclared from {was} to {now}"
    for agent in older.agents:
        same = [each for each in newer.agents if each.name == agent.name]
        if not same:
            yield f"no longer knows the agent {agent.name!r}"
        for each in fields(agent):
            signs = {sign for other in same for sign in getattr(other, each.name)}
            if same and each.name != "name" and not set(getattr(agent, each.name)) <= signs:
                yield f"knows fewer {each.name} of the agent {agent.name!r}"
    gone = [each for each in older.drivers if each not in newer.drivers]
    if gone:
        yield f"no longer counts {_listed(gone)} as drivers of an AI"
    for bot in newer.bots:
        if bot not in older.bots and not bot.ai:
            yield f"counts the bot {bot.name!r} as no AI"
    for bot in older.bots:
        if bot.ai and bot not in newer.bots:
            yield f"no longer counts the bot {bot.name!r} as an AI in the same way"


def _lane(before: LaneSettings | None, after: LaneSettings | None) -> Iterator[str]:
    older, newer = before or LaneSettings(), after or LaneSettings()
    if newer.targets != older.targets and not (
        older.targets and set(older.targets) <= set(newer.targets)
    ):
        yield f"protects {_targets(newer)} instead of {_targets(older)}"
    if newer.lanes != older.lanes:
        if newer.lanes:
            yield f"splits the lane into {_listed(lane.name for lane in newer.lanes)}"
        # One lane for everything instead of several is stricter.
    if newer.soak < older.soak:
        yield f"shortens the soak from {older.soak} to {newer.soak}"
    if newer.deadline > older.deadline:
        yield f"moves the deadline of a soak from {older.deadline} to {newer.deadline}"
    gone = [check for check in older.checks if check not in newer.checks]
    if gone:
        yield f"releases without the check {_listed(gone)}"
    if older.staging and newer.staging != older.staging:
        yield f"no longer wants a landing to be healthy in {older.staging!r}"


def _targets(settings: LaneSettings) -> str:
    return _listed(settings.targets) if settings.targets else "the branch of HEAD"


def _server(before: ServerSettings | None, after: ServerSettings | None) -> Iterator[str]:
    older, newer = before or ServerSettings(), after or ServerSettings()
    for each in fields(older):
        was, now = getattr(older, each.name), getattr(newer, each.name)
        name = f"server: {each.name.replace('_', '-')}"
        if was == now:
            continue
        if isinstance(was, tuple):
            added = [login for login in now if login not in was]
            if added:
                yield f"{name} lets {_listed(added)} in"
        elif each.name in ("check", "smoke"):
            if not now:
                yield f"switches {name} off"
        else:
            yield f"{name} from {_shown(was)} to {_shown(now)}"


def _github(before: GithubSettings | None, after: GithubSettings | None) -> Iterator[str]:
    older, newer = before or GithubSettings(), after or GithubSettings()
    if newer.rebase is Rebase.TREE and older.rebase is not Rebase.TREE:
        yield "github: takes a rebased change for proved by its tree"
    if newer.enqueue and not older.enqueue:
        yield "github: puts AI changes into the merge queue by itself"


def _weight(level: Level) -> int:
    return _WEIGHT.index(level)


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (tuple, frozenset)):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value) if isinstance(value, str) else f"{value}"


def _listed(values: Iterable[str]) -> str:
    names = list(values)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name) for name in names[:5]) + more
