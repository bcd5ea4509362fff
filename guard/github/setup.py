"""What ``guard init`` writes: the policy and the workflows, for one branch and one pinned guard."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from dataclasses import dataclass
from importlib import resources

from guard.errors import GuardError, UsageError
from guard.git import is_oid

POLICY = "guard.yaml"
WORKFLOWS = (
    "guard-check.yml",
    "guard-gate.yml",
    "guard-ping.yml",
    "guard-reconcile.yml",
)
ACTION = "OWNER/premerge-guard"
REF = "0" * 40
BRANCH = "[main]"
"""What the templates have in the place of the action, its commit, and the branches."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


@dataclass(frozen=True, slots=True)
class Pin:
    """The guard that the workflows use: ``OWNER/NAME`` and the full id of a commit."""

    action: str
    ref: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.action):
            raise UsageError(f"not the name of a repository: {self.action!r}; write OWNER/NAME")
        if not is_oid(self.ref) or not self.ref.strip("0"):
            raise UsageError(
                f"not the full id of a commit: {self.ref!r}. A tag or a branch can be moved under "
                "the workflows: give 40 hexadecimal digits with --ref"
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """One file as it shall be. ``before`` is what is there, ``None`` for nothing."""

    path: str
    text: str
    before: str | None

    @property
    def differs(self) -> bool:
        return self.before is not None and self.before != self.text

    def diff(self) -> str:
        """A unified diff from what is there to what shall be; empty where they are the same."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            self.text.splitlines(keepends=True),
            "/dev/null" if self.before is None else f"a/{self.path}",
            f"b/{self.path}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def render(name: str, branch: str, pin: Pin | None = None) -> str:
    """The template ``name`` for the branch, with the guard that ``pin`` names."""
    text = (resources.files("guard.github") / "templates" / name).read_text("utf-8")
    if pin is not None:
        text = text.replace(f"{ACTION}@{REF}", f"{pin.action}@{pin.ref}")
        branch = re.sub(r"([*+?!\[\]\\])", r"\\\1", branch)  # GitHub's filters are patterns
    return text.replace(BRANCH, f"[{_scalar(branch)}]")


def _scalar(text: str) -> str:
    """``text`` in YAML, within brackets."""
    words = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
    if _PLAIN.fullmatch(text) and text.lower() not in words:
        return text
    return "'" + text.replace("'", "''") + "'"


def plans(top: str, branch: str, pin: Pin | None) -> tuple[Plan, ...]:
    """What to write below ``top``: the policy, and with ``pin`` the workflows.

    With the workflows a policy that is there already is left as it is. Raises ``UsageError`` for a
    path that leads out of the tree or names no file.
    """
    policy = _plan(top, POLICY, render(POLICY, branch))
    if pin is None:
        return (policy,)
    folder = ".github/workflows"
    flows = [_plan(top, f"{folder}/{name}", render(name, branch, pin)) for name in WORKFLOWS]
    return (*flows, *([policy] if policy.before is None else []))


def _plan(top: str, path: str, text: str) -> Plan:
    whole = os.path.join(top, *path.split("/"))
    at = top
    for part in path.split("/"):
        at = os.path.join(at, part)
        if os.path.islink(at):
            raise UsageError(f"{path}: {os.path.relpath(at, top)} is a link; it is not followed")
    if not os.path.lexists(whole):
        return Plan(path, text, None)
    try:
        with open(whole, "rb") as file:
            return Plan(path, text, file.read().decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def write(top: str, wanted: tuple[Plan, ...]) -> None:
    """Put all files in place. Each appears whole; none does unless all could be written."""
    ready: list[tuple[str, str]] = []
    try:
        for plan in wanted:
            target = os.path.join(top, *plan.path.split("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".guard-", dir=os.path.dirname(target))
            ready.append((name, target))
            with os.fdopen(handle, "wb") as file:
                file.write(plan.text.encode("utf-8", "surrogateescape"))
            os.chmod(name, 0o644)
        while ready:
            os.replace(*ready[0])
            ready.pop(0)
    except OSError as error:
        raise GuardError(f"cannot write below {top}: {error.strerror}") from error
    finally:
        for name, _ in ready:
            os.unlink(name)
