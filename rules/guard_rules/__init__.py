"""The built-in rules. Each folder beside this file is one rule; adding one edits no other file.

A folder whose name begins with ``_`` is shared code and holds no rule.
"""

from __future__ import annotations

import os
from importlib import import_module

from guard.errors import PluginError
from guard.hookspecs import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.rule import Rule


def rules_in(package: str) -> tuple[Rule, ...]:
    """The ``RULE`` of each folder of ``package``, by name.

    Raises ``PluginError`` for a folder that has none, or whose name is not the rule's id.
    """
    # Not above: this package also holds the light extractors.
    from guard.rule import ChangeRule, SmokeRule, SourceRule

    found: list[Rule] = []
    for name in _folders(import_module(package).__path__):
        rule = getattr(import_module(f"{package}.{name}"), "RULE", None)
        if not isinstance(rule, (SourceRule, SmokeRule, ChangeRule)):
            kinds = "SourceRule, SmokeRule or ChangeRule"
            raise PluginError(f"folder {name!r} exposes no RULE that is a {kinds}")
        if rule.id != name.replace("_", "-"):
            raise PluginError(f"folder {name!r} holds the rule {rule.id!r}; names must agree")
        found.append(rule)
    return tuple(found)


@hookimpl
def guard_rules() -> Iterable[Rule]:
    """Every rule below this folder."""
    return rules_in(__name__)


def _folders(path: Iterable[str]) -> list[str]:
    # Not pkgutil: it passes over a folder whose __init__.py was forgotten, and so would we.
    names = set()
    for top in path:
        for entry in os.scandir(top):
            # git leaves a folder with nothing but __pycache__ behind where a rule was.
            if entry.is_dir() and entry.name[0] not in "._":
                names |= {entry.name for name in os.listdir(entry.path) if name != "__pycache__"}
    return sorted(names)
