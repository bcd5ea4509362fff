"""The built-in rules. Each folder beside this file is one rule; adding one edits no other file.

A folder whose name begins with ``_`` is shared code and holds no rule.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from guard.errors import PluginError
from guard.hookspecs import hookimpl
from guard.rule import SourceRule


def rules_in(package: str) -> tuple[SourceRule, ...]:
    """The ``RULE`` of each folder of ``package``, by name.

    Raises ``PluginError`` for a folder that has none, or whose name is not the rule's id.
    """
    found: list[SourceRule] = []
    for module in pkgutil.iter_modules(import_module(package).__path__):
        if not module.ispkg or module.name.startswith("_"):
            continue
        rule = getattr(import_module(f"{package}.{module.name}"), "RULE", None)
        if not isinstance(rule, SourceRule):
            raise PluginError(f"folder {module.name!r} exposes no RULE that is a SourceRule")
        if rule.id != module.name.replace("_", "-"):
            raise PluginError(
                f"folder {module.name!r} holds the rule {rule.id!r}; names must agree"
            )
        found.append(rule)
    return tuple(found)


@hookimpl
def guard_rules() -> Iterable[SourceRule]:
    """Every rule below this folder."""
    return rules_in(__name__)
