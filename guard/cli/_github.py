"""From the environment of a runner, or of a user's shell, to GitHub: token, addresses, repository.

(GitHub Docs, "Default environment variables"; ``GH_TOKEN`` and ``GITHUB_TOKEN`` as ``gh`` does.)
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import urlsplit

from guard.change import Change, Unknown
from guard.change_engine import run_changes
from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.forge.rulebook import rulebook_at
from guard.git import find_top
from guard.github._raw import Raw
from guard.github.answers import PENDING, SUCCESS
from guard.github.client import Client, Endpoints
from guard.github.door import judge_group, judge_pull
from guard.github.event import (
    HEADS,
    MAX_BYTES,
    BadEvent,
    Deploying,
    Event,
    GroupMade,
    PullChanged,
    is_branch,
    read_event,
    repo_of,
)
from guard.github.origin import action_of
from guard.github.reconcile import Reconciled, reconcile
from guard.github.scene import Place, Scene, look
from guard.github.values import Repo, Wanted
from guard.lane import state
from guard.model import EXIT_CODES, Report, Stage
from guard.reporters._escape import terminal
from guard.repository import Repository


def place(around: Surroundings, repo: Repo, now: int) -> Place:
    """Where to look. Raises ``UsageError`` without a repository here, or without a token."""
    environ = around.environ
    top = find_top(os.getcwd())
    if top is None:
        raise UsageError(
            f"{os.getcwd()} is not in a git repository; run in a clone (in a workflow: check out "
            "the target first, with fetch-depth: 0)"
        )
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""
    server = environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    api = environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    graphql = environ.get("GITHUB_GRAPHQL_URL") or _graphql(api)
    client = Client(token, Endpoints(api, graphql, server))
    git = Repository(top, environ)
    git.signs_in = sign_in(server, token)
    git.hidden = (token, _basic(token))
    return Place(client, git, f"{server}/{repo.path}.git", around.rules(), now)


def _graphql(api: str) -> str:
    """On GitHub Enterprise Server REST is at ``/api/v3``, and GraphQL at ``/api/graphql``."""
    return f"{api.removesuffix('/v3')}/graphql"


def sign_in(server: str, token: str) -> dict[str, str]:
    """Environment for git: the token as a header for this server, never on a command line.

    What a checkout left of the same kind is taken back first: two such headers are refused. A
    redirect would carry the header along, so none is followed (git-config(1), http.*).
    """
    key = f"http.{server}/.extraheader"
    values = [
        (key, ""),
        (key, f"Authorization: basic {_basic(token)}"),
        ("http.followRedirects", "false"),
        ("credential.helper", ""),
    ]
    found = {"GIT_CONFIG_COUNT": str(len(values)), "GIT_TERMINAL_PROMPT": "0"}
    for number, (name, value) in enumerate(values):
        found[f"GIT_CONFIG_KEY_{number}"] = name
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def _basic(token: str) -> str:
    return b64encode(f"x-access-token:{token}".encode("ascii")).decode("ascii")


def repository(around: Surroundings, named: str = "") -> Repo:
    """``named``, the runner's repository, or that of ``origin``. Raises ``UsageError``."""
    said = named or around.environ.get("GITHUB_REPOSITORY", "")
    if said:
        return repo_of(said)
    top = find_top(os.getcwd())
    if top is not None:
        git = Repository(top, around.environ)
        code, out, _ = git.start("config", "--get", "remote.origin.url").finish()
        server = around.environ.get("GITHUB_SERVER_URL", "https://github.com")
        found = action_of(out.decode("utf-8", "replace").strip(), urlsplit(server).hostname or "")
        if code == 0 and found:
            return repo_of(found)
    raise UsageError("which repository on GitHub? name it with --repo OWNER/NAME")


def clock(now: int | None) -> int:
    """``--now``, or the machine's clock."""
    return int(time.time()) if now is None else now


def event(around: Surroundings) -> Event:
    """What happened, as the runner says. Raises ``BadEvent``."""
    environ = around.environ
    name, path = environ.get("GITHUB_EVENT_NAME", ""), environ.get("GITHUB_EVENT_PATH", "")
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadEvent(f"GITHUB_EVENT_PATH {path!r}: cannot be read: {error.strerror}") from error
    return read_event(name, data, environ.get("GITHUB_REPOSITORY", ""))


