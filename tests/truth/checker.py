"""Ask the three source rules about files that exist only in memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint

from guard.model import Finding, Unjudged
from guard.plugins import load_rules
from guard.rule import SourceRule
from guard.testing import FakeProject

from .corpus import Version

PREFIX = "type-checking-"


class NotJudgedError(AssertionError):
    """A rule answered that it could not judge a file."""


@lru_cache(maxsize=1)
def rules() -> tuple[SourceRule, ...]:
    """The three built-in source rules, found as an installed plugin is found."""
    point = EntryPoint(name="guard_rules", value="guard_rules", group="guard")
    loaded = [rule for rule in load_rules([point]) if isinstance(rule, SourceRule)]
    found = tuple(rule for rule in loaded if rule.id.startswith(PREFIX))
    if len(found) != 3:
        raise AssertionError(f"not the three source rules: {[rule.id for rule in found]}")
    return found


def check(files: Mapping[str, str], target: Version) -> tuple[Finding, ...]:
    """All findings. A file that a rule could not judge raises."""
    project = FakeProject(files, target=target)
    said = [item for rule in rules() for item in rule.check(project, rule.options())]
    unjudged = [item for item in said if isinstance(item, Unjudged)]
    if unjudged:
        raise NotJudgedError(str(unjudged))
    return tuple(item for item in said if isinstance(item, Finding))


def places(finding: Finding) -> frozenset[tuple[str, int]]:
    """Every line that the finding speaks of as evaluated."""
    uses = [use.place for use in finding.uses]
    return frozenset((place.path, place.line) for place in [finding.place, *uses])
