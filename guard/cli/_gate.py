"""The seam of ``guard gate``: where the facts come from, which policy judges, what comes out."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import Protocol

from guard import git as _git
from guard.change import Change, Person, Review, Unknown
from guard.change_engine import run_changes
from guard.cli._report import Done
from guard.cli._surroundings import Surroundings
from guard.cli._where import Where
from guard.config import read_policy
from guard.decisions import decision
from guard.errors import GuardError, UsageError
from guard.forge.facts import MAX_BYTES, read_facts, write_facts
from guard.forge.plain import Asked, gather
from guard.forge.rulebook import Rulebook, rulebook_at
from guard.git import is_oid
from guard.model import Stage
from guard.project import Commit
from guard.records import Records
from guard.refs import LocalRefs, Refs, RemoteRefs
from guard.repository import Repository
from guard.rule import Rule
from guard.settings import PersonSettings

HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Judged:
    """The change as it was known, and what was said of it."""

    change: Change
    done: Done

    def facts(self) -> str:
        """The change as a file for ``--facts``."""
        return write_facts(self.change).decode("ascii")


@dataclass(frozen=True, slots=True)
class Known:
    """A change, the policy for it, and where its records are."""

    change: Change
    book: Rulebook
    git: Repository | None
    refs: Refs | None


class Source(Protocol):
    """Where the facts of a change come from."""

    @property
    def record(self) -> bool: ...

    def known(self, door: Stage, now: int, around: Surroundings) -> Known: ...


def judge(source: Source, door: Stage, now: int, around: Surroundings) -> Judged:
    """Judge the change of ``source`` at ``door``. Raises ``GuardError``."""
    known = source.known(door, now, around)
    change = known.change
    report = run_changes(change, known.book.change_rules(), door)
    if source.record:
        if known.git is None or known.refs is None:
            raise UsageError("--record needs a repository to write to")
        Records(known.git, known.refs).log(change.target, [decision(change, report, door)])
    top = known.git.top if known.git else os.getcwd()
    tree: Commit | _Nowhere = _Nowhere(top)
    if known.git is not None and not isinstance(change.result_tree, Unknown):
        try:
            tree = Commit(top, change.rev)
        except GuardError:  # the file speaks of a revision that is not here: no excerpts
            tree = _Nowhere(top)
    where = Where(top, (), "", "", "")
    return Judged(change, Done(report, where, tree, known.book.policy, known.book.rules))


class _Nowhere:
    """No files to show excerpts from."""

    def __init__(self, top: str) -> None:
        self.top = top

    def read_file(self, path: str) -> bytes | None:
        del path
        return None


@dataclass(frozen=True, slots=True)
class FromFile:
    """``--facts FILE``."""

    file: str
    config: str | None
    record: bool

    def known(self, door: Stage, now: int, around: Surroundings) -> Known:
        """The file alone says what is known; the policy is the target's where it is here."""
        del door
        change = read_facts(_read(self.file), self.file, now)
        rules = around.rules()
        git = _repository(around)
        refs = LocalRefs(git) if git else None
        book = self._book(change, git, rules)
        if isinstance(change.policy, str) and book.blob and change.policy != book.blob:
            raise UsageError(
                f"{self.file}: policy: the facts were gathered under {change.policy!r:.60}, and "
                f"the policy that judges is {book.blob}; gather them again"
            )
        if isinstance(change.policy, Unknown):
            change = replace(change, policy=book.blob)
        return Known(_with_policy(change, book), book, git, refs)

    def _book(self, change: Change, git: Repository | None, rules: tuple[Rule, ...]) -> Rulebook:
        if self.config is not None:
            return Rulebook(read_policy(os.getcwd(), rules, self.config), "", rules)
        if not change.base:
            return rulebook_at(git or Repository(os.getcwd()), "", rules)
        if git is None:
            raise UsageError(
                "the policy is that of the target's tip, and there is no git repository here; run "
                "in a clone, or name the policy with --config FILE"
            )
        try:
            git.resolve(change.base)
        except UsageError as error:
            raise UsageError(
                f"the policy is that of the target's tip {change.base[:12]}, and this clone lacks "
                f"it; fetch {change.target}, or name the policy with --config FILE"
            ) from error
        return rulebook_at(git, change.base, rules)


