"""Checks over the settings of GitHub: how changes land, and what workflows may do.

Rulesets and the older branch protection add up: the stricter of the two counts. What one of them
would settle and the token may not read is unverified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter

from guard.change import Unknown
from guard.doctor.facts import Branch, Checkout, Protection, Queue, Rules, Settings
from guard.doctor.protection import at, unread_of
from guard.doctor.words import At, hollow, may_not_read
from guard.model import Finding, Level, Missing

Found = Iterator[Finding | Missing]


def admins_exempt(settings: Settings, checkout: Checkout) -> Found:
    """Branch protection that does not hold administrators."""
    del checkout
    for branch in settings.branches:
        if isinstance(branch.protection, Unknown):
            yield may_not_read(f"the protection of {branch.name}", branch.protection.reason)
        elif branch.protection is not None and not branch.protection.admins:
            yield hollow(
                at(branch),
                f"the branch protection of {branch.name} does not hold administrators: what an "
                "admin merges or pushes is not judged",
                "Switch 'Do not allow bypassing the above settings' on.",
                Level.WARNING,
            )


def _queues(settings: Settings) -> Iterator[tuple[Branch, Queue | Missing]]:
    for branch in settings.branches:
        if isinstance(branch.queue, Unknown):
            yield branch, may_not_read(f"the merge queue of {branch.name}", branch.queue.reason)
        elif branch.queue is not None:
            yield branch, branch.queue


def queue_headgreen(settings: Settings, checkout: Checkout) -> Found:
    """A queue that looks at the last entry of a group alone."""
    del checkout
    for branch, queue in _queues(settings):
        if isinstance(queue, Missing):
            yield queue
        elif queue.strategy != "ALLGREEN":
            yield hollow(
                at(branch),
                f"the merge queue of {branch.name} lands a group when its last entry is green: a "
                "change that failed can land with it",
                "Set 'Only merge non-failing pull requests' (ALLGREEN).",
            )


def queue_group_size(settings: Settings, checkout: Checkout) -> Found:
    """A queue that lands several changes at once, with a lane for AI changes."""
    lane = checkout.policy is not None and checkout.policy.lane is not None
    for branch, queue in _queues(settings):
        if isinstance(queue, Missing):
            yield queue
        elif lane and queue.most > 1:
            yield hollow(
                at(branch),
                f"the merge queue of {branch.name} lands up to {queue.most} changes at once: what "
                "breaks then is not told apart, and two AI changes in a group fail together",
                "Set the maximum group size to 1.",
                Level.WARNING,
            )


def queue_rebase(settings: Settings, checkout: Checkout) -> Found:
    """A queue that writes the commits anew."""
    del checkout
    for branch, queue in _queues(settings):
        if isinstance(queue, Missing):
            yield queue
        elif queue.method == "REBASE":
            yield hollow(
                at(branch),
                f"the merge queue of {branch.name} rebases: several commits land for one verdict, "
                "those in the middle were never tested, and none is what was approved",
                "Set the merge method to merge or squash.",
                Level.WARNING,
            )


def stale_base(settings: Settings, checkout: Checkout) -> Found:
    """Neither a queue, nor a branch that must be up to date."""
    del checkout
    for branch in settings.branches:
        if isinstance(branch.queue, Queue):
            continue
        finding = hollow(
            at(branch),
            f"{branch.name} has no merge queue and does not ask for branches that are up to date: "
            "two changes that are green alone land together untested",
            "Require a merge queue, or branches to be up to date before merging.",
            Level.WARNING,
        )
        if isinstance(branch.queue, Unknown):
            yield may_not_read(f"the merge queue of {branch.name}", branch.queue.reason)
        else:
            yield from _unless(branch, lambda r: r.strict, lambda p: p.strict, finding)


def direct_push(settings: Settings, checkout: Checkout) -> Found:
    """A branch that can be pushed to without a pull request."""
    del checkout
    closing = {"pull_request", "merge_queue", "update"}
    for branch in settings.branches:
        finding = hollow(
            at(branch),
            f"{branch.name} can be pushed to without a pull request: nobody reviews that, and "
            "whoever can push decides",
            "Require a pull request before merging.",
        )
        yield from _unless(
            branch,
            lambda rules: bool(closing & rules.kinds),
            lambda old: old.reviewed or old.restricted,
            finding,
        )


def history_rewrite(settings: Settings, checkout: Checkout) -> Found:
    """A branch that can be rewritten or deleted: records speak of commits that are gone."""
    del checkout
    for branch in settings.branches:
        for kind, what, allowed in (
            ("non_fast_forward", "force-pushed", attrgetter("force")),
            ("deletion", "deleted", attrgetter("delete")),
        ):
            finding = hollow(
                at(branch, kind),
                f"{branch.name} can be {what}: what landed, and what the guard knows of it, goes "
                "with it",
                "Block force pushes and restrict deletions.",
            )
            yield from _unless(branch, partial(_has, kind), partial(_lacks, allowed), finding)


def stale_reviews(settings: Settings, checkout: Checkout) -> Found:
    """Approvals that stay when commits are added."""
    del checkout
    for branch in settings.branches:
        finding = hollow(
            at(branch),
            f"{branch.name} keeps approvals when commits are pushed: GitHub counts a review of "
            "something else. The guard does not, but GitHub's own button then tells another story",
            "Dismiss stale approvals when new commits are pushed.",
            Level.WARNING,
        )
        yield from _unless(branch, lambda r: r.dismisses, lambda p: p.dismisses, finding)


def token_writes(settings: Settings, checkout: Checkout) -> Found:
    """The token of a workflow that names no permissions may write."""
    del checkout
    writes = settings.actions.writes
    if isinstance(writes, Unknown):
        yield may_not_read("the default permissions of GITHUB_TOKEN", writes.reason)
    elif writes:
        yield hollow(
            At(name="GITHUB_TOKEN"),
            "a workflow that names no permissions gets a token that may write: any of them can "
            "write a verdict",
            "Set the workflow permissions of the repository to read.",
            Level.WARNING,
        )


def actions_approve(settings: Settings, checkout: Checkout) -> Found:
    """Workflows may approve pull requests."""
    del checkout
    approves = settings.actions.approves
    if isinstance(approves, Unknown):
        yield may_not_read("whether workflows may approve pull requests", approves.reason)
    elif approves:
        yield hollow(
            At(name="approve"),
            "workflows may approve pull requests: a change can bring its own approval",
            "Switch 'Allow GitHub Actions to create and approve pull requests' off.",
        )


def actions_off(settings: Settings, checkout: Checkout) -> Found:
    """GitHub Actions is switched off."""
    enabled = settings.actions.enabled
    if isinstance(enabled, Unknown):
        yield may_not_read("whether GitHub Actions is on", enabled.reason)
    elif not enabled and checkout.workflows:
        yield hollow(
            At(name="actions"),
            "GitHub Actions is off for this repository: no workflow judges anything",
            "Switch it on in the settings of the repository.",
        )


def has_queue(settings: Settings | None) -> bool | None:
    """Whether a branch has a merge queue; ``None`` where that is not known."""
    if settings is None or any(isinstance(b.queue, Unknown) for b in settings.branches):
        return None
    return any(isinstance(branch.queue, Queue) for branch in settings.branches)


def _unless(
    branch: Branch,
    by_rules: Callable[[Rules], bool],
    by_protection: Callable[[Protection], bool],
    finding: Finding,
) -> Found:
    """``finding``, unless rules or protection prevent it; unverified if that is not known."""
    if isinstance(branch.rules, Rules) and by_rules(branch.rules):
        return
    if isinstance(branch.protection, Protection) and by_protection(branch.protection):
        return
    unread = tuple(unread_of(branch))
    yield from unread or (finding,)


def _has(kind: str, rules: Rules) -> bool:
    return kind in rules.kinds


def _lacks(allowed: Callable[[Protection], bool], protection: Protection) -> bool:
    return not allowed(protection)
