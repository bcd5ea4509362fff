"""What GitHub says of a target branch: who is open, who landed, what the queue holds. Values.

Read with as few calls as the pages allow, and whole: a page that lacks what its count promises is
an error, for what was left out could be what holds the lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from guard.change import Deployment, Evidence, Opinion, Person, State, Unknown
from guard.github import queries
from guard.github._raw import Raw
from guard.github.client import Client, ForgeError
from guard.model import Verdict

GONE = "0" * 40
"""Stands for an object that GitHub has no more; no object has this name."""
_MAKERS = 100
_MOST_PAGES = 40
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Repo:
    """``owner/name`` on GitHub."""

    owner: str
    name: str

    @property
    def path(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Said:
    """One review."""

    by: Person
    opinion: Opinion
    at: int
    head: str
    tree: str
    may_write: bool
    node: str
    teams: tuple[str, ...] = ()
    """The teams on whose behalf it was given, by slug; where makers are known, these are too."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest check run of the guard's name on a commit."""

    number: int
    state: str
    """``SUCCESS``, ``FAILURE`` ...; ``PENDING`` while it is not completed."""
    mark: str
    """Its external id: ours tells what it says."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a commit, by the accounts that GitHub knows for its addresses."""

    author: Person
    committer: Person
    people: tuple[Person, ...]
    """Author and co-authors."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One open pull request."""

    node: str
    number: int
    title: str
    body: str
    branch: str
    head: str
    target: str
    draft: bool
    opener: Person
    opened_at: int
    labels: tuple[str, ...] | Unknown
    assignees: tuple[Person, ...]
    reviews: tuple[Said, ...]
    shown: tuple[Shown, ...]
    """Of each app that has such a check run, the newest first; empty for none."""
    queued: bool
    makers: dict[str, Maker] = field(default_factory=dict, hash=False)
    """By commit; only of the pull request that was asked for by its number."""

    @property
    def id(self) -> str:
        """``#23``."""
        return f"#{self.number}"


@dataclass(frozen=True, slots=True)
class Merged:
    """A pull request that landed as ``rev``."""

    number: int
    title: str
    body: str
    branch: str
    head: str
    opener: Person
    rev: str
    updated_at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in the merge queue; what GitHub has not made yet is empty."""

    number: int
    position: int
    state: str
    base: str
    head: str
    solo: bool
    jump: bool
    by: Person


@dataclass(frozen=True, slots=True)
class Queue:
    """The merge queue of the target."""

    method: str
    """``MERGE``, ``SQUASH`` or ``REBASE``."""
    strategy: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """One check run on a commit."""

    name: str
    app: str
    verdict: Verdict
    at: int
    where: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All of it."""

    repo: Repo
    node: str
    me: str
    """The account of the token."""
    target: str
    tip: str
    open: tuple[Pull, ...]
    merged: tuple[Merged, ...]
    """The newest; ``landed_since`` reads on where that is not enough."""
    more_merged: str | None
    queue: Queue | None
    checked: tuple[Checked, ...]
    """Of the tip."""
    deployments: tuple[Deployment, ...]
    pull: Pull | None = None
    """The one that was asked for by its number."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask for."""

    repo: Repo
    target: str
    number: int = 0
    staging: str = ""

    @property
    def check(self) -> str:
        """The name of the guard's check run; it carries the target, for a commit has one list."""
        return f"guard/{self.target}"


def survey(client: Client, wanted: Wanted) -> Survey:
    """Ask GitHub. Raises ``ForgeError``."""
    for _ in range(_TRIES):
        found = _once(client, wanted)
        if found is not None:
            return found
    raise ForgeError(
        f"GitHub: the pages of the open pull requests into {wanted.target} do not add up to the "
        "count that GitHub gives; nothing is decided on a part of them"
    )


