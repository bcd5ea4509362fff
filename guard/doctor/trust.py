"""Checks over what jobs trust: tokens, actions of others, files of the change.

Sources: GitHub docs, "Security hardening for GitHub Actions" and "Events that trigger workflows".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.doctor.facts import Checkout, Job, Step, Workflow
from guard.doctor.running import ACTION
from guard.doctor.words import At, hollow, listed
from guard.git import is_oid
from guard.model import Finding, Level

Found = Iterator[Finding]
PRIVILEGED = ("pull_request_target", "workflow_run", "issue_comment")
"""These run with a token and secrets, and can be set off by a change of anybody."""
_THEIRS = re.compile(
    r"github\.head_ref|pull_request\.head\.|pull_request\.merge_commit_sha|workflow_run\.head_"
    r"|refs/pull/|\bpull/"
)
_TAKES = re.compile(
    r"(?<![\w.-])git[ \t]+(?:-\S+[ \t]+\S+[ \t]+)?"
    r"(?:checkout|switch|merge|reset|rebase|cherry-pick|worktree|pull|archive)\b"
)
_GH_CHECKOUT = re.compile(r"(?<![\w.-])gh[ \t]+pr[ \t]+checkout\b")


def privileged_checkout(checkout: Checkout) -> Found:
    """A workflow with a token puts the change's own files where they may be run."""
    for flow in checkout.workflows:
        events = [event.name for event in flow.events if event.name in PRIVILEGED]
        if not events:
            continue
        for job in flow.jobs:
            allowed = flow.allowed(job)
            for step in job.steps:
                if _takes_change(step):
                    harmless = allowed is not None and not allowed.writes
                    yield hollow(
                        At(flow.path, step.line, job.id),
                        f"job {job.id} runs on {listed(events)} and checks the change itself out: "
                        "what it runs of that holds a token of the target, and can write the "
                        "guard's verdict",
                        "Run the change's code on pull_request, with a token that can only read.",
                        Level.WARNING if harmless else Level.ERROR,
                    )


def broad_permissions(checkout: Checkout) -> Found:
    """A token that may do more than the job needs, or whatever the default is."""
    for flow in checkout.workflows:
        close = flow.on(*PRIVILEGED) or any(job.runs for job in flow.jobs)
        level = Level.ERROR if close else Level.WARNING
        silent = [job for job in flow.jobs if flow.allowed(job) is None]
        if silent:
            yield hollow(
                At(flow.path, silent[0].line, silent[0].id),
                f"no permissions are set for job {listed([job.id for job in silent])}: the "
                "repository's default decides, which may be to write everything",
                "Set permissions: {} for the workflow, and for each job what it needs.",
                level,
            )
        for job in flow.jobs:
            allowed = flow.allowed(job)
            if allowed is not None and allowed.everything == "write-all":
                yield hollow(
                    At(flow.path, allowed.line, job.id),
                    f"the token of job {job.id} may write everything, the guard's verdicts too",
                    "Name the permissions that the job needs.",
                    level,
                )
            elif allowed is not None and allowed.writes and "smoke" in job.runs:
                yield hollow(
                    At(flow.path, allowed.line, job.id),
                    f"job {job.id} runs the change's code with a token that may write "
                    f"{listed(allowed.writes)}: the code can use it, and write its own verdict",
                    "Give this job contents: read alone, and do the rest in another job.",
                )


def unpinned_action(checkout: Checkout) -> Found:
    """An action that somebody else can change under the workflow."""
    for flow, job, line, uses in _used(checkout):
        name, _, ref = uses.partition("@")
        if _is_guard(name) or is_oid(ref) or (name.startswith("docker://") and ":" in ref):
            continue
        allowed = flow.allowed(job)
        close = bool(job.runs) or allowed is None or bool(allowed.writes)
        yield hollow(
            At(flow.path, line, name),
            f"{uses} is not pinned by commit: whoever can move that tag or branch decides what "
            f"job {job.id} does",
            "Pin it by the full id of a commit, with the version in a comment.",
            Level.ERROR if close else Level.WARNING,
        )


def guard_pin(checkout: Checkout) -> Found:
    """The guard's own action: pinned by commit, and the same everywhere."""
    pins: dict[str, list[At]] = {}
    for flow, _, line, uses in _used(checkout):
        name, _, ref = uses.partition("@")
        if not _is_guard(name):
            continue
        at = At(flow.path, line, uses)
        if is_oid(ref):
            pins.setdefault(ref, []).append(at)
        else:
            yield hollow(
                at,
                f"the guard is pinned by {ref or 'nothing'}: a tag or a branch can be moved, and "
                "another guard judges without a change here",
                "Pin it by the full id of a commit; guard init --github does.",
            )
    if len(pins) > 1:
        most = max(pins.values(), key=len)
        for ref, places in pins.items():
            if places is not most:
                yield hollow(
                    places[0],
                    f"the guard is pinned to {ref[:12]} here and to another commit in "
                    f"{most[0].path}: two guards may give two verdicts of one change",
                    "Pin the same commit everywhere.",
                    Level.WARNING,
                )


def _used(checkout: Checkout) -> Iterator[tuple[Workflow, Job, int, str]]:
    """Each action or reusable workflow of others, once a workflow."""
    for flow in checkout.workflows:
        seen = set()
        for job in flow.jobs:
            uses = [(job.line, job.uses), *((step.line, step.uses) for step in job.steps)]
            for line, name in uses:
                if name and not name.startswith(("./", "../")) and name not in seen:
                    seen.add(name)
                    yield flow, job, line, name


def _is_guard(name: str) -> bool:
    return len(name.split("/")) == 2 and name.split("/")[1] == ACTION


def _takes_change(step: Step) -> bool:
    """Whether a step puts the files of the change into the job's folder."""
    if step.uses.startswith("actions/checkout@"):
        given = dict(step.given)
        return bool(_THEIRS.search(f"{given.get('ref', '')} {given.get('repository', '')}"))
    named = _THEIRS.search(step.run) or _THEIRS.search(step.env)
    return bool(_GH_CHECKOUT.search(step.run) or (named and _TAKES.search(step.run)))
