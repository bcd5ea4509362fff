"""Who made a change: each sign of the table, and what must not be taken for one."""

from __future__ import annotations

import pytest

from guard.agents import AGENTS, BOTS
from guard.change import Commit, LaneRecord, Origin, Person, RecordKind, Trailer
from guard.provenance import Seen, is_agent, judge
from guard.settings import (
    AgentSettings,
    BotSettings,
    PersonSettings,
    ProvenanceSettings,
    Undeclared,
)

ADA = Person("Ada", "ada@example.org")


def commit(
    message: str = "Add a shop\n",
    author: Person = ADA,
    committer: Person = ADA,
    trailers: tuple[tuple[str, str], ...] = (),
    parents: int = 1,
) -> Commit:
    found = tuple(Trailer(key, value) for key, value in trailers)
    return Commit("a" * 40, "b" * 40, ("c" * 40,) * parents, author, committer, 1, message, found)


def origin(*commits: Commit, **known: object) -> Origin:
    return judge(commits or (commit(),), Seen(**known)).origin  # type: ignore[arg-type]


EMAILS = [(agent.name, mail) for agent in AGENTS for mail in agent.emails]
LOGINS = [(agent.name, login) for agent in AGENTS for login in agent.logins]
IDS = [(agent.name, number) for agent in AGENTS for number in agent.ids]
BRANCHES = [(agent.name, prefix) for agent in AGENTS for prefix in agent.branches]
TEXTS = [(agent.name, text) for agent in AGENTS for text in agent.texts]
TRAILERS = [(agent.name, trailer) for agent in AGENTS for trailer in agent.trailers]


@pytest.mark.parametrize(("agent", "mail"), EMAILS)
def test_an_address_of_an_agent(agent: str, mail: str) -> None:
    person = Person("Anyone", mail.upper())
    for made in (
        commit(author=person),
        commit(committer=person),
        commit(trailers=(("Co-Authored-By", f"Any Name <{mail}>"),)),
    ):
        judged = judge([commit(), made, commit()])
        assert judged.origin is Origin.AI
        assert {signal.agent for signal in judged.signals} == {agent}
    assert origin(commit(trailers=(("Reviewed-by", f"X <{mail}>"),))) is Origin.UNDECLARED
    assert origin(commit(author=Person(mail, "x@example.org"))) is Origin.UNDECLARED


@pytest.mark.parametrize(("agent", "login"), LOGINS)
def test_a_login_of_an_agent(agent: str, login: str) -> None:
    assert origin(opener=Person(login=login)) is Origin.AI
    assert origin(opener=Person(login=login.upper())) is Origin.AI
    # GraphQL leaves the suffix out, and says that it is a bot.
    assert origin(opener=Person(login=login.removesuffix("[bot]"), bot=True)) is Origin.AI
    assert origin(opener=Person(login="x" + login)) is Origin.UNDECLARED


@pytest.mark.parametrize(("agent", "number"), IDS)
def test_an_id_of_an_agent_whatever_its_name(agent: str, number: int) -> None:
    assert origin(opener=Person(login="renamed", id=number)) is Origin.AI
    mail = f"{number}+whatever@users.noreply.github.com"
    judged = judge([commit(author=Person("X", mail))])
    assert [(signal.tier, signal.agent) for signal in judged.signals] == [("B", agent)]


@pytest.mark.parametrize(("agent", "prefix"), BRANCHES)
def test_a_branch_of_an_agent(agent: str, prefix: str) -> None:
    assert origin(branch=f"{prefix}topic") is Origin.AI
    assert origin(branch=f"refs/heads/{prefix}topic") is Origin.AI
    assert origin(branch=f"fix-{prefix}topic") is Origin.UNDECLARED
    assert origin(branch=prefix.rstrip("/")) is Origin.UNDECLARED


