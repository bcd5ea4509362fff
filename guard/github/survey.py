"""GitHub is asked about a target branch, with as few calls as the pages allow, and read whole.

A page that lacks what its count promises is an error, for what was left out could be what holds the
lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guard.change import State, Unknown
from guard.github import queries
from guard.github._raw import Raw
from guard.github.client import Client, ForgeError
from guard.github.reading import (
    actor_of,
    checked_of,
    deployments_of,
    entry_in,
    merged_of,
    person,
    review_of,
    shown_on,
)
from guard.github.values import (
    Checked,
    Maker,
    Pull,
    Queue,
    Repo,
    Said,
    Shown,
    Survey,
    Wanted,
)

_MAKERS = 100

_COMMITS = 20

_MOST_PAGES = 40

_TRIES = 3


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
        wanted.target,
        tip.text("oid"),
        found,
        tuple(merged_of(each) for each in merged if each.has("mergeCommit")),
        more_merged,
        _queue(client, wanted, repository.maybe("mergeQueue")),
        deployments_of(repository, "deployments") if wanted.staging else (),
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
        merged += [merged_of(each) for each in page if each.has("mergeCommit")]
    raise ForgeError(f"GitHub: more than {len(merged)} pull requests landed since the checkpoint")


def deployed(client: Client, found: Survey, wanted: Wanted) -> Survey:
    """``found`` with what was deployed to the environment that is asked about, and before it.

    Where a revision proves itself is ``lane: staging``; without one all environments are read, the
    newest deployments of them all. Raises ``ForgeError`` where what runs there now is not known.
    """
    to = wanted.promotes_to
    asked: dict[str, object] = {
        "owner": found.repo.owner,
        "name": found.repo.name,
        "there": [to],
        "staging": [wanted.staging] if wanted.staging else None,
    }
    data = Raw(client.graphql(queries.DEPLOYMENTS, asked), "deployments").node("repository")
    there, read = deployments_of(data, "there"), len(data.nodes("there"))
    healthy = any(each.state is State.HEALTHY for each in there)
    if data.node("there").number("totalCount") > read and not healthy:
        raise ForgeError(
            f"none of the {read} newest deployments to {to!r} became healthy: what runs there is "
            "not known"
        )
    others = [each for each in deployments_of(data, "staging") if each.environment != to]
    return replace(found, deployments=tuple(sorted((*there, *others), key=lambda each: each.at)))


def checks_of(
    client: Client, repo: Repo, revs: tuple[str, ...], names: tuple[str, ...]
) -> dict[str, tuple[Checked, ...]]:
    """What the checks called ``names`` said of commits. Raises ``ForgeError``."""
    found: dict[str, tuple[Checked, ...]] = {}
    for start in range(0, len(revs) if names else 0, _COMMITS):
        part = revs[start : start + _COMMITS]
        asked: dict[str, object] = {"owner": repo.owner, "name": repo.name}
        asked |= {f"oid{number}": rev for number, rev in enumerate(part)}
        asked |= {f"name{number}": name for number, name in enumerate(names)}
        query = queries.commits(len(part), len(names))
        data = Raw(client.graphql(query, asked), "commits").node("repository")
        for number, rev in enumerate(part):
            each = data.maybe(f"c{number}")
            found[rev] = () if each is None else checked_of(each, len(names))
    return found


def _named(wanted: Wanted) -> dict[str, object]:
    return {"owner": wanted.repo.owner, "name": wanted.repo.name, "target": wanted.target}


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
        shown=shown_on(raw),
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
    return tuple(map(review_of, nodes))


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
    found = {each.number("number"): shown_on(each) for each in data.items("nodes")}
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
        people = tuple(actor_of(one) for one in commit.nodes("authors"))
        author, committer = actor_of(commit.maybe("author")), actor_of(commit.maybe("committer"))
        makers[commit.text("oid")] = Maker(author, committer, people)
    return makers


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
    entries = tuple(sorted(map(entry_in, nodes), key=lambda each: each.position))
    settings = raw.maybe("configuration")
    method = settings.text("mergeMethod") if settings and settings.has("mergeMethod") else ""
    return Queue(method, entries)
