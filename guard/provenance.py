"""Who made a change: an AI, a human who says so, a bot, or someone who says nothing. Pure.

Any sign raises a change to an AI's, none lowers it. All but the accounts is free text, so it can be
forged: that only makes the guard stricter. ``docs/provenance.md`` has the rules and the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard._signs import (
    Statement,
    Table,
    account_of,
    co_authors,
    made_by_forge,
    only_merges,
    short,
    statement,
    table_of,
)
from guard._wording import Word, declarations, word
from guard.change import Commit, Origin, Person, Provenance, Signal
from guard.settings import PersonSettings, ProvenanceSettings, Undeclared


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a change besides its commits. What is not known is empty."""

    branch: str = ""
    title: str = ""
    body: str = ""
    opener: Person | None = None
    """Who opened it or first sent it: an account that the forge or the server vouches for."""
    earlier: Origin | None = None
    """What it was when an earlier state of its branch was judged: once an AI's, always an AI's."""


NOTHING = Told()


def judge(
    commits: Sequence[Commit],
    told: Told = NOTHING,
    settings: ProvenanceSettings | None = None,
    people: tuple[PersonSettings, ...] = (),
) -> Provenance:
    """Judge a change by all its commits and by what was ``told`` of it.

    ``settings`` and ``people`` are the sections of the policy, ``None`` and empty for none.
    """
    settings = settings or ProvenanceSettings()
    table = table_of(settings, people)
    found = _Found(table)
    found.take_told(told)
    for commit in commits:
        found.take(commit)
    deciding = [each for each in commits if not only_merges(each)] or [*commits]
    by_people = [each for each in deciding if not table.bot_of(each)]
    silent = tuple(each.rev for each in by_people if not found.said[each.rev])
    signals = (*found.signals, *found.admitted, *found.driven)
    declared = "; ".join(dict.fromkeys(found.declared))
    if signals:
        return Provenance(Origin.AI, signals, declared, _conflict(found, by_people))
    if deciding and not by_people:
        return Provenance(Origin.BOT, declared=declared)
    # Whoever said something said no: a yes would be among the signals.
    if found.body.no or (by_people and not silent):
        return Provenance(Origin.HUMAN, declared=declared)
    if settings.undeclared is Undeclared.AI:
        nothing = Signal("P", "unknown", "no declaration", "undeclared: ai")
        return Provenance(Origin.AI, (nothing,), declared, silent=silent)
    if settings.undeclared is Undeclared.REQUIRE:
        return Provenance(Origin.UNDECLARED, declared=declared, must_declare=True, silent=silent)
    return Provenance(Origin.UNDECLARED, declared=declared)


class _Found:
    """What was found so far."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.signals: list[Signal] = []
        self.admitted: list[Signal] = []
        """The declarations that an AI took part."""
        self.driven: list[Signal] = []
        self.declared: list[str] = []
        self.said: dict[str, Statement] = {}
        self.body = Statement()
        self.denied: tuple[str, Signal] | None = None
        """The first commit that says no and has a sign of an AI itself."""

    def take_told(self, told: Told) -> None:
        table = self.table
        if told.opener is not None:
            self.signals += table.of_account(told.opener, "opener")
            self.driven += table.driver(told.opener, "opener")
        self.signals += table.of_branch(told.branch, "branch")
        self.signals += table.of_text(told.title, "title")
        self.signals += table.of_text(told.body, "body")
        if told.earlier is Origin.AI:
            what = "an earlier state of it was an AI's"
            self.signals.append(Signal("D", "unknown", what, "branch"))
        yes, no = list[Signal](), ""
        for value in declarations(told.body):
            what, said = f"AI-Assisted: {value}", word(value)
            if said is Word.YES:
                yes.append(Signal("D", "AI", what, "body"))
            elif said is Word.NO:
                no = no or what
        self.body = Statement(tuple(yes), no)
        self._note(self.body)

    def take(self, commit: Commit) -> None:
        signals = [*self.table.of_commit(commit)]
        said = self.said[commit.rev] = statement(self.table, commit)
        if said.denies and signals and self.denied is None:
            self.denied = (said.no, signals[0])
        self.signals += signals
        self.driven += self.table.drivers(commit)
        self._note(said)

    def _note(self, said: Statement) -> None:
        self.admitted += said.yes
        self.declared += [each.what for each in said.yes]
        self.declared += [said.no] if said.no else []


def _conflict(found: _Found, by_people: Sequence[Commit]) -> str:
    """Where it is declared that no AI took part, of what has the sign of one.

    Whoever the policy counts as an AI whatever they say does not contradict it.
    """
    if found.body.yes:
        return ""
    if found.body.no and (found.signals or found.admitted):
        return _contradiction(found.body.no, (found.signals or found.admitted)[0])
    if found.denied is not None:
        return _contradiction(*found.denied)
    said = [found.said[each.rev] for each in by_people]
    if said and found.signals and all(each.denies for each in said):
        return _contradiction(said[0].no, found.signals[0])
    return ""


def _contradiction(no: str, sign: Signal) -> str:
    return f"it declares {no!r}, and {sign.what!r} is a sign of {sign.agent} ({sign.where})"


@dataclass(frozen=True, slots=True)
class Near:
    """What comes near a sign of an AI, or hides one, and is none. ``what`` is plain ASCII."""

    what: str
    where: str
    why: str


def near(
    commits: Sequence[Commit],
    told: Told = NOTHING,
    settings: ProvenanceSettings | None = None,
    people: tuple[PersonSettings, ...] = (),
) -> tuple[Near, ...]:
    """Addresses and accounts that only look like those of the table."""
    table = table_of(settings or ProvenanceSettings(), people)
    found = [
        Near(_ascii(email), where, why)
        for email, where in _everyone(commits, told)
        if (why := _why_near(table, email))
    ]
    who = told.opener
    if who is not None and not table.agents.of_account(who):
        if not who.login.isascii():
            found.append(Near(_ascii(who.login), "opener", _LETTERS))
        elif table.agents.names(who.login):
            found.append(Near(who.login, "opener", _OTHER))
    return tuple(dict.fromkeys(found))


_LETTERS = "it has letters beyond ASCII, and is none that the table knows"
_OTHER = "it is called like an agent, and is another account"


def _everyone(commits: Sequence[Commit], told: Told) -> Iterator[tuple[str, str]]:
    if told.opener is not None:
        yield told.opener.email, "opener"
    for commit in commits:
        yield commit.author.email, f"author of {short(commit)}"
        if not made_by_forge(commit):
            yield commit.committer.email, f"committer of {short(commit)}"
        yield from co_authors(commit)


def _why_near(table: Table, email: str) -> str:
    if table.agents.of_email(email):
        return ""
    if not email.isascii():
        return _LETTERS
    account = account_of(email)
    return _OTHER if account and table.agents.names(account[0]) else ""


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")