@pytest.mark.parametrize(("agent", "text"), TEXTS)
def test_a_text_of_an_agent(agent: str, text: str) -> None:
    assert origin(body=f"What it does.\n\n{text}\n") is Origin.AI
    assert origin(commit(f"Subject\n\n🤖 {text}\n")) is Origin.AI
    for quoted in (f"> {text}", f"- {text}", f"    {text}", f"```\n{text}\n```", f"1. {text}"):
        assert origin(body=f"Release notes\n\n{quoted}\n") is Origin.UNDECLARED, quoted


@pytest.mark.parametrize(("agent", "trailer"), TRAILERS)
def test_a_trailer_of_an_agent(agent: str, trailer: str) -> None:
    key, _, value = trailer.partition(": ")
    assert origin(commit(trailers=((key.upper(), value or "x"),))) is Origin.AI
    if value:
        assert origin(commit(trailers=((key, value + "s"),))) is Origin.UNDECLARED
    # In the text it is none: git decides what a trailer is.
    assert origin(commit(f"Subject\n\nquotes {trailer}: x\n\nmore\n")) is Origin.UNDECLARED


@pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.name)
def test_a_bot_that_is_no_ai(bot: BotSettings) -> None:
    people = [Person(login, mail) for login in bot.logins[:1] for mail in bot.emails]
    people += [Person("x", f"{n}+y[bot]@users.noreply.github.com") for n in bot.ids]
    people += [Person("x", f"{login}@users.noreply.github.com") for login in bot.logins]
    for person in people:
        assert origin(commit(author=person)) is Origin.BOT, person
        ai = commit(author=Person("C", "noreply@anthropic.com"))
        assert origin(commit(author=person), ai) is Origin.AI
        assert origin(commit(author=person), commit()) is Origin.UNDECLARED


def test_an_unknown_machine_account_is_a_bot() -> None:
    person = Person("x", "12345+shop-release[bot]@users.noreply.github.com")
    assert origin(commit(author=person)) is Origin.BOT


def test_who_merges_does_not_make_it_a_humans() -> None:
    bot = commit(author=Person("d", "49699333+dependabot[bot]@users.noreply.github.com"))
    assert origin(bot, commit(parents=2)) is Origin.BOT


@pytest.mark.parametrize(
    "person",
    [
        Person(login="claude", id=81847),
        Person(login="claude"),
        Person(login="cursor"),
        Person(login="сlaude[bot]"),
        Person(login="claude[bot]", id=4242),
    ],
    ids=["the human claude", "without id", "cursor", "look-alike", "taken over"],
)
def test_an_account_that_only_has_such_a_name(person: Person) -> None:
    assert origin(opener=person) is Origin.UNDECLARED
    assert not is_agent(person)


@pytest.mark.parametrize(
    "mail",
    [
        "noreply@anthropic.com.example.org",
        "xnoreply@anthropic.com",
        "noreply@аnthropic.com",
        "claude@users.noreply.github.com",
        "81847+claude@users.noreply.github.com",
        "",
    ],
)
def test_an_address_that_only_looks_like_one(mail: str) -> None:
    assert origin(commit(author=Person("Claude", mail))) is Origin.UNDECLARED
    assert origin(commit(trailers=(("Co-authored-by", f"Claude <{mail}>"),))) is Origin.UNDECLARED


@pytest.mark.parametrize(
    ("trailers", "wanted"),
    [
        ((("AI-Assisted", "yes"),), Origin.AI),
        ((("AI-Assisted", "partly"),), Origin.AI),
        ((("AI-Assisted", "no"),), Origin.HUMAN),
        ((("ai-assisted", "None"),), Origin.HUMAN),
        ((("Assisted-by", "Claude:opus"),), Origin.AI),
        ((("Assisted-by", "no"),), Origin.AI),
        ((("AI-Assisted", "no"), ("AI-Assisted", "yes")), Origin.AI),
        ((("AI-Assisted", "no"), ("Claude-Session", "x")), Origin.AI),
    ],
)
def test_a_declaration(trailers: tuple[tuple[str, str], ...], wanted: Origin) -> None:
    assert origin(commit(trailers=trailers)) is wanted


