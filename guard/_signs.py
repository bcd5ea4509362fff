"""The table of agents and bots, looked up by what a change shows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from guard._wording import DECLARATION, Word, footers, lower, merged_branches, prose, word
from guard.agents import AGENTS, BOTS, FORGES
from guard.change import Commit, Person, Signal, Trailer
from guard.settings import AgentSettings, BotSettings, PersonSettings, ProvenanceSettings

_BOT = "[bot]"
_NOREPLY = re.compile(r"(?:([0-9]{1,18})\+)?([^+@\s]+)@users\.noreply\.github\.com")
_ADDRESS = re.compile(r"<([^<>]*)>")
_CO_AUTHOR = ("co-authored-by", "co-developed-by")
_MADE_BY = (*_CO_AUTHOR, "signed-off-by")
_ASSISTED = "assisted-by"


@dataclass(frozen=True, slots=True)
class Sign:
    """Whom a sign is of, and whether it is the policy's own."""

    agent: str
    own: bool = False

    def signal(self, tier: str, what: str, where: str) -> Signal:
        """The signal, of the tier ``P`` if it is the policy's own."""
        return Signal("P" if self.own else tier, self.agent, what, where)


class Accounts:
    """Accounts and addresses. The first that claims one has it."""

    def __init__(self) -> None:
        self._ids: dict[int, Sign] = {}
        self._logins: dict[str, tuple[Sign, bool]] = {}
        self._emails: dict[str, Sign] = {}

    def add(self, sign: Sign, entry: AgentSettings | BotSettings) -> None:
        """Whatever ``entry`` is known by is of ``sign``."""
        for number in entry.ids:
            self._ids.setdefault(number, sign)
        for login in entry.logins:
            self._logins.setdefault(lower(login), (sign, bool(entry.ids)))
        for email in entry.emails:
            self._emails.setdefault(lower(email), sign)

    def of_email(self, email: str) -> Sign | None:
        """Whose address this is. GitHub's private addresses hold the id and the login."""
        low = lower(email)
        found = self._emails.get(low)
        if found is None and (account := account_of(low)):
            found = self.of_account(Person(login=account[0], id=account[1]))
        return found

    def of_account(self, who: Person) -> Sign | None:
        """Whose account this is. The id decides where it is known: names can be taken over.

        Not those that end in ``[bot]``, which no human can have; GraphQL leaves that end out.
        """
        if who.id is not None and who.id in self._ids:
            return self._ids[who.id]
        login = lower(who.login)
        bot = who.bot or login.endswith(_BOT)
        plain = login.removesuffix(_BOT)
        for name in (login, plain + _BOT, plain) if bot else (login,):
            found = self._logins.get(name)
            if found is not None:
                sign, has_id = found
                return sign if bot or who.id is None or not has_id else None
        return None

    def names(self, login: str) -> bool:
        """Whether some account is called ``login``, with ``[bot]`` or without."""
        plain = lower(login).removesuffix(_BOT)
        return plain in self._logins or plain + _BOT in self._logins


def account_of(email: str) -> tuple[str, int | None] | None:
    """The login and the id in an address that GitHub gives out to keep another one private."""
    match = _NOREPLY.fullmatch(lower(email))
    return (match[2], int(match[1]) if match[1] else None) if match else None


def addresses(trailer: Trailer) -> tuple[str, ...]:
    """The addresses in ``Name <address>``; a value without brackets may be one itself."""
    found = _ADDRESS.findall(trailer.value)
    if not found and "@" in trailer.value and " " not in trailer.value.strip():
        found = [trailer.value]
    return tuple(each.strip() for each in found)


def co_authors(commit: Commit) -> Iterator[tuple[str, str]]:
    """The address of each co-author, and where it stands."""
    for trailer in commit.trailers:
        if lower(trailer.key) in _CO_AUTHOR:
            for address in addresses(trailer):
                yield address, f"trailer of {short(commit)}"


def short(commit: Commit) -> str:
    """The name of a commit in reports."""
    return commit.rev[:12]


def made_by_forge(commit: Commit) -> bool:
    """Whether this is a merge that a forge made: it says who pressed the button, no more."""
    return len(commit.parents) > 1 and lower(commit.committer.email) in FORGES


def only_merges(commit: Commit) -> bool:
    """Whether this is a merge as git and forges make them, which nobody wrote.

    Edits that are hidden in it are another matter: doing the merge again shows them.
    """
    return made_by_forge(commit) or merged_branches(commit) is not None


