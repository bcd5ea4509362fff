"""Who made a change: signals from all that is known of it. Pure.

Any signal may raise a change to AI, none lowers it. Everything but the account that the platform
proved is free text and can be forged; to forge it only makes a change stricter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from guard.agents import AGENTS, BOTS, NAME_ENDINGS
from guard.change import Commit, LaneRecord, Origin, Person, Provenance, Signal
from guard.settings import (
    AgentSettings,
    BotSettings,
    PersonSettings,
    ProvenanceSettings,
    Undeclared,
)

_AUTHORS = ("co-authored-by", "co-developed-by", "signed-off-by", "generated-by", "author")
"""Trailers whose value says who wrote; a reviewer's or a tester's does not."""
_ADDRESS = re.compile(r"<([^<>]*)>\s*$")
# GitHub documentation, "Email addresses reference": ID+USERNAME@users.noreply.github.com.
_NOREPLY = re.compile(r"(?:([0-9]+)\+)?([^@+]+)@users\.noreply\.github\.com")
_NO = frozenset({"no", "none", "false", "n", "0"})
_QUOTED = re.compile(r"\s*([>#*+-]|\d+[.)])|\t| {4}")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_DECLARES = ("ai-assisted", "assisted-by")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a change besides its commits. Empty is not known, or not there."""

    branch: str = ""
    title: str = ""
    body: str = ""
    opener: Person = Person()
    earlier: Origin | None = None
    """What an earlier push of the same branch counted as: an AI's stays an AI's."""
    cleared: LaneRecord | None = None
    """The record in which a named human says that it is not an AI's."""


def judge(
    commits: Sequence[Commit],
    seen: Seen = Seen(),
    settings: ProvenanceSettings | None = None,
    people: Sequence[PersonSettings] = (),
) -> Provenance:
    """Who made the change of these commits, parents first, with every signal that says so.

    An AI's, if there is a signal, a declaration says so, or the policy does; a bot's, if bots wrote
    all commits; a human's, if that is declared; otherwise undeclared.
    """
    rules = settings or ProvenanceSettings()
    table = _Table(rules, people)
    signals = tuple(dict.fromkeys(_signals(commits, seen, table)))
    declared = _declared(commits, seen.body)
    if not signals and rules.undeclared is Undeclared.AI and not declared:
        if not _all_bots(commits, seen.opener, table):
            signals = (Signal("P", "the policy", "undeclared: ai", "guard.yaml"),)
    if signals:
        said_no = bool(declared) and _means_no(declared)
        conflict = f"it declares {declared!r}, and {len(signals)} signals say AI" if said_no else ""
        found = Provenance(Origin.AI, signals, declared, conflict)
        return found if seen.cleared is None else _cleared(found, seen.cleared)
    if _all_bots(commits, seen.opener, table):
        return Provenance(Origin.BOT, (), declared)
    if declared:
        return Provenance(Origin.HUMAN, (), declared)
    must = rules.undeclared is Undeclared.REQUIRE
    return Provenance(Origin.UNDECLARED, (), "", "", must)


def is_agent(person: Person, settings: ProvenanceSettings | None = None) -> bool:
    """Whether an account or an address belongs to an AI agent."""
    table = _Table(settings or ProvenanceSettings(), ())
    return bool(table.agent_of(person)) or person.email.lower() in table.emails


def plain_login(login: str) -> str:
    """A login as it is compared: lower case, without ``[bot]``, which GraphQL leaves out."""
    return login.lower().removesuffix("[bot]")


class _Table:
    """The built-in table and the policy's, by what they match."""

    def __init__(self, rules: ProvenanceSettings, people: Sequence[PersonSettings]) -> None:
        as_ai = [bot for bot in (*BOTS, *rules.bots) if bot.ai]
        self.agents: list[AgentSettings | BotSettings] = [*AGENTS, *rules.agents, *as_ai]
        self.bots = [bot for bot in (*BOTS, *rules.bots) if not bot.ai]
        named = {person.login.lower(): person.emails for person in people}
        self.drivers = {who.lower() for who in rules.drivers}
        for who in tuple(self.drivers):
            self.drivers.update(mail.lower() for mail in named.get(who, ()))
        self.emails = {mail.lower(): a.name for a in self.agents for mail in a.emails}
        self._ids = {number: a.name for a in self.agents for number in a.ids}
        self._logins = {plain_login(login): a.name for a in self.agents for login in a.logins}
        self._with_id = {plain_login(login) for a in self.agents if a.ids for login in a.logins}

    def agent_of(self, person: Person) -> str:
        """The agent that an account belongs to. Its id decides; a login where no id is known."""
        if person.id is not None and person.id in self._ids:
            return self._ids[person.id]
        login = plain_login(person.login)
        if not login or login not in self._logins:
            return ""
        if person.id is not None and login in self._with_id:
            return ""  # the name of an agent on the account of someone else
        # Without an id a bare name may be a human's: only what the platform marks as a bot counts,
        # or a name that the table has just so.
        exact = any(person.login.lower() == each.lower() for a in self.agents for each in a.logins)
        return self._logins[login] if person.bot or exact else ""

    def agent_of_mail(self, mail: str) -> str:
        """The agent that commits with an address."""
        mail = mail.strip().lower()
        if mail in self.emails:
            return self.emails[mail]
        account = _NOREPLY.fullmatch(mail)
        if account is None:
            return ""
        number = int(account[1]) if account[1] else None
        return self.agent_of(Person(login=account[2], id=number, bot=account[2].endswith("[bot]")))

    def is_bot(self, person: Person) -> bool:
        """Whether a machine that is no AI wrote it."""
        mail = person.email.lower()
        account = _NOREPLY.fullmatch(mail)
        login = plain_login(account[2] if account else person.login)
        number = int(account[1]) if account and account[1] else person.id
        for bot in self.bots:
            if mail in (each.lower() for each in bot.emails) or number in bot.ids:
                return True
            if number is None and login in map(plain_login, bot.logins):
                return True
        return person.bot or bool(account and account[2].endswith("[bot]"))


