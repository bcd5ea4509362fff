"""Answers to GraphQL that take more than an attribute of the object that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.github.fake import checks
from tests.github.fake.checks import latest_runs
from tests.github.fake.cost import Cost
from tests.github.fake.objects import (
    Commit,
    GitActor,
    Owner,
    PullCommit,
    Ref,
    Repository,
    Tree,
)
from tests.github.fake.paging import Page, Problem, page
from tests.github.fake.queue import MergeQueue
from tests.github.fake.state import (
    Account,
    App,
    CheckRun,
    CheckSuite,
    Comment,
    Deployment,
    DeploymentStatus,
    ForcePush,
    Label,
    Pull,
    QueueEntry,
    Review,
    Team,
    Token,
    stamp,
)
from tests.github.fake.world import World

HTML = "https://github.com"


@dataclass
class Context:
    world: World
    token: Token
    cost: Cost
    used: int = 0
    reset: int = 0
    limit: int = 5000

    def commit(self, oid: str | None) -> Commit | None:
        return Commit(self.world.repo, oid) if oid else None

    def repository(self, name: str | None = None) -> Repository:
        full = name or self.world.repo.name
        return Repository(full, self.world.repo_id(full))


def name_of(value: Any) -> str:
    """The GraphQL type of an object."""
    if isinstance(value, Account):
        return "Bot" if value.bot else "User"
    return NAMES[type(value)]


NAMES: dict[type, str] = {
    App: "App",
    CheckRun: "CheckRun",
    CheckSuite: "CheckSuite",
    Comment: "IssueComment",
    Commit: "Commit",
    Deployment: "Deployment",
    DeploymentStatus: "DeploymentStatus",
    ForcePush: "HeadRefForcePushedEvent",
    Label: "Label",
    MergeQueue: "MergeQueue",
    Owner: "User",
    Pull: "PullRequest",
    PullCommit: "PullRequestCommit",
    QueueEntry: "MergeQueueEntry",
    Ref: "Ref",
    Repository: "Repository",
    Review: "PullRequestReview",
    Team: "Team",
    Tree: "Tree",
}


def who(account: Account | None) -> Account | None:
    """Null once the account is deleted."""
    return None if account is None or account.gone else account


def when(at: int | None) -> str | None:
    return None if at is None else stamp(at)


def _ordered(items: list[Any], order: dict[str, str] | None, default: str = "ASC") -> list[Any]:
    chosen = order or {"field": "CREATED_AT", "direction": default}
    if chosen["field"] not in {"CREATED_AT", "UPDATED_AT"}:
        raise LookupError(f"the fake cannot order by {chosen['field']}")
    key = "updated" if chosen["field"] == "UPDATED_AT" else "created"
    found = sorted(items, key=lambda each: (getattr(each, key), each.id))
    return found[::-1] if chosen["direction"] == "DESC" else found


# Repository


def pull(repo: Repository, context: Context, asked: dict[str, Any]) -> Pull:
    found = context.world.pulls.get(asked["number"])
    if found is None:
        text = f"Could not resolve to a PullRequest with the number of {asked['number']}."
        raise Problem("NOT_FOUND", text)
    return found


def pulls(repo: Repository, context: Context, asked: dict[str, Any]) -> Page:
    wanted = {
        "states": lambda each, value: each.state in value,
        "baseRefName": lambda each, value: each.base == value,
        "headRefName": lambda each, value: each.head_branch == value,
        "labels": lambda each, value: bool(set(each.labels) & set(value)),
    }
    found = [
        each
        for each in context.world.pulls.values()
        if all(is_so(each, asked[key]) for key, is_so in wanted.items() if asked.get(key))
    ]
    return page(_ordered(found, asked.get("orderBy")), asked)


def git_object(repo: Repository, context: Context, asked: dict[str, Any]) -> Commit | Tree | None:
    git = context.world.repo
    said = asked.get("oid") or asked.get("expression")
    if not said:
        raise Problem("ARGUMENT_ERROR", "An oid or expression argument is required")
    done = git.ask("rev-parse", "--verify", "-q", f"{said}^{{object}}")
    oid = done.stdout.decode().strip()
    kinds = {"commit": lambda: Commit(git, oid), "tree": lambda: Tree(oid)}
    kind = git.has(oid) if done.returncode == 0 else None
    if kind not in (None, *kinds):
        raise LookupError(f"the fake shows no {kind}")
    return kinds[kind]() if kind else None


def ref(repo: Repository, context: Context, asked: dict[str, Any]) -> Ref | None:
    """Of a short name too, as GitHub does."""
    there, said = context.world.repo.refs(), asked["qualifiedName"]
    names = (said, f"refs/{said}", f"refs/heads/{said}")
    return next((Ref(name, there[name]) for name in names if name in there), None)


def refs(repo: Repository, context: Context, asked: dict[str, Any]) -> Page:
    there, prefix = context.world.repo.refs(), asked["refPrefix"]
    return page([Ref(name, oid) for name, oid in there.items() if name.startswith(prefix)], asked)


def deployments(repo: Repository, context: Context, asked: dict[str, Any]) -> Page:
    wanted = asked.get("environments")
    found = [each for each in context.world.deployments if not wanted or each.environment in wanted]
    return page(_ordered(found, asked.get("orderBy")), asked)


# Checks


def suites(commit: Commit, context: Context, asked: dict[str, Any]) -> Page:
    wanted = asked.get("filterBy") or {}
    found = [
        each
        for each in context.world.checks.suites(commit.oid)
        if wanted.get("appId") in (None, each.app.id)
        and (not wanted.get("checkName") or wanted["checkName"] in {r.name for r in each.runs})
    ]
    return page(found, asked)


def runs(suite: CheckSuite, context: Context, asked: dict[str, Any]) -> Page:
    wanted = asked.get("filterBy") or {}
    there = suite.runs if wanted.get("checkType") == "ALL" else latest_runs(suite.runs)
    found = [
        run
        for run in there
        if wanted.get("appId") in (None, suite.app.id)
        and wanted.get("checkName") in (None, run.name)
        and wanted.get("status") in (None, run.status)
        and (not wanted.get("statuses") or run.status in wanted["statuses"])
        and (not wanted.get("conclusions") or run.conclusion in wanted["conclusions"])
    ]
    return page(found, asked)


def suite_status(suite: CheckSuite) -> str:
    latest = latest_runs(suite.runs)
    if not latest:
        return "QUEUED"
    return "COMPLETED" if all(run.status == "COMPLETED" for run in latest) else "IN_PROGRESS"


def suite_conclusion(suite: CheckSuite) -> str | None:
    if suite_status(suite) != "COMPLETED":
        return None
    said = [run.conclusion for run in latest_runs(suite.runs)]
    bad = [each for each in said if each not in checks.PASSES]
    return bad[0] if bad else "SUCCESS"


# Pull requests


def reviews(pull: Pull, context: Context, asked: dict[str, Any]) -> Page:
    states, author = asked.get("states"), asked.get("author")
    found = [
        each
        for each in pull.reviews
        if (not states or each.state in states) and (not author or each.by.login == author)
    ]
    return page(found, asked)


def timeline(pull: Pull, context: Context, asked: dict[str, Any]) -> Page:
    if asked.get("itemTypes") != ["HEAD_REF_FORCE_PUSHED_EVENT"]:
        raise LookupError("the fake keeps no timeline but of HEAD_REF_FORCE_PUSHED_EVENT")
    return page(pull.force_pushes, asked)


def mergeable(pull: Pull, context: Context) -> str:
    git = context.world.repo
    if pull.state != "OPEN":
        return "UNKNOWN"
    tree = git.merged_tree(git.tip(pull.base), pull.head)
    return "MERGEABLE" if tree else "CONFLICTING"


def base_oid(pull: Pull, context: Context) -> str:
    there = context.world.repo.refs()
    return there.get(f"refs/heads/{pull.base}", "0" * 40)


def commits(pull: Pull, context: Context, asked: dict[str, Any]) -> Page:
    found = [
        PullCommit(pull, Commit(context.world.repo, oid)) for oid in context.world.commits_of(pull)
    ]
    return page(found, asked)


def associated(commit: Commit, context: Context, asked: dict[str, Any]) -> Page:
    """The pull requests of a commit; of a group's commit in the queue there is none."""
    found = [
        each
        for each in context.world.pulls.values()
        if commit.oid == each.merge_commit or commit.oid in context.world.commits_of(each)
    ]
    return page(_ordered(found, asked.get("orderBy")), asked)