def targets(where: Place, named: str) -> tuple[str, ...]:
    """The protected branches: ``named``, or those of the default branch's policy, or that branch.

    Raises ``GuardError``.
    """
    if named:
        if not is_branch(named):
            raise UsageError(f"not the name of a branch: {named!r}")
        return (named,)
    head = where.git.default_branch(where.remote)
    tip = where.git.fetch(where.remote, [HEADS + head]).get(HEADS + head, "")
    lane = rulebook_at(where.git, tip, where.rules).policy.lane
    return (lane.targets if lane else ()) or (head,)


def unprotected(where: Place, happened: Event) -> str:
    """Why nothing is asked of an event: its target is no branch that the policy protects.

    Pull requests into other branches, such as those of a stack, are judged when they get to one.
    """
    if not isinstance(happened, (PullChanged, GroupMade)):
        return ""
    protected = targets(where, "")
    if happened.target in protected:
        return ""
    names = ", ".join(protected)
    return f"{happened.target} is not protected by the guard ({names}): nothing is judged"


def judge_event(
    where: Place, happened: PullChanged | GroupMade | Deploying, tell: bool
) -> tuple[Scene, Change, Report, int]:
    """Judge what the event is about, and say so on GitHub if ``tell``. Last is the exit code.

    A hold at the pull request is said by the pending check run: the job itself has done its work.
    """
    if isinstance(happened, Deploying):
        target = targets(where, "")[0]
        scene = look(where, Wanted(happened.repo, target, promotes_to=happened.environment))
        by = happened.by if happened.by.login else Unknown("the event does not say who deploys")
        change = scene.promotion(happened.rev, happened.environment, by)
        report = run_changes(change, scene.book.change_rules(), Stage.PULL_REQUEST)
        return scene, change, report, EXIT_CODES[report.verdict]
    if isinstance(happened, GroupMade):
        said = judge_group(where, happened)
        code = EXIT_CODES[said.report.verdict] if said.answer.state == SUCCESS else 1
    else:
        said = judge_pull(where, happened, tell)
        waits = tell and said.answer.state == PENDING
        code = 0 if waits else EXIT_CODES[said.report.verdict]
    return said.scene, said.change, said.report, code


def pull_of(where: Place, repo: Repo, number: int) -> PullChanged:
    """The pull request that a user names, as if something had happened to it."""
    query = (
        "query pull($owner: String!, $name: String!, $number: Int!)"
        " { repository(owner: $owner, name: $name)"
        " { pullRequest(number: $number) { baseRefName headRefOid } } }"
    )
    asked = {"owner": repo.owner, "name": repo.name, "number": number}
    data = Raw(where.client.graphql(query, asked), "pull").node("repository")
    if not data.has("pullRequest"):
        raise UsageError(f"{repo.path} has no pull request #{number}")
    pull = data.node("pullRequest")
    return PullChanged(repo, number, pull.text("baseRefName"), pull.text("headRefOid"))


def reconcile_all(
    around: Surroundings, repo: Repo, target: str, now: int, by: str
) -> list[Reconciled]:
    """Reconcile one target, or all that the policy protects. Raises ``GuardError``."""
    where = place(around, repo, now)
    return [reconcile(where, Wanted(repo, each), by) for each in targets(where, target)]


def show_reconciled(found: list[Reconciled], form: str) -> int:
    """Print what was found and done. The exit code, as of ``guard lane reconcile``."""
    from guard.cli._lane import Report as Lane
    from guard.cli._lane import in_line
    from guard.cli._lane_words import alarmed, show

    reports = []
    for each in found:
        line = each.facts.waiting
        reports.append(
            Lane(
                each.facts,
                state(each.facts, each.scene.place.now),
                each.outcome.waits,
                line if isinstance(line, Unknown) else in_line(line),
                each.outcome.appended,
            )
        )
    code = show(reports, form)
    if form == "text":
        for each in found:
            for words in _lines(each):
                say(terminal(words) + "\n")
    return code or (1 if alarmed(reports) else 0)


def _lines(each: Reconciled) -> Iterator[str]:
    target, spent = each.scene.target, each.scene.place.client.spent
    names = {judged.pull.head: judged.pull.id for judged in each.judged}
    for answer in each.told:
        yield f"{target}: {names[answer.rev]}: {answer.state.lower()}: {answer.title}"
    if not each.told:
        yield f"{target}: every check run says what it should"
    yield f"{target}: green: {', '.join(each.green) or 'no AI change'}"
    for name in each.enqueued:
        yield f"{target}: {name} was put into the merge queue"
    yield f"{target}: GitHub was asked {spent.calls} times, for {spent.points} points"
