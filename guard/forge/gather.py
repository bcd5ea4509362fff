"""The facts of a change: what git says of it, and what a ``Source`` adds about people.

Git knows what would land. Who opened it, who reviewed it and what else is open is known to a server
with the guard's hooks (``guard.forge.plain``) or to a forge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from guard.change import (
    NOT_GATHERED,
    Change,
    Commit,
    Deployment,
    Evidence,
    LaneFacts,
    OpenChange,
    Person,
    PolicyEdit,
    Provenance,
    RecordKind,
    Review,
    State,
    Unit,
    Unknown,
    Waiting,
)
from guard.codeowners import PLACES, Owners, parse_owners
from guard.errors import GuardError
from guard.forge._files import changed_files
from guard.forge._open import HEADS, Branch, Judges, Line, as_open
from guard.forge._senders import Sent
from guard.forge.rulebook import Rulebook
from guard.landings import History, Push, Reader
from guard.lane import entries
from guard.mergeresult import merge, merge_commit, trees
from guard.model import Stage
from guard.provenance import Told, judge
from guard.records import Records
from guard.repository import Repository
from guard.settings import LaneSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.forge._health import Doctor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which change, at which door, and what the door knows that git does not hold."""

    target: str
    """The branch, without ``refs/heads/``."""
    base: str
    """The target's tip, a full object name; empty where the target does not exist yet."""
    rev: str
    """The pull request's head, the group's head, or the pushed commit; a full object name."""
    now: int
    door: Stage = Stage.PULL_REQUEST
    id: str = ""
    """What to call it; by default its branch or revision."""
    branch: str | Unknown = NOT_GATHERED
    """The branch that it comes from, without ``refs/heads/``."""
    pusher: Person | Unknown = NOT_GATHERED
    """Who asks for it to land, with the login that the server vouches for."""
    fresh: bool = False
    """Whether no branch had any of its commits before: ``pusher`` sent them first."""
    title: str = ""
    """Git holds neither a title nor a description: that there is none is known."""
    body: str = ""
    pushes: tuple[Push, ...] = ()
    """What the server saw of the target and the records do not say yet."""
    told: Told | None = None
    """All that is known of a pull request besides its commits, where that is known beforehand."""
    labels: tuple[str, ...] | Unknown = NOT_GATHERED
    requesters: tuple[Person, ...] = ()
    promotes_to: str = ""
    """The environment that ``rev`` shall be deployed to; empty for a change to the target."""


class Source(Protocol):
    """What git alone does not hold. Every method may raise ``GuardError``: it cannot be known."""

    def told(self) -> Mapping[str, Told]:
        """What is known of changes besides their commits, by the last commit of each."""

    def cuts(self) -> tuple[str, ...]:
        """Revisions where a unit of what would land surely ends."""

    def proved(self, unit: Unit) -> Unit:
        """``unit``, of a push or a merge group, with the head that reviewers saw, and whether
        merging it gives the unit's tree. ``GuardError`` where it cannot be explained at all.
        """

    def behind(self, rev: str) -> tuple[Commit, ...]:
        """The commits that were squashed or rebased into the unit that ends with ``rev``."""

    def named(self, commits: tuple[Commit, ...]) -> tuple[Commit, ...]:
        """``commits`` with the accounts of those who made them, where the source vouches for it."""

    def sent(self, units: tuple[Unit, ...]) -> tuple[Sent, ...]:
        """How each of ``units`` came here."""

    def reviews(
        self, units: tuple[Unit, ...], sent: tuple[Sent, ...] | Unknown
    ) -> tuple[Review, ...]:
        """What was said of these units, today's rights with it."""

    def all_reviews(self) -> tuple[Review, ...]:
        """What was said of any change that is open for the target."""

    def branches(self) -> tuple[Branch, ...]:
        """What is open for the target."""

    def deployments(self) -> tuple[Deployment, ...]:
        """Deployments that are in no record."""


_UNASKED = Unknown("no AI change is judged, so nobody looked at what else is open")


@dataclass
class Shared:
    """What all changes to one tip have in common: read once where many are judged in a row."""

    history: History | Unknown | None = None
    lane: LaneFacts | Unknown | None = None
    doctor: Doctor | None = None
    owners: Owners | Unknown | None = None