def _with_policy(change: Change, book: Rulebook) -> Change:
    """The times of the lane are the policy's, whatever the file says.

    Where the file does not know the addresses of a reviewer, they and the roles are the policy's.
    """
    if not isinstance(change.reviews, Unknown):
        people = {each.login: each for each in book.policy.people}
        reviews = tuple(_with_person(each, people.get(each.by.login)) for each in change.reviews)
        change = replace(change, reviews=reviews)
    if isinstance(change.lane, Unknown):
        return change
    from guard.settings import LaneSettings

    settings = book.policy.lane or LaneSettings()
    lane = replace(
        change.lane,
        soak=int(settings.soak),
        deadline=int(settings.deadline),
        turn=int(settings.turn),
    )
    return replace(change, lane=lane)


def _with_person(review: Review, person: PersonSettings | None) -> Review:
    if person is None or isinstance(review.emails, tuple):
        return review
    roles = tuple(dict.fromkeys((*review.roles, *person.roles)))
    return replace(review, emails=person.emails, roles=roles)


@dataclass(frozen=True, slots=True)
class FromGit:
    """``--target BRANCH --rev REV``."""

    target: str
    rev: str
    base: str | None
    branch: str | None
    pusher: str | None
    remote: str | None
    record: bool
    promotes_to: str = ""

    def known(self, door: Stage, now: int, around: Surroundings) -> Known:
        """What git says, here or at the remote."""
        git = _repository(around)
        if git is None:
            raise UsageError(f"{os.getcwd()} is not in a git repository; run in one")
        _check_target(self.target)
        refs: Refs = RemoteRefs(git, self.remote) if self.remote else LocalRefs(git)
        rev = git.resolve(self.rev)
        base = self._base(git, refs)
        book = rulebook_at(git, base, around.rules())
        branch = self.branch or _branch(git, self.rev, rev)
        asked = Asked(
            target=self.target,
            base=base,
            rev=rev,
            now=now,
            door=door,
            promotes_to=self.promotes_to,
            branch=branch or Unknown("no branch is known for it; name it with --branch"),
            pusher=Person(login=self.pusher)
            if self.pusher
            else Unknown("nobody said who asks for it to land; name the account with --pusher"),
        )
        return Known(gather(git, refs, asked, book, book.needs()), book, git, refs)

    def _base(self, git: Repository, refs: Refs) -> str:
        if self.base is not None:
            return git.resolve(self.base)
        ref = HEADS + self.target
        found = refs.read(ref)
        if found is None:
            where = f"at {self.remote}" if self.remote else "here"
            raise UsageError(
                f"there is no branch {self.target!r} {where}; name its tip with --base REV, or "
                "where it is with --remote NAME"
            )
        return found


def _check_target(target: str) -> None:
    bad = target.startswith(("-", "/", "refs/")) or target.endswith(("/", ".lock", "."))
    odd = any(c in " ~^:?*[\\\x7f" or c < " " for c in target)
    if not target or bad or odd or ".." in target or "//" in target or "@{" in target:
        raise UsageError(f"not the name of a branch: {target!r}")


def _branch(git: Repository, named: str, rev: str) -> str:
    """The branch that the user named, or the one that is checked out; empty where it is none."""
    name = named.removeprefix(HEADS)
    if named == "HEAD":
        code, out, _ = git.start("symbolic-ref", "--quiet", "--short", "HEAD").finish()
        name = out.decode("utf-8", "surrogateescape").strip() if code == 0 else ""
    if not name or is_oid(name):
        return ""
    return name if git.ref(HEADS + name) == rev else ""


def _repository(around: Surroundings) -> Repository | None:
    top = _git.find_top(os.getcwd())
    return None if top is None else Repository(top, around.environ)


def _read(file: str) -> bytes:
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(file, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{file}: cannot be read: {reason}") from error
