"""The mutations, each of the input and the context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.github.fake.checks import Report
from tests.github.fake.paging import Problem
from tests.github.fake.resolve import Context, node
from tests.github.fake.state import CheckRun, Comment, Pull, QueueEntry, Refused

FORBIDDEN = "Resource not accessible by integration"


def create_check_run(asked: dict[str, Any], context: Context) -> dict[str, Any]:
    world, app = context.world, context.token.app
    if app is None:
        raise Problem("FORBIDDEN", "You must authenticate via a GitHub App.")
    if asked["repositoryId"] != context.repository().node_id:
        text = f"Could not resolve to a node with the global id of '{asked['repositoryId']}'"
        raise Problem("NOT_FOUND", text)
    conclusion, output = asked.get("conclusion"), asked.get("output") or {}
    # A conclusion without a status completes the run (REST, "Create a check run").
    status = "COMPLETED" if conclusion else asked.get("status") or "QUEUED"
    if status == "COMPLETED" and not conclusion:
        raise Problem("UNPROCESSABLE", "Conclusion is required when the status is completed")
    report = Report(
        asked["name"],
        status,
        conclusion,
        output.get("title"),
        output.get("summary"),
        asked.get("externalId"),
        asked.get("detailsUrl"),
    )
    run: CheckRun = world.create_check(asked["headSha"], app, report)
    return {"checkRun": run}


def enqueue(asked: dict[str, Any], context: Context) -> dict[str, Any]:
    pull = _known(context, asked["pullRequestId"], Pull)
    expected = asked.get("expectedHeadOid")
    if expected and expected != pull.head:
        text = f"Pull request Head branch was modified. Expected {expected}, is {pull.head}"
        raise Problem("UNPROCESSABLE", text)
    jump = bool(asked.get("jump"))
    return {"mergeQueueEntry": context.world.enqueue(pull, context.token.account, jump=jump)}


def dequeue(asked: dict[str, Any], context: Context) -> dict[str, Any]:
    """``id`` is the pull request's."""
    pull = _known(context, asked["id"], Pull)
    entry: QueueEntry | None = context.world.entry_of(pull)
    if entry is None:
        raise Problem("UNPROCESSABLE", "Pull request is not in the merge queue")
    context.world.queues[pull.base].remove(entry, "MANUAL")
    return {"mergeQueueEntry": None}


def add_comment(asked: dict[str, Any], context: Context) -> dict[str, Any]:
    pull = _known(context, asked["subjectId"], Pull)
    made = context.world.comment(pull, context.token.account, asked["body"])
    return {"commentEdge": {"node": made, "cursor": made.node_id}, "subject": pull}


def update_comment(asked: dict[str, Any], context: Context) -> dict[str, Any]:
    comment = _known(context, asked["id"], Comment)
    if comment.by is not context.token.account and context.token.account.permission != "admin":
        raise Problem("FORBIDDEN", FORBIDDEN)
    comment.body, comment.updated = asked["body"], context.world.now
    return {"issueComment": comment}


def _known(context: Context, name: str, kind: type[Any]) -> Any:
    found = node(context, name)
    if not isinstance(found, kind):
        text = f"Could not resolve to a node with the global id of '{name}'"
        raise Problem("NOT_FOUND", text)
    return found


MUTATIONS: dict[str, Callable[[dict[str, Any], Context], dict[str, Any]]] = {
    "addComment": add_comment,
    "createCheckRun": create_check_run,
    "dequeuePullRequest": dequeue,
    "enqueuePullRequest": enqueue,
    "updateIssueComment": update_comment,
}


def mutate(name: str, context: Context, asked: dict[str, Any]) -> dict[str, Any]:
    """The payload of a mutation; raises ``Problem``."""
    if not context.token.can_push:
        raise Problem("FORBIDDEN", FORBIDDEN)
    try:
        payload = MUTATIONS[name](asked, context)
    except Refused as refused:
        raise Problem("UNPROCESSABLE", str(refused)) from None
    return {"clientMutationId": asked.get("clientMutationId"), **payload}
