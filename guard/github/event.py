"""What happened, from the event file of a runner. Only the keys that count are read.

(GitHub Docs, "Events that trigger workflows" and "Webhook events and payloads".) An event file is
untrusted text: the change's author wrote titles and names of branches in it, so nothing but the
repository, a number, object names and names of branches is taken, and each is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guard.change import Person
from guard.errors import UsageError
from guard.git import is_oid
from guard.github.values import Repo

MAX_BYTES = 32 << 20
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_GROUP = re.compile(
    r"refs/heads/gh-readonly-queue/(?P<base>.+)/pr-(?P<number>[1-9][0-9]{0,8})-(?P<sha>[0-9a-f]{40,64})"
)
HEADS = "refs/heads/"
_LARGEST = 2**31 - 1
"""GraphQL's ``Int`` holds no more (GraphQL specification, "Int")."""
_LONGEST_ENVIRONMENT = 255
"""GitHub Docs, "Managing environments for deployment"."""


class BadEvent(UsageError):
    """The event cannot be read, or is none that the guard answers."""


@dataclass(frozen=True, slots=True)
class PullChanged:
    """A pull request, or what is said of it, is other than before."""

    repo: Repo
    number: int
    target: str
    head: str


@dataclass(frozen=True, slots=True)
class GroupMade:
    """The merge queue asks for checks."""

    repo: Repo
    number: int
    target: str
    base: str
    """What the group was made on: the target's tip, or the head of the group before."""
    head: str
    ref: str
    named: str
    """The object that the name of the reference ends with: the base, if nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Deploying:
    """Somebody wants a revision in an environment."""

    repo: Repo
    rev: str
    environment: str
    by: Person


@dataclass(frozen=True, slots=True)
class Moved:
    """Something that the reconciler looks after: a landing, a closed change, time that passed."""

    repo: Repo
    why: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to judge, and nothing to look after."""

    repo: Repo
    why: str


Event = PullChanged | GroupMade | Deploying | Moved | Nothing

EVENTS = (
    "deployment",
    "deployment_status",
    "merge_group",
    "pull_request",
    "pull_request_review",
    "pull_request_target",
    "push",
    "schedule",
    "workflow_dispatch",
    "workflow_run",
)


def read_event(name: str, data: bytes, repository: str = "") -> Event:
    """The event called ``name`` with the payload ``data``.

    ``repository`` (``owner/name``) is what the runner says, and wins over nothing: a payload of
    another one is refused. Raises ``BadEvent``.
    """
    if name not in EVENTS:
        raise BadEvent(
            f"the event {name!r:.60} is none that the guard answers: {', '.join(EVENTS)}"
        )
    if len(data) > MAX_BYTES:
        raise BadEvent(f"the event {name}: it has more than the {MAX_BYTES} bytes that are read")
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"the event {name}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadEvent(f"the event {name}: must be an object, not {type(value).__name__}")
    return _Payload(name, value).event(repository)


@dataclass(frozen=True, slots=True)
class _Payload:
    name: str
    value: Mapping[str, Any]

    def event(self, repository: str) -> Event:
        repo = self._repo(repository)
        if self.name in ("pull_request", "pull_request_target", "pull_request_review"):
            return self._pull(repo)
        if self.name == "merge_group":
            return self._group(repo)
        if self.name == "deployment":
            return self._deployment(repo)
        return Moved(repo, self.name)

    def _repo(self, repository: str) -> Repo:
        if self.name == "schedule" and "repository" not in self.value:
            said = repository  # the payload of a schedule holds nothing but the schedule
        else:
            said = self._text("repository", "full_name")
        if repository and said.casefold() != repository.casefold():
            raise self._wrong(f"it is about {said!r:.120}, and this runs for {repository}")
        return repo_of(said)

    def _pull(self, repo: Repo) -> Event:
        number, state = self._number("pull_request", "number"), self.get("pull_request", "state")
        if state == "closed" and self.get("action") == "closed":
            return Moved(repo, f"#{number} is closed")
        if state == "closed":  # somebody labels it, say: there is no check to answer
            return Nothing(repo, f"#{number} is closed already")
        target = self._branch(self._text("pull_request", "base", "ref"))
        return PullChanged(repo, number, target, self._oid("pull_request", "head", "sha"))

    def _group(self, repo: Repo) -> Event:
        action = self._text("action")
        if action == "destroyed":
            return Moved(repo, "a merge group is gone")
        if action != "checks_requested":
            raise self._wrong(f"the action {action!r:.40} is not known")
        ref = self._text("merge_group", "head_ref")
        base_ref = self._text("merge_group", "base_ref")
        base, head = self._oid("merge_group", "base_sha"), self._oid("merge_group", "head_sha")
        if not base_ref.startswith(HEADS):
            raise self._wrong(f"base_ref {base_ref!r:.120} is no branch")
        target = self._branch(base_ref.removeprefix(HEADS))
        named = _GROUP.fullmatch(ref)
        if named is None or named["base"] != target:
            raise self._wrong(f"head_ref {ref!r:.200} does not name the queue of {target}")
        return GroupMade(repo, int(named["number"]), target, base, head, ref, named["sha"])

    def _deployment(self, repo: Repo) -> Event:
        environment = self._text("deployment", "environment")
        if len(environment) > _LONGEST_ENVIRONMENT:
            raise self._wrong(f"deployment.environment has {len(environment)} characters")
        login = self.get("deployment", "creator", "login")
        by = Person(login=login if isinstance(login, str) and _is_text(login) else "")
        return Deploying(repo, self._oid("deployment", "sha"), environment, by)

    def get(self, *keys: str) -> Any:
        found: Any = self.value
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def _text(self, *keys: str) -> str:
        found = self.get(*keys)
        if not isinstance(found, str) or not found:
            raise self._wrong(f"{'.'.join(keys)} is missing")
        if not _is_text(found):
            raise self._wrong(f"{'.'.join(keys)}: {found!r:.60} is no Unicode text")
        return found

    def _number(self, *keys: str) -> int:
        found = self.get(*keys)
        if type(found) is not int or not 1 <= found <= _LARGEST:
            raise self._wrong(f"{'.'.join(keys)} is no number of a pull request")
        return found

    def _oid(self, *keys: str) -> str:
        found = self._text(*keys)
        if not is_oid(found):
            raise self._wrong(f"{'.'.join(keys)}: {found!r:.60} is no full object name")
        return found

    def _branch(self, name: str) -> str:
        if not is_branch(name):
            raise self._wrong(f"{name!r:.120} is not the name of a branch")
        return name

    def _wrong(self, why: str) -> BadEvent:
        return BadEvent(f"the event {self.name}: {why}")


def _is_text(found: str) -> bool:
    """JSON can spell half of a character, which neither git nor GitHub can be asked for."""
    return not any("\ud800" <= c <= "\udfff" for c in found)


def repo_of(text: str) -> Repo:
    """``owner/name`` as a value. Raises ``BadEvent``."""
    owner, _, name = text.partition("/")
    if not (_NAME.fullmatch(owner) and _NAME.fullmatch(name)) or name in (".", ".."):
        raise BadEvent(f"{text!r:.120} is no repository; it is written OWNER/NAME")
    return Repo(owner, name)


def is_branch(name: str) -> bool:
    """Whether git could have a branch of this name (git-check-ref-format(1)); never an option."""
    parts = name.split("/")
    odd = any(c in " ~^:?*[\\\x7f" or c < " " for c in name)
    bad = any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    ugly = name.startswith("-") or name.endswith(".") or ".." in name or "@{" in name
    return bool(name) and not (odd or bad or ugly or name == "@" or len(name) > 1000)
