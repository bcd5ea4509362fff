"""Checks over the workflows: which changes no job of the guard gets to see.

Facts about GitHub are from its documentation: "Troubleshooting required status checks" (what a
filtered workflow reports), "Events that trigger workflows", "Workflow syntax for GitHub Actions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.doctor.facts import AT_PULL_REQUEST, JUDGED, JUDGES, Checkout, Event, Workflow
from guard.doctor.words import At, hollow
from guard.model import Finding, Level

Found = Iterator[Finding]


def guard_not_run(checkout: Checkout) -> Found:
    """No workflow runs the guard where a change is judged."""
    if not any(flow.on(*JUDGED) for flow, _ in checkout.guarding()):
        yield hollow(
            At(".github/workflows"),
            "no workflow is seen to run the guard on a pull request or a merge group: nothing "
            "that it would find stops a change",
            "Run guard init --github, or call the guard in a workflow by its name.",
        )


def lane_not_run(checkout: Checkout) -> Found:
    """The policy has a lane, and no workflow keeps it."""
    lane = checkout.policy is not None and checkout.policy.lane is not None
    if not lane or not checkout.guarding():
        return
    gates = [flow for flow, _ in checkout.guarding("gate")]
    if not any(flow.on(*AT_PULL_REQUEST) for flow in gates):
        yield hollow(
            At("guard.yaml", name="gate"),
            "the policy has a lane, and no workflow runs guard gate on pull requests: AI changes "
            "land side by side",
            "Add guard-gate.yml; guard init --github writes it.",
        )
    elif not checkout.guarding("reconcile") and not any(f.on("push", "schedule") for f in gates):
        yield hollow(
            At("guard.yaml", name="reconcile"),
            "no workflow runs guard lane reconcile: no landing is released, and no AI change gets "
            "its turn",
            "Add guard-reconcile.yml; guard init --github writes it.",
        )


def enqueue_token(checkout: Checkout) -> Found:
    """Changes are put into the merge queue with the token of a workflow.

    What that token does starts no workflow (GitHub docs, "GITHUB_TOKEN"), so the queue waits.
    """
    policy = checkout.policy
    if policy is None or policy.github is None or not policy.github.enqueue:
        return
    for flow, job in checkout.guarding("reconcile", "gate"):
        for step in job.steps:
            token = f"{dict(step.given).get('token', '')}\n{step.env}"
            if step.runs and re.search(r"github\.token|secrets\.GITHUB_TOKEN", token):
                yield hollow(
                    At(flow.path, step.line, job.id),
                    f"github.enqueue is on, and job {job.id} uses the token of the workflow: for "
                    "what that puts into the merge queue no workflow runs, and the queue drops it "
                    "after waiting in vain",
                    "Pass the token of an app to the guard, or switch github.enqueue off.",
                )


def no_merge_group(checkout: Checkout, queue: bool | None) -> Found:
    """A check of pull requests does not run on merge groups.

    ``queue`` tells whether there is a merge queue, ``None`` where that is not known.
    """
    if queue is False:
        return
    grouped = [job for flow, job in checkout.guarding() if flow.on("merge_group")]
    for flow, job in checkout.guarding():
        said = {each.name for each in grouped} | {c for each in grouped for c in each.runs}
        reports = "gate" if "gate" in job.runs else job.name
        judges = [event for event in flow.events if event.name in AT_PULL_REQUEST]
        if any(map(_follows, judges)) and reports not in said:
            yield hollow(
                At(flow.path, job.line, job.id),
                f"job {job.id} runs on pull requests and not on merge groups: a merge queue waits "
                "for its check in vain, or, where it is not required, lands what it never saw",
                "Add merge_group to the events of the workflow.",
                Level.ERROR if queue else Level.WARNING,
            )


def event_filter(checkout: Checkout) -> Found:
    """A filter keeps the guard from some changes, and no other workflow makes up for it."""
    found: dict[At, Finding] = {}
    for command in sorted(JUDGES):
        events = _at_pull_requests(checkout, command)
        if any(_follows(event) and not event.paths for _, event in events):
            continue
        for flow, event in events:
            at = At(flow.path, event.paths or event.line, event.name)
            found.setdefault(at, _filtered(at, event, command))
    yield from found.values()
    yield from _unfollowed(checkout)


def _filtered(at: At, event: Event, command: str) -> Finding:
    if event.paths:
        return hollow(
            at,
            f"{event.name} is filtered by paths: guard {command} does not see other changes. Where "
            "its check is required they wait for ever; where it is not they pass by",
            "Take the filter away: the guard is quick where there is nothing to judge.",
        )
    return hollow(
        at,
        f"{event.name} has types without opened and synchronize: guard {command} does not judge "
        "commits that are pushed later",
        "Add opened, reopened and synchronize to the types.",
    )


def _at_pull_requests(checkout: Checkout, command: str) -> list[tuple[Workflow, Event]]:
    return [
        (flow, event)
        for flow, _ in checkout.guarding(command)
        for event in flow.events
        if event.name in AT_PULL_REQUEST
    ]


def _follows(event: Event) -> bool:
    return event.types is None or {"opened", "synchronize"} <= set(event.types)


def _unfollowed(checkout: Checkout) -> Found:
    """The targets for which no workflow runs a command that others run for other branches."""
    for target in checkout.targets:
        for command in sorted(JUDGES):
            events = _at_pull_requests(checkout, command)
            if events and not any(_matches(event, target) for _, event in events):
                flow, event = events[0]
                yield hollow(
                    At(flow.path, event.line, f"{command} {target}"),
                    f"no workflow runs guard {command} on pull requests into {target}: the "
                    "filters of branches leave it out",
                    f"Add {target} to the branches of {event.name}.",
                )


def _matches(event: Event, branch: str) -> bool:
    if event.ignored is not None:
        return not any(_covers(pattern, branch) for pattern in event.ignored)
    if event.branches is None:
        return True
    verdict = False
    for pattern in event.branches:
        if _covers(pattern.removeprefix("!"), branch):
            verdict = not pattern.startswith("!")
    return verdict


def _covers(pattern: str, branch: str) -> bool:
    try:
        return re.fullmatch(_pattern(pattern), branch) is not None
    except re.error:  # GitHub refuses it too
        return False


def _pattern(text: str) -> str:
    """A filter pattern of GitHub as a regular expression ("Filter pattern cheat sheet")."""
    parts = re.findall(r"\\.|\*\*|\[[^\]]*\]|.", text, re.DOTALL)
    known = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}
    return "".join(
        known.get(part) or (part if part[0] == "[" and len(part) > 2 else re.escape(part[-1]))
        for part in parts
    )
