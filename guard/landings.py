"""What landed on a branch, read from git: its units, whose they are, and the facts of the lane.

Merges, squashes, rebased branches and plain pushes are all landings. The cost grows with what came
since the last checkpoint of the lane, and never with the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from guard.chain import Broken
from guard.change import (
    NOT_GATHERED,
    Commit,
    Landing,
    LaneEntry,
    LaneFacts,
    LaneRecord,
    Origin,
    Provenance,
    RecordKind,
    Signal,
    Unit,
    Unknown,
    Waiting,
)
from guard.commits import commits as read_commits
from guard.errors import GitError
from guard.globs import Globs
from guard.lane import CHECKPOINTS, covers, entries, seen_at
from guard.mergeresult import is_revert_of, trees
from guard.records import Records
from guard.repository import Repository
from guard.settings import OTHER_LANE, LaneSettings
from guard.trunk import Piece, pieces, way

Judge = Callable[[tuple[Commit, ...]], Provenance]
"""Who made a change, by its commits."""


@dataclass(frozen=True, slots=True)
class Push:
    """A move of the target that a server saw."""

    base: str
    rev: str
    ai: bool = False
    """Whether its door took it for an AI's: by the account, or the branch it came from."""
    change: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """An AI landing, or what took one back: what a later change could take back in turn."""

    base: str
    rev: str
    paths: frozenset[str]
    is_landing: bool


