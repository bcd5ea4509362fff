"""What the commands of ``guard lane`` work on: the repository, its targets, the clock."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from guard.change import Provenance, Unknown
from guard.cli._surroundings import Surroundings
from guard.config import POLICY_NAME, default_policy, parse_policy
from guard.errors import GitError, UsageError
from guard.forge.plain import who_waits
from guard.forge.rulebook import Rulebook, read_policy_file, rulebook_at
from guard.git import find_top, git_dir, is_oid
from guard.keeper import HEADS, Keeper, Outcome
from guard.landings import Reader
from guard.lane import LaneState, state
from guard.provenance import judge
from guard.records import Records
from guard.refs import LocalRefs, Refs, RemoteRefs
from guard.release import Wait
from guard.repository import Repository
from guard.settings import LaneSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from guard.change import Commit, LaneFacts, LaneRecord, Waiting


@dataclass(frozen=True, slots=True)
class Report:
    """One target's lanes, for the user."""

    facts: LaneFacts
    state: LaneState
    waits: tuple[Wait, ...]
    line: tuple[Waiting, ...] | Unknown
    """The AI changes that wait, who has waited longest first."""
    appended: tuple[LaneRecord, ...] | None = None
    """What was recorded just now; ``None`` for a command that records nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line, resolved."""

    git: Repository
    refs: Refs
    around: Surroundings
    target: str
    remote: str
    now: int
    only_looks: bool
    """Whether the command writes nothing: then the policy's rules are not looked at."""
    books: dict[str, tuple[str, Rulebook]] = field(default_factory=dict)
    """Tip and policy of each branch: they are read once, and are most of what a run costs."""

    def keepers(self) -> list[Keeper]:
        """The keeper of each protected branch that is there, or of the one that was named."""
        if self.target:
            return [self._keeper(self.target)]
        head = self._head()
        named = self._settings(self._book(head)[1]).targets or (head,)
        there = [each for each in named if each in self.books or self.refs.read(HEADS + each)]
        if not there:
            raise UsageError(f"none of the protected branches is there: {', '.join(named)}")
        return [self._keeper(each) for each in there]

    def one(self) -> Keeper:
        """The keeper of the only target. Raises ``UsageError`` where there are several."""
        found = self.keepers()
        if len(found) > 1:
            names = ", ".join(each.target for each in found)
            raise UsageError(f"several protected branches ({names}): name one with --target")
        return found[0]

    def report(self, keeper: Keeper, outcome: Outcome | None = None) -> Report:
        """How the lanes stand. Raises ``GitError`` where the history cannot be read."""
        tip, book = self._book(keeper.target)
        tip = outcome.history.facts.tip if outcome else tip
        facts = who_waits(self.git, self.refs, keeper.target, tip, book)
        if isinstance(facts, Unknown):
            raise GitError(f"{keeper.target}: {facts.reason}")
        return Report(
            facts,
            state(facts, self.now),
            outcome.waits if outcome else keeper.waits(facts, self.now),
            facts.waiting if isinstance(facts.waiting, Unknown) else in_line(facts.waiting),
            outcome.appended if outcome else None,
        )

    def commit(self, rev: str) -> str:
        """The commit that the user names. Raises ``UsageError``."""
        return self.git.resolve(rev)

    def account(self) -> str:
        """The name of who runs this, for a record that needs no human's word."""
        environ = self.around.environ
        found = (environ.get(name) for name in ("REMOTE_USER", "GL_USER", "USER", "LOGNAME"))
        return next((each for each in found if each), "guard lane")

    def human(self, by: str, what: str) -> str:
        """``by``, if this is a name that the policy lets decide. Raises ``UsageError``."""
        if not by.strip():
            raise UsageError(f"{what} needs --by, the human who answers for it")
        people = self._book(self.one().target)[1].policy.people
        if not people:
            return by.strip()
        for person in people:
            if person.login == by.strip():
                if set(person.roles) & {"releaser", "owner"}:
                    return person.login
                raise UsageError(f"{by}: {what} needs the role releaser or owner in the policy")
        names = [each.login for each in people if set(each.roles) & {"releaser", "owner"}]
        raise UsageError(f"{by!r} is not in the policy; who may: {', '.join(names) or 'nobody'}")

    def _head(self) -> str:
        if self.remote:
            ref = f"refs/remotes/{self.remote}/"
            asked = ("symbolic-ref", "--quiet", ref + "HEAD")
        else:
            ref = HEADS
            asked = ("symbolic-ref", "--quiet", "HEAD")
        code, out, _ = self.git.start(*asked).finish()
        name = out.decode("utf-8", "surrogateescape").rstrip("\n")
        if code or not name.startswith(ref):
            raise UsageError("it is not known which branch is protected: name one with --target")
        return name.removeprefix(ref)

    def _book(self, target: str) -> tuple[str, Rulebook]:
        if target not in self.books:
            tip = self.refs.read(HEADS + target)
            if tip is None:
                where = f" at {self.remote}" if self.remote else ""
                raise UsageError(f"no branch {target!r}{where}")
            if self.only_looks:
                self.books[target] = tip, _without_rules(self.git, tip)
            else:
                self.books[target] = tip, rulebook_at(self.git, tip, self.around.rules())
        return self.books[target]

    def _settings(self, book: Rulebook) -> LaneSettings:
        return book.policy.lane or LaneSettings()

    def _keeper(self, target: str) -> Keeper:
        _, book = self._book(target)
        policy = book.policy

        def by(commits: tuple[Commit, ...]) -> Provenance:
            return judge(commits, settings=policy.provenance, people=policy.people)

        records = Records(self.git, self.refs)
        reader = Reader(self.git, records, self._settings(book), by)
        return Keeper(reader, self.refs, target, book.blob)


