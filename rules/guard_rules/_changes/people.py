"""Whether two descriptions are one person, and whether a login only looks like another.

Accounts are compared without regard to case, as forges do; addresses too (the part before the ``@``
could differ by RFC 5321, which no mail system in use makes use of).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from guard.change import Commit, Person, Unit, Unknown

_CO_AUTHOR = "co-authored-by"
_ADDRESS = re.compile(r"<([^<>]*)>\s*$")

# Of confusables.txt (Unicode Technical Standard 39): single letters that stand for a Latin one.
_TWINS = {
    **dict(zip("авгеһіјӏкмнопрсѕтухԁԛԝѵ", "abrehijlkmhonpcstyxdqwv", strict=True)),
    **dict(zip("αβγηικνορτυχω", "abynikvoptuxw", strict=True)),
    **dict(zip("օսհցոզ", "ouhgnq", strict=True)),
    **dict(zip("ɑɡıſ", "agis", strict=True)),
}


def authors(unit: Unit) -> tuple[Person, ...] | Unknown:
    """Everyone who made commits of ``unit``: authors, committers, co-authors by trailer.

    Not of the commit that only merges: where merging again gives the same tree, it adds nothing.
    """
    if isinstance(unit.commits, Unknown):
        return unit.commits
    people = (person for each in unit.commits if not _merges(unit, each) for person in _of(each))
    return tuple(dict.fromkeys(people))


def _merges(unit: Unit, commit: Commit) -> bool:
    lands = commit.rev == unit.rev and unit.head in commit.parents
    return lands and len(commit.parents) == 2 and unit.faithful is True


def _of(commit: Commit) -> Iterator[Person]:
    known = {each.email.casefold(): each for each in commit.accounts if each.email}
    people = [commit.author, commit.committer]
    for trailer in commit.trailers:
        if trailer.key.casefold() == _CO_AUTHOR:
            address = _ADDRESS.search(trailer.value)
            people.append(Person(trailer.value, address[1].strip() if address else ""))
    for person in people:
        yield person if person.login else known.get(person.email.casefold(), person)


def same(one: Person, other: Person, emails: Iterable[str] = ()) -> bool:
    """Whether ``other`` is ``one``, who commits with ``emails`` too."""
    if one.id is not None and one.id == other.id:
        return True
    if one.login and one.login.casefold() == other.login.casefold():
        return True
    known = {address.casefold() for address in (one.email, *emails) if address}
    return other.email.casefold() in known


def look_alike(login: str, others: Iterable[str]) -> str:
    """Which other login ``login`` looks like, with letters that are not what they seem."""
    if login.isascii():
        return ""
    seems = _seems(login)
    for other in others:
        if other.casefold() != login.casefold() and _seems(other) == seems:
            return other
    mixed = any(char.isascii() and char.isalpha() for char in login)
    return seems if mixed and seems.isascii() else ""


def _seems(login: str) -> str:
    folded = unicodedata.normalize("NFKC", login).casefold()
    shown = (char for char in folded if unicodedata.category(char) != "Cf")
    return "".join(_TWINS.get(char, char) for char in shown)
