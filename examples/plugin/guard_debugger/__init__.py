"""The plugin: one hook, which offers the rules."""

from __future__ import annotations

from collections.abc import Iterable

from guard.hookspecs import hookimpl
from guard.rule import SourceRule
from guard_debugger.leftover_breakpoint import RULE


@hookimpl
def guard_rules() -> Iterable[SourceRule]:
    """The rules of this plugin."""
    return (RULE,)
