"""Bring records and check runs to what they should be. Level-triggered: it reads what is, and not
what happened, so lost, repeated and late events do no harm, and neither do two runs at once.

Of the AI changes at most one for a lane is shown green. A green light that should not be is taken
away first, and GitHub is asked again whether it is gone, before the next one is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guard.change import Change, LaneFacts, Origin, Unknown
from guard.change_engine import run_changes
from guard.forge.gather import Shared
from guard.forge.rulebook import read_policy_file
from guard.github import queries
from guard.github._raw import Raw
from guard.github.answers import BATCH, PENDING, SUCCESS, Answer, answer
from guard.github.client import ForgeError
from guard.github.comments import comment
from guard.github.door import READY, is_ai, record_arrivals, tell_once
from guard.github.grants import Candidate, choose
from guard.github.reading import as_evidence
from guard.github.scene import Place, Scene, look
from guard.github.source import approved
from guard.github.survey import checks_of, makers_of, shown_of
from guard.github.values import Pull, Wanted
from guard.keeper import Keeper, Outcome
from guard.lane import state, unreleased
from guard.mergeresult import trees
from guard.model import Report, Stage, Verdict
from guard.settings import GithubSettings

_COMMENTS = 10
"""A run that would edit more comments leaves them to the next: GitHub limits what is written."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An open pull request, and what should be said of it."""

    pull: Pull
    change: Change
    report: Report
    answer: Answer


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a run found and did."""

    scene: Scene
    outcome: Outcome
    facts: LaneFacts
    judged: tuple[Judged, ...]
    told: tuple[Answer, ...]
    green: tuple[str, ...]
    """The AI changes that have the green light now."""
    enqueued: tuple[str, ...]


def reconcile(place: Place, wanted: Wanted, by: str) -> Reconciled:
    """One run for one target. Raises ``GuardError``; what was done until then stays right."""
    scene = look(place, wanted)
    outcome = _keeper(scene).reconcile(place.now, by)
    scene.shared = Shared()  # the records say more by now
    _learn_makers(scene)
    facts = scene.keeping().line()
    if isinstance(facts, Unknown):
        raise ForgeError(f"{scene.target}: {facts.reason}")
    judged = _judge(scene)
    record_arrivals(scene, scene.survey.open)
    chosen = _chosen(scene, facts, judged)
    said = [_with_turn(each, chosen) for each in judged]
    told = _tell(scene, said)
    green = tuple(each.pull.id for each in said if each.pull.number in chosen)
    enqueued = _enqueue(scene, [each.pull for each in said if each.pull.number in chosen])
    if (scene.book.policy.github or GithubSettings()).comment:
        waiting = [each for each in said if is_ai(each.change) and each.answer in told]
        for each in waiting[:_COMMENTS]:
            comment(place.client, each.pull.node, each.answer)
    return Reconciled(scene, outcome, facts, tuple(said), told, green, enqueued)


def _keeper(scene: Scene) -> Keeper:
    """The lane's keeper, who also reads what checks and deployments say on GitHub."""
    reader = scene.keeping().reader
    keeper = Keeper(reader, scene.refs, scene.target, scene.book.blob)
    tip = scene.survey.tip
    held = unreleased(reader.history(scene.target, tip).facts)
    if not held:
        return keeper
    revs = tuple(dict.fromkeys((tip, *(each.rev for each in held))))
    found = checks_of(scene.place.client, scene.survey.repo, revs, scene.lane.checks)
    evidence = []
    git = scene.place.git
    for rev, checks in found.items():
        if checks:
            policy = read_policy_file(git, rev)
            evidence += as_evidence(checks, rev, trees(git, rev)[0], policy[0] if policy else "")
    return replace(keeper, evidence=tuple(evidence), deployments=scene.survey.deployments)


def _learn_makers(scene: Scene) -> None:
    """The accounts behind the commits of what somebody approves: they must not be his own."""
    pulls = [each for each in scene.survey.open if approved(each)]
    for pull in makers_of(scene.place.client, pulls):
        scene.source.makers[pull.number] = pull


