"""The hooks that a plugin implements. Plugins are found through the entry-point group ``guard``.

pluggy is the host (``guard.plugins``), but is not imported here: a run that needs no rule, because
nothing changed that a rule could notice, imports plugins all the same, and pluggy takes as long to
import as Python to start.
"""

from __future__ import annotations

PROJECT_NAME = "guard"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    import pluggy

    from guard.rule import Rule

    hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
else:

    def hookimpl(function=None, **options):
        """Mark the implementation of a hook; ``pluggy.HookimplMarker("guard")`` in all respects."""
        if function is None or options:
            import pluggy

            return pluggy.HookimplMarker(PROJECT_NAME)(function, **options)
        function.guard_impl = {}  # pluggy's mark for an implementation without options
        return function


def guard_rules() -> Iterable[Rule]:
    """Return the rules that this plugin offers: ``SourceRule``, ``SmokeRule``, ``ChangeRule``.

    An id that another plugin uses blocks the run.
    """
    raise NotImplementedError
