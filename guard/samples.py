"""Changes to begin an example with: everything is known, and nothing is wrong.

A rule's cases and the tests of a policy take such a change and say what is different. Names stand
for objects of git: ``oid("a")`` is the same full object name wherever it is asked for.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Any

from guard.change import (
    Change,
    Commit,
    FileChange,
    Health,
    LaneFacts,
    LaneRecord,
    Opinion,
    Origin,
    Person,
    PolicyEdit,
    Provenance,
    RecordKind,
    Review,
    Rollback,
    Signal,
    Trailer,
    Unit,
)

NOW = 1_800_000_000
"""The clock of every sample, 2027-01-15 08:00 UTC."""

ADA = Person("Ada", "ada@example.org", "ada")
"""Who opens, writes and pushes the sample."""
BOB = Person("Bob", "bob@example.org", "bob")
"""Another human, who reviews."""

AI = Provenance(Origin.AI, (Signal("C", "robot", "Co-Authored-By: Robot", "trailer of a commit"),))
HUMAN = Provenance(Origin.HUMAN, declared="Made-By: human")


def oid(name: str) -> str:
    """The full object name that stands for ``name``; one that is full already is kept."""
    if len(name) in (40, 64) and set(name) <= set("0123456789abcdef"):
        return name
    return sha1(name.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def commit(name: str = "head", **more: Any) -> Commit:
    """One commit by ``ADA``; its tree is named like it."""
    values: dict[str, Any] = {
        "rev": oid(name),
        "tree": oid(f"tree of {name}"),
        "parents": (oid("base"),),
        "author": ADA,
        "committer": ADA,
        "at": NOW - 3600,
        "message": "Do something\n",
        **more,
    }
    return Commit(**values)


def trailer(text: str) -> Trailer:
    """``Key: value`` as a trailer."""
    key, _, value = text.partition(":")
    return Trailer(key.strip(), value.strip())


def unit(name: str = "head", **more: Any) -> Unit:
    """One change by a human, with one commit and one file, merged as it was reviewed."""
    tree = oid(f"tree of {name}")
    values: dict[str, Any] = {
        "id": "#23",
        "base": oid("base"),
        "rev": oid(name),
        "tree": tree,
        "head": oid(name),
        "head_tree": tree,
        "faithful": True,
        "commits": (commit(name),),
        "files": (FileChange("src/app.py", oid("old app"), oid("new app"), 3, 1),),
        "provenance": HUMAN,
        "lanes": ("other",),
        **more,
    }
    return Unit(**values)


def ai_unit(name: str = "head", **more: Any) -> Unit:
    """The same by an AI."""
    return unit(name, **{"provenance": AI, **more})


def review(tree: str = "tree of head", **more: Any) -> Review:
    """The approval of ``tree`` by ``BOB``, who may write."""
    values: dict[str, Any] = {
        "by": BOB,
        "emails": ("bob@example.org",),
        "opinion": Opinion.APPROVED,
        "tree": oid(tree),
        "head": oid("head"),
        "at": NOW - 600,
        "may_write": True,
        **more,
    }
    return Review(**values)


def started(rev: str, now: int = NOW) -> LaneRecord:
    """The lane begins after ``rev``, a day ago."""
    return LaneRecord(RecordKind.STARTED, rev, now - 86400, "ada", reason="the lane begins")


def change(*units: Unit, **more: Any) -> Change:
    """A change of ``units`` (one by a human, if none is given) to ``main``; ``more`` differs."""
    units = units or (unit(),)
    result = units[-1]
    values: dict[str, Any] = {
        "id": result.id,
        "target": "main",
        "base": oid("base"),
        "rev": result.rev,
        "now": NOW,
        "units": units,
        "base_tree": oid("tree of base"),
        "result_tree": result.tree,
        "title": "Do something",
        "body": "",
        "branch": "topic",
        "opener": ADA,
        "pusher": ADA,
        "labels": (),
        "reviews": (),
        "others": (),
        "lane": LaneFacts("main", oid("base"), (), (started(oid("base")),), waiting=()),
        "evidence": (),
        "deployments": (),
        "rollback": Rollback(applies=True),
        "target_health": Health(oid("tree of base")),
        "result_health": Health(result.tree),
        "policy_edit": PolicyEdit(),
        "policy": oid("policy"),
        **more,
    }
    return Change(**values)
