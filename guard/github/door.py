"""The required check of a pull request, and the gate of the merge queue.

At the pull request a hold is shown as pending. Only the reconciler gives an AI change the green
light (``guard.github.reconcile``): one writer, so that no two have it at once. The queue gets an
answer, pass or fail, whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from guard.change import Arrival, Change, Origin, Unknown
from guard.change_engine import run_changes
from guard.errors import GuardError
from guard.github import queries
from guard.github._raw import Raw
from guard.github.answers import FAILURE, PENDING, SUCCESS, Answer, answer, post
from guard.github.client import ForgeError
from guard.github.event import GroupMade, PullChanged
from guard.github.scene import Place, Scene, look
from guard.github.source import entry_of, pull_ref
from guard.github.survey import makers_of
from guard.github.values import Pull, Survey, Wanted
from guard.model import Report, Stage
from guard.refs import FetchedRefs

READY = "every rule is satisfied; the reconciler gives it the green light when it is its turn"


@dataclass(frozen=True, slots=True)
class Said:
    """What was judged, and what was said of it on GitHub."""

    scene: Scene
    change: Change
    report: Report
    answer: Answer


def judge_pull(place: Place, event: PullChanged, tell: bool = True) -> Said:
    """Judge an open pull request, and say so on its head; only judge, if ``tell`` is false.

    Raises ``GuardError``: then nothing is said, and what is required is missing.
    """
    scene = look(place, Wanted(event.repo, event.target, event.number))
    pull = scene.survey.pull
    assert pull is not None
    if pull.target != event.target:
        raise ForgeError(f"{pull.id} is for {pull.target} by now, not for {event.target}")
    change = scene.pull(pull)
    report = run_changes(change, scene.book.change_rules(), Stage.PULL_REQUEST)
    said = answer(pull.head, report)
    if said.state == SUCCESS and is_ai(change):
        said = Answer(pull.head, PENDING, READY, said.summary)
    if not tell:
        return Said(scene, change, report, said)
    record_arrivals(scene, [pull])
    if not (_granted(pull) and said.title == READY):
        tell_once(scene, [(pull, said)])
    return Said(scene, change, report, said)


def is_ai(change: Change) -> bool:
    """Whether it counts as an AI's; what is not known does."""
    return isinstance(change.units, Unknown) or any(each.is_ai for each in change.units)


def record_arrivals(scene: Scene, pulls: Iterable[Pull]) -> None:
    """Note the states of AI changes that are here: they stay an AI's. Raises ``GuardError``.

    Only of what has a sign of an AI. What counts as one because it is not known, such as a change
    with conflicts, may be known tomorrow.
    """
    now = scene.place.now
    ai = {each.id for each in scene.source.branches() if each.origin is Origin.AI}
    new = [
        Arrival(pull_ref(each.number), each.head, each.opener.login, now, Origin.AI)
        for each in pulls
        if each.id in ai and scene.source.is_new(each)
    ]
    scene.records.record_arrivals(new)


def tell_once(scene: Scene, said: list[tuple[Pull, Answer]]) -> tuple[Answer, ...]:
    """Post the answers that are not there yet; which those were."""
    new = [(pull, each) for pull, each in said if not pull.shown or pull.shown[0].mark != each.mark]
    survey = scene.survey
    check = Wanted(survey.repo, survey.target).check
    post(scene.place.client, survey.node, check, [each for _, each in new])
    return tuple(each for _, each in new)


def _granted(pull: Pull) -> bool:
    return bool(pull.shown) and pull.shown[0].state == SUCCESS


def judge_group(place: Place, event: GroupMade) -> Said:
    """Judge a merge group by the target's real tip, and answer on its head.

    Raises ``GuardError`` only where the answer itself could not be given.
    """
    try:
        return _judged_group(place, event)
    except GuardError as error:
        wanted = Wanted(event.repo, event.target)
        asked = {"owner": event.repo.owner, "name": event.repo.name}
        found = Raw(place.client.graphql(queries.REPOSITORY, asked), "repository")
        node = found.node("repository").text("id")
        why = str(error).split("\n", 1)[0]
        said = Answer(event.head, FAILURE, f"not verified: {why}", "")
        post(place.client, node, wanted.check, [said])
        raise


def _judged_group(place: Place, event: GroupMade) -> Said:
    def fits(survey: Survey, refs: FetchedRefs) -> bool:
        return refs.read(event.ref) == event.head and _is_there(survey, event)

    wanted = Wanted(event.repo, event.target, event.number)
    scene = look(place, wanted, lambda _: (event.ref,), fits)
    _cross_check(scene, event)
    inside = _inside(scene, event)
    others = [each for each in inside if each.number != event.number]
    for each in makers_of(place.client, others):
        scene.source.makers[each.number] = each
    entry = entry_of(scene.survey, event.number)
    pull = scene.survey.pull
    assert entry is not None
    assert pull is not None
    change = scene.group(event.head, pull, entry.by, inside)
    report = run_changes(change, scene.book.change_rules(), Stage.MERGE_QUEUE)
    said = answer(event.head, report)
    if said.state == PENDING:  # no rule may hold in the queue; to be sure of it
        said = Answer(event.head, FAILURE, said.title, said.summary)
    check = Wanted(event.repo, event.target).check
    post(place.client, scene.survey.node, check, [said])
    return Said(scene, change, report, said)


def _inside(scene: Scene, event: GroupMade) -> list[Pull]:
    """The open pull requests that the group would land."""
    asked = ("rev-list", f"{scene.survey.tip}..{event.head}")
    inside = set(scene.place.git.run(*asked).decode("ascii").split())
    numbers = [each.number for head, each in scene.source.entries.items() if head in inside]
    return [scene.source.pulls[each] for each in numbers if each in scene.source.pulls]


def _is_there(survey: Survey, event: GroupMade) -> bool:
    entry = entry_of(survey, event.number)
    return entry is not None and entry.head == event.head


def _cross_check(scene: Scene, event: GroupMade) -> None:
    """Raise ``ForgeError`` where the event, the queue and git do not tell the same."""
    entry = entry_of(scene.survey, event.number)
    assert entry is not None
    if entry.base and entry.base != event.base:
        raise ForgeError(
            f"the queue made #{event.number} on {entry.base[:12]}, the event says {event.base[:12]}"
        )
    if event.named != event.base:
        raise ForgeError(f"{event.ref} names {event.named[:12]}, and its base is {event.base[:12]}")
    git, tip = scene.place.git, scene.survey.tip
    if not git.is_ancestor(tip, event.head):
        raise ForgeError(
            f"the group {event.head[:12]} is not made on {event.target}, which is at {tip[:12]} by "
            "now; the queue makes it anew"
        )
    before = {each.head for each in (scene.survey.queue.entries if scene.survey.queue else ())}
    if event.base != tip and event.base not in before and not git.is_ancestor(event.base, tip):
        raise ForgeError(f"the base {event.base[:12]} is neither {event.target} nor another group")