def _once(client: Client, wanted: Wanted) -> Survey | None:
    """``None`` where the pages do not fit together: something was opened or closed meanwhile."""
    base = {**_named(wanted), "check": wanted.check}
    asked = {
        **base,
        "ref": f"refs/heads/{wanted.target}",
        "number": wanted.number,
        "one": bool(wanted.number),
        "environments": [wanted.staging] if wanted.staging else None,
        "staged": bool(wanted.staging),
    }
    data = Raw(client.graphql(queries.SURVEY, asked), "survey")
    if not data.has("repository"):
        raise ForgeError(f"GitHub: no repository {wanted.repo.path}, or the token may not read it")
    repository = data.node("repository")
    if not repository.has("ref"):
        raise ForgeError(f"GitHub: {wanted.repo.path} has no branch {wanted.target!r}")
    tip = repository.node("ref").node("target")
    pulls, total, after = repository.page("open")
    while after is not None:
        more = Raw(client.graphql(queries.OPEN, {**base, "after": after}), "open")
        page, total, after = more.node("repository").page("open")
        pulls += page
        if len(pulls) > queries.OPEN_PAGE * _MOST_PAGES:
            raise ForgeError(f"GitHub: more than {len(pulls)} open pull requests")
    numbers = {each.number("number") for each in pulls}
    if len(pulls) != total or len(numbers) != total:
        return None
    found = tuple(_pull(client, each) for each in pulls)
    merged, _, more_merged = repository.page("merged")
    one = repository.maybe("pull")
    if wanted.number and one is None:
        raise ForgeError(f"GitHub: {wanted.repo.path} has no pull request #{wanted.number}")
    return Survey(
        wanted.repo,
        repository.text("id"),
        data.node("viewer").text("login"),
        wanted.target,
        tip.text("oid"),
        found,
        tuple(_merged(each) for each in merged if each.has("mergeCommit")),
        more_merged,
        _queue(client, wanted, repository.maybe("mergeQueue")),
        checked_of(tip),
        _deployments(repository) if wanted.staging else (),
        _with_makers(client, one) if one is not None else None,
    )


def landed_since(client: Client, found: Survey, since: int) -> Survey:
    """``found`` with all that merged after the moment ``since``. Raises ``ForgeError``."""
    merged, after = list(found.merged), found.more_merged
    for _ in range(_MOST_PAGES):
        if after is None or (merged and merged[-1].updated_at < since):
            return replace(found, merged=tuple(merged), more_merged=after)
        asked = {**_named(Wanted(found.repo, found.target)), "after": after}
        data = Raw(client.graphql(queries.MERGED, asked), "merged")
        page, _, after = data.node("repository").page("merged")
        merged += [_merged(each) for each in page if each.has("mergeCommit")]
    raise ForgeError(f"GitHub: more than {len(merged)} pull requests landed since the checkpoint")


def checks_of(client: Client, repo: Repo, revs: tuple[str, ...]) -> dict[str, tuple[Checked, ...]]:
    """What checks said of commits. Raises ``ForgeError``."""
    found: dict[str, tuple[Checked, ...]] = {}
    for start in range(0, len(revs), 20):
        part = revs[start : start + 20]
        asked: dict[str, object] = {"owner": repo.owner, "name": repo.name}
        asked |= {f"oid{number}": rev for number, rev in enumerate(part)}
        data = Raw(client.graphql(queries.commits(len(part)), asked), "commits").node("repository")
        for number, rev in enumerate(part):
            each = data.maybe(f"c{number}")
            found[rev] = checked_of(each) if each is not None else ()
    return found


_FAILED = frozenset({"FAILURE", "TIMED_OUT", "STARTUP_FAILURE", "ACTION_REQUIRED"})


def checked_of(commit: Raw) -> tuple[Checked, ...]:
    """The check runs that say something: skipped, neutral, stale and cancelled ones do not."""
    found = []
    suites = commit.node("checkSuites")
    if len(commit.nodes("checkSuites")) != suites.number("totalCount"):
        raise suites.wrong("nodes", "more check suites than are read")
    for suite in suites.items("nodes"):
        app = suite.maybe("app")
        runs = suite.node("checkRuns")
        if len(runs.value.get("nodes") or ()) != runs.number("totalCount"):
            raise runs.wrong("nodes", "more check runs than are read")
        for run in runs.items("nodes"):
            said = run.text("conclusion") if run.has("conclusion") else ""
            if run.text("status") != "COMPLETED" or not (said == "SUCCESS" or said in _FAILED):
                continue
            verdict = Verdict.PASS if said == "SUCCESS" else Verdict.FAIL
            at = run.time("completedAt") if run.has("completedAt") else 0
            where = run.text("detailsUrl") if run.has("detailsUrl") else ""
            name = app.text("slug") if app is not None else ""
            found.append(Checked(run.text("name"), name, verdict, at, where))
    return tuple(found)


def as_evidence(found: tuple[Checked, ...], rev: str, tree: str, policy: str) -> list[Evidence]:
    """Check runs on the commit ``rev`` as evidence about its tree, judged under ``policy``."""
    return [
        Evidence(
            tree,
            each.name,
            each.verdict,
            f"github:{each.app}",
            (f"app={each.app}",),
            policy,
            "GitHub check run",
            each.at,
            each.where,
            rev,
        )
        for each in found
    ]


def _named(wanted: Wanted) -> dict[str, object]:
    return {"owner": wanted.repo.owner, "name": wanted.repo.name, "target": wanted.target}