# Whatever has an id


def node(context: Context, name: str) -> Any:
    """The object of a global id, or None."""
    kind, _, rest = name.partition("_")
    git = context.world.repo
    if kind == "C" and git.has(rest) == "commit":
        return Commit(git, rest)
    if kind == "R" and rest == str(context.repository().id):
        return context.repository()
    return context.world.nodes.get(name)


def nodes(context: Context, names: list[str]) -> list[Any]:
    return [known_node(context, name) for name in names]


def known_node(context: Context, name: str) -> Any:
    found = node(context, name)
    if found is None:
        text = f"Could not resolve to a node with the global id of '{name}'"
        raise Problem("NOT_FOUND", text)
    return found


def repository(context: Context, asked: dict[str, Any]) -> Repository:
    name = f"{asked['owner']}/{asked['name']}"
    if name != context.world.repo.name:
        text = f"Could not resolve to a Repository with the name '{name}'."
        raise Problem("NOT_FOUND", text)
    return context.repository()


def git_user(actor: GitActor, context: Context) -> Account | None:
    return who(context.world.by_email(actor.who.email))


def url(context: Context, *parts: object) -> str:
    return "/".join((HTML, context.world.repo.name, *map(str, parts)))


def message(commit: Commit) -> tuple[str, str]:
    head, _, body = commit.facts.message.strip().partition("\n")
    return head, body.strip()


def deployed(deployment: Deployment) -> str:
    """The words of a deployment's state differ from those of a status."""
    if not deployment.statuses:
        return "PENDING"
    state = deployment.statuses[-1].state
    return "ACTIVE" if state == "SUCCESS" else state
