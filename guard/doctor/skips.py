"""Checks over the jobs that run the guard: where one is skipped, or is green whatever happens.

What a skipped job reports is from GitHub docs, "Troubleshooting required status checks".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.doctor.facts import JUDGED, JUDGES, Checkout, Job, Workflow
from guard.doctor.running import CALL, IGNORED
from guard.doctor.words import At, hollow, listed
from guard.model import Finding, Level

Found = Iterator[Finding]
NEVER_SKIPPED = re.compile(r"always\(\)|!\s*cancelled\(\)")
"""In a condition: the job runs although one that it needs failed."""


def skippable(checkout: Checkout) -> Found:
    """A job or a step that runs the guard can be skipped."""
    for flow, job in checkout.guarding():
        events = [event.name for event in flow.events if event.name in JUDGED]
        if not events:
            continue
        at = At(flow.path, job.line, job.id)
        if job.condition and not _always(job.condition, events, bool(job.needs)):
            yield hollow(
                at,
                f"job {job.id} runs only if {_shown(job.condition)}: where it does not, GitHub "
                "reports it as skipped, which counts as success",
                "Take the condition away, or make it always() and decide within the job.",
            )
        yield from _needs(flow, job, events, at)
        for step in job.steps:
            if JUDGES & set(step.runs) and not _always(step.condition, events, False):
                yield hollow(
                    At(flow.path, step.line, job.id),
                    f"the step of job {job.id} that runs the guard runs only if "
                    f"{_shown(step.condition)}: without it the job is green all the same",
                    "Take the condition away.",
                )


def _needs(flow: Workflow, job: Job, events: list[str], at: At) -> Found:
    if not job.needs or NEVER_SKIPPED.search(job.condition):
        return
    optional = [
        each.id
        for each in above(flow, job)
        if each.condition and not _always(each.condition, events, True)
    ]
    why = (
        f"job {job.id} needs {listed(optional)}, which may be skipped: then it is skipped too"
        if optional
        else f"job {job.id} needs {listed(job.needs)}: where that fails, it is skipped"
    )
    yield hollow(
        at,
        f"{why}, and GitHub counts a skipped job as success",
        f"Run {job.id} on its own, or with if: always() and a test of what it needs.",
        Level.ERROR if optional else Level.WARNING,
    )


def above(flow: Workflow, job: Job) -> list[Job]:
    """All that must run before ``job``."""
    jobs = {each.id: each for each in flow.jobs}
    found: dict[str, Job] = {}
    waiting = list(job.needs)
    while waiting:
        name = waiting.pop()
        if name in jobs and name not in found:
            found[name] = jobs[name]
            waiting += jobs[name].needs
    return list(found.values())


def _always(condition: str, events: list[str], needs: bool) -> bool:
    """Whether a condition surely holds at each of the events; what is not understood does not."""
    text = condition.strip()
    if text.startswith("${{") and text.endswith("}}"):
        text = text[3:-2]
    if not text.strip():
        return True
    if re.search(r"[()]", re.sub(r"\b(?:always|success|cancelled|failure)\(\)", "", text)):
        return False
    return all(
        any(
            all(_holds(atom.strip(), event, needs) for atom in either.split("&&"))
            for either in text.split("||")
        )
        for event in events
    ) or text.replace(" ", "") in ("success()||failure()", "failure()||success()")


def _holds(atom: str, event: str, needs: bool) -> bool:
    if atom in ("always()", "!cancelled()", "! cancelled()", "true"):
        return True
    if atom == "success()":
        return not needs
    found = re.fullmatch(r"github\.event_name\s*(==|!=)\s*'([a-z_]+)'", atom)
    return found is not None and (found[1] == "==") == (found[2] == event)


def _shown(condition: str) -> str:
    return " ".join(condition.split())


def ignored_failure(checkout: Checkout) -> Found:
    """A failure of the guard does not fail the job."""
    for flow, job in checkout.guarding():
        if job.ignores not in ("", "false"):
            yield _goes_on(At(flow.path, job.line, job.id), f"job {job.id}")
        for step in job.steps:
            if not JUDGES & set(step.runs):
                continue
            at = At(flow.path, step.line, job.id)
            if step.ignores not in ("", "false"):
                yield _goes_on(at, f"the step of job {job.id} that runs the guard")
            lines = [line for line in step.run.splitlines() if CALL.search(line)]
            if any(IGNORED.search(line) for line in lines):
                yield hollow(
                    at,
                    f"the script of job {job.id} throws the guard's exit code away: the job is "
                    "green whatever it finds",
                    "Let the exit code of the guard be that of the step.",
                )


def _goes_on(at: At, who: str) -> Finding:
    return hollow(
        at,
        f"{who} has continue-on-error: its check is green whatever the guard finds",
        "Take continue-on-error away.",
    )