@dataclass(frozen=True, slots=True)
class History:
    """The facts of a lane, and what they were made of."""

    facts: LaneFacts
    units: tuple[Unit, ...] = ()
    """All that landed since the checkpoint, oldest first, an AI's or not."""
    past: tuple[Past, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads landings by one policy. Raises ``GitError`` where git fails."""

    git: Repository
    records: Records
    lane: LaneSettings
    judge: Judge
    pushes: tuple[Push, ...] = ()
    """What a server saw of the target and the records do not say yet."""

    def history(
        self,
        target: str,
        tip: str,
        records: tuple[LaneRecord, ...] | None = None,
        waiting: tuple[Waiting, ...] | Unknown = NOT_GATHERED,
    ) -> History:
        """What landed on ``target``, whose tip is ``tip``, since its lane's last checkpoint.

        ``records`` are those of the lane, by default what ``Records.lane`` gives. What makes the
        facts no ground for a decision is in their ``faults``, and not raised.
        """
        facts = self._no_facts(target, tip, waiting)
        try:
            chain = self.records.lane(target) if records is None else records
        except Broken as error:
            return _fault(facts, f"the records of the lane into {target} are broken: {error}")
        if not chain:
            return _fault(facts, f"the lane into {target} has no start: run `guard lane start`")
        facts = replace(facts, records=chain)
        found = entries(chain)
        (*_, start) = (each.rev for each in found if each.kind in CHECKPOINTS)
        commits = self._commits(start, tip)
        tips = _tips(found, self.pushes)
        revisions = None if commits is None else way(commits, start, tip, tips)
        if commits is None or revisions is None:
            words = f"{target} was rewritten: it no longer has {start[:12]}, where its lane stands"
            return _fault(facts, f"{words}; a human can begin anew with `guard lane start --again`")
        past: list[Past] = []
        units = self._units(pieces(commits, revisions, tips), past, found, revisions)
        facts = _with_landings(facts, revisions, units, found, self.pushes)
        return History(facts, units, tuple(past))

    def units(
        self, history: History, base: str, rev: str, cuts: Iterable[str] = ()
    ) -> tuple[Unit, ...]:
        """What ``rev`` would bring to a branch at ``base`` (empty: a new branch), oldest first.

        ``cuts`` are revisions where a unit surely ends.

        Each with commits, provenance, lanes, and what it takes back exactly; the rest is not known.
        Where ``base`` is not in the history of ``rev`` all that differs is one unit.
        """
        commits = read_commits(self.git, include=[rev], exclude=[base] if base else [])
        revisions = way(commits, base, rev)
        if revisions is None:
            found: tuple[Piece, ...] = (Piece(base, rev, commits),)
            revisions = (base, rev)
        else:
            found = pieces(commits, revisions, cuts)
        records = entries(history.facts.records)
        return self._units(found, list(history.past), records, revisions)

    def lanes_of(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The lanes that files belong to; no file, no lane."""
        lanes = [(lane.name, Globs(lane.paths)) for lane in self.lane.lanes]
        names: set[str] = set()
        for path in paths:
            mine = [name for name, globs in lanes if globs.matches(path)]
            names.update(mine or [OTHER_LANE])
        return tuple(name for name in self.names() if name in names)

    def names(self) -> tuple[str, ...]:
        """All lanes, in the policy's order."""
        return (*(lane.name for lane in self.lane.lanes), OTHER_LANE)

    def _no_facts(self, target: str, tip: str, waiting: tuple[Waiting, ...] | Unknown) -> LaneFacts:
        return LaneFacts(
            target,
            tip,
            (),
            (),
            waiting=waiting,
            soak=int(self.lane.soak),
            deadline=int(self.lane.deadline),
            turn=int(self.lane.turn),
            lanes=self.names(),
        )

    def _commits(self, start: str, tip: str) -> tuple[Commit, ...] | None:
        """Those of ``start..tip``; ``None`` where the repository no longer has ``start``."""
        try:
            return read_commits(self.git, include=[tip], exclude=[start])
        except GitError:
            if self.git.start("cat-file", "-e", f"{start}^{{commit}}").finish()[0]:
                return None
            raise

    def _units(
        self,
        found: Sequence[Piece],
        past: list[Past],
        records: tuple[LaneEntry, ...],
        revisions: Sequence[str],
    ) -> tuple[Unit, ...]:
        """The pieces as units. ``past`` grows by what of them can be taken back."""
        place = {rev: number for number, rev in enumerate(revisions)}
        touched = changed_paths(self.git, [(each.base, each.rev) for each in found])
        judged = [self._provenance(each.commits) for each in found]
        judged = _as_recorded(found, judged, records, self.pushes, place)
        units = []
        for piece, provenance, paths in zip(found, judged, touched, strict=True):
            taken_back = self._taken_back(piece, paths, past)
            reverts = ""
            if taken_back is not None and taken_back.is_landing:
                past[past.index(taken_back)] = Past(piece.base, piece.rev, paths, False)
                reverts = taken_back.rev
            elif taken_back is not None:
                past.remove(taken_back)
                sign = Signal("R", "", f"brings back what {taken_back.rev[:12]} took back", "tree")
                provenance = _raised(provenance, sign)
            if provenance.origin is Origin.AI and not reverts:
                past.append(Past(piece.base, piece.rev, paths, True))
            units.append(
                Unit(
                    piece.rev,
                    piece.base,
                    piece.rev,
                    piece.commits[-1].tree,
                    commits=piece.commits,
                    provenance=provenance,
                    lanes=self.lanes_of(paths),
                    reverts=reverts,
                )
            )
        return tuple(units)

    def _provenance(self, commits: tuple[Commit, ...]) -> Provenance:
        """A merge with edits of its own is judged as any commit, and not as one that only merges.

        Merges are done again only where that could make a difference.
        """
        said = self.judge(commits)
        merges = [each for each in commits if len(each.parents) > 1]
        if said.origin is Origin.AI or not merges:
            return said
        strict = self.judge(tuple(map(_as_written, commits)))
        if strict.origin is said.origin:
            return said
        edited = {each.rev for each in merges if self._edits(each)}
        return self.judge(tuple(_as_written(e) if e.rev in edited else e for e in commits))

    def _edits(self, commit: Commit) -> bool:
        """Whether a merge is other than what git makes of its parents."""
        if len(commit.parents) != 2:
            return True
        return self.git.merge_tree(*commit.parents).tree != commit.tree

    def _taken_back(self, piece: Piece, paths: frozenset[str], past: list[Past]) -> Past | None:
        """The newest of ``past`` that ``piece`` takes back exactly."""
        for each in reversed(past):
            said = any(f"This reverts commit {each.rev}" in one.message for one in piece.commits)
            if paths and (paths <= each.paths or said):
                if is_revert_of(self.git, piece.base, piece.rev, each.base, each.rev):
                    return each
        return None


def changed_paths(git: Repository, pairs: Sequence[tuple[str, str]]) -> tuple[frozenset[str], ...]:
    """The paths that differ between the commits of each pair; an empty name is the empty tree."""
    if not pairs:
        return ()
    names = list(dict.fromkeys(each for pair in pairs for each in pair))
    tree = dict(zip(names, trees(git, *names), strict=True))
    asked = [(tree[one], tree[other]) for one, other in pairs]
    text = "".join(f"{one} {other}\n" for one, other in dict.fromkeys(asked)).encode("ascii")
    options = ("-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv")
    out = git.run("diff-tree", "--stdin", *options, stdin=text).decode("utf-8", "surrogateescape")
    found: dict[tuple[str, str], set[str]] = {pair: set() for pair in asked}
    fields = out.split("\0")
    for head, path in zip(fields[0::2], fields[1::2], strict=False):
        *above, _ = head.split("\n")  # a line for each pair, before its first file
        if above:
            one, _, other = above[-1].partition(" ")
            here = found[one, other]
        here.add(path)
    return tuple(frozenset(found[pair]) for pair in asked)


def _fault(facts: LaneFacts, words: str) -> History:
    return History(replace(facts, faults=(words,)))


def _tips(found: tuple[LaneEntry, ...], pushes: tuple[Push, ...]) -> tuple[str, ...]:
    """Revisions that surely were the target's tip once."""
    kinds = (RecordKind.LANDED, RecordKind.RELEASED, *CHECKPOINTS)
    said = [rev for each in found if each.kind in kinds for rev in (each.base, each.rev)]
    seen = [rev for each in pushes for rev in (each.base, each.rev)]
    return tuple(rev for rev in dict.fromkeys((*said, *seen)) if rev)


def _with_landings(
    facts: LaneFacts,
    revisions: tuple[str, ...],
    units: tuple[Unit, ...],
    found: tuple[LaneEntry, ...],
    pushes: tuple[Push, ...],
) -> LaneFacts:
    names = {each.rev: each.change for each in pushes if each.change != each.rev}
    place = {rev: number for number, rev in enumerate(revisions)}
    back = {unit.reverts: unit.rev for unit in units if unit.reverts}
    landings = []
    for unit in units:
        if unit.is_ai and not unit.reverts:
            assert isinstance(unit.lanes, tuple)
            assert isinstance(unit.provenance, Provenance)
            seen = seen_at(found, unit.base, unit.rev, place)
            by, name = back.get(unit.rev, ""), names.get(unit.rev, "")
            landings.append(
                Landing(unit.base, unit.rev, unit.tree, unit.lanes, unit.provenance, seen, by, name)
            )
    return replace(facts, marks=revisions, landings=tuple(landings))


def _as_recorded(
    found: Sequence[Piece],
    judged: list[Provenance],
    records: tuple[LaneEntry, ...],
    pushes: tuple[Push, ...],
    place: dict[str, int],
) -> list[Provenance]:
    """What was an AI's when it landed still is; what a human cleared is not."""
    ranges = [(each.base, each.rev, "it landed as one") for each in pushes if each.ai]
    ranges += [
        (each.base, each.rev, "it is recorded as one")
        for each in records
        if each.kind is RecordKind.LANDED
    ]
    for base, rev, why in ranges:
        whole = LaneEntry(RecordKind.LANDED, rev, 0, "", base=base)
        within = [n for n, p in enumerate(found) if covers(whole, p.base, p.rev, place)]
        if not any(judged[number].origin is Origin.AI for number in within):
            for number in within:
                judged[number] = _raised(judged[number], Signal("R", "", why, "record"))
    cleared = {each.rev: each for each in records if each.kind is RecordKind.CLEARED}
    for number, piece in enumerate(found):
        last = piece.commits[-1]
        heads = [piece.rev, *(last.parents if len(last.parents) == 2 else ())]
        for clear in (cleared[each] for each in heads if each in cleared and each != piece.base):
            words = f"not an AI's, says {clear.by}: {clear.reason}"
            signals = (*judged[number].signals, Signal("R", "", words, "record"))
            judged[number] = replace(judged[number], origin=Origin.HUMAN, signals=signals)
    return judged


def _as_written(commit: Commit) -> Commit:
    """A merge as if somebody had written all of it."""
    return replace(commit, parents=commit.parents[:1])


def _raised(provenance: Provenance, sign: Signal) -> Provenance:
    return replace(provenance, origin=Origin.AI, signals=(*provenance.signals, sign))
