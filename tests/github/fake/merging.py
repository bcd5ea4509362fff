"""The commits that GitHub makes to land a pull request (docs, "About merge methods on GitHub")."""

from __future__ import annotations

from dataclasses import dataclass

from tests.github.fake.repo import Repo
from tests.github.fake.state import Account, Pull, Stamp

GITHUB = ("GitHub", "noreply@github.com")


@dataclass(frozen=True)
class Landing:
    """``method`` is MERGE, SQUASH or REBASE; ``by`` is whoever asked for it."""

    pull: Pull
    method: str
    by: Account
    now: int


def landed(repo: Repo, base: str, head: str, how: Landing) -> str | None:
    """The new tip after ``base``, or None where there is a conflict."""
    pull, method, by, now = how.pull, how.method, how.by, how.now
    if method == "REBASE":
        return _rebased(repo, base, head, by, now)
    tree = repo.merged_tree(base, head)
    if tree is None:
        return None
    github = Stamp(*GITHUB, now)
    if method == "SQUASH":
        author = Stamp(pull.by.login, pull.by.email, now)
        message = _squash_message(repo, base, head, pull)
        return repo.commit_tree(tree, [base], message, author, github)
    if method != "MERGE":
        raise ValueError(method)
    owner = pull.head_repo.partition("/")[0]
    message = f"Merge pull request #{pull.number} from {owner}/{pull.head_branch}\n\n{pull.title}\n"
    author = Stamp(by.login, by.email, now)
    return repo.commit_tree(tree, [base, head], message, author, github)


def _squash_message(repo: Repo, base: str, head: str, pull: Pull) -> str:
    """The title, what the commits say, and whoever else wrote them as co-authors."""
    facts = [repo.facts(oid) for oid in repo.between(base, head, "--no-merges")]
    lines = [f"* {each.message.splitlines()[0]}" for each in facts if each.message]
    others = {
        (each.author.name, each.author.email): None
        for each in facts
        if each.author.email not in pull.by.emails
    }
    trailers = [f"Co-authored-by: {name} <{email}>" for name, email in others]
    parts = [f"{pull.title} (#{pull.number})", "\n\n".join(lines), "\n".join(trailers)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rebased(repo: Repo, base: str, head: str, by: Account, now: int) -> str | None:
    """Each commit anew, even upon the parent that it had: somebody commits it later."""
    tip = base
    for oid in repo.between(base, head, "--no-merges"):
        tree = repo.picked_tree(tip, oid)
        if tree is None:
            return None
        if tree == repo.facts(tip).tree:
            continue
        facts = repo.facts(oid)
        committer = Stamp(by.login, by.email, max(now, facts.committer.at + 1))
        tip = repo.commit_tree(tree, [tip], facts.message, facts.author, committer)
    return tip