class Table:
    """The built-in table and the policy's."""

    def __init__(self, settings: ProvenanceSettings, people: Iterable[PersonSettings]) -> None:
        own = [(each, Sign(each.name, own=True)) for each in settings.agents]
        agents = [*((each, Sign(each.name)) for each in AGENTS), *own]
        self.agents, self.bots = Accounts(), Accounts()
        for agent, sign in agents:
            self.agents.add(sign, agent)
        for bot in settings.bots:
            (self.agents if bot.ai else self.bots).add(Sign(bot.name, own=True), bot)
        for bot in BOTS:
            self.bots.add(Sign(bot.name), bot)
        self._trailers: dict[str, list[tuple[str, Sign]]] = {}
        for agent, sign in agents:
            for text in agent.trailers:
                key, _, value = text.partition(":")
                self._trailers.setdefault(lower(key.strip()), []).append((value.strip(), sign))
        self._names = [(name, sign) for agent, sign in agents for name in agent.names]
        self._branches = [(lower(b), sign) for agent, sign in agents for b in agent.branches]
        self._texts = [(lower(text), sign) for agent, sign in agents for text in agent.texts]
        pieces = "|".join(re.escape(text) for text, _ in self._texts)
        self._any_text = re.compile(pieces, re.IGNORECASE | re.ASCII)
        self._drivers = _drivers(settings.drivers, people)

    def of_commit(self, commit: Commit) -> Iterator[Signal]:
        """Each sign of an AI in a commit, what it declares of itself left out."""
        name = short(commit)
        if not made_by_forge(commit):
            yield from self._of_git(commit.author, f"author of {name}", commit.author.name)
            yield from self._of_git(commit.committer, f"committer of {name}")
        for trailer in commit.trailers:
            yield from self._of_trailer(trailer, f"trailer of {name}")
        for branch in merged_branches(commit) or ():
            yield from self.of_branch(branch, f"subject of {name}")
        if self._any_text.search(commit.message):
            for line in footers(lower(commit.message)):
                for text, sign in self._texts:
                    if line.startswith(text):
                        yield sign.signal("D", line.strip(), f"message of {name}")

    def of_account(self, who: Person, where: str) -> Iterator[Signal]:
        """A sign of an AI in an account that a forge or a server vouches for."""
        found = self.agents.of_account(who)
        if found:
            yield found.signal("A", who.login or str(who.id), where)
        elif who.email:
            yield from self._of_git(who, where)

    def of_branch(self, branch: str, where: str) -> Iterator[Signal]:
        """A sign of an AI in the name of a branch, of a fork too (``owner:branch``)."""
        name = lower(branch.removeprefix("refs/heads/").rpartition(":")[2])
        for start, sign in self._branches:
            if name.startswith(start):
                yield sign.signal("D", branch, where)

    def of_text(self, text: str, where: str) -> Iterator[Signal]:
        """Each sign of an AI in a title or a description, outside of quotations."""
        if self._any_text.search(text):
            own = prose(lower(text))
            for piece, sign in self._texts:
                if piece in own:
                    yield sign.signal("D", piece, where)

    def bot_of(self, commit: Commit) -> str:
        """The bot that is the author; empty for anyone else."""
        found = self.bots.of_email(commit.author.email)
        return found.agent if found else ""

    def drivers(self, commit: Commit) -> Iterator[Signal]:
        """A sign of a human who always counts as an AI: as author or as co-author."""
        if not self._drivers or only_merges(commit):
            return
        everyone = [(commit.author.email, f"author of {short(commit)}"), *co_authors(commit)]
        for email, where in everyone:
            yield from self.driver(Person(email=email), where)

    def driver(self, who: Person, where: str) -> Iterator[Signal]:
        """The same of one person."""
        account = account_of(who.email)
        known = (who.login, who.email, account[0] if account else "")
        for each in known:
            if each and lower(each) in self._drivers:
                yield Signal("P", "driver", each, where)
                return

    def _of_git(self, who: Person, where: str, name: str = "") -> Iterator[Signal]:
        found = self.agents.of_email(who.email)
        if found:
            yield found.signal("B", who.email, where)
        for end, sign in self._names if name else ():
            if name.endswith(end):
                yield sign.signal("B", name, where)

    def _of_trailer(self, trailer: Trailer, where: str) -> Iterator[Signal]:
        key, what = lower(trailer.key), f"{trailer.key}: {trailer.value}"
        for value, sign in self._trailers.get(key, ()):
            if not value or lower(value) == lower(trailer.value.strip()):
                yield sign.signal("C", what, where)
        if key in _MADE_BY:
            for address in addresses(trailer):
                found = self.agents.of_email(address)
                if found:
                    yield found.signal("C", what, where)

    def assistant(self, trailer: Trailer) -> str:
        """Whom ``Assisted-by: AGENT[:MODEL]`` names; empty for no one, for a human, and for others.

        Who has an address that is no agent's is a human: people are thanked in that way too.
        """
        if lower(trailer.key) != _ASSISTED or word(trailer.value) is not Word.YES:
            return ""
        known = addresses(trailer)
        if not known:
            return trailer.value.partition(":")[0].strip()
        found = (self.agents.of_email(address) for address in known)
        return next((sign.agent for sign in found if sign), "")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a commit, or a description, declares of itself, as written."""

    yes: tuple[Signal, ...] = ()
    no: str = ""

    @property
    def denies(self) -> bool:
        """Whether it says that no AI took part, and nothing else."""
        return bool(self.no) and not self.yes

    def __bool__(self) -> bool:
        return bool(self.yes or self.no)


def statement(table: Table, commit: Commit) -> Statement:
    """The declarations among the trailers of a commit."""
    yes, no = list[Signal](), ""
    for trailer in commit.trailers:
        what, where = f"{trailer.key}: {trailer.value}", f"trailer of {short(commit)}"
        agent = table.assistant(trailer)
        if agent:
            yes.append(Signal("C", agent, what, where))
        elif lower(trailer.key) == DECLARATION:
            said = word(trailer.value)
            if said is Word.YES:
                yes.append(Signal("C", "AI", what, where))
            elif said is Word.NO:
                no = no or what
    return Statement(tuple(yes), no)


@lru_cache(maxsize=8)
def table_of(settings: ProvenanceSettings, people: tuple[PersonSettings, ...]) -> Table:
    """The table for a policy, made once."""
    return Table(settings, people)


def _drivers(named: Iterable[str], people: Iterable[PersonSettings]) -> frozenset[str]:
    """The logins and addresses of all drivers, by whichever of them the policy names one."""
    found = {lower(each) for each in named}
    for person in people:
        known = {lower(each) for each in (person.login, *person.emails)}
        if known & found:
            found |= known
    return frozenset(found)
