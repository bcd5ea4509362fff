"""The check: while the target is broken, only what mends it may land."""

from __future__ import annotations

from collections.abc import Iterator

from guard.change import Change, Health, Unknown
from guard.model import Finding, Missing
from guard_rules._changes.words import about, lacks, listed, short


def findings(rule: str, change: Change) -> Iterator[Finding | Missing]:
    """A finding that names what is broken still."""
    result = _health("result_health", change.result_health, "result_tree", change.result_tree)
    if isinstance(result, Health) and not result.broken:
        return  # whatever the target is, with this change it is whole
    target = _health("target_health", change.target_health, "base_tree", change.base_tree)
    if isinstance(target, Missing):
        yield target
    elif not target.broken:
        return  # what the change itself breaks is for other rules to say
    elif isinstance(result, Missing):
        yield result
    else:
        yield _still_broken(rule, change, result, target)


def _health(fact: str, health: Health | Unknown, of: str, tree: str | Unknown) -> Health | Missing:
    """The health, if it is that of the tree that counts."""
    if isinstance(health, Unknown):
        return lacks(fact, health)
    if isinstance(tree, Unknown):
        return lacks(of, tree)
    if health.tree != tree:
        return Missing(fact, f"it is of tree {short(health.tree)}, wanted {short(tree)}")
    return health


def _still_broken(rule: str, change: Change, result: Health, target: Health) -> Finding:
    mended = len(set(target.broken) - set(result.broken))
    some = f" (the change mends {mended} of {len(target.broken)})" if mended else ""
    message = (
        f"{change.target} fails its own checks, and still does with this change{some}: "
        f"{listed(result.broken)}"
    )
    fix = f"Mend {change.target} first, or in this change; what mends all of it may land."
    return about(rule, change.target, message, fix)