def _judge(scene: Scene) -> tuple[Judged, ...]:
    """Every AI change that is open, and what nobody has judged yet: its event may be lost."""
    ai = {each.id for each in scene.source.branches() if each.origin is Origin.AI}
    found = []
    for pull in scene.survey.open:
        if pull.id in ai or not pull.shown:
            change = scene.pull(pull)
            report = run_changes(change, scene.book.change_rules(), Stage.PULL_REQUEST)
            found.append(Judged(pull, change, report, answer(pull.head, report)))
    return tuple(found)


def _chosen(scene: Scene, facts: LaneFacts, judged: Sequence[Judged]) -> tuple[int, ...]:
    waiting = facts.waiting if isinstance(facts.waiting, tuple) else ()
    since = {each.id: each.ready_since for each in waiting}
    candidates = []
    for each in judged:
        if is_ai(each.change) and each.report.verdict is Verdict.PASS and not each.pull.draft:
            at = since.get(each.pull.id)
            ready = at if isinstance(at, int) else each.pull.opened_at
            lanes = _lanes(each.change)
            candidates.append(Candidate(each.pull.number, lanes, ready, each.pull.queued))
    now = state(facts, scene.place.now)
    free = max((each.free_since for each in now.lanes), default=0)
    return choose(candidates, free, now.now, facts.turn)


def _lanes(change: Change) -> tuple[str, ...]:
    units = () if isinstance(change.units, Unknown) else change.units
    names = (lane for each in units if isinstance(each.lanes, tuple) for lane in each.lanes)
    return tuple(dict.fromkeys(names))


def _with_turn(each: Judged, chosen: tuple[int, ...]) -> Judged:
    """An AI change that may land and was not chosen waits."""
    if each.answer.state != SUCCESS or not is_ai(each.change) or each.pull.number in chosen:
        return each
    why = "it is a draft" if each.pull.draft else _kept(chosen)
    return replace(each, answer=replace(each.answer, state=PENDING, title=why))


def _kept(chosen: tuple[int, ...]) -> str:
    names = ", ".join(f"#{number}" for number in chosen)
    return f"the lane is kept for {names}; {READY}"


def _tell(scene: Scene, said: Sequence[Judged]) -> tuple[Answer, ...]:
    """Take green lights away, see that they are gone, say the rest, and give the new one last."""
    new = [each for each in said if not _is_said(each)]
    revoked = [each for each in new if _is_green(each.pull) and each.answer.state != SUCCESS]
    granted = [each for each in new if each.answer.state == SUCCESS and is_ai(each.change)]
    rest = [each for each in new if each not in revoked and each not in granted]
    told = tell_once(scene, [(each.pull, each.answer) for each in revoked])
    _confirm(scene, [each.pull for each in revoked])
    told += tell_once(scene, [(each.pull, each.answer) for each in rest])
    return told + tell_once(scene, [(each.pull, each.answer) for each in granted])


def _is_said(each: Judged) -> bool:
    return bool(each.pull.shown) and each.pull.shown[0].mark == each.answer.mark


def _is_green(pull: Pull) -> bool:
    return any(each.state == SUCCESS for each in pull.shown)


def _confirm(scene: Scene, revoked: Sequence[Pull]) -> None:
    """Raise ``ForgeError`` where a green light that was taken away is still shown."""
    survey = scene.survey
    check = Wanted(survey.repo, survey.target).check
    for start in range(0, len(revoked), BATCH):
        part = revoked[start : start + BATCH]
        for number, shown in shown_of(scene.place.client, part, check).items():
            if shown and shown[0].state == SUCCESS:
                raise ForgeError(
                    f"#{number} is still shown green after it was taken back; no other change gets "
                    "the green light before that"
                )


def _enqueue(scene: Scene, pulls: Sequence[Pull]) -> tuple[str, ...]:
    """Put what has the green light into the merge queue, if the policy says so and it has one."""
    settings = scene.book.policy.github or GithubSettings()
    if not settings.enqueue or scene.survey.queue is None:
        return ()
    done = []
    for each in pulls:
        if not each.queued:
            asked = {"input": {"pullRequestId": each.node, "expectedHeadOid": each.head}}
            said = Raw(scene.place.client.graphql(queries.ENQUEUE, asked), "enqueue")
            said.node("enqueuePullRequest")
            done.append(each.id)
    return tuple(done)
