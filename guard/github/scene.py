"""All that is known of one target on GitHub at one moment: the survey, the commits, the policy.

GitHub's answer and the repository are read one after the other. Where the target or a head moved in
between, both are read again; nothing is judged on two moments at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from guard.change import Change, Person, Unknown
from guard.forge.gather import Asked, Gathering, Shared
from guard.forge.rulebook import Rulebook, rulebook_at
from guard.github.client import Client, ForgeError
from guard.github.source import GitHubSource, pull_ref
from guard.github.survey import deployed, landed_since, survey
from guard.github.values import Pull, Survey, Wanted
from guard.keeper import HEADS
from guard.landings import Push
from guard.lane import CHECKPOINTS
from guard.model import Stage
from guard.records import Records
from guard.refs import NAMESPACE, FetchedRefs
from guard.repository import Repository
from guard.rule import Rule
from guard.settings import LaneSettings

_TRIES = 4
_PAUSE = 2.0
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look, and with whose rights."""

    client: Client
    git: Repository
    remote: str
    """The address of the repository, for git."""
    rules: tuple[Rule, ...]
    now: int


@dataclass
class Scene:
    """What was found, and the judge of it."""

    place: Place
    survey: Survey
    refs: FetchedRefs
    records: Records
    book: Rulebook
    source: GitHubSource
    pushes: tuple[Push, ...] = ()
    shared: Shared = field(default_factory=Shared)

    @property
    def target(self) -> str:
        """The branch."""
        return self.survey.target

    @property
    def lane(self) -> LaneSettings:
        """The policy's section about the lane."""
        return self.book.policy.lane or LaneSettings()

    def pull(self, pull: Pull) -> Change:
        """The facts of an open pull request: its head merged into the target's tip."""
        asked = Asked(
            target=self.target,
            base=self.survey.tip,
            rev=pull.head,
            now=self.place.now,
            id=pull.id,
            branch=pull.branch,
            pusher=Unknown("nobody has asked yet for it to land: it is no entry of the queue"),
            title=pull.title,
            body=pull.body,
            told=self.source.told_of(pull),
            labels=pull.labels,
            requesters=self.source.requesters([pull]),
            pushes=self.pushes,
        )
        return self._gathering(asked).change(self.book.needs())

    def group(self, head: str, pull: Pull, by: Person, inside: Sequence[Pull]) -> Change:
        """The facts of a merge group: all that the target would get with the commit ``head``.

        ``pull`` is the one whose group it is, ``inside`` are all that it holds.
        """
        asked = Asked(
            target=self.target,
            base=self.survey.tip,
            rev=head,
            now=self.place.now,
            door=Stage.MERGE_QUEUE,
            id=pull.id,
            branch=pull.branch,
            pusher=by,
            title=pull.title,
            body=pull.body,
            labels=pull.labels,
            requesters=self.source.requesters(inside),
            pushes=self.pushes,
        )
        return self._gathering(asked).change(self.book.needs())

    def promotion(self, rev: str, environment: str, by: Person | Unknown) -> Change:
        """The facts of a deployment of ``rev``."""
        asked = Asked(
            target=self.target,
            base=self.survey.tip,
            rev=rev,
            now=self.place.now,
            pusher=by,
            pushes=self.pushes,
            promotes_to=environment,
        )
        return self._gathering(asked).promotion()

    def keeping(self) -> Gathering:
        """What judges and reads the lane itself, without any change."""
        tip = self.survey.tip
        asked = Asked(self.target, tip, tip, self.place.now, pushes=self.pushes)
        found = self._gathering(asked)
        found.told |= self.source.told()
        return found

    def _gathering(self, asked: Asked) -> Gathering:
        git = self.place.git
        return Gathering(git, self.records, asked, self.book, self.source, shared=self.shared)


def look(
    place: Place,
    wanted: Wanted,
    more: Callable[[Survey], tuple[str, ...]] = lambda _: (),
    fits: Callable[[Survey, FetchedRefs], bool] = lambda survey, refs: True,
) -> Scene:
    """Read GitHub and the repository until they agree.

    ``more`` names further references to fetch, ``fits`` says whether what was found can be used.
    Raises ``ForgeError`` and ``GitError``.
    """
    git, head = place.git, HEADS + wanted.target
    if git.is_shallow():
        raise ForgeError(
            f"{git.top} is a shallow clone: commits that it lacks cannot be judged. In a workflow "
            "give actions/checkout `fetch-depth: 0`; else run `git fetch --unshallow`"
        )
    own = (head, NAMESPACE + "*")
    for number in range(_TRIES):
        if number:
            place.client.sleep(_PAUSE)
        refs = FetchedRefs(git, place.remote, own)
        tip = refs.read(head)
        if tip is None:
            raise ForgeError(f"{wanted.repo.path} has no branch {wanted.target!r}")
        book = rulebook_at(git, tip, place.rules)
        staging = (book.policy.lane or LaneSettings()).staging
        wanted = replace(wanted, staging=staging)
        found = survey(place.client, wanted)
        if found.tip != tip:
            continue
        if wanted.promotes_to:
            found = deployed(place.client, found, wanted)
        records = Records(git, refs)
        found, since = _landed(place, found, records)
        heads = _heads(found)
        theirs = FetchedRefs(git, place.remote, (*heads, *more(found)))
        same = all(theirs.read(ref) == oid for ref, oid in heads.items())
        if not same or not fits(found, theirs):
            continue
        source = GitHubSource(git, records, found, book.policy, since=since)
        pushes = tuple(Push("", each.rev, False, f"#{each.number}") for each in source.landed())
        return Scene(place, found, refs, records, book, source, pushes)
    raise ForgeError(
        f"{wanted.repo.path}: {wanted.target}, its queue or its pull requests moved each time that "
        "they were read; run it again"
    )


def _heads(found: Survey) -> dict[str, str]:
    """The references of the pull requests' heads, and where GitHub says that they are."""
    pulls = {each.number: each for each in found.open}
    if found.pull is not None:
        pulls[found.pull.number] = found.pull
    return {pull_ref(number): each.head for number, each in pulls.items()}


def _landed(place: Place, found: Survey, records: Records) -> tuple[Survey, frozenset[str]]:
    """With all pull requests that landed since the checkpoint; what the target has since then."""
    git = place.git
    chain = records.lane(found.target)
    marks = [each for each in chain if each.kind in CHECKPOINTS]
    if not marks:
        return found, frozenset()
    start = marks[-1].rev
    if start not in git.kinds([start]):  # rewritten: the lane says so, and has no landings
        return found, frozenset()
    said = git.run("rev-list", "--no-walk", "--no-commit-header", "--format=%ct", start)
    since = min(int(said.split()[0]), marks[-1].at) - _DAY
    revs = git.run("rev-list", "--first-parent", f"{start}..{found.tip}").decode("ascii").split()
    if not revs:
        return replace(found, more_merged=None), frozenset()
    return landed_since(place.client, found, since), frozenset(revs)
