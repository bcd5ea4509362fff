"""From GitHub's JSON to values. What is missing or cut short is a ``ForgeError``."""

from __future__ import annotations

from guard.change import Deployment, Evidence, Opinion, Person, State
from guard.github._raw import Raw
from guard.github.values import GONE, Checked, Entry, Merged, Said, Shown
from guard.model import Verdict

_FAILED = frozenset({"FAILURE", "TIMED_OUT", "STARTUP_FAILURE", "ACTION_REQUIRED"})


def checked_of(commit: Raw, names: int) -> tuple[Checked, ...]:
    """The check runs that say something: skipped, neutral, stale and cancelled ones do not."""
    return tuple(
        said
        for number in range(names)
        for suite in _all(commit, f"s{number}")
        for run in _all(suite, "checkRuns")
        if (said := _run(suite, run)) is not None
    )


def _all(raw: Raw, key: str) -> list[Raw]:
    """The nodes of a connection that has no more than was asked for. Raises ``ForgeError``."""
    found = raw.nodes(key)
    if len(found) != raw.node(key).number("totalCount"):
        raise raw.wrong(key, f"{len(found)} of {raw.node(key).number('totalCount')} were given")
    return found


def _run(suite: Raw, run: Raw) -> Checked | None:
    said = run.text("conclusion") if run.has("conclusion") else ""
    if run.text("status") != "COMPLETED" or not (said == "SUCCESS" or said in _FAILED):
        return None
    app = suite.maybe("app")
    return Checked(
        run.text("name"),
        app.text("slug") if app is not None else "",
        Verdict.PASS if said == "SUCCESS" else Verdict.FAIL,
        run.time("completedAt") if run.has("completedAt") else 0,
        run.text("detailsUrl") if run.has("detailsUrl") else "",
    )


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


def person(raw: Raw | None) -> Person:
    """An account; ``ghost`` is what GitHub shows for one that is gone."""
    if raw is None:
        return Person(login="ghost")
    number = raw.number("databaseId") if raw.has("databaseId") else None
    return Person(login=raw.text("login"), id=number, bot=raw.text("__typename") != "User")


_OPINIONS = {
    "APPROVED": Opinion.APPROVED,
    "CHANGES_REQUESTED": Opinion.CHANGES_REQUESTED,
    "DISMISSED": Opinion.DISMISSED,
}


def review_of(raw: Raw) -> Said:
    """One review."""
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


def shown_on(raw: Raw) -> tuple[Shown, ...]:
    """The guard's check runs on the head of a pull request, the newest first."""
    last = raw.nodes("head")
    if not last:
        return ()
    commit = last[-1].node("commit")
    if commit.text("oid") != raw.text("headRefOid"):
        return ()  # pushed to just now; its own event follows
    found = []
    for suite in _all(commit, "checkSuites"):  # one that is not seen might be green
        for run in suite.nodes("checkRuns"):
            done = run.text("status") == "COMPLETED" and run.has("conclusion")
            state = run.text("conclusion") if done else "PENDING"
            mark = run.text("externalId") if run.has("externalId") else ""
            found.append(Shown(run.number("databaseId"), state, mark))
    return tuple(sorted(found, key=lambda each: -each.number))


def actor_of(raw: Raw | None) -> Person:
    """An author or committer: the address, and the account that GitHub knows for it."""
    if raw is None:
        return Person()
    email = raw.text("email") if raw.has("email") else ""
    user = raw.maybe("user")
    if user is None:
        return Person(email=email)
    number = user.number("databaseId") if user.has("databaseId") else None
    return Person(email=email, login=user.text("login"), id=number)


def merged_of(raw: Raw) -> Merged:
    """A pull request that landed."""
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


def entry_in(raw: Raw) -> Entry:
    """One entry of the merge queue."""
    base, head = raw.maybe("baseCommit"), raw.maybe("headCommit")
    return Entry(
        number=raw.node("pullRequest").number("number"),
        position=raw.number("position"),
        base=base.text("oid") if base is not None else "",
        head=head.text("oid") if head is not None else "",
        by=person(raw.maybe("enqueuer")),
    )


_STATES = {
    "SUCCESS": State.HEALTHY,
    "FAILURE": State.FAILED,
    "ERROR": State.FAILED,
    "INACTIVE": State.STOPPED,
}


def deployments_of(repository: Raw, key: str) -> tuple[Deployment, ...]:
    """Each state that a deployment was in, oldest first; one that is still on its way is started.

    ("About deployments": success, failure, error, inactive; queued, pending, in_progress, waiting.)
    A success makes the deployments before it inactive (REST, "Create a deployment status",
    ``auto_inactive``): that says no more than the success, which was the earlier word.
    """
    found: list[Deployment] = []
    taken: dict[str, int] = {}  # the environment: when a newer deployment to it became healthy
    for each in repository.nodes(key):
        name = each.text("environment")
        own = _states(each, taken.get(name))
        good = [one.at for one in own if one.state is State.HEALTHY]
        if good:
            taken[name] = min(good[0], taken.get(name, good[0]))
        found += own
    return tuple(sorted(found, key=lambda each: each.at))


def _states(raw: Raw, taken: int | None) -> list[Deployment]:
    """Those of one deployment; ``taken`` is when a newer one took its place."""
    name, rev = raw.text("environment"), raw.text("commitOid")
    commit = raw.maybe("commit")
    tree = commit.node("tree").text("oid") if commit is not None else GONE
    creator = raw.maybe("creator")
    by = creator.text("login") if creator is not None else ""
    statuses = raw.node("statuses")
    said = [*statuses.items("nodes")]
    if len(said) != statuses.number("totalCount"):
        raise statuses.wrong("nodes", "more states of a deployment than are read")
    last = raw.maybe("latestStatus")
    newest = last.text("id") if last is not None else ""
    found = [Deployment(name, rev, tree, State.STARTED, raw.time("createdAt"), by)]
    # Of two in one second the latest, which GitHub names, comes last.
    for one in sorted(said, key=lambda one: (one.time("createdAt"), one.text("id") == newest)):
        state, at = _STATES.get(one.text("state"), State.STARTED), one.time("createdAt")
        if not (state is State.STOPPED and taken is not None and taken <= at):
            found.append(Deployment(name, rev, tree, state, at, by))
    return found
