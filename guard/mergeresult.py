"""What a merge gives, and what taking a change back gives: computed here, and not believed.

Git's own strategy does the work (``git merge-tree``, since git 2.38), on objects alone, without a
checkout or an index. Renames are followed, as ``git merge`` follows them.
"""

from __future__ import annotations

from collections.abc import Iterator

from guard.errors import GitError, UsageError
from guard.git import is_oid
from guard.repository import Merged, Repository

_STEP = "made to compare trees\n"


def trees(git: Repository, *commits: str) -> tuple[str, ...]:
    """The tree of each commit, in one process; an empty name has the empty tree.

    Raises ``GitError`` for a commit that the repository lacks.
    """
    named = [each for each in commits if each]
    for each in named:
        if not is_oid(each):
            raise UsageError(f"not the full name of a commit: {each!r}")
    found: Iterator[str] = iter(())
    if named:
        said = git.run("rev-parse", *(f"{each}^{{tree}}" for each in named)).decode("ascii")
        found = iter(said.split())
    return tuple(next(found) if each else git.empty_tree() for each in commits)


def merge(git: Repository, base: str, head: str) -> Merged:
    """What merging the commit ``head`` into the commit ``base`` gives.

    Raises ``GitError``; also for two commits without a common ancestor, and where a clone is too
    shallow to have it.
    """
    if not base:
        return Merged(git.tree_of(head))
    return git.merge_tree(base, head)


def merge_commit(git: Repository, base: str, head: str, tree: str) -> str:
    """A commit that merges ``head`` into ``base``, written to the repository and on no branch.

    The same for the same arguments, so that asking twice is about the same revision. It is as old
    as the newer of the two: git walks history by date, and would walk all of it from an older one.
    """
    asked = ("rev-list", "--no-walk=unsorted", "--no-commit-header", "--format=%ct", base, head)
    at = max(map(int, git.run(*asked).decode("ascii").split()))
    return git.write_commit(tree, [base, head], f"Merge {head[:12]} into {base[:12]}\n", at=at)


def is_faithful(git: Repository, base: str, head: str, tree: str) -> bool:
    """Whether merging ``head`` into ``base`` gives exactly ``tree``: the tree proof.

    A merge with conflicts cannot be done again: what the author made of them was not reviewed, and
    the answer is false.
    """
    return merge(git, base, head).tree == tree


def taken_back(git: Repository, on: str, base: str, rev: str) -> Merged:
    """What the commit ``on`` becomes when the change from ``base`` to ``rev`` is taken back.

    As ``git revert`` does it: a merge of ``base`` into ``on`` whose common ancestor is ``rev``. The
    three trees hang on commits made for the purpose, for git before 2.40 cannot be told the
    ancestor.
    """
    was, had, now = trees(git, base, rev, on)
    return _reverse(git, now, was, had)


def _reverse(git: Repository, now: str, was: str, had: str) -> Merged:
    if now == had:  # nothing has happened since: exactly what was there before
        return Merged(was)
    ancestor = git.write_commit(had, [], _STEP, at=0)
    ours = git.write_commit(now, [ancestor], _STEP, at=0)
    theirs = git.write_commit(was, [ancestor], _STEP, at=0)
    return git.merge_tree(ours, theirs)


def is_revert_of(git: Repository, base: str, rev: str, landed_base: str, landed_rev: str) -> bool:
    """Whether the change from ``base`` to ``rev`` takes ``landed_base..landed_rev`` back.

    All of it, and nothing else: done again here it gives the very tree of ``rev``. A change that
    does nothing, one that lands before what it would take back, and one that needs conflicts
    resolved by hand is none.
    """
    was, had, now, then = trees(git, landed_base, landed_rev, base, rev)
    if was == had or now == then:
        return False
    if base != landed_rev and not git.is_ancestor(landed_rev, base):
        return False
    try:
        return _reverse(git, now, was, had).tree == then
    except GitError:  # nothing that git cannot do again is exact
        return False
