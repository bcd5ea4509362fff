"""Webhook payloads in GitHub's own shape, as a runner finds them in its event file.

Each is checked against GitHub's schema, cut down to the keys that are written here. REST's words:
lower-case states, and logins of bots with ``[bot]``.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from tests.github.fake.state import (
    Account,
    CheckRun,
    Deployment,
    DeploymentStatus,
    Pull,
    QueueEntry,
    Review,
    Stamp,
    stamp,
)

if TYPE_CHECKING:
    from tests.github.fake.world import World

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
NOTHING = "0" * 40
HTML = "https://github.com"
API = "https://api.github.com"


@functools.cache
def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / "webhooks.json").read_text())
    return found


@functools.cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    whole = _schemas()
    return jsonschema.Draft202012Validator({**whole["events"][name], "$defs": whole["$defs"]})


class Events:
    """Writes what happened into ``world.events``."""

    def __init__(self, world: World) -> None:
        self.world = world

    def emit(self, event: str, by: Account | None, **payload: Any) -> None:
        made = {**payload, "repository": self.repository()}
        if by is not None:
            made["sender"] = user(by)
        parts = [event, payload["action"]] if "action" in payload else [event]
        name = "-".join(parts).replace("_", "-")
        wrong = [
            f"{each.json_path}: {each.message[-200:]}"
            for each in _validator(name).iter_errors(made)
        ]
        assert not wrong, (name, wrong)
        self.world.events.append((event, made))

    def repository(self, name: str | None = None) -> dict[str, Any]:
        full = name or self.world.repo.name
        owner, _, short = full.partition("/")
        return {
            "id": self.world.repo_id(full),
            "node_id": f"R_{self.world.repo_id(full)}",
            "name": short,
            "full_name": full,
            "private": False,
            "fork": full != self.world.repo.name,
            "owner": _named(owner, self.world.repo_id(full), "Organization"),
            "default_branch": "main",
            "html_url": f"{HTML}/{full}",
            "url": f"{API}/repos/{full}",
            "created_at": stamp(self.world.began),
            "updated_at": stamp(self.world.began),
        }

    def pull(self, action: str, pull: Pull, by: Account, **more: Any) -> None:
        facts = {"number": pull.number, "pull_request": self._pull(pull)}
        self.emit("pull_request", by, action=action, **facts, **more)

    def review(self, action: str, review: Review, by: Account) -> None:
        said = {
            "id": review.id,
            "node_id": review.node_id,
            "user": user(review.by),
            "body": review.body or None,
            "commit_id": review.commit,
            "submitted_at": stamp(review.at),
            "updated_at": stamp(review.at),
            "state": review.state.lower(),
            "author_association": association(review.by),
            "html_url": f"{HTML}/{self.world.repo.name}/pull/{review.pull.number}",
        }
        facts = {"review": said, "pull_request": self._pull(review.pull)}
        self.emit("pull_request_review", by, action=action, **facts)

    def push(self, by: Account, ref: str, before: str | None, after: str | None) -> None:
        world = self.world
        forced = bool(before and after and not world.repo.is_ancestor(before, after))
        self.emit(
            "push",
            by,
            ref=ref,
            before=before or NOTHING,
            after=after or NOTHING,
            created=before is None,
            deleted=after is None,
            forced=forced,
            base_ref=None,
            commits=[],
            head_commit=self._commit(after, push=True) if after else None,
            pusher={"name": by.full_login, "email": by.email},
        )

    def merge_group(self, action: str, entry: QueueEntry, branch: str, **more: Any) -> None:
        group = {
            "head_sha": entry.head,
            "head_ref": entry.ref,
            "base_sha": entry.base,
            "base_ref": f"refs/heads/{branch}",
            "head_commit": self._commit(entry.head or ""),
        }
        self.emit("merge_group", self.world.queue_bot, action=action, merge_group=group, **more)

    def check(self, run: CheckRun, by: Account) -> None:
        app = run.suite.app
        facts = {
            "id": run.id,
            "node_id": run.node_id,
            "name": run.name,
            "head_sha": run.suite.sha,
            "external_id": run.external_id or "",
            "url": f"{API}/repos/{self.world.repo.name}/check-runs/{run.id}",
            "html_url": f"{HTML}/{self.world.repo.name}/runs/{run.id}",
            "details_url": run.details_url or f"{HTML}/{self.world.repo.name}/runs/{run.id}",
            "status": run.status.lower(),
            "conclusion": run.conclusion.lower() if run.conclusion else None,
            "started_at": stamp(run.started),
            "completed_at": stamp(run.completed) if run.completed else None,
            "output": {"title": run.title, "summary": run.summary},
            "app": {
                "id": app.id,
                "node_id": app.node_id,
                "slug": app.slug,
                "name": app.slug,
                "owner": user(by),
                "html_url": f"{HTML}/apps/{app.slug}",
                "created_at": stamp(self.world.began),
                "updated_at": stamp(self.world.began),
            },
        }
        action = "completed" if run.status == "COMPLETED" else "created"
        self.emit("check_run", by, action=action, check_run=facts)

    def deployment_status(self, status: DeploymentStatus) -> None:
        deployment = status.deployment
        url = f"{API}/repos/{self.world.repo.name}/deployments/{deployment.id}"
        of_status = {
            "id": status.id,
            "node_id": status.node_id,
            "state": status.state.lower(),
            "creator": user(status.by),
            "created_at": stamp(status.created),
            "updated_at": stamp(status.created),
            "url": f"{url}/statuses/{status.id}",
            "environment": deployment.environment,
            "description": "",
        }
        facts = {"deployment_status": of_status, "deployment": self._deployment(deployment)}
        self.emit("deployment_status", status.by, action="created", **facts)

    def deployment(self, deployment: Deployment) -> None:
        facts = {"deployment": self._deployment(deployment)}
        self.emit("deployment", deployment.by, action="created", **facts)

    def _deployment(self, deployment: Deployment) -> dict[str, Any]:
        return {
            "id": deployment.id,
            "node_id": deployment.node_id,
            "sha": deployment.commit,
            "ref": deployment.ref,
            "creator": user(deployment.by),
            "created_at": stamp(deployment.created),
            "updated_at": stamp(deployment.created),
            "url": f"{API}/repos/{self.world.repo.name}/deployments/{deployment.id}",
            "environment": deployment.environment,
            "description": "",
        }

    def _pull(self, pull: Pull) -> dict[str, Any]:
        world = self.world
        base = world.seen[world.repo.name].get(f"refs/heads/{pull.base}", NOTHING)
        return {
            "id": pull.id,
            "node_id": pull.node_id,
            "number": pull.number,
            "url": f"{API}/repos/{world.repo.name}/pulls/{pull.number}",
            "html_url": f"{HTML}/{world.repo.name}/pull/{pull.number}",
            "state": "open" if pull.state == "OPEN" else "closed",
            "title": pull.title,
            "body": pull.body or None,
            "user": user(pull.by),
            "draft": pull.draft,
            "merged": pull.merged,
            "merged_at": stamp(pull.closed) if pull.merged and pull.closed else None,
            "merge_commit_sha": pull.merge_commit,
            "commits": len(world.commits_of(pull)),
            "labels": [label(each) for each in pull.labels],
            "assignees": [user(each) for each in pull.assignees],
            "created_at": stamp(pull.created),
            "updated_at": stamp(pull.updated),
            "closed_at": stamp(pull.closed) if pull.closed else None,
            "author_association": association(pull.by),
            "head": self._side(pull.head_repo, pull.head_branch, pull.head),
            "base": self._side(world.repo.name, pull.base, base),
        }

    def _side(self, repo: str, branch: str, sha: str) -> dict[str, Any]:
        owner = repo.partition("/")[0]
        return {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": _named(owner, self.world.repo_id(repo), "User"),
            "repo": self.repository(repo),
        }

    def _commit(self, oid: str, *, push: bool = False) -> dict[str, Any]:
        facts = self.world.repo.facts(oid)
        made = {
            "id": oid,
            "tree_id": facts.tree,
            "message": facts.message,
            "timestamp": stamp(facts.committer.at),
            "author": _person(facts.author),
            "committer": _person(facts.committer),
        }
        url = {"url": f"{HTML}/{self.world.repo.name}/commit/{oid}", "distinct": True}
        return {**made, **url} if push else made


def user(account: Account) -> dict[str, Any]:
    kind = "Bot" if account.bot else "User"
    made = _named(account.full_login, account.id, kind)
    return {**made, "node_id": account.node_id}


def label(name: str) -> dict[str, Any]:
    number = sum(name.encode())
    url = f"{API}/labels/{number}"
    made = {"id": number, "node_id": f"LA_{name}", "name": name, "color": "ededed"}
    return {**made, "default": False, "url": url}


def association(account: Account) -> str:
    return "MEMBER" if account.can_push else "NONE"


def _named(login: str, number: int, kind: str) -> dict[str, Any]:
    url = {"url": f"{API}/users/{login}", "html_url": f"{HTML}/{login}"}
    return {"login": login, "id": number, "node_id": f"U_{number}", "type": kind, **url}


def _person(who: Stamp) -> dict[str, Any]:
    return {"name": who.name, "email": who.email}
