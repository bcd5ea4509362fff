"""A model of the lane under random steps: pushes, crashes, reverts, overrides, clocks that jump.

The model keeps its own account of what is on the target and what was released, and never asks the
lane about it. More than ten thousand steps are taken, and after each the invariants hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from guard.change import (
    Evidence,
    How,
    Landing,
    LaneFacts,
    LaneRecord,
    Origin,
    Provenance,
    RecordKind,
    Unit,
    Waiting,
)
from guard.lane import Held, decide, entries, places, seen_at, state, unreleased
from guard.model import Verdict
from guard.release import Proofs, due

EXAMPLES, STEPS, LEAST = 260, 50, 10_000
SOAK, DEADLINE, TURN = 100, 400, 60
LANES = ("api", "web")
AI, HUMAN = Provenance(Origin.AI), Provenance(Origin.HUMAN)


@dataclass
class Landed:
    """What is on the target: the model's own account."""

    rev: str
    base: str
    lanes: tuple[str, ...]
    ai: bool
    reverted_by: str = ""
    released: bool = False


class Machine(RuleBasedStateMachine):
    """One target with two lanes, its records, a line of changes, and a clock that may jump."""

    taken = 0

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000
        self.latest = 1000
        """The latest time that anything was recorded at: no soak is over before it."""
        self.number = 0
        self.target: list[Landed] = [Landed("r0", "", (), ai=False)]
        self.chain: list[LaneRecord] = [LaneRecord(RecordKind.STARTED, "r0", 1000, "model")]
        self.ready: list[Waiting] = []
        self.evidence: list[Evidence] = []
        self.begun: dict[str, int] = {}
        """When the soak of each landing began at the earliest, by the model's account."""
        self.overridden: list[str] = []
        self.steps = -1  # the invariants are asked once before the first step

    # --- what the guard is told ---

    @property
    def tip(self) -> str:
        return self.target[-1].rev

    def facts(self, records: tuple[LaneRecord, ...] | None = None) -> LaneFacts:
        """As an adapter makes them: since the newest checkpoint of the records."""
        chain = tuple(self.chain) if records is None else records
        found = entries(chain)
        checkpoints = (RecordKind.STARTED, RecordKind.SETTLED)
        start = [each.rev for each in found if each.kind in checkpoints][-1]
        names = [each.rev for each in self.target]
        since = self.target[names.index(start) :]
        facts = LaneFacts(
            "main",
            self.tip,
            (),
            chain,
            waiting=tuple(self.ready),
            soak=SOAK,
            deadline=DEADLINE,
            turn=TURN,
            marks=tuple(each.rev for each in since),
            lanes=LANES,
        )
        landings = tuple(
            Landing(
                each.base,
                each.rev,
                f"tree {each.rev}",
                each.lanes,
                AI,
                seen_at(found, each.base, each.rev, places(facts)),
                each.reverted_by,
            )
            for each in since[1:]
            if each.ai
        )
        return LaneFacts(
            **{**{n: getattr(facts, n) for n in LaneFacts.__slots__}, "landings": landings}
        )

    def unit(self, name: str, lanes: tuple[str, ...], provenance: Provenance, **more: str) -> Unit:
        rev = more.pop("rev", f"rev {name}")
        return Unit(name, self.tip, rev, "t", provenance=provenance, lanes=lanes, **more)

    def holding(self) -> list[Landed]:
        return [e for e in self.target if e.ai and not e.reverted_by and not e.released]

    # --- steps ---

    def teardown(self) -> None:
        Machine.taken += self.steps

    @invariant()
    def count(self) -> None:
        self.steps += 1

    def new(self) -> str:
        self.number += 1
        return f"r{self.number}"

    def land(self, lanes: tuple[str, ...], *, ai: bool) -> Landed:
        found = Landed(self.new(), self.tip, lanes, ai)
        self.target.append(found)
        return found

    @rule(lanes=st.sampled_from([("api",), ("web",), LANES]))
    def open(self, lanes: tuple[str, ...]) -> None:
        name = f"#{self.new()}"
        self.ready.append(Waiting(name, f"rev {name}", lanes, self.now))

    @precondition(lambda self: self.ready)
    @rule(which=st.integers(0, 100), crash=st.booleans())
    def push(self, which: int, crash: bool) -> None:
        """One of those that wait asks to land; the server may die before it writes that down."""
        change = self.ready[which % len(self.ready)]
        answer = decide(self.facts(), (self.unit(change.id, change.lanes, AI),), self.now)
        if answer:
            assert all(isinstance(each, Held) for each in answer)
            return
        assert not any(set(each.lanes) & set(change.lanes) for each in self.holding())
        self.ready.remove(change)
        self.land(change.lanes, ai=True)
        if not crash:
            self.reconcile(Proofs(("check",), "p", "", ()))

    @precondition(lambda self: len(self.ready) > 1)
    @rule()
    def push_two(self) -> None:
        """Two at once may land only if they share no lane and nothing holds theirs."""
        one, two = self.ready[0], self.ready[-1]
        pair = tuple(self.unit(each.id, each.lanes, AI) for each in (one, two))
        if decide(self.facts(), pair, self.now):
            return
        assert not set(one.lanes) & set(two.lanes)
        for each in (one, two):
            self.ready.remove(each)
            self.land(each.lanes, ai=True)

    @rule(lanes=st.sampled_from([("api",), LANES]))
    def push_human(self, lanes: tuple[str, ...]) -> None:
        """Nothing ever holds a human's change."""
        assert decide(self.facts(), (self.unit("human", lanes, HUMAN),), self.now) == ()
        self.land(lanes, ai=False)

    @precondition(lambda self: self.holding())
    @rule(which=st.integers(0, 100), by=st.sampled_from([AI, HUMAN]))
    def push_revert(self, which: int, by: Provenance) -> None:
        """Nothing ever holds the exact revert of a landing that is not released."""
        holding = self.holding()
        holder = holding[which % len(holding)]
        unit = self.unit("revert", holder.lanes, by, reverts=holder.rev)
        assert decide(self.facts(), (unit,), self.now) == ()
        holder.reverted_by = self.land(holder.lanes, ai=False).rev

    @rule(verdict=st.sampled_from([Verdict.PASS, Verdict.PASS, Verdict.FAIL]))
    def check(self, verdict: Verdict) -> None:
        found = Evidence(f"tree {self.tip}", "check", verdict, "e", (), "p", "1", self.number)
        self.number += 1
        self.evidence.append(found)

    @rule(seconds=st.sampled_from([1, 20, 60, 100, 500]))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @rule(seconds=st.sampled_from([10, 1000, 100000]))
    def jump_back(self, seconds: int) -> None:
        self.now -= seconds

    @rule()
    def run_reconciler(self) -> None:
        self.reconcile(self.proofs())

    @rule(after=st.integers(0, 3))
    def kill_reconciler(self, after: int) -> None:
        """It is killed when so many of its records are written; the next run does the rest."""
        whole = self.result(self.proofs())
        self.append(due(self.facts(), self.proofs(), self.now, "model").records[:after])
        self.append(due(self.facts(), self.proofs(), self.now, "model").records)
        assert self.account(self.facts()) == whole

    @rule()
    def run_two_reconcilers(self) -> None:
        """The second one loses the race, reads again, and finds nothing to do."""
        self.reconcile(self.proofs())
        assert due(self.facts(), self.proofs(), self.now, "model").records == ()

    @precondition(lambda self: self.holding())
    @rule(which=st.integers(0, 100))
    def override(self, which: int) -> None:
        holding = self.holding()
        one = holding[which % len(holding)]
        word = LaneRecord(
            RecordKind.RELEASED, one.rev, self.now, "ada", one.base, one.lanes, How.OVERRIDE, "why"
        )
        self.overridden.append(one.rev)
        self.append((word,))

    # --- what the steps are made of ---

    def proofs(self) -> Proofs:
        return Proofs(("check",), "p", f"tree {self.tip}", tuple(self.evidence))

    def reconcile(self, proofs: Proofs) -> None:
        self.append(due(self.facts(), proofs, self.now, "model").records)

    def result(self, proofs: Proofs) -> object:
        """How the lanes would stand if nothing went wrong."""
        facts = self.facts()
        records = (*self.chain, *due(facts, proofs, self.now, "model").records)
        return self.account(self.facts(records))

    def account(self, facts: LaneFacts) -> object:
        found = state(facts, self.now)
        standing = [(e.lane, e.holder and e.holder.rev, e.until) for e in found.lanes]
        return standing, {each.rev for each in found.overrides}

    def append(self, records: tuple[LaneRecord, ...]) -> None:
        for record in records:
            before = self.latest
            self.chain.append(record)
            self.latest = max(self.latest, record.at)
            if record.kind is RecordKind.LANDED:
                self.begun.setdefault(record.rev, max(before, self.now))
            if record.kind is RecordKind.RELEASED:
                self.released(record)

    def released(self, record: LaneRecord) -> None:
        (one,) = (each for each in self.target if each.rev == record.rev)
        one.released = True
        if record.how is How.REVERT:
            assert one.reverted_by == record.proof[0]
        elif record.how is How.EVIDENCE:
            assert max(self.now, self.latest) - self.begun[one.rev] >= SOAK
            newest = [e for e in self.evidence if e.tree in (f"tree {self.tip}", f"tree {one.rev}")]
            assert any(each.verdict is Verdict.PASS for each in newest)
        else:
            assert record.by == "ada"

    # --- what always holds ---

    @invariant()
    def never_two_in_one_lane(self) -> None:
        for lane in LANES:
            assert len([each for each in self.holding() if lane in each.lanes]) <= 1

    @invariant()
    def the_lane_is_as_the_model_has_it(self) -> None:
        found = unreleased(self.facts())
        assert [each.rev for each in found] == [each.rev for each in self.holding()]

    @invariant()
    def the_oldest_that_can_land_may(self) -> None:
        """Progress: nothing but a holder, or somebody older, keeps a change that is ready."""
        taken = {lane for each in self.holding() for lane in each.lanes}
        line = sorted(self.ready, key=lambda each: (each.ready_since, each.id))
        for number, change in enumerate(line):
            ahead = {lane for each in line[:number] for lane in each.lanes}
            if not (taken | ahead) & set(change.lanes):
                unit = self.unit(change.id, change.lanes, AI)
                assert decide(self.facts(), (unit,), self.now) == ()

    @invariant()
    def every_turn_ends(self) -> None:
        """Progress, though the oldest never comes: once its turn is over others may land."""
        taken = {lane for each in self.holding() for lane in each.lanes}
        later = max(self.now, self.latest, *(e.ready_since or 0 for e in self.ready), 0) + TURN
        for change in self.ready:
            if not taken & set(change.lanes):
                unit = self.unit(change.id, change.lanes, AI)
                assert decide(self.facts(), (unit,), later) == ()

    @invariant()
    def what_a_human_decided_is_shown(self) -> None:
        shown = {each.rev for each in state(self.facts(), self.now).overrides}
        assert shown == set(self.overridden)

    @invariant()
    def records_replay(self) -> None:
        """From the newest checkpoint alone, as readers do, the same comes out."""
        checkpoints = (RecordKind.STARTED, RecordKind.SETTLED)
        start = max(n for n, each in enumerate(self.chain) if each.kind in checkpoints)
        part = self.facts(tuple(self.chain[start:]))
        assert self.account(part) == self.account(self.facts())


def test_ten_thousand_random_steps() -> None:
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    Machine.taken = 0
    run_state_machine_as_test(Machine, settings=chosen)
    assert Machine.taken >= LEAST
