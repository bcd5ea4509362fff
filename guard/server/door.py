"""Each reference of a push by its kind: what may be, what may never be, what must be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from guard.config import POLICY_NAME
from guard.model import Verdict
from guard.server import records_push
from guard.server.hook import Hook, Push
from guard.server.policies import Read
from guard.server.spool import Moved
from guard.server.survey import OWNER, Survey, is_shallow, owners
from guard.server.updates import HEADS, Kind, Update
from guard.server.words import Complaint


@dataclass
class Sorted:
    """A push, reference by reference."""

    complaints: list[Complaint] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    """What the rules must judge."""
    allowed: list[tuple[Update, str]] = field(default_factory=list)
    """Moves of protected branches that no rule judges, each with the reason."""


def sort(
    hook: Hook, seen: Survey, updates: Sequence[Update], unrecorded: tuple[Moved, ...]
) -> Sorted:
    """Look at each reference of the push; all are refused if one is."""
    found = Sorted()
    door = _Door(hook, seen, unrecorded, found)
    for update in updates:
        found.complaints += door.look(update)
    return found


@dataclass
class _Door:
    hook: Hook
    seen: Survey
    unrecorded: tuple[Moved, ...]
    found: Sorted

    def look(self, update: Update) -> Iterator[Complaint]:
        """What is wrong with one reference, whatever the rules say."""
        kind, target = self.seen.kind(update.ref)
        real = self.seen.names.get(update.ref)
        if real is not None:
            what = f"it is another name of {real} on the server"
            yield Complaint(update.ref, "other-name", what, f"Push to {real}.")
        elif self.seen.read.policy is None and kind is not Kind.TARGET:
            yield self._unreadable(update.ref, self.seen.head, self.seen.read)
        elif kind is Kind.TARGET:
            yield from self._target(update, target)
        elif kind is Kind.BRANCH:
            if update.new and not update.old and update.ref.startswith(HEADS + "-"):
                what = "a branch whose name begins with '-' is an option to most commands"
                yield Complaint(update.ref, "branch-name", what, "Give it another name.")
        elif kind is Kind.TAG:
            yield from self._tag(update)
        elif kind is Kind.REPLACE:
            what = "git would show other objects than those that were judged (git-replace(1))"
            yield Complaint(update.ref, "replaced-objects", what, "Keep it in your own clone.")
        elif kind is Kind.RESERVED:
            what = "the guard keeps its records here; this is none of them"
            if target:
                what = f"on some file systems it is the same as the protected branch {target}"
            yield Complaint(update.ref, "reserved-name", what, "Use another name.")
        elif kind is not Kind.OTHER:
            yield from self._record(update, kind, target)

    def _tag(self, update: Update) -> Iterator[Complaint]:
        settings, who = self.seen.read.server, self.seen.who
        if update.old and who.login not in settings.force_push:
            what = "a tag that is there is neither moved nor deleted: others rely on it"
            fix = "Make a new tag; the logins of server.force-push may move it."
            yield Complaint(update.ref, "moved-tag", what, fix)

    def _record(self, update: Update, kind: Kind, target: str) -> Iterator[Complaint]:
        seen = self.seen
        read = seen.policy(target)
        if read.policy is None:
            yield self._unreadable(update.ref, target, read)
        elif update.old != seen.tips.get(update.ref, ""):
            yield _moved(update.ref)
        else:
            what = (kind, target)
            yield from records_push.judge(seen.git, update, what, seen.who, read, self.hook.now)

    def _target(self, update: Update, target: str) -> Iterator[Complaint]:
        seen = self.seen
        read = seen.policy(target)
        forces = seen.who.login in read.server.force_push and bool(seen.who.login)
        if update.old != seen.tips.get(update.ref, ""):
            yield _moved(update.ref)
        elif not update.new:
            yield from self._deleted(update, target, forces)
        elif is_shallow(self.hook.repo, self.hook):
            what = "the history is cut off: what lands on a protected branch cannot be known"
            fix = "git fetch --unshallow, then push again."
            yield Complaint(update.ref, "shallow-push", what, fix, Verdict.UNVERIFIED)
        else:
            after = seen.policies.at(update.new)
            if after.policy is None:
                yield Complaint(
                    update.ref,
                    "unreadable-policy",
                    f"after this push the policy could not be read: {after.problem}",
                    f"Mend {POLICY_NAME}; `guard validate` says whether it is well.",
                )
            elif read.policy is None:
                yield from self._mended(update, target, read)
            elif not update.old:
                yield from self._made(update, target, read)
            else:
                yield from self._on(update, target, read, forces)

    def _deleted(self, update: Update, target: str, forces: bool) -> Iterator[Complaint]:
        if target == self.seen.head:
            what = "the branch of HEAD is never deleted: its policy protects the others"
            yield Complaint(update.ref, "deleted-target", what)
        elif not forces:
            yield Complaint(
                update.ref, "deleted-target", "a protected branch is not deleted", _WHO_FORCES
            )
        else:
            self.found.allowed.append((update, "deleted by a login of server.force-push"))

    def _made(self, update: Update, target: str, read: Read) -> Iterator[Complaint]:
        """A protected branch that is not there yet."""
        seen = self.seen
        others = [seen.tips[HEADS + each] for each in seen.targets if HEADS + each in seen.tips]
        if not others:
            self._judged(
                update, target, read
            )  # the first push: without a policy HEAD's is the only
        elif any(seen.git.is_ancestor(update.new, other) for other in others):
            self.found.allowed.append((update, "made at a commit of a protected branch"))
        else:
            what = "a protected branch begins at a commit of another one, and this is none"
            fix = f"Make it at a commit of {seen.head}, then push your commits to it."
            yield Complaint(update.ref, "new-target", what, fix)

    def _on(self, update: Update, target: str, read: Read, forces: bool) -> Iterator[Complaint]:
        """A protected branch that moves on, or back."""
        lost, more = self._way(update)
        most = read.server.most_commits
        if lost and not forces:
            what = f"this is no continuation: {lost} commits of {target} would be lost"
            fix = f"git fetch, then merge or rebase on {target}. {_WHO_FORCES}"
            yield Complaint(update.ref, "forced-push", what, fix)
        elif lost:
            self.found.allowed.append((update, "rewritten by a login of server.force-push"))
        elif more > most:
            what = f"it brings {more} commits; server.most-commits is {most}"
            yield Complaint(update.ref, "too-many-commits", what, "Push them in parts.")
        else:
            self._judged(update, target, read)

    def _way(self, update: Update) -> tuple[int, int]:
        """How many commits are lost, and how many are new."""
        asked = ("rev-list", "--count", "--left-right", "--end-of-options")
        said = self.seen.git.run(*asked, f"{update.old}...{update.new}").decode("ascii").split()
        return int(said[0]), int(said[1])

    def _mended(self, update: Update, target: str, read: Read) -> Iterator[Complaint]:
        """The policy cannot be read: nothing lands but its mend, by who may do that."""
        seen = self.seen
        if seen.who.login not in owners(seen.git) or not seen.who.login:
            yield self._unreadable(update.ref, target, read)
            return
        changed = seen.git.changed_paths(update.old, update.new)
        if changed != [POLICY_NAME] or self._way(update)[0]:
            what = f"the policy could not be read, and this is more than a new {POLICY_NAME}"
            fix = f"Push one commit that changes {POLICY_NAME} alone."
            yield Complaint(update.ref, "unreadable-policy", what, fix)
        else:
            self.found.allowed.append((update, f"the policy is mended by {seen.who.login!r}"))

    def _unreadable(self, ref: str, target: str, read: Read) -> Complaint:
        known = ", ".join(owners(self.seen.git)) or "nobody so far"
        return Complaint(
            ref,
            "unreadable-policy",
            f"the policy at the tip of {target} cannot be read: {read.problem}",
            f"A login of {OWNER} ({known}) pushes a commit that mends {POLICY_NAME} alone; on the "
            f"server: git config --add {OWNER} LOGIN",
            Verdict.UNVERIFIED,
        )

    def _judged(self, update: Update, target: str, read: Read) -> None:
        after = self.seen.policies.at(update.new).policy
        assert read.policy is not None
        assert after is not None
        push = Push(
            self.seen.git,
            update.ref,
            target,
            update.old,
            update.new,
            self.seen.who,
            read.policy,
            after,
            read.blob,
            self.seen.rules,
            self.hook.now,
            tuple(each for each in self.unrecorded if each.target == target),
        )
        self.found.pushes.append(push)


_WHO_FORCES = "The logins of server.force-push may."


def _moved(ref: str) -> Complaint:
    what = "it has moved since your push began"
    return Complaint(ref, "moved", what, "git fetch, then push again.", Verdict.UNVERIFIED)
