"""References that are moved by compare-and-swap: in this repository, or at a remote one."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Protocol

from guard.repository import Repository

NAMESPACE = "refs/guard/"
_FIRST, _MOST = 0.01, 0.5


def give_way(lost: int) -> None:
    """Sleep before the next try, longer after each of ``lost`` races and never as long as others.

    So that many writers at once do not keep each other from ever getting through.
    """
    time.sleep(random.uniform(0, min(_FIRST * 2 ** min(lost, 10), _MOST)))


class Refs(Protocol):
    """Where the guard's records hang. Losing a race is an answer; a failure is a ``GitError``."""

    def read(self, ref: str) -> str | None:
        """What ``ref`` points to, with its objects in the repository at hand; or ``None``."""

    def swap(self, ref: str, old: str | None, new: str | None) -> bool:
        """Move ``ref`` from ``old`` to ``new`` (``None``: no reference); False: it was moved."""

    def list(self, prefix: str) -> dict[str, str]:
        """All references that begin with ``prefix``, which ends with a slash."""


class LocalRefs:
    """Those of the repository itself: on the server, or without one."""

    def __init__(self, git: Repository) -> None:
        self._git = git

    def read(self, ref: str) -> str | None:
        return self._git.ref(ref)

    def swap(self, ref: str, old: str | None, new: str | None) -> bool:
        return self._git.swap([(ref, old, new)])

    def list(self, prefix: str) -> dict[str, str]:
        return self._git.refs(prefix)


class RemoteRefs:
    """Those of a remote, read by fetch and moved by push with a lease (git-push(1))."""

    def __init__(self, git: Repository, remote: str) -> None:
        self._git = git
        self._remote = remote

    def read(self, ref: str) -> str | None:
        return self._git.fetch(self._remote, [ref]).get(ref)

    def swap(self, ref: str, old: str | None, new: str | None) -> bool:
        return self._git.push(self._remote, ref, old, new)

    def list(self, prefix: str) -> dict[str, str]:
        found = self._git.fetch(self._remote, [prefix + "*"])
        # The pattern fits the end of a name: a branch `refs/guard/x` is `refs/heads/refs/guard/x`.
        return {name: oid for name, oid in found.items() if name.startswith(prefix)}


class FetchedRefs(RemoteRefs):
    """Those of a remote, fetched at once; only what somebody else moved is asked for again.

    ``patterns`` are what was fetched: names, and prefixes that end with ``/*``.
    """

    def __init__(self, git: Repository, remote: str, patterns: Sequence[str]) -> None:
        super().__init__(git, remote)
        self._names = {each for each in patterns if not each.endswith("/*")}
        self._prefixes = tuple(each[:-1] for each in patterns if each.endswith("/*"))
        found = git.fetch(remote, patterns)
        self._found: dict[str, str] = {}
        for name, oid in found.items():  # a pattern also fits the end of a longer name
            if self._covers(name):
                self._found[name] = oid
        self._moved: set[str] = set()

    def read(self, ref: str) -> str | None:
        if ref in self._moved or not self._covers(ref):
            return super().read(ref)
        return self._found.get(ref)

    def swap(self, ref: str, old: str | None, new: str | None) -> bool:
        self._moved.add(ref)
        return super().swap(ref, old, new)

    def list(self, prefix: str) -> dict[str, str]:
        if self._moved or not prefix.startswith(self._prefixes or "\0"):
            return super().list(prefix)
        return {name: oid for name, oid in self._found.items() if name.startswith(prefix)}

    def _covers(self, ref: str) -> bool:
        return ref in self._names or ref.startswith(self._prefixes or "\0")
