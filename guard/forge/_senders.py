"""Who first sent the commits of a change to the server, from the records of arrivals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from guard.change import Arrival, Origin, Person, Unit, Unknown
from guard.errors import GitError
from guard.forge._open import HEADS
from guard.records import Records
from guard.repository import Repository

_MOST = 50
NOBODY = Unknown(
    "nobody recorded who first sent it; push it as a branch to a server with the guard's hooks"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of how a change came here."""

    opener: Person | Unknown
    earlier: Origin | None
    """``AI`` where an earlier state of it was an AI's."""
    heads: frozenset[str]
    """All the heads that it ever had here."""
    branch: str
    """The branch that it came by, if that is known."""


def sent(
    git: Repository,
    records: Records,
    unit: Unit,
    branch: str,
    is_branch: Callable[[str], Iterable[str]],
) -> Sent:
    """How ``unit`` came here; ``branch`` is the one that it comes from, if that is known.

    ``is_branch`` names the branches whose tip is a commit. Raises ``GuardError``.
    """
    head = unit.head if isinstance(unit.head, str) else unit.rev
    names = [branch] if branch else [*is_branch(head)]
    arrivals: list[Arrival] = []
    for name in names:
        arrivals += records.arrivals(HEADS + name)
    revs = {head}
    if not isinstance(unit.commits, Unknown):
        revs |= {each.rev for each in unit.commits}
    if not arrivals:
        arrivals = [*records.all_arrivals()]
        refs = {each.ref for each in arrivals if each.rev in revs}
        arrivals = [each for each in arrivals if each.ref in refs]
    mine = _of_this(git, sorted(arrivals, key=lambda each: each.at), unit.base, revs)
    name = names[0] if names else ""
    if not mine:
        return Sent(NOBODY, None, frozenset(), name)
    first = mine[0]
    opener = Person(login=first.by) if first.by else NOBODY
    earlier = Origin.AI if any(each.origin is Origin.AI for each in mine) else None
    heads = frozenset(each.rev for each in mine)
    return Sent(opener, earlier, heads, name or first.ref.removeprefix(HEADS))


def _of_this(git: Repository, arrivals: list[Arrival], base: str, revs: set[str]) -> list[Arrival]:
    """Without what the branch was before: an earlier change of the same name, that has landed."""
    found = []
    for number, each in enumerate(reversed(arrivals)):
        if each.rev not in revs and (number >= _MOST or _landed(git, each.rev, base)):
            break
        found.append(each)
    return found[::-1]


def _landed(git: Repository, rev: str, base: str) -> bool:
    try:
        return bool(base) and git.is_ancestor(rev, base)
    except GitError:  # an earlier state that git has thrown away since
        return False
