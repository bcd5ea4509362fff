"""What a push asks for: its lines on standard input, and what kind of reference each one moves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from guard.git import is_oid
from guard.refs import NAMESPACE
from guard.server.words import Closed

HEADS = "refs/heads/"
_TAGS = "refs/tags/"
_REPLACE = "refs/replace/"


@dataclass(frozen=True, slots=True)
class Update:
    """One reference and where it shall move; empty is no object: it is made, or deleted."""

    ref: str
    old: str
    new: str


class Kind(Enum):
    """What a reference is to the guard."""

    TARGET = "a protected branch"
    BRANCH = "a branch"
    TAG = "a tag"
    LANE = "the records of a lane"
    LOG = "the decisions about a target"
    EVIDENCE = "the evidence"
    ARRIVALS = "who sent what"
    APPROVAL = "an approval"
    RESERVED = "a name that only the guard uses"
    REPLACE = "a replacement of objects"
    OTHER = "any other reference"


def parse(data: bytes) -> tuple[Update, ...]:
    """The lines ``<old> <new> <ref>`` of githooks(5). Raises ``Closed``.

    Nothing to judge is no pass: git never runs the hook without a line.
    """
    found = []
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            continue
        parts = line.split(" ", 2)
        if len(parts) != 3 or not all(map(is_oid, parts[:2])) or not parts[2].startswith("refs/"):
            raise Closed("push", f"git handed over a line that is no update: {line[:200]!r}")
        old, new = ("" if not oid.strip("0") else oid for oid in parts[:2])
        found.append(Update(parts[2], old, new))
    if not found:
        raise Closed("push", "git handed over no update: there was nothing to judge")
    if len({each.ref for each in found}) < len(found):
        raise Closed("push", "git handed over the same reference twice")
    return tuple(found)


def kind_of(ref: str, targets: Collection[str]) -> tuple[Kind, str]:
    """What ``ref`` is, and the target that it speaks of. ``targets`` are branches, without prefix.

    Names are compared as a file system may that does not tell capitals from small letters.
    """
    folded = ref.casefold()
    if ref.startswith(HEADS):
        name = ref[len(HEADS) :]
        if name in targets:
            return Kind.TARGET, name
        alike = [target for target in targets if target.casefold() == name.casefold()]
        return (Kind.RESERVED, alike[0]) if alike else (Kind.BRANCH, "")
    if ref.startswith(_TAGS):
        return Kind.TAG, ""
    if folded.startswith(_REPLACE):
        return Kind.REPLACE, ""
    if not folded.startswith(NAMESPACE):
        return Kind.OTHER, ""
    return _ours(ref.removeprefix(NAMESPACE), targets)


def _ours(rest: str, targets: Collection[str]) -> tuple[Kind, str]:
    if rest == "evidence":
        return Kind.EVIDENCE, ""
    if rest == "arrivals":
        return Kind.ARRIVALS, ""
    head, _, name = rest.partition("/")
    for kind, prefix in ((Kind.LANE, "lane"), (Kind.LOG, "log")):
        if head == prefix and name in targets:
            return kind, name
    if head == "approvals":
        name = name.rpartition("/")[0].rpartition("/")[0]
        if name in targets:
            return Kind.APPROVAL, name
    return Kind.RESERVED, ""
