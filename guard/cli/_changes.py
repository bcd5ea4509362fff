"""What the commands about changes begin with: the repository and its policy."""

from __future__ import annotations

import os

from guard.config import Policy, default_policy, read_policy
from guard.errors import UsageError
from guard.git import find_top
from guard.plugins import load_rules
from guard.repository import Repository


def repository_here() -> Repository:
    """The repository of the current directory. Raises ``UsageError`` outside of any."""
    top = find_top(os.getcwd())
    if top is None:
        raise UsageError(f"{os.getcwd()} is in no git repository: change into one")
    return Repository(top)


def policy_here(config: str | None) -> Policy:
    """The policy of the working tree, or of ``config``. Raises ``PolicyError``."""
    rules = load_rules()
    if config is not None:
        return read_policy(os.getcwd(), rules, config)
    top = find_top(os.getcwd())
    return default_policy(rules) if top is None else read_policy(top, rules)
