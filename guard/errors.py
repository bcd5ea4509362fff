"""The expected failures, one small family, caught once in the command line.

A bug is not in this family: it keeps its traceback and exits 3.
"""

from __future__ import annotations


class GuardError(Exception):
    """An expected failure with a message for the user.

    ``exit_code`` follows the contract of the command line: 2 for a usage or
    policy error, 3 when something could not be verified.
    """

    exit_code = 2


class UsageError(GuardError):
    """The command line asks for something that does not exist or contradicts itself."""


class PolicyError(GuardError):
    """The policy file is wrong. Carries every problem at once.

    ``problems`` are complete lines, each ``file:line:column: what, allowed values, the mend``.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PluginError(GuardError):
    """A plugin did not load or offers a rule that breaks the contract. Never skipped: it blocks."""


class GitError(GuardError):
    """git failed or is missing. The message carries the command and what git said."""

    exit_code = 3


class Unreadable(GuardError):
    """One file's content could not be had. ``reason`` is a short phrase for the report."""

    exit_code = 3

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
