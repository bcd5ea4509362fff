"""The hooks that a plugin implements. Plugins are found through the entry-point group ``guard``."""

from __future__ import annotations

import pluggy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from guard.rule import SourceRule

PROJECT_NAME = "guard"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


@hookspec
def guard_rules() -> Iterable[SourceRule]:
    """Return the rules that this plugin offers. An id that another plugin uses blocks the run."""
    raise NotImplementedError
