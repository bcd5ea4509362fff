"""The state of one repository at GitHub, and what people and robots do to it.

All of it may be changed from Python at any time; ``lock`` is held while a request is answered.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.github.fake import checks, merging
from tests.github.fake.checks import Checks, Report
from tests.github.fake.events import Events
from tests.github.fake.following import follow
from tests.github.fake.queue import MergeQueue
from tests.github.fake.repo import Repo
from tests.github.fake.settings import Settings
from tests.github.fake.state import (
    ACTIONS,
    QUEUE,
    Account,
    App,
    CheckRun,
    Clock,
    Comment,
    Deployment,
    DeploymentStatus,
    Pull,
    QueueEntry,
    QueueSettings,
    Refused,
    RequiredCheck,
    Review,
    Stamp,
    Token,
)


class World:
    """``folder`` holds the repositories; ``clock`` gives seconds since the epoch."""

    def __init__(
        self, folder: Path, clock: Callable[[], int] | None = None, name: str = "octo/project"
    ) -> None:
        self.folder = folder
        self.clock = clock or Clock()
        self.began = self.now
        self.lock = threading.RLock()
        self._ids = itertools.count(1000)
        self.repo = Repo(folder, name)
        self.repos = {name: self.repo}
        self.seen: dict[str, dict[str, str]] = {name: {}}
        """The references as they were when they were last looked at."""
        self.accounts: dict[str, Account] = {}
        self.apps: dict[str, App] = {}
        self.tokens: dict[str, Token] = {}
        self.pulls: dict[int, Pull] = {}
        self.deployments: list[Deployment] = []
        self.queues: dict[str, MergeQueue] = {}
        self.nodes: dict[str, Any] = {}
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.settings = Settings(name)
        self.required_checks: dict[str, Sequence[str | RequiredCheck]] = {}
        self.required_approvals: dict[str, int] = {}
        self.dismiss_stale: set[str] = set()
        """Branches for which a push dismisses the approvals."""
        self.tell = Events(self)
        self.checks = Checks(self.next_id)
        self.admin = self.account("admin", permission="admin")
        self.actions = Account(41898282, ACTIONS, bot=True)
        self.queue_bot = Account(118344674, QUEUE, bot=True)
        for each in (self.actions, self.queue_bot):
            self.accounts[each.login] = each
            self.add(each)
        self.apps[ACTIONS] = App(15368, ACTIONS)

    @property
    def now(self) -> int:
        return int(self.clock())

    def next_id(self) -> int:
        return next(self._ids)

    def repo_id(self, name: str) -> int:
        return 1 + list(self.repos).index(name)

    def add(self, node: Any) -> None:
        self.nodes[node.node_id] = node

    # Who

    def account(self, login: str, *, bot: bool = False, permission: str = "write") -> Account:
        """The account of that name; a bot's login is without ``[bot]``."""
        made = Account(self.next_id(), login, bot, permission)
        self.accounts[login] = made
        self.add(made)
        return made

    def app(self, slug: str) -> App:
        return self.apps.setdefault(slug, App(self.next_id(), slug))

    def token(self, login: str = ACTIONS, *, app: str | None = None, writes: bool = True) -> str:
        """A token of an account; a workflow's own where nothing is said."""
        slug = ACTIONS if login == ACTIONS else app
        number = len(self.tokens)
        secret = hashlib.sha256(f"{login} {number}".encode()).hexdigest()[:36]
        text = f"gh{'s' if slug else 'p'}_{secret}"
        found = self.app(slug) if slug else None
        self.tokens[text] = Token(text, self.accounts[login], found, writes)
        return text

    def by_email(self, email: str) -> Account | None:
        return next((each for each in self.accounts.values() if email in each.emails), None)

    # Git

    def commit(
        self,
        files: Mapping[str, str | None],
        *parents: str,
        by: Account | None = None,
        message: str = "Change",
        repo: str | None = None,
    ) -> str:
        """A commit that no branch has yet; upon the tip of ``main`` where nothing is said."""
        found = self.repos[repo] if repo else self.repo
        who = by or self.admin
        known = self.seen[self.repo.name].get("refs/heads/main")
        upon = parents or ((known,) if known else ())
        author = Stamp(who.full_login, who.email, self.now)
        return found.commit(upon, files, message, author)

    def direct_push(
        self, branch: str, commit: str, by: Account | None = None, repo: str | None = None
    ) -> None:
        """Set a branch, whatever it was, as someone who may bypass the rules."""
        name = repo or self.repo.name
        self.repos[name].move(f"refs/heads/{branch}", commit)
        self.sync(by or self.admin)

    def delete_branch(self, branch: str, by: Account | None = None) -> None:
        self.repo.move(f"refs/heads/{branch}", None)
        self.sync(by or self.admin)

    def fork(self, owner: Account) -> str:
        """A fork, ``<login>/<name>``, that can be pushed to by its owner."""
        name = f"{owner.login}/{self.repo.name.partition('/')[2]}"
        self.repos[name] = made = Repo(self.folder, name, like=self.repo)
        made.move("refs/heads/main", self.repo.tip("main"))
        self.seen[name] = made.refs()
        return name

    def sync(self, by: Account) -> None:
        """Take notice of whatever moved in the repositories; ``by`` moved it."""
        follow(self, by)

    # Pull requests

    def open_pull(
        self,
        head_branch: str,
        base: str = "main",
        by: Account | None = None,
        title: str = "A change",
        body: str = "",
        **more: Any,
    ) -> Pull:
        """``repo`` is the fork that the branch is in; ``draft`` says that it is not ready."""
        name = more.pop("repo", self.repo.name)
        head, number = self.repos[name].tip(head_branch), len(self.pulls) + 1
        self.show_head(number, name, head)
        who, now = by or self.admin, self.now
        where = (name, head_branch, head, base)
        pull = Pull(self.next_id(), number, title, body, who, *where, now, now, **more)
        self.pulls[number] = pull
        self.add(pull)
        self.tell.pull("opened", pull, who)
        return pull

    def show_head(self, number: int, repo: str, head: str) -> None:
        """Move ``refs/pull/<number>/head``; a fork's objects are fetched."""
        ref = f"refs/pull/{number}/head"
        if repo == self.repo.name:
            self.repo.move(ref, head)
        else:
            self.repo.run("fetch", "-q", str(self.repos[repo].path), f"+{head}:{ref}")
        self.seen[self.repo.name][ref] = head

    def push_to_pull(self, pull: Pull, commit: str, by: Account | None = None) -> None:
        self.direct_push(pull.head_branch, commit, by or pull.by, pull.head_repo)

    def edit(self, pull: Pull, by: Account | None = None, **changed: Any) -> None:
        """Change the title, the body, the base, or whether it is a ``draft``."""
        for name, value in changed.items():
            if name not in {"title", "body", "base", "draft"}:
                raise ValueError(name)
            setattr(pull, name, value)
        pull.updated = self.now
        if "draft" in changed:
            action = "converted_to_draft" if pull.draft else "ready_for_review"
            self.tell.pull(action, pull, by or pull.by)
        if changed.keys() - {"draft"}:
            self.tell.pull("edited", pull, by or pull.by, changes={})

    def label(self, pull: Pull, name: str, by: Account | None = None) -> None:
        pull.labels.append(name)
        self.tell.pull("labeled", pull, by or self.admin)

    def unlabel(self, pull: Pull, name: str, by: Account | None = None) -> None:
        pull.labels.remove(name)
        self.tell.pull("unlabeled", pull, by or self.admin)

    def review(self, pull: Pull, by: Account, state: str = "APPROVED", **more: Any) -> Review:
        """A review of the head as it is; ``commit`` binds it to another."""
        if by is pull.by and state != "COMMENTED":
            raise Refused("Review Can not approve your own pull request")
        commit = more.pop("commit", pull.head)
        made = Review(self.next_id(), pull, by, state, commit, self.now, **more)
        pull.reviews.append(made)
        pull.updated = self.now
        self.add(made)
        self.tell.review("submitted", made, by)
        return made

    def dismiss(self, review: Review, by: Account | None = None) -> None:
        review.state = "DISMISSED"
        self.tell.review("dismissed", review, by or self.admin)

    def comment(self, pull: Pull, by: Account, body: str) -> Comment:
        made = Comment(self.next_id(), pull, by, body, self.now, self.now)
        pull.comments.append(made)
        pull.updated = self.now
        self.add(made)
        return made

    def close(self, pull: Pull, by: Account | None = None) -> None:
        pull.commits = self.commits_of(pull)
        pull.state, pull.closed, pull.updated = "CLOSED", self.now, self.now
        self.tell.pull("closed", pull, by or pull.by)

    def reopen(self, pull: Pull, by: Account | None = None) -> None:
        if pull.state != "CLOSED":
            raise Refused(f"state cannot be changed. #{pull.number} is {pull.state.lower()}")
        pull.state, pull.closed, pull.updated = "OPEN", None, self.now
        self.tell.pull("reopened", pull, by or pull.by)

    def merge(self, pull: Pull, method: str = "MERGE", by: Account | None = None) -> str:
        """Land a pull request by the button, whatever the rules say; the new tip."""
        who, tip = by or self.admin, self.repo.tip(pull.base)
        made = merging.landed(
            self.repo, tip, pull.head, merging.Landing(pull, method, who, self.now)
        )
        if made is None:
            raise Refused("Merge conflict")
        self.repo.move(f"refs/heads/{pull.base}", made, tip)
        self.set_merged(pull, made, who, base=tip)
        self.tell.pull("closed", pull, who)
        self.sync(who)
        return made

    def set_merged(self, pull: Pull, commit: str, by: Account, base: str | None) -> None:
        """Note that a pull request landed as ``commit``, upon ``base``."""
        pull.commits = self.repo.between(base, pull.head) if base else self.commits_of(pull)
        pull.state, pull.merge_commit, pull.merged_by = "MERGED", commit, by
        pull.closed = pull.updated = self.now

    def commits_of(self, pull: Pull) -> tuple[str, ...]:
        """Oldest first; of what is no longer open, as it was at the end."""
        if pull.state != "OPEN":
            return pull.commits
        base = self.seen[self.repo.name].get(f"refs/heads/{pull.base}")
        return self.repo.between(base, pull.head) if base else ()

    # Checks and rules

    def report_check(
        self, sha: str, name: str, conclusion: str | None = "SUCCESS", app: str = ACTIONS
    ) -> CheckRun:
        """A check run; without a conclusion it is in progress."""
        status = "COMPLETED" if conclusion else "IN_PROGRESS"
        return self.create_check(sha, self.app(app), Report(name, status, conclusion))

    def create_check(self, sha: str, app: App, said: Report) -> CheckRun:
        if self.repo.has(sha) != "commit":
            raise Refused(f"No commit found for SHA: {sha}")
        run = self.checks.create(sha, app, said, self.now)
        self.add(run.suite)
        self.add(run)
        self.tell.check(run, self.accounts.get(app.slug, self.actions))
        return run

    def required(self, branch: str) -> tuple[RequiredCheck, ...]:
        found = self.required_checks.get(branch, ())
        return tuple(RequiredCheck(each) if isinstance(each, str) else each for each in found)

    def verdict(self, sha: str, branch: str) -> str:
        """What the required checks of a branch say of a commit: success, failure, pending."""
        states = {self.checks.state(sha, each) for each in self.required(branch)}
        if "failure" in states:
            return "failure"
        return "pending" if states - {"success"} else "success"

    def obstacles(self, pull: Pull) -> list[str]:
        """Why a pull request may not be merged or queued, in GitHub's words."""
        if pull.state != "OPEN":
            return ["Pull request is not open"]
        said = ["Pull request is in draft state"] if pull.draft else []
        words = {"missing": "is expected.", "pending": "is pending.", "failure": "is failing."}
        for each in self.required(pull.base):
            state = self.checks.state(pull.head, each)
            if state != "success":
                said.append(f'Required status check "{each.name}" {words[state]}')
        decision = checks.decision(pull, self.required_approvals.get(pull.base, 0))
        if decision == "CHANGES_REQUESTED":
            said.append("Changes have been requested.")
        if decision == "REVIEW_REQUIRED":
            said.append("At least 1 approving review is required by reviewers with write access.")
        return said

    def protect(self, branch: str) -> None:
        """Refuse pushes of git to a branch, and leave the merge button and the queue."""
        with (self.repo.path / "protected").open("a") as file:
            file.write(f"refs/heads/{branch}\n")

    # The merge queue

    def open_queue(self, branch: str = "main", settings: QueueSettings | None = None) -> MergeQueue:
        queue = self.queues[branch] = MergeQueue(self, branch, settings or QueueSettings())
        self.add(queue)
        return queue

    def enqueue(
        self, pull: Pull, by: Account | None = None, *, jump: bool = False, solo: bool = False
    ) -> QueueEntry:
        if pull.base not in self.queues:
            raise Refused(f"Pull request The merge queue is not enabled for {pull.base}")
        return self.queues[pull.base].enqueue(pull, by or pull.by, jump=jump, solo=solo)

    def queue_tick(self) -> None:
        """Let all queues do what is due."""
        for queue in self.queues.values():
            queue.tick()

    def entry_of(self, pull: Pull) -> QueueEntry | None:
        queue = self.queues.get(pull.base)
        return queue.entry_of(pull) if queue else None

    # Deployments

    def deploy(
        self, environment: str, commit: str, by: Account | None = None, state: str | None = None
    ) -> Deployment:
        """A deployment of a commit, with its first status if ``state`` is said."""
        made = Deployment(self.next_id(), environment, commit, by or self.actions, self.now)
        self.deployments.append(made)
        self.add(made)
        self.tell.deployment(made)
        if state:
            self.deployment_status(made, state)
        return made

    def deployment_status(
        self, deployment: Deployment, state: str, by: Account | None = None
    ) -> DeploymentStatus:
        who = by or deployment.by
        if state == "SUCCESS" and deployment.environment != "production":
            self._replace(deployment)
        made = DeploymentStatus(self.next_id(), deployment, state, who, self.now)
        deployment.statuses.append(made)
        self.add(made)
        self.tell.deployment_status(made)
        return made

    def _replace(self, newer: Deployment) -> None:
        """What was deployed before becomes inactive (REST, "Create a deployment status",
        ``auto_inactive``: not of production environments).
        """
        for each in self.deployments:
            is_older = each.environment == newer.environment and each.id < newer.id
            if is_older and each.statuses and each.statuses[-1].state != "INACTIVE":
                self.deployment_status(each, "INACTIVE")