def _signals(commits: Sequence[Commit], seen: Seen, table: _Table) -> Iterator[Signal]:
    agent = table.agent_of(seen.opener)
    if agent:
        yield Signal("A", agent, seen.opener.login or str(seen.opener.id), "opener")
    if seen.opener.login.lower() in table.drivers:
        yield Signal("P", "a driver of AI", seen.opener.login, "opener")
    for commit in commits:
        yield from _of_commit(commit, table)
    for each in table.agents:
        if isinstance(each, AgentSettings):
            yield from _of_text(each, seen)
    if seen.earlier is Origin.AI:
        yield Signal("P", "an AI", "an earlier push of this branch was an AI's", "branch")


def _of_commit(commit: Commit, table: _Table) -> Iterator[Signal]:
    short = commit.rev[:12]
    for role, person in (("author", commit.author), ("committer", commit.committer)):
        where = f"{role} of {short}"
        agent = table.agent_of_mail(person.email)
        if agent:
            yield Signal("B", agent, person.email, where)
        for ending, name in NAME_ENDINGS.items():
            if person.name.rstrip().endswith(ending):
                yield Signal("B", name, person.name, where)
        if person.email.lower() in table.drivers:
            yield Signal("P", "a driver of AI", person.email, where)
    for trailer in commit.trailers:
        key, told = trailer.key.lower(), f"{trailer.key}: {trailer.value}"
        where = f"trailer of {short}"
        address = _ADDRESS.search(trailer.value)
        if key in _AUTHORS and address:
            agent = table.agent_of_mail(address[1])
            if agent:
                yield Signal("C", agent, told, where)
            if address[1].lower() in table.drivers:
                yield Signal("P", "a driver of AI", told, where)
        if key in _DECLARES and not _means_no(told):
            yield Signal("C", trailer.value if key == "assisted-by" else "an AI", told, where)
        for each in table.agents:
            if isinstance(each, AgentSettings) and _has(each.trailers, trailer.key, trailer.value):
                yield Signal("C", each.name, told, where)
    for each in table.agents:
        if isinstance(each, AgentSettings):
            for text in each.texts:
                if any(text in line for line in _own_lines(commit.message)):
                    yield Signal("D", each.name, text, f"message of {short}")


def _has(wanted: Iterable[str], key: str, value: str) -> bool:
    for each in wanted:
        name, colon, wanted_value = each.partition(":")
        if name.strip().lower() == key.lower():
            if not colon or wanted_value.strip().lower() == value.lower():
                return True
    return False


def _of_text(agent: AgentSettings, seen: Seen) -> Iterator[Signal]:
    branch = seen.branch.removeprefix("refs/heads/")
    for prefix in agent.branches:
        if branch.lower().startswith(prefix.lower()):
            yield Signal("D", agent.name, branch, "branch")
    for where, text in (("title", seen.title), ("body", seen.body)):
        for piece in agent.texts:
            if any(piece in line for line in _own_lines(text)):
                yield Signal("D", agent.name, piece, where)


def _own_lines(text: str) -> Iterator[str]:
    """The lines that the writer says, without what stands in quotes, lists and code (Markdown)."""
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and not _QUOTED.match(line):
            yield line


def _declared(commits: Sequence[Commit], body: str) -> str:
    """The change's word about itself: in its newest commit, or at the end of its body."""
    found = [
        f"{trailer.key}: {trailer.value}"
        for commit in commits[-1:]
        for trailer in commit.trailers
        if trailer.key.lower() in _DECLARES
    ]
    for line in body.rstrip().rpartition("\n\n")[2].splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() in _DECLARES and value.strip():
            found.append(f"{key.strip()}: {value.strip()}")
    yes = [each for each in found if not _means_no(each)]
    return (yes or found or [""])[0]


def _means_no(declared: str) -> bool:
    key, _, value = declared.partition(":")
    return key.strip().lower() == "ai-assisted" and value.strip().lower().rstrip(".") in _NO


def _all_bots(commits: Sequence[Commit], opener: Person, table: _Table) -> bool:
    """Whether machines wrote all of it. Who merged it does not count: a merge is nobody's work."""
    written = [each for each in commits if len(each.parents) < 2] or list(commits)
    if not written:
        return table.is_bot(opener)
    return all(table.is_bot(commit.author) for commit in written)


def _cleared(found: Provenance, record: LaneRecord) -> Provenance:
    said = f"cleared by {record.by}: {record.reason}"
    return replace(found, origin=Origin.HUMAN, conflict=said)
