"""The tree proof: that what lands is what reviewers saw, merged by git and by nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guard.change import Opinion, Unit, Unknown
from guard.errors import GitError, GuardError
from guard.forge._reviews import Approval
from guard.mergeresult import is_faithful, merge, trees
from guard.repository import Repository

MOST = 50
"""How many of the newest approvals a squash or a rebase is compared with."""


@dataclass(frozen=True, slots=True)
class Prover:
    """Finds the head that reviewers saw. ``approvals`` are those of the target, oldest first."""

    git: Repository
    approvals: tuple[Approval, ...]

    def prove(self, unit: Unit) -> Unit:
        """``unit`` with its head, the head's tree, and whether merging it gives the unit's tree.

        A merge has its second parent for a head. Plain commits are their own head: they lie on the
        base, so merging them gives their tree. Where nobody approved that tree, a squash or a
        rebase is what it is if merging an approved head gives the same tree.
        """
        try:
            parents = self._parents(unit)
            if len(parents) > 2 and parents[0] == unit.base:
                why = Unknown(f"{unit.rev[:12]} merges {len(parents) - 1} heads at once")
                return replace(unit, head=why, head_tree=why, faithful=False)
            if len(parents) == 2 and parents[0] == unit.base:
                return self._merged(unit, parents[1])
            return self._plain(unit)
        except GitError as error:
            why = Unknown(f"the merge cannot be done again: {str(error).splitlines()[0]}")
            return replace(unit, faithful=why)

    def _parents(self, unit: Unit) -> tuple[str, ...]:
        if isinstance(unit.commits, Unknown):
            return ()
        return next((each.parents for each in unit.commits if each.rev == unit.rev), ())

    def _merged(self, unit: Unit, head: str) -> Unit:
        (tree,) = trees(self.git, head)
        faithful = is_faithful(self.git, unit.base, head, unit.tree)
        return replace(unit, head=head, head_tree=tree, faithful=faithful)

    def _plain(self, unit: Unit) -> Unit:
        found = replace(unit, head=unit.rev, head_tree=unit.tree, faithful=True)
        seen = [each.head for each in self.approvals if each.tree == unit.tree]
        if seen:  # what was read, perhaps squashed since: it is that branch, and has its turn
            return replace(found, head=unit.rev if unit.rev in seen else seen[-1])
        for approval in self._candidates(unit):
            try:
                tree, same = self._gives(unit, approval)
            except GuardError:  # that approval's head has nothing to do with this target
                continue
            if same and tree == approval.tree:
                return replace(unit, head=approval.head, head_tree=tree, faithful=True)
        return found

    def _gives(self, unit: Unit, approval: Approval) -> tuple[str, bool]:
        (tree,) = trees(self.git, approval.head)
        return tree, merge(self.git, unit.base, approval.head).tree == unit.tree

    def _candidates(self, unit: Unit) -> Sequence[Approval]:
        """The newest approvals of what is not on the target yet."""
        if not unit.base:
            return ()
        given = [each for each in self.approvals if each.opinion is Opinion.APPROVED]
        newest = given[::-1][:MOST]
        if not newest:
            return ()
        asked = [*dict.fromkeys(each.head for each in newest), f"^{unit.base}"]
        text = ("\n".join(asked) + "\n").encode("ascii")
        out = self.git.run("rev-list", "--ignore-missing", "--stdin", stdin=text)
        ahead = set(out.decode("ascii").split())
        return [each for each in newest if each.head in ahead]
