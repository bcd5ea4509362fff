"""The hooks that a plugin implements. Plugins are found through the entry-point group ``guard``."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from guard.rule import SourceRule

PROJECT_NAME = "guard"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


@hookspec
def guard_rules() -> Iterable[SourceRule]:
    """Return the rules that this plugin offers. An id that another plugin uses blocks the run."""
    raise NotImplementedError