def test_a_declaration_against_the_signs_is_told_and_does_not_lower() -> None:
    judged = judge(
        [commit(author=Person("C", "noreply@anthropic.com"), trailers=(("AI-Assisted", "no"),))]
    )
    assert judged.origin is Origin.AI
    assert "declares 'AI-Assisted: no'" in judged.conflict


def test_the_newest_commit_or_the_body_speaks_for_the_change() -> None:
    no = commit(trailers=(("AI-Assisted", "no"),))
    assert origin(no, commit()) is Origin.UNDECLARED
    assert origin(commit(), no) is Origin.HUMAN
    assert origin(body="Words.\n\nAI-Assisted: no\n") is Origin.HUMAN
    assert origin(body="AI-Assisted: no\n\nWords.\n") is Origin.UNDECLARED


@pytest.mark.parametrize(
    ("mode", "wanted", "must"),
    [
        (Undeclared.ALLOW, Origin.UNDECLARED, False),
        (Undeclared.REQUIRE, Origin.UNDECLARED, True),
        (Undeclared.AI, Origin.AI, False),
    ],
)
def test_what_an_undeclared_change_counts_as(mode: Undeclared, wanted: Origin, must: bool) -> None:
    settings = ProvenanceSettings(undeclared=mode)
    judged = judge([commit()], settings=settings)
    assert (judged.origin, judged.must_declare) == (wanted, must)
    declared = judge([commit(trailers=(("AI-Assisted", "no"),))], settings=settings)
    assert (declared.origin, declared.must_declare) == (Origin.HUMAN, False)
    bot = commit(author=Person("d", "49699333+dependabot[bot]@users.noreply.github.com"))
    assert judge([bot], settings=settings).origin is Origin.BOT


def test_the_policy_adds_agents_bots_and_drivers() -> None:
    own = AgentSettings(
        "own",
        emails=("own@example.org",),
        trailers=("Own-Run",),
        branches=("own/",),
        texts=("made by own",),
    )
    settings = ProvenanceSettings(
        agents=(own,),
        bots=(
            BotSettings("release", emails=("r@example.org",)),
            BotSettings("Renovate too", emails=("ai-bot@example.org",), ai=True),
        ),
        drivers=("bob",),
    )
    people = (PersonSettings("bob", ("Bob@example.org",)),)

    def found(made: Commit, **known: object) -> Origin:
        return judge([made], Seen(**known), settings, people).origin  # type: ignore[arg-type]

    assert found(commit(author=Person("x", "own@example.org"))) is Origin.AI
    assert found(commit(trailers=(("Own-Run", "7"),))) is Origin.AI
    assert found(commit(), branch="own/x") is Origin.AI
    assert found(commit(), body="made by own") is Origin.AI
    assert found(commit(author=Person("x", "r@example.org"))) is Origin.BOT
    assert found(commit(author=Person("x", "ai-bot@example.org"))) is Origin.AI
    assert found(commit(author=Person("Bob", "bob@example.org"))) is Origin.AI
    assert found(commit(), opener=Person(login="BOB")) is Origin.AI
    assert found(commit()) is Origin.UNDECLARED


def test_what_once_was_an_ais_stays_one_until_a_human_says_otherwise() -> None:
    assert origin(earlier=Origin.AI) is Origin.AI
    assert origin(earlier=Origin.HUMAN) is Origin.UNDECLARED
    record = LaneRecord(RecordKind.CLEARED, "a" * 40, 9, "ada", reason="I wrote it")
    judged = judge([commit()], Seen(earlier=Origin.AI, cleared=record))
    assert judged.origin is Origin.HUMAN
    assert judged.conflict == "cleared by ada: I wrote it"
    assert judged.signals
