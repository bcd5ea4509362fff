"""Approvals on plain git: a reference for each reviewer and tree, written through the server.

``refs/guard/approvals/<target>/<login>/<tree>`` points to a commit that holds ``record.json`` and
whose parent is the head that was read, which thus stays there for as long as the approval does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from guard._wire import WireError, dump, load
from guard.chain import RECORD, encode
from guard.change import Opinion
from guard.errors import GuardError
from guard.refs import NAMESPACE
from guard.repository import FILE, Repository
from guard.server.identity import Identity
from guard.server.updates import Update

PREFIX = NAMESPACE + "approvals/"
TOLERANCE = 15 * 60
"""How far the clock of the reviewer's machine may be off, in seconds."""
_VERSION = 1
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+=@")


class Invalid(GuardError):
    """What was pushed is no approval, and why."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Approval:
    """What ``record.json`` says."""

    by: str
    tree: str
    head: str
    at: int
    opinion: Opinion


def ref_of(target: str, login: str, tree: str) -> str:
    """The reference where ``login`` says what it thinks of ``tree`` on the way to ``target``."""
    return f"{PREFIX}{target}/{quoted(login)}/{tree}"


def quoted(login: str) -> str:
    """``login`` as a part of a reference's name (git-check-ref-format(1)): others as ``%2E``.

    A full stop stays where it stands between two plain characters.
    """
    found = []
    for at, char in enumerate(login):
        around = login[at - 1 : at] + login[at + 1 : at + 2]
        inside = len(around) == 2 and set(around) <= _PLAIN and not login.endswith(".lock")
        if char in _PLAIN or (char == "." and inside):
            found.append(char)
        else:
            found += [f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape")]
    return "".join(found)


def write(git: Repository, approval: Approval) -> str:
    """The commit of an approval, with its parent; its objects are in the repository then."""
    value = dump(approval)
    assert isinstance(value, dict)
    blob = git.write_blob(encode({"version": _VERSION, **value}))
    (tree,) = git.write_trees([[(FILE, blob, RECORD)]])
    message = f"{approval.opinion.value} {approval.head[:12]}\n"
    return git.write_commit(tree, [approval.head], message, at=approval.at, by=approval.by)


def read(git: Repository, commit: str) -> Approval:
    """The approval that a commit holds. Raises ``Invalid``."""
    said = git.run("rev-list", "--parents", "--max-count=1", "--end-of-options", commit)
    parents = said.decode("ascii").split()[1:]
    listed = git.run("ls-tree", "-z", "--full-tree", commit).decode("utf-8", "surrogateescape")
    entries = [entry for entry in listed.split("\0") if entry]
    if len(entries) != 1 or not entries[0].endswith("\t" + RECORD):
        raise Invalid(f"commit {commit[:12]} holds something other than {RECORD}")
    (data,) = git.read_names([f"{commit}:{RECORD}"])
    try:
        value = json.loads(data or b"")
        if not isinstance(value, dict) or value.pop("version", None) != _VERSION:
            raise Invalid(f"the approval is not of version {_VERSION}")
        found = load(value, Approval, "approval")
    except (ValueError, RecursionError, WireError) as error:
        raise Invalid(f"the approval cannot be read: {error}") from error
    if parents != [found.head]:
        raise Invalid("the approval's parent is not the head that it speaks of")
    return found


def check(git: Repository, update: Update, target: str, who: Identity, now: int) -> Approval:
    """The approval that a push brings, if ``who`` may write it. Raises ``Invalid``."""
    use = f"Use `guard approve REV --target {target}`."
    if not who.login:
        raise Invalid(
            "the server does not know who you are, and an approval is somebody's",
            "Push over a way where you sign in (HTTP with a password, gitolite).",
        )
    if not update.new:
        raise Invalid("an approval is not deleted", "Use `guard approve REV --dismiss`.")
    found = read(git, update.new)
    if found.by != who.login:
        raise Invalid(f"it is signed by {found.by!r}, and you are {who.login!r} here", use)
    if found.tree != git.tree_of(found.head):
        raise Invalid("its tree is not the tree of the head that it speaks of", use)
    if update.ref != ref_of(target, found.by, found.tree):
        raise Invalid(f"it belongs to {ref_of(target, found.by, found.tree)}", use)
    if abs(found.at - now) > TOLERANCE:
        raise Invalid(
            f"it is dated {abs(found.at - now)} s {'after' if found.at > now else 'before'} the "
            "server's time",
            "Set the clock of your machine, then approve again.",
        )
    if update.old and read(git, update.old).at > found.at:
        raise Invalid("you have said something later about this tree already", "Approve again.")
    return found
