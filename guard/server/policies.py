"""The policy of any commit, and which branches are protected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guard.config import POLICY_NAME, Policy, default_policy, parse_policy
from guard.config.tree import MAX_BYTES
from guard.errors import PolicyError
from guard.facts import blob_key
from guard.repository import Repository
from guard.rule import Rule
from guard.settings import LaneSettings, ServerSettings

_NAMES = (POLICY_NAME, "guard.yml", ".guard.yaml", ".guard.yml")


@dataclass(frozen=True, slots=True)
class Read:
    """What stands at a commit: a policy, or why there is none that can be read."""

    policy: Policy | None
    problem: str = ""
    blob: str = ""
    """The object that it was read from; empty where there is none."""

    @property
    def server(self) -> ServerSettings:
        """The section ``server``; the strictest where the policy cannot be read."""
        return (self.policy and self.policy.server) or ServerSettings()

    @property
    def lane(self) -> LaneSettings:
        """The section ``lane``."""
        return (self.policy and self.policy.lane) or LaneSettings()


class Policies:
    """The policies of a repository, each read once. Without ``rules`` they say nothing of rules."""

    def __init__(self, git: Repository, rules: Sequence[Rule] | None) -> None:
        self._git = git
        self._rules = rules
        self._known: dict[str, Read] = {}

    def load(self, revs: Iterable[str]) -> None:
        """Read those of several commits at once: that saves processes."""
        wanted = [rev for rev in dict.fromkeys(revs) if rev and rev not in self._known]
        names = [f"{rev}:{name}" for rev in wanted for name in _NAMES]
        found = list(self._git.read_names(names))
        for at, rev in enumerate(wanted):
            self._known[rev] = self._read(found[at * len(_NAMES) : (at + 1) * len(_NAMES)])

    def at(self, rev: str) -> Read:
        """The policy at a commit; that of a project without one where ``rev`` is empty."""
        if not rev:
            return Read(default_policy(self._rules or ()))
        self.load([rev])
        return self._known[rev]

    def _read(self, files: Sequence[bytes | None]) -> Read:
        data, *others = files
        try:
            if data is not None:
                if len(data) > MAX_BYTES:
                    raise PolicyError([f"{POLICY_NAME}:1:1: larger than {MAX_BYTES} bytes"])
                blob = blob_key(data, self._git.object_format()).hex()
                return Read(parse_policy(data, POLICY_NAME, self._rules), blob=blob)
            for name, other in zip(_NAMES[1:], others, strict=True):
                if other is not None:
                    raise PolicyError([f"{name}:1:1: not read; the policy is named {POLICY_NAME}"])
        except PolicyError as error:
            return Read(None, "; ".join(error.problems))
        return Read(default_policy(self._rules or ()))
