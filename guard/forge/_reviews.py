"""Reviews on plain git: ``refs/guard/approvals/<target>/<login>/<tree>``, and who the people are.

Each reference points to a commit that holds ``record.json`` and whose parent is the head that was
read. The server lets only ``<login>`` itself write it; here nothing is believed that contradicts
itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from guard._wire import WireError, load
from guard.chain import RECORD
from guard.change import Opinion, Person, Review, Unknown
from guard.config import Policy
from guard.git import is_oid
from guard.refs import NAMESPACE, Refs
from guard.repository import Repository

PREFIX = NAMESPACE + "approvals/"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Approval:
    """What ``record.json`` says besides its version."""

    by: str
    tree: str
    head: str
    at: int
    opinion: Opinion


def approvals(git: Repository, refs: Refs, target: str) -> tuple[Approval, ...]:
    """All opinions about changes to ``target``, oldest first.

    Raises ``WireError`` for one that cannot be read: it may be the objection that counts.
    """
    prefix = f"{PREFIX}{target}/"
    found = {}
    for ref, oid in sorted(refs.list(prefix).items()):
        parts = ref[len(prefix) :].split("/")
        if len(parts) == 2 and is_oid(parts[1]):  # else it is of the target "<target>/..."
            found[ref] = (oid, parts)
    names = [f"{oid}:{RECORD}" for oid, _ in found.values()]
    read = []
    for (ref, (_, parts)), data in zip(found.items(), git.read_names(names), strict=True):
        approval = _read(ref, data)
        if (approval.tree, approval.by) != (parts[1], _login(parts[0])):
            raise WireError(f"{ref}: it holds what {approval.by!r} says of {approval.tree[:12]}")
        read.append(approval)
    return tuple(sorted(read, key=lambda each: (each.at, each.by, each.tree)))


def _login(part: str) -> str:
    return unquote(part, "utf-8", "surrogateescape")


def _read(ref: str, data: bytes | None) -> Approval:
    try:
        value = json.loads(data or b"")
    except (ValueError, RecursionError) as error:
        raise WireError(f"{ref}: the record is no JSON: {error}") from error
    if not isinstance(value, dict) or value.get("version") != _VERSION:
        raise WireError(f"{ref}: the record is not of version {_VERSION}")
    return load({key: each for key, each in value.items() if key != "version"}, Approval, ref)


def review(approval: Approval, policy: Policy) -> Review:
    """The opinion, with what today's policy says of the person."""
    for person in policy.people:
        # To the letter: a server may know both `bob` and `BOB`, and only one of them is meant.
        if person.login == approval.by:
            email = person.emails[0] if person.emails else ""
            return _review(
                approval, Person(email=email, login=approval.by), person.emails, True, person.roles
            )
    if policy.people:
        return _review(approval, Person(login=approval.by), Unknown(_NOBODY), False, ())
    may_write = Unknown("the policy lists no people, so nobody is known who may write")
    return _review(approval, Person(login=approval.by), Unknown(_NOBODY), may_write, ())


_NOBODY = "the policy does not list this person"


def _review(
    approval: Approval,
    by: Person,
    emails: tuple[str, ...] | Unknown,
    may_write: bool | Unknown,
    roles: Sequence[str],
) -> Review:
    return Review(
        by=by,
        emails=emails,
        opinion=approval.opinion,
        tree=approval.tree,
        head=approval.head,
        at=approval.at,
        may_write=may_write,
        roles=tuple(roles),
    )


def of_change(
    found: Iterable[Approval], heads: Collection[str], trees: Collection[str]
) -> tuple[Approval, ...]:
    """The opinions about this change: of one of its ``trees``, or of a head that it ever had."""
    return tuple(each for each in found if each.tree in trees or each.head in heads)
