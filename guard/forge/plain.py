"""The facts of a change from git alone: no forge is asked."""

from __future__ import annotations

from dataclasses import dataclass

from guard.change import NOT_GATHERED, Change, Person, Unknown
from guard.forge.rulebook import Rulebook
from guard.model import Stage
from guard.refs import Refs
from guard.repository import Repository


@dataclass(frozen=True, slots=True)
class Asked:
    """Which change, at which door, and what the door knows that git does not hold."""

    target: str
    """The branch, without ``refs/heads/``."""
    base: str
    """The target's tip, a full object name; empty where the target does not exist yet."""
    rev: str
    """The pull request's head, the group's head, or the pushed commit; a full object name."""
    now: int
    door: Stage = Stage.PULL_REQUEST
    id: str = ""
    """What to call it; by default its branch or revision."""
    branch: str | Unknown = NOT_GATHERED
    """The branch that it comes from, without ``refs/heads/``."""
    pusher: Person | Unknown = NOT_GATHERED
    """Who asks for it to land, with the login that the server vouches for."""
    fresh: bool = False
    """Whether the repository had none of its commits before: ``pusher`` sent them first."""
    title: str | Unknown = NOT_GATHERED
    body: str | Unknown = NOT_GATHERED


def gather(
    git: Repository,
    refs: Refs,
    asked: Asked,
    book: Rulebook,
    needs: frozenset[str] = frozenset(),
) -> Change:
    """All that git knows of the change, judged by the target's ``book``.

    At the pull request ``rev`` is the branch, and what is judged is its merge into ``base``; at the
    other doors ``rev`` is what the target shall become. ``needs`` names the costly facts to gather
    (``guard.rule.COSTLY``). What cannot be had is ``Unknown``, with the reason; nothing is raised
    but ``GitError``, where git itself does not work.
    """
    raise NotImplementedError
