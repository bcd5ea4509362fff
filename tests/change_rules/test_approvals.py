"""Who tries to get an AI change past the approval, and what each of them is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guard.change import Opinion, Origin, Person, Provenance, Review, Signal, Unit, Unknown
from guard.model import Verdict
from guard.samples import ADA, BOB, NOW, ai_unit, change, commit, oid, review, trailer

from .kit import judge, said

RULE = "missing-human-approval"
EVE = Person("Eve", "eve@example.org", "eve")
IN_GIT = Person("Robert", "BOB@example.org")
ASK, DISMISS = Opinion.CHANGES_REQUESTED, Opinion.DISMISSED


def made(**more: Any) -> Unit:
    return ai_unit(commits=(commit("first"), commit(**more)))


def by(login: str, **more: Any) -> Person:
    return Person("Bob", "", login, **more)


def agent(tier: str, what: str) -> Provenance:
    return Provenance(Origin.AI, (Signal(tier, "robot", what, "author"),))


OLD = "bob approved 9a1af8678220, and the change is now b60d540e3abc"
EVIL = "what would land is not that merged into"


@pytest.mark.parametrize(
    ("unit", "one", "more", "words"),
    [
        (ai_unit(), review("tree of before"), {}, OLD),
        (ai_unit(), review(), {"opener": BOB}, "bob opened the change"),
        (ai_unit(), review(), {"opener": replace(BOB, login="BOB")}, "bob opened the change"),
        (ai_unit(), review(), {"opener": IN_GIT}, "bob opened the change"),
        (
            ai_unit(),
            review(by=by("bob"), emails=()),
            {"opener": by("BOB")},
            "bob opened the change",
        ),
        (
            ai_unit(),
            review(by=by("bob", id=7)),
            {"opener": by("robert", id=7)},
            "bob opened the change",
        ),
        (made(author=IN_GIT), review(), {}, "bob made commits of the change, as BOB@example.org"),
        (made(committer=IN_GIT), review(), {}, "bob made commits of the change"),
        (
            made(trailers=(trailer("Co-Authored-By: B <bob@EXAMPLE.org>"),)),
            review(),
            {},
            "bob made commits of the change, as bob@EXAMPLE.org",
        ),
        (ai_unit(), review(by=replace(BOB, bot=True)), {}, "bob is a bot"),
        (ai_unit(provenance=agent("A", "Bob")), review(), {}, "bob is the agent robot"),
        (ai_unit(provenance=agent("B", "BOB@example.org")), review(), {}, "is the agent robot"),
        (ai_unit(provenance=agent("P", "bob")), review(), {}, "bob is the agent robot"),
        (
            ai_unit(provenance=agent("B", "bot@x.org")),
            review(emails=("bob@example.org", "Bot@x.org")),
            {},
            "bob is the agent robot",
        ),
        (ai_unit(), review(may_write=False), {}, "bob may not write to main: no member, or no mem"),
        (ai_unit(), review(by=by("b\u043eb")), {}, r"'b\u043eb' (bоb) looks like 'bob'"),
        (ai_unit(), review(by=by("\uff41da")), {"pusher": ADA}, "looks like 'ada' and is another"),
        (ai_unit(), review(by=by("ad\u200ba")), {}, "looks like 'ada'"),
        (ai_unit(), review(by=Person("Bob", "bob@example.org")), {}, "is of no account"),
        (ai_unit(), review(opinion=DISMISS), {}, "the approval by bob was dismissed"),
        (ai_unit(faithful=False, tree=oid("evil")), review(), {}, EVIL),
    ],
)
def test_an_approval_that_does_not_count_says_why(
    unit: Unit, one: Review, more: dict[str, Any], words: str
) -> None:
    result = judge(RULE, change(unit, reviews=(one,), **more))
    assert result.verdict is Verdict.FAIL
    assert words in said(result)
    assert "0 of 1 approval;" in said(result)


@pytest.mark.parametrize(
    ("unit", "one"),
    [
        (ai_unit(faithful=False, tree=oid("what")), review("what")),
        (ai_unit(faithful=Unknown("?"), tree=oid("what"), head_tree=Unknown("?")), review("what")),
        (ai_unit(tree=oid("merged")), review()),
        (made(author=Person("Bob", "bob@else.org")), review()),
        (made(trailers=(trailer("Reviewed-by: Bob <bob@example.org>"),)), review()),
        (made(trailers=(trailer("Co-authored-by: nobody"),)), review()),
        (ai_unit(provenance=agent("C", "bob")), review()),
        (ai_unit(provenance=agent("A", "bobby")), review()),
        (ai_unit(), review(by=by("b\u00f6b"))),
        (ai_unit(), review(by=by("\u0431\u043e\u0431"))),
        (ai_unit(), review(by=by("bob", id=7))),
        (ai_unit(), review(by=Person("Bob", id=7))),
        (made(author=Person("R", "r@x.org")), review(by=Person("Bob", id=7))),
        (ai_unit(), review(by=by("\u0441\u043e\u0440"))),
        (ai_unit(), review(by=by("\u0441\u043e\u04401"))),
    ],
)
def test_an_approval_that_counts(unit: Unit, one: Review) -> None:
    result = judge(RULE, change(unit, reviews=(one,)))
    assert (result.verdict, said(result)) == (Verdict.PASS, "")


def test_a_merge_that_is_not_of_what_was_reviewed_has_a_maker() -> None:
    merge = commit("merge", parents=(oid("base"), oid("other")), author=IN_GIT)
    unit = ai_unit("merge", commits=(merge,), head=oid("head"), head_tree=oid("tree of head"))
    assert "bob made commits" in said(judge(RULE, change(unit, reviews=(review(),))))
    smuggled = replace(unit, commits=(replace(merge, parents=(oid("base"), oid("head"))),))
    smuggled = replace(smuggled, faithful=False)
    approved = review("tree of merge")
    assert "bob made commits" in said(judge(RULE, change(smuggled, reviews=(approved,))))
    octopus = replace(merge, parents=(oid("base"), oid("head"), oid("other")))
    unit = replace(unit, commits=(octopus,))
    assert "bob made commits" in said(judge(RULE, change(unit, reviews=(review(),))))
    earlier = replace(merge, rev=oid("earlier"), parents=(oid("base"), oid("head")))
    unit = replace(unit, commits=(earlier,))
    assert "bob made commits" in said(judge(RULE, change(unit, reviews=(review(),))))


@pytest.mark.parametrize(
    ("reviews", "names"),
    [
        ((review(at=NOW), review(opinion=ASK, at=NOW - 9)), []),
        ((review(at=NOW - 9), review(opinion=ASK, at=NOW)), ["#23", "bob"]),
        ((review(), review(opinion=ASK)), ["#23", "bob"]),
        ((review(opinion=ASK), review()), ["#23", "bob"]),
        ((review(at=NOW - 9), review(opinion=DISMISS, at=NOW)), ["#23"]),
        ((review(), review(by=EVE, emails=("eve@example.org",), opinion=ASK)), ["eve"]),
        ((review(), review(by=EVE, opinion=ASK, may_write=False)), []),
        ((review(opinion=ASK, by=replace(BOB, login="BOB"), at=NOW), review()), ["#23", "BOB"]),
        ((review(at=NOW - 9), review("tree of before", at=NOW)), []),
        ((review(at=NOW - 9), review(opinion=ASK, at=NOW - 5), review("old", at=NOW)), ["#23"]),
        ((review(by=by("bob", id=1)), review(by=by("bob", id=2), opinion=ASK)), ["bob"]),
        ((review(by=by("bob", id=1)), review(opinion=ASK)), ["#23", "bob"]),
        ((review(), review(by=by("bob", id=1), opinion=ASK)), ["#23", "bob"]),
        ((review(by=by("bob", id=1)), review(by=by("rob", id=1), opinion=ASK)), ["#23", "rob"]),
    ],
)
def test_the_last_word_of_each_counts(reviews: tuple[Review, ...], names: list[str]) -> None:
    result = judge(RULE, change(ai_unit(), reviews=reviews))
    assert [each.name for each in result.findings] == names


def test_what_became_of_an_approval_is_told() -> None:
    asked = review(opinion=ASK, at=NOW)
    withdrawn = change(ai_unit(), reviews=(review(), asked))
    assert "0 of 1 approval; bob approved, and asked for changes after that" in said(
        judge(RULE, withdrawn)
    )
    never = change(ai_unit(), reviews=(asked,))
    assert "0 of 1 approval\n" in said(judge(RULE, never)) + "\n"
    assert "bob approved" not in said(judge(RULE, never))


def test_a_sign_without_words_names_nobody() -> None:
    one = review(by=Person("Bob", id=7))
    of = change(ai_unit(provenance=agent("B", "")), reviews=(one,))
    assert judge(RULE, of).verdict is Verdict.PASS


def test_people_without_addresses_are_not_one() -> None:
    of = change(ai_unit(), reviews=(review(by=by("bob")),), opener=by("eve"), pusher=by("eve"))
    assert judge(RULE, of).verdict is Verdict.PASS


def test_a_login_in_another_script_may_look_like_one_of_the_change() -> None:
    one = review(by=by("\u0430\u0441\u0430"), emails=("x@x.org",))
    of = change(ai_unit(), reviews=(one,), opener=Person("A", "a@x.org", "aca"))
    assert "looks like 'aca' and is another one" in said(judge(RULE, of))


def test_an_opinion_of_one_part_is_none_of_another() -> None:
    one = ai_unit("one", id="#1", tree=oid("merged one"))
    two = ai_unit("two", id="#2", base=oid("one"), tree=oid("merged two"))
    for first, second in (("tree of one", "tree of two"), ("merged one", "merged two")):
        reviews = (review(first), review(second, opinion=ASK, at=NOW))
        result = judge(RULE, change(one, two, reviews=reviews))
        assert [each.name for each in result.findings] == ["#2", "bob"]
        assert "#1" not in said(result)


def test_of_several_approvals_the_nearest_counts() -> None:
    unit = ai_unit(tree=oid("merged"), faithful=Unknown("?"))
    old, head, exact = review("old", at=NOW), review(at=NOW - 9), review("merged", at=NOW - 99)
    of = change(unit, reviews=(old, head))
    assert judge(RULE, of).missing[0].fact == "units.faithful"
    assert judge(RULE, replace(of, reviews=(old, head, exact))).verdict is Verdict.PASS
    assert judge(RULE, replace(of, reviews=(old,))).verdict is Verdict.FAIL


def test_one_person_is_one_approval() -> None:
    twice = (review(), review(by=replace(BOB, login="BOB"), at=NOW))
    assert judge(RULE, change(ai_unit(), reviews=twice), count=2).verdict is Verdict.FAIL
    two = (review(), review(by=EVE, emails=("eve@example.org",)))
    assert judge(RULE, change(ai_unit(), reviews=two), count=2).verdict is Verdict.PASS


def test_what_would_suffice_if_it_were_known_is_unverified() -> None:
    unsure = review(by=EVE, emails=("eve@example.org",), may_write=Unknown("no answer"))
    of = change(ai_unit(), reviews=(review(), unsure))
    assert judge(RULE, of, count=1).verdict is Verdict.PASS
    assert judge(RULE, of, count=2).verdict is Verdict.UNVERIFIED
    assert judge(RULE, of, count=3).verdict is Verdict.FAIL


def test_a_known_reason_is_told_before_an_unknown_fact() -> None:
    one = review(may_write=Unknown("no answer"))
    result = judge(RULE, change(ai_unit(), reviews=(one,), opener=BOB))
    assert result.verdict is Verdict.FAIL


def test_an_objection_of_unknown_weight_is_unverified() -> None:
    doubt = review(by=EVE, opinion=ASK, may_write=Unknown("no answer"))
    of = change(ai_unit(), reviews=(review(), doubt))
    assert judge(RULE, of).verdict is Verdict.UNVERIFIED
    assert judge(RULE, of, objections=False).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("author", "emails", "verdict"),
    [
        (Person("R", "r@x.org"), (), Verdict.UNVERIFIED),
        (Person("R", "r@x.org"), Unknown("?"), Verdict.UNVERIFIED),
        (Person("R", "r@x.org", "robot"), (), Verdict.PASS),
        (Person("R", "r@x.org", id=9), Unknown("?"), Verdict.PASS),
        (Person("R", "r@x.org"), ("bob@example.org",), Verdict.PASS),
    ],
)
def test_an_author_may_hide_behind_an_address_that_nobody_knows(
    author: Person, emails: Any, verdict: Verdict
) -> None:
    unit = ai_unit(commits=(commit(author=author),))
    of = change(unit, reviews=(review(emails=emails, by=by("bob")),))
    assert judge(RULE, of).verdict is verdict


def test_why_the_addresses_are_not_known_is_told() -> None:
    unit = ai_unit(commits=(commit(author=Person("R", "r@x.org")),))
    for emails, why in (
        ((), "not known. List"),
        (Unknown("no entry"), "not known (no entry). List"),
    ):
        result = judge(RULE, change(unit, reviews=(review(emails=emails),)))
        assert f"the addresses that bob commits with are {why} the addresses" in result.reason


def test_a_change_of_an_unknown_maker_counts_as_an_ais() -> None:
    result = judge(RULE, change(ai_unit(provenance=Unknown("a shallow clone"))))
    assert "who made it is not known, so it counts as an AI's" in said(result)


def test_the_pusher_may_approve_unless_the_policy_says_no() -> None:
    of = change(ai_unit(), reviews=(review(),), pusher=BOB)
    assert judge(RULE, of).verdict is Verdict.PASS
    assert "bob asks for the landing" in said(judge(RULE, of, pusher=False))
    assert judge(RULE, replace(of, pusher=ADA), pusher=False).verdict is Verdict.PASS
    hidden = replace(of, pusher=Unknown("?"))
    assert judge(RULE, hidden).verdict is Verdict.PASS
    assert judge(RULE, hidden, pusher=False).missing[0].fact == "pusher"


def test_what_to_do_names_the_tree_and_the_role() -> None:
    unit = ai_unit(tree=oid("merged"))
    (found,) = judge(RULE, change(unit), count=2).findings
    assert found.message == "AI change #23 has 0 of 2 approvals"
    assert found.fix.startswith("Let a human who may write")
    assert f"approve tree {oid('tree of head')[:12]}." in found.fix
    hidden = replace(unit, head_tree=Unknown("?"))
    (found,) = judge(RULE, change(hidden), roles=("owner",)).findings
    assert found.fix.startswith("Let a human with the role owner who may write")
    assert f"approve tree {oid('merged')[:12]}." in found.fix


def test_a_role_of_several() -> None:
    of = change(ai_unit(), reviews=(review(roles=("approver",)),))
    assert judge(RULE, of, roles=("owner", "approver")).verdict is Verdict.PASS
    assert "the role owner" in said(judge(RULE, of, roles=("owner",)))