@dataclass
class Gathering:
    """The facts of one change, or of the line of those that wait."""

    git: Repository
    records: Records
    asked: Asked
    book: Rulebook
    source: Source
    told: dict[str, Told] = field(default_factory=dict)
    """What is known of each unit besides its commits, by its last commit."""
    shared: Shared = field(default_factory=Shared)

    def __post_init__(self) -> None:
        policy = self.book.policy
        self.judges = Judges(policy.provenance, policy.people)
        lane = policy.lane or LaneSettings()
        self.reader = Reader(self.git, self.records, lane, self._judge, self.asked.pushes)

    def change(self, needs: frozenset[str] = frozenset()) -> Change:
        """All that is known of the change, judged by the target's ``book``.

        At the pull request ``rev`` is the branch, and what is judged is its merge into ``base``; at
        the other doors ``rev`` is what the target shall become. ``needs`` names the costly facts to
        gather (``guard.rule.COSTLY``). What cannot be had is ``Unknown``, with the reason; nothing
        is raised but ``GitError``, where git itself does not work.
        """
        asked = self.asked
        self.told |= self.source.told()
        base_tree, head_tree = trees(self.git, asked.base, asked.rev)
        rev, tree = self._result(head_tree)
        found = Change(
            id=asked.id or (asked.branch if isinstance(asked.branch, str) else asked.rev[:12]),
            target=asked.target,
            base=asked.base,
            rev=rev,
            now=asked.now,
            base_tree=base_tree,
            result_tree=tree,
            title=asked.title,
            body=asked.body,
            branch=asked.branch,
            pusher=asked.pusher,
            requesters=asked.requesters,
            labels=asked.labels,
            policy=self.book.blob,
            evidence=_known(lambda: self._evidence(base_tree, tree)),
            deployments=_known(self._deployments),
        )
        if isinstance(tree, Unknown):
            return replace(found, units=tree)
        return self._with_units(found, needs)

    def promotion(self) -> Change:
        """The facts of a deployment: what is new to the environment, and what was where."""
        asked = self.asked
        self.told |= self.source.told()
        (tree,) = trees(self.git, asked.rev)
        deployments = _known(self._deployments)
        there = () if isinstance(deployments, Unknown) else deployments
        mine = [each for each in there if each.environment == asked.promotes_to]
        healthy = [each.rev for each in mine if each.state is State.HEALTHY]
        live = healthy[-1] if healthy else ""
        return Change(
            id=asked.id or asked.rev[:12],
            target=asked.target,
            base=asked.base,
            rev=asked.rev,
            now=asked.now,
            units=_known(lambda: self._deployed(live)),
            result_tree=tree,
            title=asked.title,
            body=asked.body,
            pusher=asked.pusher,
            evidence=_known(lambda: self.records.evidence(tree)),
            deployments=deployments,
            promotes_to=asked.promotes_to,
            policy=self.book.blob,
        )

    def _deployed(self, live: str) -> tuple[Unit, ...]:
        """What is new where ``live`` runs (empty: nothing does). Raises ``GuardError``."""
        asked = self.asked
        if not self.git.is_ancestor(asked.rev, asked.base):
            raise GuardError(f"{asked.rev[:12]} is not on {asked.target}: it has not landed")
        if not live or self.git.is_ancestor(asked.rev, live):
            return ()  # the first deployment, or one back to what was there before
        if not self.git.is_ancestor(live, asked.rev):
            raise GuardError(f"{asked.promotes_to} runs {live[:12]}, which is of another history")
        history = self.reader.history(asked.target, asked.base)
        # Squashed changes that follow each other would look like one.
        ends = {each.rev for each in history.units}
        for each in entries(history.facts.records):
            if each.kind is RecordKind.LANDED:
                ends |= {each.base, each.rev}
        return self.reader.units(history, live, asked.rev, ends)

    def line(self) -> LaneFacts | Unknown:
        """The lane with all AI changes that are open."""
        self.told |= self.source.told()
        return self._lane(self._history(), _known(self.source.branches))

    def _result(self, head_tree: str) -> tuple[str, str | Unknown]:
        """What the target would become: its revision and tree."""
        asked = self.asked
        if asked.door is not Stage.PULL_REQUEST or not asked.base:
            if asked.base and not self.git.is_ancestor(asked.base, asked.rev):
                why = f"{asked.rev[:12]} does not contain {asked.target}, which is at"
                return asked.rev, Unknown(f"{why} {asked.base[:12]}: it would be rewritten")
            return asked.rev, head_tree
        if asked.base == asked.rev or self.git.is_ancestor(asked.rev, asked.base):
            return asked.base, trees(self.git, asked.base)[0]
        try:
            merged = merge(self.git, asked.base, asked.rev)
        except GuardError as error:
            return asked.rev, Unknown(f"it cannot be merged: {_first(error)}")
        if merged.tree is None:
            where = ", ".join(repr(path) for path in merged.conflicts[:5])
            more = f" and {len(merged.conflicts) - 5} more" if len(merged.conflicts) > 5 else ""
            why = f"it does not merge into {asked.target}: conflicts in {where}{more}; merge"
            return asked.rev, Unknown(f"{why} {asked.target} into it")
        return merge_commit(self.git, asked.base, asked.rev, merged.tree), merged.tree

    def _with_units(self, found: Change, needs: frozenset[str]) -> Change:
        history = self._history()
        units = _known(lambda: self._units(history, found))
        if isinstance(units, Unknown):
            return replace(found, units=units)
        landing = units
        sent = _known(lambda: self.source.sent(landing))
        if not isinstance(sent, Unknown) and self._tell(units, sent):
            units = _known(lambda: self._units(history, found))
            if isinstance(units, Unknown):
                return replace(found, units=units)
            landing = units
        is_ai = any(unit.is_ai for unit in units)
        branches = _known(self.source.branches) if is_ai else _UNASKED
        doctor = self._doctor()
        return replace(
            found,
            units=units,
            opener=sent if isinstance(sent, Unknown) else _opener(units, sent),
            reviews=_known(lambda: self.source.reviews(landing, sent)),
            others=self._others(branches, units),
            lane=self._lane(history, branches),
            rollback=doctor.rollback(units, found.rev) if "rollback" in needs else NOT_GATHERED,
            target_health=doctor.health(found.base) if "target_health" in needs else NOT_GATHERED,
            result_health=doctor.health(found.rev) if "result_health" in needs else NOT_GATHERED,
            policy_edit=_known(lambda: self._edit(found, landing)),
        )

    def _history(self) -> History | Unknown:
        asked = self.asked
        if not asked.base:
            return Unknown(f"{asked.target} does not exist yet")
        if self.shared.history is None:
            self.shared.history = _known(lambda: self.reader.history(asked.target, asked.base))
        return self.shared.history

    def _doctor(self) -> Doctor:
        from guard.forge._health import Doctor  # who asks about the lane alone needs no doctor

        if self.shared.doctor is None:
            self.shared.doctor = Doctor(self.git, self.book, self.asked.base)
        return self.shared.doctor

    def _units(self, history: History | Unknown, found: Change) -> tuple[Unit, ...]:
        """What lands, oldest first. Raises ``GuardError``."""
        asked = self.asked
        if found.rev == found.base:
            return ()
        if asked.door is Stage.PULL_REQUEST and found.rev not in self.told:
            branch = asked.branch if isinstance(asked.branch, str) else ""
            self.told[found.rev] = asked.told or Told(branch, asked.title, asked.body)
        if isinstance(history, Unknown):
            history = History(LaneFacts(asked.target, asked.base, (), ()))
        cuts = () if asked.door is Stage.PULL_REQUEST else self.source.cuts()
        units = self.reader.units(history, asked.base, found.rev, cuts)
        return tuple(map(self._unit, units))

    def _owners(self) -> Owners | Unknown:
        """The code owners of the target; a file without lines where it has none."""
        if self.shared.owners is None:
            self.shared.owners = _known(lambda: read_owners(self.git, self.asked.base))
        return self.shared.owners

    def _unit(self, unit: Unit) -> Unit:
        files = changed_files(self.git, unit.base, unit.rev)
        owners = self._owners()
        if isinstance(owners, Unknown):
            unit = replace(unit, code_owners=owners)
        else:
            named = (owners.of(each.path) for each in files)
            unit = replace(unit, code_owners=tuple(dict.fromkeys(each for each in named if each)))
        asked = self.asked
        if asked.door is not Stage.PULL_REQUEST or not asked.base:
            return self.source.proved(replace(unit, files=files))
        assert not isinstance(unit.commits, Unknown)
        branch = isinstance(asked.branch, str) and HEADS + asked.branch
        return replace(
            unit,
            id=asked.id or branch or asked.rev,
            files=files,
            head=asked.rev,
            head_tree=trees(self.git, asked.rev)[0],
            faithful=True,  # the merge was made here
            commits=self.source.named(tuple(each for each in unit.commits if each.rev != unit.rev)),
        )

    def _judge(self, commits: tuple[Commit, ...]) -> Provenance:
        last = commits[-1].rev
        behind = self.source.behind(last)  # what says more than the one commit that is left of it
        return self._by(self.source.named(behind or commits), self.told.get(last, Told()))

    def _by(self, commits: tuple[Commit, ...], told: Told) -> Provenance:
        return judge(commits, told, self.judges.settings, self.judges.people)

    def _tell(self, units: tuple[Unit, ...], sent: tuple[Sent, ...]) -> bool:
        """Note what is known of how each unit came; whether that says more of who made it."""
        differs = False
        for unit, each in zip(units, sent, strict=True):
            before = self.told.get(unit.rev, Told())
            opener = each.opener if isinstance(each.opener, Person) else None
            branch = before.branch or each.branch
            told = replace(before, branch=branch, opener=opener, earlier=each.earlier)
            self.told[unit.rev] = told
            if not isinstance(unit.commits, Unknown) and told != before:
                commits = unit.commits
                differs = differs or self._by(commits, told) != self._by(commits, before)
        return differs

    def _others(
        self, branches: tuple[Branch, ...] | Unknown, units: tuple[Unit, ...]
    ) -> tuple[OpenChange, ...] | Unknown:
        if isinstance(branches, Unknown):
            return branches
        mine = {self.asked.rev, *(unit.head for unit in units if isinstance(unit.head, str))}
        branch = self.asked.branch
        ids = {self.asked.id, HEADS + branch if isinstance(branch, str) else ""}
        # By id: branches of two forks may have one name.
        return as_open(each for each in branches if each.head not in mine and each.id not in ids)

    def _lane(
        self,
        history: History | Unknown,
        branches: tuple[Branch, ...] | Unknown,
    ) -> LaneFacts | Unknown:
        if isinstance(history, Unknown):
            return history
        if isinstance(branches, Unknown):
            return replace(history.facts, waiting=branches)
        if self.shared.lane is None:
            waiting = _known(lambda: self._waiting(branches))
            self.shared.lane = replace(history.facts, waiting=waiting)
        return self.shared.lane

    def _waiting(self, branches: tuple[Branch, ...]) -> tuple[Waiting, ...]:
        line = Line(self.git, self.reader, self.asked.base, self.source.all_reviews())
        return line.waiting(branches)

    def _edit(self, found: Change, units: tuple[Unit, ...]) -> PolicyEdit:
        from guard.forge._edits import Sides, policy_edit

        files = units[0].files if len(units) == 1 else None
        if files is None or isinstance(files, Unknown):
            files = changed_files(self.git, found.base, found.rev)
        return policy_edit(self.git, self.book, Sides(found.base, found.rev, files))

    def _evidence(self, base: str, result: str | Unknown) -> tuple[Evidence, ...]:
        wanted = (base, *((result,) if isinstance(result, str) and result != base else ()))
        return tuple(each for tree in wanted for each in self.records.evidence(tree))

    def _deployments(self) -> tuple[Deployment, ...]:
        found = (*self.records.deployments(), *self.source.deployments())
        return tuple(sorted(found, key=lambda each: each.at))


def read_owners(git: Repository, commit: str) -> Owners:
    """The CODEOWNERS of a commit. Raises ``GuardError``."""
    if not commit:
        return Owners("", ())
    names = [f"{commit}:{path}" for path in PLACES]
    for path, data in zip(PLACES, git.read_names(names), strict=True):
        if data is not None:
            return parse_owners(data.decode("utf-8", "replace"), path)
    return Owners("", ())


def _opener(units: tuple[Unit, ...], sent: tuple[Sent, ...]) -> Person | Unknown:
    """Who opened the change: of several units, the one behind those of an AI."""
    pairs = [*zip(units, sent, strict=True)]
    mine = [each.opener for unit, each in pairs if unit.is_ai] or [each.opener for each in sent]
    known = dict.fromkeys(mine)
    if len(known) == 1:
        return mine[0]
    return Unknown("its parts were first sent by different accounts" if known else "nothing lands")


def _known(ask: Callable[[], T]) -> T | Unknown:
    """What ``ask`` answers, or why it cannot."""
    try:
        return ask()
    except GuardError as error:
        return Unknown(_first(error))


def _first(error: GuardError) -> str:
    return str(error).split("\n", 1)[0]
