"""The policy that judges a change: the one at the target's tip, never the change's own."""

from __future__ import annotations

from dataclasses import dataclass

from guard.config import POLICY_NAME, Policy, configure, default_policy, parse_policy
from guard.config.tree import MAX_BYTES
from guard.engine import ConfiguredRule
from guard.errors import GuardError, PolicyError
from guard.git import FILES
from guard.repository import Repository
from guard.rule import ChangeRule, Rule, SourceRule

MISNAMED = ("guard.yml", ".guard.yaml", ".guard.yml")


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A policy, the blob that it was read from (empty for the defaults), and all known rules."""

    policy: Policy
    blob: str
    rules: tuple[Rule, ...]

    def change_rules(self) -> tuple[ConfiguredRule[ChangeRule], ...]:
        """The rules over a change, as the policy has them."""
        return configure(self.policy, [r for r in self.rules if isinstance(r, ChangeRule)])

    def source_rules(self) -> tuple[ConfiguredRule[SourceRule], ...]:
        """The rules over sources, as the policy has them."""
        return configure(self.policy, [r for r in self.rules if isinstance(r, SourceRule)])

    def needs(self) -> frozenset[str]:
        """The costly facts that some rule which is not off reads."""
        found = [item.rule.needs for item in self.change_rules() if not item.off]
        return frozenset().union(*found)


class ClosedDoor(GuardError):
    """The target's policy cannot be read, so nothing can be judged: the door is closed."""


def rulebook_at(git: Repository, commit: str, rules: tuple[Rule, ...]) -> Rulebook:
    """The rulebook of a commit; the defaults where it has no policy, or for no commit (empty).

    Raises ``ClosedDoor`` for a policy that cannot be read.
    """
    if not commit:
        return Rulebook(default_policy(rules), "", rules)
    try:
        found = read_policy_file(git, commit)
        if found is None:
            return Rulebook(default_policy(rules), "", rules)
        blob, data = found
        return Rulebook(parse_policy(data, POLICY_NAME, rules), blob, rules)
    except PolicyError as error:
        short = commit[:12]
        raise ClosedDoor(
            f"the policy of the target cannot be read, at its tip {short}: nothing can land\n"
            f"{error}\n"
            f"to mend it, let an administrator put a {POLICY_NAME} that `guard validate` accepts "
            "onto the target in the repository itself (git update-ref), or with the hook off"
        ) from error


def read_policy_file(git: Repository, commit: str) -> tuple[str, bytes] | None:
    """Blob and content of a commit's policy; ``None`` where it has none.

    Raises ``PolicyError`` for one that is no regular file, is too large, or has a wrong name.
    """
    out = git.run("ls-tree", "-z", "--full-tree", commit, "--", POLICY_NAME, *MISNAMED)
    entries = {}
    for record in out.decode("utf-8", "surrogateescape").split("\0"):
        head, _, path = record.partition("\t")
        if path:
            entries[path] = head.split(" ")
    if POLICY_NAME not in entries:
        for name in MISNAMED:
            if name in entries:
                raise PolicyError([f"{name}:1:1: not read; the policy is named {POLICY_NAME}"])
        return None
    mode, _, oid = entries[POLICY_NAME]
    if mode not in FILES:
        raise PolicyError([f"{POLICY_NAME}:1:1: not a regular file, and links are not followed"])
    for _, data in git.read_blobs([oid], MAX_BYTES):
        if isinstance(data, bytes):
            return oid, data
        if data is not None:
            raise PolicyError([f"{POLICY_NAME}:1:1: {data} bytes; at most {MAX_BYTES} are read"])
    raise PolicyError([f"{POLICY_NAME}:1:1: its object is missing from the repository"])
