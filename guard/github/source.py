"""What GitHub knows of a change and git does not: a ``Source`` for ``guard.forge.gather``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from guard.change import (
    Arrival,
    Commit,
    Deployment,
    Opinion,
    Origin,
    Person,
    Review,
    Unit,
    Unknown,
)
from guard.commits import commits as read_commits
from guard.config import Policy
from guard.errors import GuardError
from guard.forge._open import MOST_COMMITS, Branch, reached
from guard.forge._senders import Sent
from guard.github.values import Entry, Merged, Pull, Said, Survey
from guard.mergeresult import is_faithful, trees
from guard.provenance import Told, judge
from guard.records import Records
from guard.repository import Repository
from guard.settings import GithubSettings, Rebase


def pull_ref(number: int) -> str:
    """The reference of a pull request's head, also in the records of arrivals."""
    return f"refs/pull/{number}/head"


@dataclass
class GitHubSource:
    """One survey, and the repository that has its commits. What is costly is kept."""

    git: Repository
    records: Records
    survey: Survey
    policy: Policy
    makers: dict[int, Pull] = field(default_factory=dict)
    """The pull requests whose commits' accounts are known, by number."""
    since: frozenset[str] = frozenset()
    """What the target has since the lane's checkpoint."""
    _branches: tuple[Branch, ...] | None = None
    _arrivals: dict[str, tuple[Arrival, ...]] | None = None

    def __post_init__(self) -> None:
        self.pulls = {each.number: each for each in self.survey.open}
        if self.survey.pull is not None:
            self.makers[self.survey.pull.number] = self.survey.pull
            self.pulls.setdefault(self.survey.pull.number, self.survey.pull)
        queue = self.survey.queue
        self.entries = {each.head: each for each in (queue.entries if queue else ()) if each.head}

    def told(self) -> Mapping[str, Told]:
        found = {each.rev: self.told_of(each) for each in self.landed()}
        for head, entry in self.entries.items():
            pull = self.pulls.get(entry.number)
            if pull is not None:
                found[head] = self.told_of(pull)
        return found

    def landed(self) -> tuple[Merged, ...]:
        """The pull requests that landed since the checkpoint."""
        return tuple(each for each in self.survey.merged if each.rev in self.since)

    def cuts(self) -> tuple[str, ...]:
        return tuple(self.entries)

    def behind(self, rev: str) -> tuple[Commit, ...]:
        pull = self._queued(rev)
        if pull is None or self._merges(rev):
            return ()
        return self._commits(pull)

    def named(self, commits: tuple[Commit, ...]) -> tuple[Commit, ...]:
        known = {rev: maker for pull in self.makers.values() for rev, maker in pull.makers.items()}
        found = []
        for each in commits:
            maker = known.get(each.rev)
            if maker is None:
                found.append(each)
                continue
            author = replace(each.author, login=maker.author.login, id=maker.author.id)
            committer = replace(each.committer, login=maker.committer.login, id=maker.committer.id)
            accounts = (maker.author, maker.committer, *maker.people)
            accounts = tuple(dict.fromkeys(one for one in accounts if one.login))
            found.append(replace(each, author=author, committer=committer, accounts=accounts))
        return tuple(found)

    def proved(self, unit: Unit) -> Unit:
        entry = self.entries.get(unit.rev)
        pull = None if entry is None else self.pulls.get(entry.number)
        if entry is None or pull is None:
            raise GuardError(
                f"{unit.rev[:12]} would land and belongs to no pull request in the merge queue: "
                "nobody can say who reviewed it. Take the group apart and queue it again"
            )
        unit = replace(unit, id=pull.id)
        if self._merges(unit.rev):
            return self._merged(unit, pull)
        return self._squashed(unit, pull)

    def sent(self, units: tuple[Unit, ...]) -> tuple[Sent, ...]:
        return tuple(map(self._sent, units))

    def reviews(
        self, units: tuple[Unit, ...], sent: tuple[Sent, ...] | Unknown
    ) -> tuple[Review, ...]:
        return tuple(self.review(said) for unit in units for said in self._pull_of(unit).reviews)

    def all_reviews(self) -> tuple[Review, ...]:
        return tuple(self.review(said) for pull in self.survey.open for said in pull.reviews)

    def branches(self) -> tuple[Branch, ...]:
        if self._branches is None:
            self._branches = self._open()
        return self._branches

    def deployments(self) -> tuple[Deployment, ...]:
        return self.survey.deployments

    def review(self, said: Said) -> Review:
        """The opinion, with what the policy says of the person, and GitHub of his rights."""
        login = said.by.login.casefold()
        mine = [each for each in self.policy.people if each.login.casefold() == login]
        emails: tuple[str, ...] | Unknown = Unknown(
            f"GitHub does not tell all addresses of {said.by.login}"
        )
        roles = tuple(f"team:{slug}" for slug in said.teams)
        for person in mine:
            emails, roles = person.emails, (*person.roles, *roles)
        return Review(
            by=said.by,
            emails=emails,
            opinion=said.opinion,
            tree=said.tree,
            head=said.head,
            at=said.at,
            may_write=said.may_write,
            roles=roles,
        )

    def is_new(self, pull: Pull) -> bool:
        """Whether nobody recorded yet that this state of it is here."""
        return all(each.rev != pull.head for each in self._seen(pull.number))

    def requesters(self, pulls: Iterable[Pull]) -> tuple[Person, ...]:
        """Who asked an agent for a change: the humans to whom a bot's pull request is assigned.

        (GitHub Docs, "About GitHub Copilot coding agent": it assigns the one who asked.)
        """
        found = (one for pull in pulls if pull.opener.bot for one in pull.assignees if not one.bot)
        return tuple(dict.fromkeys(found))

    def earlier(self, number: int) -> Origin | None:
        """``AI`` where some state of the pull request was seen as an AI's."""
        seen = self._seen(number)
        return Origin.AI if any(each.origin is Origin.AI for each in seen) else None

    def _seen(self, number: int) -> tuple[Arrival, ...]:
        """The states of a pull request that were seen. All are read at once, and kept."""
        if self._arrivals is None:
            self._arrivals = {}
            for each in self.records.all_arrivals():
                self._arrivals[each.ref] = (*self._arrivals.get(each.ref, ()), each)
        return self._arrivals.get(pull_ref(number), ())

    def told_of(self, pull: Pull | Merged) -> Told:
        """What is known of a pull request besides its commits."""
        earlier = self.earlier(pull.number)
        return Told(pull.branch, pull.title, pull.body, pull.opener, earlier)

    def _queued(self, rev: str) -> Pull | None:
        entry = self.entries.get(rev)
        return None if entry is None else self.best(entry.number)

    def best(self, number: int) -> Pull | None:
        """The open pull request, with as much of it as is known."""
        return self.makers.get(number) or self.pulls.get(number)

    def _pull_of(self, unit: Unit) -> Pull:
        pull = self._queued(unit.rev)
        if pull is None and unit.id.startswith("#"):
            pull = self.best(int(unit.id[1:]))
        if pull is None:
            raise GuardError(f"{unit.rev[:12]} belongs to no open pull request")
        return pull

    def _merges(self, rev: str) -> bool:
        asked = ("rev-list", "--no-walk", "--parents", rev)
        return len(self.git.run(*asked).decode("ascii").split()) > 2

    def _commits(self, pull: Pull) -> tuple[Commit, ...]:
        return read_commits(self.git, include=[pull.head], exclude=[self.survey.tip])

    def _merged(self, unit: Unit, pull: Pull) -> Unit:
        asked = ("rev-list", "--no-walk", "--parents", unit.rev)
        _, *parents = self.git.run(*asked).decode("ascii").split()
        if len(parents) != 2 or parents[0] != unit.base:
            raise GuardError(f"{unit.rev[:12]} is no merge of {pull.id} into {unit.base[:12]}")
        head = parents[1]
        if head != pull.head:
            raise GuardError(
                f"the group merges {head[:12]}, and {pull.id} is at {pull.head[:12]} by now; take "
                "it out of the queue and queue it again"
            )
        (tree,) = trees(self.git, head)
        faithful = is_faithful(self.git, unit.base, head, unit.tree)
        assert isinstance(unit.commits, tuple)
        commits = self.named(unit.commits)
        return replace(unit, head=head, head_tree=tree, faithful=faithful, commits=commits)

    def _squashed(self, unit: Unit, pull: Pull) -> Unit:
        """One commit, or several that were rebased: neither names the head that was reviewed."""
        (tree,) = trees(self.git, pull.head)
        assert isinstance(unit.commits, tuple)
        commits = self.named(self._commits(pull)) or unit.commits
        unit = replace(unit, head=pull.head, head_tree=tree, commits=commits)
        method = self.survey.queue.method if self.survey.queue else ""
        settings = self.policy.github or GithubSettings()
        if method != "SQUASH" and settings.rebase is not Rebase.TREE:
            why = (
                f"the queue rebases {pull.id}: its commits are new, and nobody reviewed them; "
                "queue by merge or squash, or set github.rebase to tree in the policy"
            )
            return replace(unit, faithful=Unknown(why))
        return replace(unit, faithful=is_faithful(self.git, unit.base, pull.head, unit.tree))

    def _sent(self, unit: Unit) -> Sent:
        pull = self._pull_of(unit)
        heads = {each.rev for each in self._seen(pull.number)}
        return Sent(
            pull.opener, self.earlier(pull.number), frozenset({pull.head, *heads}), pull.branch
        )

    def _open(self) -> tuple[Branch, ...]:
        """Raises ``GitError`` where a head is not here."""
        pulls = self.survey.open
        if not pulls:
            return ()
        heads = sorted({each.head for each in pulls})
        found = read_commits(self.git, [self.survey.tip], heads, MOST_COMMITS)
        known = {each.rev: each for each in found}
        branches = []
        for pull in pulls:
            if pull.head not in known:
                continue  # it brings nothing that the target has not
            commits = self.named(reached(pull.head, found, known))
            told = self.told_of(pull)
            said = judge(commits, told, self.policy.provenance, self.policy.people)
            people = [one for each in commits for one in (each.author, each.committer)]
            names = (name for one in people for name in (one.email, one.login) if name)
            branches.append(
                Branch(
                    pull.id,
                    pull.branch,
                    pull.head,
                    known[pull.head].tree,
                    said.origin,
                    pull.opener,
                    frozenset(name.casefold() for name in names),
                    pull.opened_at,
                )
            )
        return tuple(branches)


def approved(pull: Pull) -> bool:
    """Whether somebody who may write approves; whether it counts is for the rules to say."""
    return any(each.opinion is Opinion.APPROVED and each.may_write for each in pull.reviews)


def entry_of(survey: Survey, number: int) -> Entry | None:
    """The place of a pull request in the queue."""
    found = (each for each in (survey.queue.entries if survey.queue else ()))
    return next((each for each in found if each.number == number), None)
