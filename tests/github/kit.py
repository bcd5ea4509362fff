"""Short ways to ask the fake GitHub and to make pull requests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.github.fake import Server, World
from tests.github.fake.repo import environment
from tests.github.fake.state import Pull

Event = tuple[str, dict[str, Any]]


@dataclass
class Caller:
    """A plain HTTP client with a token."""

    server: Server
    http: httpx.Client
    token: str

    @classmethod
    @contextmanager
    def of(cls, server: Server, token: str | None = None) -> Iterator[Caller]:
        with httpx.Client(timeout=10, trust_env=False) as http:
            yield cls(server, http, token or server.world.token())

    def post(self, query: str, **variables: Any) -> httpx.Response:
        body = {"query": query, "variables": variables}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.post(self.server.graphql, json=body, headers=headers)

    def said(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer."""
        found: dict[str, Any] = self.post(query, **variables).json()
        return found

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self.said(query, **variables)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def repo(self, fields: str, **variables: Any) -> dict[str, Any]:
        """``fields`` of the repository."""
        text = f'{{ repository(owner: "octo", name: "project") {{ {fields} }} }}'
        found: dict[str, Any] = self.data(text, **variables)["repository"]
        return found

    def get(self, path: str, etag: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        headers |= {"If-None-Match": etag} if etag else {}
        return self.http.get(f"{self.server.api}{path}", headers=headers)


def propose(world: World, name: str, by: str = "ada", **files: str) -> Pull:
    """A pull request of a branch of that name, with a file of its own."""
    author = world.accounts[by]
    made = world.commit(files or {f"{name}.py": f"{name}\n"}, by=author, message=f"Add {name}")
    world.direct_push(name, made, author)
    return world.open_pull(name, by=author, title=f"Add {name}")


def queued(world: World, *names: str, check: str = "check") -> list[Pull]:
    """Pull requests that are green, and in the queue."""
    found = []
    for name in names:
        pull = propose(world, name)
        world.report_check(pull.head, check)
        world.enqueue(pull, world.accounts["bob"])
        found.append(pull)
    return found


def address(server: Server, token: str, name: str = "octo/project") -> str:
    return server.url.replace("://", f"://x-access-token:{token}@") + f"/{name}.git"


def git(folder: Path, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """git as a person runs it, without the machine's own configuration."""
    who = {
        f"GIT_{role}_{part}": "ada@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    env = {**environment(folder), **who}
    command = ["git", "-C", str(folder), *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=check)


def runner(server: Server, token: str, event: Event, folder: Path) -> dict[str, str]:
    """The environment that a runner gives to a step (docs, "Default environment variables").

    ``event`` is one of ``world.events``; its payload is written below ``folder``.
    """
    name, payload = event
    path = folder / f"event-{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps(payload))
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": server.api,
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_GRAPHQL_URL": server.graphql,
        "GITHUB_REPOSITORY": server.world.repo.name,
        "GITHUB_SERVER_URL": server.url,
        "GITHUB_TOKEN": token,
    }


def schedule(world: World) -> Event:
    """A schedule's event says nothing of what happened."""
    return "schedule", {"schedule": "*/5 * * * *", "repository": world.tell.repository()}
