"""Check runs, and what they and the reviews allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.github.fake.state import (
    PASSES,
    Account,
    App,
    CheckRun,
    CheckSuite,
    Pull,
    RequiredCheck,
    Review,
)

OPINIONS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})


@dataclass(frozen=True)
class Report:
    """What an app says of a check; the words are GraphQL's."""

    name: str
    status: str = "COMPLETED"
    conclusion: str | None = None
    title: str | None = None
    summary: str | None = None
    external_id: str | None = None
    details_url: str | None = None


class Checks:
    """All check suites of a repository, in the order in which they began."""

    def __init__(self, next_id: Callable[[], int]) -> None:
        self._next_id = next_id
        self._suites: dict[tuple[str, str], CheckSuite] = {}

    def suites(self, sha: str) -> list[CheckSuite]:
        return [each for (commit, _), each in self._suites.items() if commit == sha]

    def suite(self, sha: str, app: App, now: int) -> CheckSuite:
        key = (sha, app.slug)
        if key not in self._suites:
            self._suites[key] = CheckSuite(self._next_id(), app, sha, now)
        return self._suites[key]

    def create(self, sha: str, app: App, said: Report, now: int) -> CheckRun:
        """A new run; one of the same name and app counts no longer."""
        suite = self.suite(sha, app, now)
        is_done = said.status == "COMPLETED"
        run = CheckRun(
            self._next_id(),
            suite,
            said.name,
            said.status,
            said.conclusion,
            said.title,
            said.summary,
            said.external_id,
            said.details_url,
            started=now,
            completed=now if is_done else None,
        )
        suite.runs.append(run)
        return run

    def latest(self, sha: str, check: RequiredCheck) -> CheckRun | None:
        """The run that counts for a required check."""
        runs = [
            run
            for suite in self.suites(sha)
            if check.app in (None, suite.app.slug)
            for run in suite.runs
            if run.name == check.name
        ]
        return max(runs, key=lambda run: run.id, default=None)

    def state(self, sha: str, check: RequiredCheck) -> str:
        """success, failure, pending, or missing."""
        run = self.latest(sha, check)
        if run is None:
            return "missing"
        if run.status != "COMPLETED":
            return "pending"
        return "success" if run.conclusion in PASSES else "failure"


def latest_runs(runs: Sequence[CheckRun]) -> list[CheckRun]:
    """The last of each name."""
    return sorted({run.name: run for run in runs}.values(), key=lambda run: run.id)


def opinions(pull: Pull) -> dict[Account, Review]:
    """The latest review with an opinion, by reviewer."""
    return {each.by: each for each in pull.reviews if each.state in OPINIONS}


def decision(pull: Pull, wanted: int) -> str | None:
    """``reviewDecision``: only reviewers who can push count."""
    states = [each.state for by, each in opinions(pull).items() if by.can_push and not by.gone]
    if "CHANGES_REQUESTED" in states:
        return "CHANGES_REQUESTED"
    if not wanted:
        return None
    return "APPROVED" if states.count("APPROVED") >= wanted else "REVIEW_REQUIRED"
