"""Every check of ``guard doctor``: its id, what it looks at, how much it weighs, what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from guard.doctor import files, flows, landing, protection, skips, trust
from guard.doctor.facts import Checkout, Settings
from guard.model import Finding, Missing

Offline = Callable[[Checkout], Iterable[Finding | Missing]]
Online = Callable[[Settings, Checkout], Iterable[Finding | Missing]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``looks_at`` is the checkout, or GitHub's settings where ``online`` is set."""

    id: str
    level: str
    summary: str
    offline: Offline | None = None
    online: Online | None = None


BOTH = "error, warning"
UNREADABLE = Check("unreadable", "unverified", "A workflow or hook file cannot be read.")
MERGE_GROUP = Check(
    "no-merge-group", BOTH, "A check of pull requests does not run on merge groups."
)
"""It judges the checkout, and is the surer for knowing whether there is a queue."""

CHECKS = (
    UNREADABLE,
    Check("guard-not-run", "error", "No workflow runs the guard.", flows.guard_not_run),
    Check(
        "lane-not-run", "error", "The policy has a lane, no workflow keeps it.", flows.lane_not_run
    ),
    MERGE_GROUP,
    Check("enqueue-token", "error", "The queue is filled in vain.", flows.enqueue_token),
    Check("skippable", BOTH, "A skipped job counts as success.", skips.skippable),
    Check("event-filter", "error", "A filter keeps the guard from changes.", flows.event_filter),
    Check("ignored-failure", "error", "A failure does not fail the job.", skips.ignored_failure),
    Check(
        "privileged-checkout",
        BOTH,
        "A job with a token checks the change itself out.",
        trust.privileged_checkout,
    ),
    Check("broad-permissions", BOTH, "A token may do too much.", trust.broad_permissions),
    Check("unpinned-action", BOTH, "An action is not pinned by commit.", trust.unpinned_action),
    Check("guard-pin", BOTH, "The guard is not pinned, or not the same.", trust.guard_pin),
    Check("policy-missing", "error", "No policy, or none that can be read.", files.policy_missing),
    Check("lane-without-target", "warning", "No branch is named.", files.lane_without_target),
    Check(
        "lane-check-unreported",
        "error",
        "A release waits for a check that no workflow reports.",
        files.lane_check_unreported,
    ),
    Check("code-owners", "warning", "What judges changes has no owner.", files.code_owners),
    Check(
        "hook-matches-nothing",
        "error",
        "The patterns of a hook match no file.",
        files.hook_matches_nothing,
    ),
    Check("hook-never-runs", "error", "No stage of a hook is installed.", files.hook_never_runs),
    Check(
        "nothing-required",
        "error",
        "A branch requires no check.",
        online=protection.nothing_required,
    ),
    Check(
        "guard-not-required",
        "error",
        "A check of the guard is not required.",
        online=protection.guard_not_required,
    ),
    Check(
        "required-unreported",
        BOTH,
        "A required check that no workflow reports.",
        online=protection.required_unreported,
    ),
    Check(
        "check-source-open",
        "error",
        "Any app or user may report the guard's check.",
        online=protection.check_source_open,
    ),
    Check("bypass", BOTH, "Somebody need not obey the rules.", online=protection.bypass),
    Check(
        "admins-exempt",
        "warning",
        "Branch protection does not hold admins.",
        online=landing.admins_exempt,
    ),
    Check(
        "queue-headgreen",
        "error",
        "The queue looks at the last of a group alone.",
        online=landing.queue_headgreen,
    ),
    Check(
        "queue-group-size",
        "warning",
        "The queue lands several changes at once.",
        online=landing.queue_group_size,
    ),
    Check("queue-rebase", "warning", "The queue rebases.", online=landing.queue_rebase),
    Check(
        "stale-base",
        "warning",
        "Neither a queue nor branches that are up to date.",
        online=landing.stale_base,
    ),
    Check(
        "direct-push",
        "error",
        "A branch takes pushes without a pull request.",
        online=landing.direct_push,
    ),
    Check(
        "history-rewrite",
        "error",
        "A branch can be force-pushed or deleted.",
        online=landing.history_rewrite,
    ),
    Check(
        "stale-reviews",
        "warning",
        "Approvals stay when commits are added.",
        online=landing.stale_reviews,
    ),
    Check("token-writes", "warning", "GITHUB_TOKEN may write.", online=landing.token_writes),
    Check(
        "actions-approve",
        "error",
        "Workflows may approve pull requests.",
        online=landing.actions_approve,
    ),
    Check("actions-off", "error", "GitHub Actions is off.", online=landing.actions_off),
)
