"""What a cause is called, what is wrong, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from guard.model import Place

if TYPE_CHECKING:
    from collections.abc import Collection

    from guard.observed import SmokeRun
    from guard.rule import Project
    from guard_rules._startup.sources import Sources


@dataclass(frozen=True, slots=True)
class Words:
    """The part of a finding that depends on the kind of its cause."""

    name: str
    message: str
    fix: str
    guard: Place | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What an explanation may look at."""

    run: SmokeRun
    project: Project
    sources: Sources

    def owns(self, module: str) -> bool:
        """Whether a module's top-level package, or itself, is the project's."""
        top = module.partition(".")[0]
        modules = self.project.modules
        return modules.find(top) is not None or modules.is_namespace(top)


def nearest(name: str, known: Collection[str]) -> str:
    """``; did you mean `x`?`` or nothing."""
    near = get_close_matches(name, known, 1)
    return f"; did you mean `{near[0]}`?" if near else ""


def shown_list(names: Collection[str], most: int = 3) -> str:
    """``a, b, c and 4 more``."""
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
