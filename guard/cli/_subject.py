"""Which tree is judged, and which it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from guard import git
from guard.errors import GitError, UsageError
from guard.project import Commit, Index, WorkTree

Tree = WorkTree | Index | Commit


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says of the subject. All unset: the working tree, whole."""

    staged: bool = False
    since: str | None = None
    rev: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """The tree to judge. ``base`` makes the tree whose findings do not count, if there is one."""

    tree: Tree
    base: Callable[[], Tree] | None = None
    against: str = ""
    """What the base is, for messages."""
    note: str = ""
    untouched: Callable[[str], bool] = lambda path: False
    """Whether a file is surely the same on both sides; where it is not known, it is not."""


def reopened(tree: Tree) -> Tree:
    """The same files once more: a tree serves one project."""
    return Commit(tree.top, tree.commit) if isinstance(tree, Commit) else type(tree)(tree.top)


def choose(wanted: Wanted, top: str, environ: Mapping[str, str]) -> Subject:
    """The subject that ``wanted`` names in the project at ``top``.

    Raises ``UsageError`` for a contradiction, for a revision that does not exist, and where there
    is no git repository to ask; ``GitError`` where history is missing.
    """
    if wanted.staged and (wanted.since is not None or wanted.rev is not None):
        raise UsageError("--staged compares the index with HEAD; drop --since and --rev")
    if not wanted.staged and wanted.since is None and wanted.rev is None:
        return Subject(WorkTree(top))
    if git.find_top(top) is None:
        raise UsageError(f"{top} is not in a git repository; --staged, --since and --rev need one")
    repository = git.Git(top, environ)
    if wanted.staged:
        ends = environ.get("PRE_COMMIT_FROM_REF"), environ.get("PRE_COMMIT_TO_REF")
        if ends[0] and ends[1]:
            return _between(repository, ends[0], ends[1])
        pushed = environ.get("PRE_COMMIT_LOCAL_BRANCH")
        if pushed:
            return _pushed(repository, pushed)
        return _staged(repository)
    return _since(repository, wanted.since, wanted.rev)


def _staged(repository: git.Git) -> Subject:
    """What the commit in preparation causes. The first commit causes all there is."""
    top, head = repository.top, repository.head()
    if head is None:
        return Subject(Index(top), note="there is no commit yet: the whole index was checked")
    changed = {path for path, _, _ in repository.changed(head)}
    if not changed:
        return Subject(Index(top), note="nothing is staged: the whole index was checked")
    return Subject(
        Index(top),
        lambda: Commit(top, head),
        "HEAD",
        untouched=lambda path: path not in changed,
    )


def _between(repository: git.Git, old: str, new: str) -> Subject:
    """What pre-commit was asked to look at: a push, or ``--from-ref`` and ``--to-ref``.

    pre-commit names the files of ``git diff OLD...NEW``, that is from the merge base, and falls
    back to ``OLD..NEW`` where there is none.
    """
    top, tip = repository.top, repository.resolve(new)
    base = repository.merge_base(old, tip) or repository.resolve(old)
    if base == tip:
        return Subject(Commit(top, tip), note=f"no commits from {old} to {new}: all was checked")
    return Subject(Commit(top, tip), lambda: Commit(top, base), f"{base[:7]}, the base of {old}")


def _pushed(repository: git.Git, branch: str) -> Subject:
    """A push that pre-commit names no older end for: the remote has nothing of this history.

    What happens to be staged meanwhile is not part of it.
    """
    tree = Commit(repository.top, repository.resolve(branch))
    return Subject(tree, note=f"the whole history of {branch} is pushed: all was checked")


def _since(repository: git.Git, since: str | None, rev: str | None) -> Subject:
    top = repository.top
    tree: Tree = WorkTree(top) if rev is None else Commit(top, repository.resolve(rev))
    if since is None:
        return Subject(tree)
    tip = "HEAD" if rev is None else rev
    base = repository.merge_base(since, tip)
    if base is None:
        why = ": this clone is shallow, fetch more of it" if repository.is_shallow() else ""
        raise GitError(f"{since} and {tip} have no common ancestor{why}")
    note = f"{tip} has no commit since {since}" if base == repository.resolve(tip) else ""
    against = f"{base[:7]}, the merge base with {since}"
    return Subject(tree, lambda: Commit(top, base), against, note)
