"""What a case need not say: the rest of a value of which it gives a part.

Everything is then known and nothing is wrong, as in ``guard.samples``. One function for each type:
the fields that the case gives go in, the value comes out. A field without which the value would
mean nothing has to be given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from guard.change import (
    Commit,
    Deployment,
    Evidence,
    FileChange,
    Health,
    Landing,
    LaneEntry,
    LaneFacts,
    LaneRecord,
    OpenChange,
    Opinion,
    Origin,
    Person,
    Provenance,
    Review,
    Rollback,
    Signal,
    State,
    Trailer,
    Unit,
    Unknown,
    Waiting,
)
from guard.model import Verdict
from guard.samples import ADA, AI, NOW, commit, oid, review, started, trailer, unit

Given = Mapping[str, Any]


@dataclass
class Known:
    """What of the change is known already when a part of it is read."""

    now: int = NOW
    target: str = "main"
    base: str = oid("base")
    base_tree: str = oid("tree of base")
    policy: str = oid("policy")
    units: list[Unit] = field(default_factory=list)
    commits: int = 0

    @property
    def tip(self) -> str:
        """Where the next unit begins."""
        return self.units[-1].rev if self.units else self.base

    @property
    def result(self) -> str:
        """The tree that would land."""
        return self.units[-1].tree if self.units else oid("tree of head")

    @property
    def reviewed(self) -> str:
        """The tree that reviewers saw last."""
        head = self.units[-1].head_tree if self.units else oid("tree of head")
        return self.result if isinstance(head, Unknown) else head


NEEDED: Mapping[type[Any], tuple[str, ...]] = {
    Commit: (),
    Deployment: ("environment", "rev"),
    Evidence: ("check",),
    FileChange: ("path",),
    Landing: ("rev",),
    LaneEntry: ("kind", "rev"),
    LaneRecord: ("kind", "rev"),
    OpenChange: ("id",),
    Provenance: ("origin",),
    Review: ("by",),
    Signal: ("tier", "what"),
    Trailer: ("key", "value"),
    Waiting: ("id",),
}
"""The fields that a case has to give, by type; of a type that is not here, none."""


def _unit(given: Given, known: Known) -> Unit:
    name = given.get("id", "#23")
    rev = given.get("rev") or oid("head" if name == "#23" else f"head of {name}")
    tree = given.get("tree") or oid("tree of head" if rev == oid("head") else f"tree of {rev}")
    values = {
        "id": name,
        "base": known.tip,
        "rev": rev,
        "tree": tree,
        "head": rev,
        "head_tree": tree,
        "commits": (commit(rev, tree=tree, parents=(known.tip,)),),
        **given,
    }
    made = unit(rev, **values)
    known.units.append(made)
    return made


def _commit(given: Given, known: Known) -> Commit:
    known.commits += 1
    name = given.get("rev") or f"commit {known.commits}"
    return commit(name, **{"at": known.now - 3600, **given})


def _review(given: Given, known: Known) -> Review:
    by: Person = given["by"]
    address = by.email or (f"{by.login}@example.org" if by.login else "")
    emails = (address,) if address else Unknown("the case gives no address")
    at = known.now - 600
    return review(**{"emails": emails, "tree": known.reviewed, "at": at, **given})


def _landing(given: Given, known: Known) -> Landing:
    rev = given["rev"]
    values = {
        "base": oid(f"before {rev}"),
        "tree": oid(f"tree of {rev}"),
        "lanes": ("other",),
        "provenance": AI,
        "seen_at": known.now - 3600,
        **given,
    }
    return Landing(**values)


def _lane(given: Given, known: Known) -> LaneFacts:
    records = (started(known.base, known.now),)
    values = {
        "target": known.target,
        "tip": known.base,
        "landings": (),
        "records": records,
        "waiting": (),
        **given,
    }
    return LaneFacts(**values)


def _waiting(given: Given, known: Known) -> Waiting:
    head, ready = oid(f"head of {given['id']}"), known.now - 60
    return Waiting(**{"head": head, "lanes": ("other",), "ready_since": ready, **given})


def _evidence(given: Given, known: Known) -> Evidence:
    values = {
        "tree": known.result,
        "verdict": Verdict.PASS,
        "environment": "python-3.12",
        "surroundings": ("platform=linux", "python=3.12"),
        "policy": known.policy,
        "tool": "premerge-guard",
        "at": known.now - 60,
        **given,
    }
    return Evidence(**values)


def _deployment(given: Given, known: Known) -> Deployment:
    rev = given["rev"]
    tree = next((unit.tree for unit in known.units if unit.rev == rev), oid(f"tree of {rev}"))
    return Deployment(**{"tree": tree, "state": State.HEALTHY, "at": known.now - 86400, **given})


def _entry(given: Given, known: Known) -> LaneEntry:
    return LaneEntry(**{"at": known.now - 3600, "by": "guard", **given})


def _record(given: Given, known: Known) -> LaneRecord:
    return LaneRecord(**{"at": known.now - 3600, "by": "guard", **given})


COMPLETE: Mapping[type[Any], Callable[[Given, Known], Any]] = {
    Commit: _commit,
    Deployment: _deployment,
    Evidence: _evidence,
    Health: lambda given, known: Health(**{"tree": known.result, **given}),
    Landing: _landing,
    LaneEntry: _entry,
    LaneFacts: _lane,
    LaneRecord: _record,
    OpenChange: lambda given, known: OpenChange(**{"origin": Origin.AI, "by": ADA, **given}),
    Review: _review,
    Rollback: lambda given, known: Rollback(**{"applies": True, **given}),
    Signal: lambda given, known: Signal(**{"agent": given["what"], "where": "the case", **given}),
    Unit: _unit,
    Waiting: _waiting,
}
"""Types that have more to fill in than their own defaults."""

_ADDRESS = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<email>[^<>]+)>")
_FILE = re.compile(r"(?P<path>.*?)(?:\s+\+(?P<added>[0-9]{1,9})\s+-(?P<deleted>[0-9]{1,9}))?")


def _person(text: str) -> Given:
    match = _ADDRESS.fullmatch(text)
    return match.groupdict() if match else {"login": text}


def _file(text: str) -> Given:
    match = _FILE.fullmatch(text)
    assert match is not None  # the pattern takes any text of one line
    size = {key: int(match[key] or 1) for key in ("added", "deleted")}
    return {"path": match["path"], "old": oid("old"), "new": oid("new"), **size}


def _provenance(text: str) -> Given:
    allowed = [each.value for each in Origin]
    if text not in allowed:
        raise ValueError(f"unknown value {text!r}; allowed: {', '.join(allowed)}")
    return {"origin": Origin(text)}


def _trailer(text: str) -> Given:
    made = trailer(text)
    return {"key": made.key, "value": made.value}


SHORT: Mapping[type[Any], Callable[[str], Given]] = {
    Commit: lambda text: {"message": f"{text}\n"},
    FileChange: _file,
    OpenChange: lambda text: {"id": text},
    Person: _person,
    Provenance: _provenance,
    Review: lambda text: {"by": Person(login=text), "opinion": Opinion.APPROVED},
    Trailer: _trailer,
    Waiting: lambda text: {"id": text},
}
"""What one word or line stands for. Raises ``ValueError`` for text that is none."""
