"""What the repository is before a push: its protected branches, their tips, who pushes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guard.errors import GitError
from guard.refs import NAMESPACE
from guard.repository import Repository
from guard.rule import Rule
from guard.server.hook import Hook
from guard.server.identity import Identity, identify
from guard.server.policies import Policies, Read
from guard.server.updates import HEADS, Kind, Update, kind_of
from guard.server.words import Closed

_MANY = 1000
OWNER = "guard.owner"
"""The logins that may mend a policy that cannot be read: in the repository's own configuration,
which no push can reach."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All that the answer rests on, besides the change itself."""

    git: Repository
    head: str
    """The branch that HEAD names: its policy says which branches are protected."""
    tips: dict[str, str]
    names: dict[str, str]
    """References that are another name of one, with the one."""
    policies: Policies
    read: Read
    """The policy at the tip of ``head``."""
    targets: tuple[str, ...]
    who: Identity
    rules: tuple[Rule, ...]

    def kind(self, ref: str) -> tuple[Kind, str]:
        """What ``ref`` is, and the target that it speaks of."""
        return kind_of(ref, self.targets)

    def policy(self, target: str) -> Read:
        """The policy that judges what happens to ``target``: that of its tip."""
        if not target or target == self.head:
            return self.read
        return self.policies.at(self.tips.get(HEADS + target, ""))


def survey(hook: Hook, updates: Sequence[Update]) -> Survey:
    """Look at the repository. Raises ``Closed`` where nothing can be known of it."""
    if hook.environ.get("GIT_NAMESPACE"):
        raise Closed("push", "this repository is served with a namespace, which is not supported")
    git = Repository(hook.repo, hook.environ)
    head = head_of(git)
    pushed = [each.ref for each in updates]
    tips, names = _refs(git, [HEADS + head, *pushed])
    rules = hook.rules()
    policies = Policies(git, rules)
    new = [each.new for each in updates if each.ref == HEADS + head]
    policies.load([tips.get(HEADS + head, ""), *new])
    read = policies.at(tips.get(HEADS + head, ""))
    targets = targets_of(head, read)
    others = [HEADS + target for target in targets if HEADS + target not in tips]
    if others:
        more, aliases = _refs(git, others)
        tips.update(more)
        names.update(aliases)
    who = identify(hook.environ, read.server.os_user)
    return Survey(git, head, tips, names, policies, read, targets, who, rules)


def head_of(git: Repository) -> str:
    """The branch that HEAD names, there or not. Raises ``Closed``."""
    code, out, err = git.start("symbolic-ref", "--quiet", "HEAD").finish()
    name = out.decode("utf-8", "surrogateescape").rstrip("\n")
    if code == 0 and name.startswith(HEADS):
        return name[len(HEADS) :]
    if err.strip():
        raise GitError(f"git symbolic-ref failed: {err.decode('utf-8', 'backslashreplace')}")
    raise Closed(
        "push",
        "HEAD of this repository names no branch: which branches are protected is not known",
        "On the server: git symbolic-ref HEAD refs/heads/main",
    )


def targets_of(head: str, read: Read) -> tuple[str, ...]:
    """The protected branches. That of HEAD is one whatever its policy says: it holds the policy."""
    return tuple(dict.fromkeys((head, *read.lane.targets)))


def snapshot(git: Repository, targets: Iterable[str]) -> frozenset[tuple[str, str]]:
    """The references that an answer about ``targets`` rests on."""
    patterns = [
        pattern
        for target in targets
        for pattern in (
            HEADS + target,
            f"{NAMESPACE}lane/{target}",
            f"{NAMESPACE}approvals/{target}",
        )
    ]
    return frozenset(git.refs(*patterns).items()) if patterns else frozenset()


def owners(git: Repository) -> tuple[str, ...]:
    """The logins of ``guard.owner``."""
    asked = ("config", "--null", "--get-all", OWNER)
    code, out, err = git.start(*asked).finish()
    if code not in (0, 1):
        raise GitError(f"git config failed: {err.decode('utf-8', 'backslashreplace')}")
    found = out.decode("utf-8", "surrogateescape").split("\0")
    return tuple(login for login in found if login)


def is_shallow(repo: str, hook: Hook) -> bool:
    """Whether history is cut off somewhere, here or in what is pushed (git-receive-pack)."""
    files = (os.path.join(repo, "shallow"), hook.environ.get("GIT_SHALLOW_FILE", ""))
    return any(os.path.isfile(path) and os.path.getsize(path) for path in files if path)


def _refs(git: Repository, wanted: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The tips of ``wanted``, and those of them that are another name of a reference."""
    asked = ("for-each-ref", "--format=%(objectname) %(refname)%00%(symref)")
    patterns = wanted if len(wanted) <= _MANY else ()
    tips, names = {}, {}
    for line in git.run(*asked, *patterns).decode("utf-8", "surrogateescape").splitlines():
        oid, _, rest = line.partition(" ")
        ref, _, real = rest.partition("\0")
        tips[ref] = oid
        if real:
            names[ref] = real
    return tips, names