def person(raw: Raw | None) -> Person:
    """An account; ``ghost`` is what GitHub shows for one that is gone."""
    if raw is None:
        return Person(login="ghost")
    number = raw.number("databaseId") if raw.has("databaseId") else None
    return Person(login=raw.text("login"), id=number, bot=raw.text("__typename") != "User")


def _pull(client: Client, raw: Raw) -> Pull:
    labels = raw.node("labels")
    names = tuple(each.text("name") for each in labels.items("nodes"))
    known = len(names) == labels.number("totalCount")
    return Pull(
        node=raw.text("id"),
        number=raw.number("number"),
        title=raw.text("title"),
        body=raw.text("body"),
        branch=raw.text("headRefName"),
        head=raw.text("headRefOid"),
        target=raw.text("baseRefName"),
        draft=raw.flag("isDraft"),
        opener=person(raw.maybe("author")),
        opened_at=raw.time("createdAt"),
        labels=names if known else Unknown("it has more labels than are read"),
        assignees=tuple(person(each) for each in raw.nodes("assignees")),
        reviews=_reviews(client, raw),
        shown=_shown(raw),
        queued=raw.has("mergeQueueEntry"),
    )


def _reviews(client: Client, raw: Raw) -> tuple[Said, ...]:
    nodes, total, after = raw.page("reviews")
    while after is not None:
        asked = {"id": raw.text("id"), "after": after}
        more = Raw(client.graphql(queries.REVIEWS, asked), "reviews").node("node")
        page, total, after = more.page("reviews")
        nodes += page
    if len(nodes) != total:
        raise raw.wrong("reviews", f"{len(nodes)} of {total} were given")
    return tuple(said for each in nodes if (said := _said(each)) is not None)


_OPINIONS = {
    "APPROVED": Opinion.APPROVED,
    "CHANGES_REQUESTED": Opinion.CHANGES_REQUESTED,
    "DISMISSED": Opinion.DISMISSED,
}


def _said(raw: Raw) -> Said | None:
    opinion = _OPINIONS.get(raw.text("state"))
    if opinion is None:
        raise raw.wrong("state", f"{raw.text('state')!r:.40} is none that was asked for")
    commit = raw.maybe("commit")
    return Said(
        by=person(raw.maybe("author")),
        opinion=opinion,
        at=raw.time("submittedAt"),
        # Of a commit that is gone: it approves nothing, and an objection still stands.
        head=commit.text("oid") if commit is not None else GONE,
        tree=commit.node("tree").text("oid") if commit is not None else GONE,
        may_write=raw.flag("authorCanPushToRepository"),
        node=raw.text("id"),
    )


def _shown(raw: Raw) -> tuple[Shown, ...]:
    last = raw.nodes("head")
    if not last:
        return ()
    commit = last[-1].node("commit")
    if commit.text("oid") != raw.text("headRefOid"):
        return ()  # pushed to just now; its own event follows
    found = []
    for suite in commit.nodes("checkSuites"):
        for run in suite.nodes("checkRuns"):
            done = run.text("status") == "COMPLETED" and run.has("conclusion")
            state = run.text("conclusion") if done else "PENDING"
            mark = run.text("externalId") if run.has("externalId") else ""
            found.append(Shown(run.number("databaseId"), state, mark))
    return tuple(sorted(found, key=lambda each: -each.number))


def makers_of(client: Client, pulls: Sequence[Pull]) -> list[Pull]:
    """``pulls`` with who made their commits. Raises ``ForgeError``."""
    found = []
    for start in range(0, len(pulls), _MAKERS):
        part = {each.number: each for each in pulls[start : start + _MAKERS]}
        asked = {"ids": [each.node for each in part.values()]}
        data = Raw(client.graphql(queries.MAKERS, asked), "makers")
        for raw in data.items("nodes"):
            pull = part.pop(raw.number("number"))
            found.append(_detailed(client, raw, pull))
        if part:
            raise ForgeError(f"GitHub: makers: nothing about {', '.join(map(str, part))}")
    return found


def shown_of(client: Client, pulls: Sequence[Pull], check: str) -> dict[int, tuple[Shown, ...]]:
    """The newest check runs called ``check`` on the heads of ``pulls``. Raises ``ForgeError``."""
    asked = {"ids": [each.node for each in pulls], "check": check}
    data = Raw(client.graphql(queries.SHOWN, asked), "shown") if pulls else Raw({"nodes": []}, "")
    found = {each.number("number"): _shown(each) for each in data.items("nodes")}
    if len(found) != len(pulls):
        raise ForgeError(f"GitHub: shown: {len(found)} of {len(pulls)} pull requests were given")
    return found


def _with_makers(client: Client, raw: Raw) -> Pull:
    return _detailed(client, raw, _pull(client, raw))


