"""What GitLab says of the merge requests in a train: who opened, approved and asked for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib import parse

from gitlab_rest import GitLab, Stop, checked, need, when

DEVELOPER = 30
"""GitLab docs, "Members API": who has less than this role may not push."""
KEPT = (
    "GitLab keeps approvals when commits are added, so nobody knows what they are of; turn on "
    "'Remove all approvals' under Settings, Merge requests"
)
TIMELESS = "this GitLab does not say when a merge request was approved (approved_at)"


class Timeless(Exception):
    """An approval has no time."""


@dataclass(frozen=True)
class Merge:
    """A merge request of the train, and ``asker``, who put it there."""

    iid: int
    sha: str
    title: str
    body: str
    branch: str
    labels: list[str]
    opener: dict[str, Any]
    asker: dict[str, Any]


def train(gitlab: GitLab, target: str) -> Iterator[Merge]:
    """The merge requests of the train into ``target`` (GitLab docs, "Merge trains API")."""
    path = f"{gitlab.project}/merge_trains/{parse.quote(target, safe='')}"
    for car in gitlab.all(path, scope="active"):
        iid = need(need(car, "merge_request", dict), "iid", int)
        found = gitlab.one(f"{gitlab.project}/merge_requests/{iid}")
        if need(found, "target_branch", str) != target:
            raise Stop(f"!{iid} is in the train into {target} and goes to another branch")
        yield Merge(
            iid,
            need(found, "sha", str),
            need(found, "title", str),
            "" if found.get("description", 0) is None else need(found, "description", str),
            need(found, "source_branch", str),
            [checked(each, str, "labels") for each in need(found, "labels", list)],
            gitlab.person(need(found, "author", dict)),
            gitlab.person(need(car, "user", dict)),
        )


def merged_by(unit: dict[str, Any], merges: list[Merge]) -> Merge | None:
    """The merge request that ``unit`` merges: its head is the second parent."""
    commits = unit["commits"] if isinstance(unit["commits"], list) else []
    parents = [each["parents"] for each in commits if each["rev"] == unit["rev"]]
    found = [each for each in merges if parents == [[unit["base"], each.sha]]]
    known = isinstance(unit["head_tree"], str)
    return found[0] if len(found) == 1 and known and unit["head"] == found[0].sha else None


def reviews_of(
    gitlab: GitLab, merge: Merge, tree: str, levels: dict[int, int], now: int
) -> list[dict[str, Any]]:
    """The approvals of the head of ``merge``, whose tree is ``tree``, and the requested changes."""
    path = f"{gitlab.project}/merge_requests/{merge.iid}"
    heads = [
        (when(need(each, "created_at", str)), need(each, "head_commit_sha", str))
        for each in gitlab.all(f"{path}/versions")
    ]
    said: list[tuple[dict[str, Any], str, float]] = []
    for each in need(gitlab.one(f"{path}/approvals"), "approved_by", list):
        by = gitlab.person(need(each, "user", dict))
        at = when(need(each, "approved_at", str)) if "approved_at" in each else -1
        if at < 0:
            raise Timeless
        # An approval outlives a push that leaves the diff as it is, on whatever it is based now.
        last = max((time for time, _ in heads if time <= at), default=-1)
        if {sha for time, sha in heads if time == last} == {merge.sha}:
            said.append((by, "approved", at))
        else:
            note(f"!{merge.iid}: {by['login']} approved an earlier state; it does not count")
    late = max([now, *(int(at) for _, _, at in said)])
    said += [  # since when, GitLab does not tell
        (gitlab.person(need(each, "user", dict)), "changes-requested", late)
        for each in gitlab.all(f"{path}/reviewers")
        if need(each, "state", str) == "requested_changes"
    ]
    return [
        {
            "by": by,
            "emails": {"unknown": f"GitLab does not tell all addresses of {by['login']}"},
            "opinion": opinion,
            "tree": tree,
            "head": merge.sha,
            "at": int(at),
            "may_write": levels.get(by["id"], 0) >= DEVELOPER,
        }
        for by, opinion, at in said
    ]


def reviews(gitlab: GitLab, known: list[tuple[dict[str, Any], Merge]], now: int) -> Any:
    """The reviews of all units, or why nobody can say."""
    settings = gitlab.one(f"{gitlab.project}/approvals")
    if not need(settings, "reset_approvals_on_push", bool):
        return {"unknown": KEPT}
    levels: dict[int, int] = {}
    for each in gitlab.all(f"{gitlab.project}/members/all"):
        if need(each, "state", str) == "active":
            number, level = need(each, "id", int), need(each, "access_level", int)
            levels[number] = max(level, levels.get(number, 0))
    try:
        return [
            review
            for unit, merge in known
            for review in reviews_of(gitlab, merge, unit["head_tree"], levels, now)
        ]
    except Timeless:
        return {"unknown": TIMELESS}


def note(text: str) -> None:
    """Print one line, whatever is in it."""
    shown = text.replace("\n", " ").encode("ascii", "backslashreplace").decode()
    print("gitlab_facts:", "".join(c if c >= " " else "?" for c in shown), file=sys.stderr)
