"""The judgement: what decides, what is shown, and that nothing lowers it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.agents import AGENTS, BOTS
from guard.change import Commit, Origin, Person, Signal, Trailer
from guard.provenance import NOTHING, Told, judge, near
from guard.samples import commit
from guard.settings import (
    AgentSettings,
    BotSettings,
    PersonSettings,
    ProvenanceSettings,
    Undeclared,
)

CLAUDE = Person("Claude", "noreply@anthropic.com")
NO = (Trailer("AI-Assisted", "no"),)


def test_signals_say_what_was_found_and_where() -> None:
    co = (Trailer("Co-Authored-By", "Claude <noreply@anthropic.com>"),)
    one = commit("one", author=CLAUDE, trailers=co)
    told = Told("claude/x", opener=Person(login="claude[bot]", id=209825114))
    name = one.rev[:12]
    assert judge([one], told).signals == (
        Signal("A", "Claude Code", "claude[bot]", "opener"),
        Signal("D", "Claude Code", "claude/x", "branch"),
        Signal("B", "Claude Code", "noreply@anthropic.com", f"author of {name}"),
        Signal(
            "C",
            "Claude Code",
            "Co-Authored-By: Claude <noreply@anthropic.com>",
            f"trailer of {name}",
        ),
    )


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_every_sign_of_an_agent_makes_an_ai(agent: AgentSettings) -> None:
    changes: list[tuple[Commit, Told]] = []
    for email in agent.emails:
        changes.append((commit(author=Person("x", email.upper())), NOTHING))
        changes.append((commit(committer=Person("x", email)), NOTHING))
        changes.append((commit(trailers=(Trailer("Co-authored-by", f"x <{email}>"),)), NOTHING))
    for number in agent.ids:
        email = f"{number}+whatever@users.noreply.github.com"
        changes.append((commit(author=Person("x", email)), NOTHING))
        changes.append((commit(), Told(opener=Person(login="renamed", id=number))))
    for login in agent.logins:
        changes.append((commit(), Told(opener=Person(login=login.upper()))))
        bare = login.removesuffix("[bot]")
        changes.append((commit(), Told(opener=Person(login=bare, bot=True))))
        email = f"{login}@users.noreply.github.com"
        changes.append((commit(author=Person("x", email)), NOTHING))
    changes += [(commit(author=Person(f"Ada {end}", "a@b")), NOTHING) for end in agent.names]
    changes += [(commit(), Told(f"refs/heads/{start}x")) for start in agent.branches]
    for text in agent.texts:
        changes.append((commit(), Told(body=f"Fix.\n\n{text}123\n")))
        changes.append((commit(message=f"Fix\n\n{text}123\n"), NOTHING))
    for trailer in agent.trailers:
        key, _, value = trailer.partition(": ")
        changes.append((commit(trailers=(Trailer(key.upper(), value or "x"),)), NOTHING))
    assert changes
    for each, told in changes:
        found = judge([each], told)
        assert found.origin is Origin.AI, (each, told)
        assert {signal.agent for signal in found.signals} == {agent.name}


@pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.name)
def test_every_address_of_a_bot_makes_a_bot(bot: BotSettings) -> None:
    emails = [*bot.emails]
    emails += [f"{number}+x@users.noreply.github.com" for number in bot.ids]
    emails += [f"{login}@users.noreply.github.com" for login in bot.logins]
    assert emails
    for email in emails:
        assert judge([commit(author=Person("x", email))]).origin is Origin.BOT
        twin = commit("twin", author=CLAUDE)
        assert judge([commit(author=Person("x", email)), twin]).origin is Origin.AI


def test_no_sign_is_claimed_twice() -> None:
    for field in ("ids", "logins", "emails", "trailers", "branches"):
        tables = (AGENTS, BOTS) if field in ("ids", "logins", "emails") else (AGENTS,)
        entries = [each for table in tables for each in table]
        claimed = [sign for each in entries for sign in getattr(each, field)]
        assert len(set(claimed)) == len(claimed)


def test_once_an_ais_always_an_ais() -> None:
    found = judge([commit(trailers=NO)], Told(earlier=Origin.AI))
    assert found.origin is Origin.AI
    assert "an earlier state" in found.conflict
    assert judge([commit()], Told(earlier=Origin.HUMAN)).origin is Origin.UNDECLARED


def test_a_conflict_says_what_contradicts_what() -> None:
    one = commit("one", author=CLAUDE, trailers=NO)
    found = judge([one])
    assert found.declared == "AI-Assisted: no"
    assert found.conflict == (
        "it declares 'AI-Assisted: no', and 'noreply@anthropic.com' is a sign of Claude Code "
        f"(author of {one.rev[:12]})"
    )


def test_an_admission_ends_a_conflict() -> None:
    both = (*NO, Trailer("AI-Assisted", "yes"))
    assert judge([commit(author=CLAUDE, trailers=both)]).conflict == ""
    lying = commit(author=CLAUDE, trailers=NO)
    assert judge([lying]).conflict
    assert judge([lying], Told(body="AI-Assisted: yes")).conflict == ""


def test_the_silent_commits_are_named_where_words_are_wanted() -> None:
    settings = ProvenanceSettings(undeclared=Undeclared.REQUIRE)
    one, two = commit("one"), commit("two", trailers=NO)
    found = judge([one, two], NOTHING, settings)
    assert (found.must_declare, found.silent) == (True, (one.rev,))
    assert judge([one, two]).silent == ()


def test_no_commits_at_all() -> None:
    assert judge([]).origin is Origin.UNDECLARED
    settings = ProvenanceSettings(undeclared=Undeclared.REQUIRE)
    assert judge([], NOTHING, settings).must_declare
    settings = ProvenanceSettings(undeclared=Undeclared.AI)
    assert judge([], NOTHING, settings).origin is Origin.AI


def test_the_policys_own_are_of_their_own_tier() -> None:
    settings = ProvenanceSettings(agents=(AgentSettings("ours", emails=("o@x.org",)),))
    (signal,) = judge([commit(author=Person("", "o@x.org"))], NOTHING, settings).signals
    assert (signal.tier, signal.agent) == ("P", "ours")


def test_the_policy_takes_no_sign_from_the_table() -> None:
    mine = AgentSettings("ours", ids=(198982749,), emails=("noreply@anthropic.com",))
    settings = ProvenanceSettings(agents=(mine,))
    copilot = Person("", "198982749+x@users.noreply.github.com")
    found = judge([commit(author=CLAUDE), commit(author=copilot)], NOTHING, settings).signals
    assert {(each.tier, each.agent) for each in found} == {
        ("B", "Claude Code"),
        ("B", "GitHub Copilot"),
    }


def test_a_driver_is_known_by_all_that_people_say() -> None:
    people = (PersonSettings("eve", ("eve@x.org", "eve@home")),)
    settings = ProvenanceSettings(drivers=("EVE@X.org",))
    for who in ("eve@home", "7+eve@users.noreply.github.com"):
        found = judge([commit(author=Person("", who))], NOTHING, settings, people)
        assert found.origin is Origin.AI
    assert judge([commit()], Told(opener=Person(login="Eve")), settings, people).signals


def test_settings_that_match_everything_or_nothing_are_refused() -> None:
    for wrong in ({"branches": ("",)}, {"texts": ("a", "")}, {}):
        with pytest.raises(ValueError, match="sign"):
            AgentSettings("x", **wrong)
    for wrong in ({"emails": ("",)}, {}):
        with pytest.raises(ValueError, match="bot"):
            BotSettings("x", **wrong)


SIGNED = st.sampled_from(
    [
        commit("s1", author=CLAUDE),
        commit("s2", trailers=(Trailer("Co-authored-by", "x <noreply@openai.com>"),)),
        commit("s3", trailers=(*NO, Trailer("Assisted-by", "Claude"))),
        commit("s4", message="x\n\nGenerated with [Claude Code](https://claude.ai/code)\n"),
        commit("s5", parents=("1" * 40, "2" * 40), message="Merge branch 'codex/x'\n"),
    ]
)
PLAIN = st.sampled_from(
    [
        commit("p1"),
        commit("p2", trailers=NO),
        commit("p3", author=Person("d", "49699333+dependabot[bot]@users.noreply.github.com")),
        commit("p4", parents=("1" * 40, "2" * 40), message="Merge branch 'x'\n"),
    ]
)
TOLD = st.builds(
    Told,
    branch=st.sampled_from(["", "main", "topic"]),
    body=st.sampled_from(["", "AI-Assisted: no", "AI-Assisted: yes|no"]),
    opener=st.sampled_from([None, Person(login="ada"), Person(login="dependabot[bot]")]),
)
POLICY = st.builds(ProvenanceSettings, undeclared=st.sampled_from(Undeclared))


@given(st.lists(PLAIN), SIGNED, st.lists(PLAIN), TOLD, POLICY)
def test_nothing_lowers_what_one_sign_raised(before, signed, after, told, policy) -> None:
    assert judge([*before, signed, *after], told, policy).origin is Origin.AI


@given(st.lists(st.one_of(PLAIN, SIGNED), min_size=1), TOLD, POLICY)
def test_an_order_of_commits_does_not_matter(commits, told, policy) -> None:
    one, other = judge(commits, told, policy), judge(commits[::-1], told, policy)
    assert one.origin is other.origin
    assert set(one.signals) == set(other.signals)
    assert bool(one.conflict) == bool(other.conflict)


def test_look_alikes_are_shown_in_ascii() -> None:
    one = commit("one", author=Person("Claude", "noreply@\u0430nthropic.com"))
    told = Told(opener=Person(login="\u0441ursoragent"))
    shown = [(each.what, each.where) for each in near([one], told)]
    assert shown == [
        ("noreply@\\u0430nthropic.com", f"author of {one.rev[:12]}"),
        ("\\u0441ursoragent", "opener"),
    ]


def test_a_human_called_like_an_agent_is_shown() -> None:
    trailer = Trailer("Co-authored-by", "Claude <81847+claude@users.noreply.github.com>")
    (found,) = near([commit(trailers=(trailer,))])
    assert found.what == "81847+claude@users.noreply.github.com"
    assert "another account" in found.why
    assert near([commit(author=CLAUDE)]) == ()
    (found,) = near([commit()], Told(opener=Person(login="claude", id=81847)))
    assert found.where == "opener"


@pytest.mark.parametrize(
    "piece", ["`", "``` ", "> ", "\U0001f916", "'", "<", "Merge branch '", "-"]
)
def test_long_texts_take_no_longer_than_their_length(piece: str) -> None:
    """A search that backtracks would not end within the life of the suite."""
    text = piece * 200_000 + " chatgpt.com/codex/tasks/1"
    merge = commit(
        message=text, parents=("1" * 40, "2" * 40), trailers=(Trailer("Co-authored-by", text),)
    )
    assert judge([merge], Told(branch=text, title=text, body=text)).origin in Origin