def _detailed(client: Client, raw: Raw, pull: Pull) -> Pull:
    """``pull`` with who made its commits, and for which teams it was approved."""
    teams = {
        each.text("id"): tuple(team.text("slug") for team in each.nodes("onBehalfOf"))
        for each in raw.nodes("approvals")
    }
    reviews = tuple(replace(each, teams=teams.get(each.node, ())) for each in pull.reviews)
    return replace(pull, makers=_makers(client, raw, pull.node), reviews=reviews)


def _makers(client: Client, raw: Raw, node: str) -> dict[str, Maker]:
    nodes, total, after = raw.page("made")
    while after is not None:
        asked = {"id": node, "after": after}
        more = Raw(client.graphql(queries.MADE, asked), "made").node("node")
        page, total, after = more.page("made")
        nodes += page
    if len(nodes) != total:
        raise raw.wrong("commits", f"{len(nodes)} of {total} were given")
    makers = {}
    for each in nodes:
        commit = each.node("commit")
        people = tuple(_actor(one) for one in commit.nodes("authors"))
        author, committer = _actor(commit.maybe("author")), _actor(commit.maybe("committer"))
        makers[commit.text("oid")] = Maker(author, committer, people)
    return makers


def _actor(raw: Raw | None) -> Person:
    if raw is None:
        return Person()
    email = raw.text("email") if raw.has("email") else ""
    user = raw.maybe("user")
    if user is None:
        return Person(email=email)
    number = user.number("databaseId") if user.has("databaseId") else None
    return Person(email=email, login=user.text("login"), id=number)


def _merged(raw: Raw) -> Merged:
    return Merged(
        raw.number("number"),
        raw.text("title"),
        raw.text("body"),
        raw.text("headRefName"),
        raw.text("headRefOid"),
        person(raw.maybe("author")),
        raw.node("mergeCommit").text("oid"),
        raw.time("updatedAt"),
    )


def _queue(client: Client, wanted: Wanted, raw: Raw | None) -> Queue | None:
    if raw is None:
        return None
    nodes, total, after = raw.page("entries")
    while after is not None:
        asked = {**_named(wanted), "after": after}
        more = Raw(client.graphql(queries.ENTRIES, asked), "entries").node("repository")
        page, total, after = more.node("mergeQueue").page("entries")
        nodes += page
    if len(nodes) != total:
        raise raw.wrong("entries", f"{len(nodes)} of {total} were given")
    entries = tuple(sorted(map(_entry, nodes), key=lambda each: each.position))
    settings = raw.maybe("configuration")
    method = settings.text("mergeMethod") if settings and settings.has("mergeMethod") else ""
    strategy = (
        settings.text("mergingStrategy") if settings and settings.has("mergingStrategy") else ""
    )
    return Queue(method, strategy, entries)


def _entry(raw: Raw) -> Entry:
    base, head = raw.maybe("baseCommit"), raw.maybe("headCommit")
    return Entry(
        number=raw.node("pullRequest").number("number"),
        position=raw.number("position"),
        state=raw.text("state"),
        base=base.text("oid") if base is not None else "",
        head=head.text("oid") if head is not None else "",
        solo=raw.flag("solo"),
        jump=raw.flag("jump"),
        by=person(raw.maybe("enqueuer")),
    )


_STATES = {
    "SUCCESS": State.HEALTHY,
    "FAILURE": State.FAILED,
    "ERROR": State.FAILED,
    "INACTIVE": State.STOPPED,
}


def _deployments(repository: Raw) -> tuple[Deployment, ...]:
    """Each state that a deployment was in, oldest first; one that is still on its way is started.

    ("About deployments": success, failure, error, inactive; queued, pending, in_progress, waiting.)
    """
    found = []
    for each in repository.nodes("deployments"):
        name, rev = each.text("environment"), each.text("commitOid")
        commit = each.maybe("commit")
        tree = commit.node("tree").text("oid") if commit is not None else GONE
        creator = each.maybe("creator")
        by = creator.text("login") if creator is not None else ""
        statuses = each.node("statuses")
        said = [*statuses.items("nodes")]
        if len(said) != statuses.number("totalCount"):
            raise statuses.wrong("nodes", "more states of a deployment than are read")
        last = each.maybe("latestStatus")
        newest = last.text("id") if last is not None else ""
        found.append(Deployment(name, rev, tree, State.STARTED, each.time("createdAt"), by))
        # Of two in one second the latest, which GitHub names, comes last.
        for one in sorted(said, key=lambda one: one.text("id") == newest):
            state = _STATES.get(one.text("state"), State.STARTED)
            found.append(Deployment(name, rev, tree, state, one.time("createdAt"), by))
    return tuple(sorted(found, key=lambda each: each.at))