def ask(around: Surroundings, values: dict[str, Any], *, only_looks: bool = False) -> Asked:
    """What the user asks about. Raises ``UsageError`` outside of a repository."""
    target, remote, now = values["target"], values["remote"], values["now"]
    top = find_top(".")
    if top is None:
        raise UsageError("not in a git repository")
    git = Repository(top, around.environ)
    refs: Refs = RemoteRefs(git, remote) if remote else LocalRefs(git)
    name = (target or "").removeprefix(HEADS)
    if name and (name.startswith("-") or is_oid(name)):
        raise UsageError(f"not the name of a branch: {target!r}")
    if target is not None and not name:
        raise UsageError("an empty --target")
    clock = int(time.time()) if now is None else now
    return Asked(git, refs, around, name, remote or "", clock, only_looks)


def _without_rules(git: Repository, tip: str) -> Rulebook:
    """The policy of a commit but for what it says of rules: the plugins are not loaded."""
    found = read_policy_file(git, tip)
    if found is None:
        return Rulebook(default_policy(()), "", ())
    blob, data = found
    return Rulebook(parse_policy(data, POLICY_NAME, None), blob, ())


def in_line(found: tuple[Waiting, ...]) -> tuple[Waiting, ...]:
    """Who is ready, who has waited longest first; then the others."""

    def place(each: Waiting) -> tuple[bool, int, str]:
        known = isinstance(each.ready_since, int)
        return (not known, each.ready_since if isinstance(each.ready_since, int) else 0, each.id)

    return tuple(sorted(found, key=place))


def empty_spool(around: Surroundings) -> None:
    """Write down what pushes to this repository have left, if it is a server's: it may be landings.

    Raises ``GuardError`` where something has to stay: what is not known must not be settled.
    """
    from guard.server.hook import Hook
    from guard.server.receive import flush_all, say
    from guard.server.spool import FOLDER

    top = find_top(os.getcwd())
    folder = top and git_dir(top)
    if not folder or not os.path.isdir(os.path.join(folder, FOLDER, "spool")):
        return
    if flush_all(Hook(folder, around.environ, b"", int(time.time()), say, around.rules)):
        raise GitError("what pushes left in the spool could not all be written, see above")
