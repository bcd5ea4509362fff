"""What goes into the log of decisions, and what never does."""

from __future__ import annotations

import pytest

from guard.change import Person, Unknown
from guard.decisions import LONGEST, MOST, decision
from guard.model import Finding, Place, Report, RuleResult, Stage, Verdict, When
from guard.samples import NOW, ai_unit, change, oid, review
from tests.forge.kit import Hub


def report(*results: RuleResult) -> Report:
    return Report("change", 1, results)


def finding(message: str) -> Finding:
    return Finding("a-rule", Place("", 0, 0), "n", message, "", When.LANDING, "Mend it.")


def reasons(*results: RuleResult) -> tuple[str, ...]:
    return decision(change(), report(*results), Stage.PRE_RECEIVE).reasons


def test_a_decision_names_what_it_rests_on() -> None:
    facts = change(ai_unit(), reviews=(review(),), pusher=Person(login="ada"))
    found = decision(
        facts, report(RuleResult("a-rule", Verdict.PASS)), Stage.MERGE_QUEUE, ["lane:1"]
    )
    assert (found.target, found.base, found.rev) == ("main", oid("base"), oid("head"))
    assert (found.verdict, found.door, found.by) == (Verdict.PASS, "merge-queue", "ada")
    assert (found.at, found.policy, found.change) == (NOW, oid("policy"), "#23")
    assert found.reasons == ("a-rule: pass",)
    assert found.inputs == (
        f"base-tree:{oid('tree of base')}",
        f"result-tree:{oid('tree of head')}",
        f"head:{oid('head')}",
        f"review:approved:bob:{oid('tree of head')}",
        "lane:1",
    )


def test_what_is_not_known_is_left_out() -> None:
    gone = Unknown("a test")
    facts = change(units=gone, pusher=gone, policy=gone, result_tree=gone, reviews=gone)
    found = decision(facts, report(), Stage.PULL_REQUEST)
    assert (found.by, found.policy, found.verdict) == ("", "", Verdict.UNVERIFIED)
    assert found.inputs == (f"base-tree:{oid('tree of base')}",)


def test_the_first_line_of_a_reason_is_enough() -> None:
    crash = RuleResult("a-rule", Verdict.UNVERIFIED, reason="it crashed\nTraceback:\n secret")
    both = RuleResult("b-rule", Verdict.FAIL, (finding("one\ntwo"), finding("three")))
    assert reasons(crash, both) == (
        "a-rule: unverified: it crashed",
        "b-rule: fail: one",
        "b-rule: fail: three",
    )


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("git push https://ada:hunter2@example.org failed", "hunter2"),
        ("the token ghp_0123456789abcdef0123456789abcdef0123", "ghp_0123"),
        ("key AKIAIOSFODNN7EXAMPLE", "AKIAIOS"),
        ("-----BEGIN RSA PRIVATE KEY----- MIIEow", "MIIEow"),
        ("Authorization: Bearer abc.def.ghi", "abc.def"),
        ("url?password=hunter2", "hunter2"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, gone: str) -> None:
    (found,) = reasons(RuleResult("a-rule", Verdict.FAIL, (finding(text),)))
    assert gone not in found
    assert "***" in found


def test_a_terminal_obeys_nothing_in_it() -> None:
    text = "a\x1b[31mred\u202e\x07 \udcff"
    (found,) = reasons(RuleResult("a-rule", Verdict.FAIL, (finding(text),)))
    assert found.isprintable()
    found.encode("utf-8")


def test_it_is_bounded() -> None:
    many = tuple(finding(f"{number} " + "x" * 2 * LONGEST) for number in range(MOST + 5))
    found = reasons(RuleResult("a-rule", Verdict.FAIL, many))
    assert len(found) == MOST + 1
    assert found[-1] == "and 5 more"
    assert all(len(each) < LONGEST + 50 for each in found)


def test_titles_and_bodies_do_not_get_into_it(hub: Hub) -> None:
    facts = change(title="TITLE", body="BODY")
    found = decision(facts, report(RuleResult("a-rule", Verdict.PASS)), Stage.PRE_RECEIVE)
    assert "TITLE" not in repr(found)
    assert "BODY" not in repr(found)
    hub.records.log("main", [found])
    ((_, read),) = hub.records.decisions("main")
    assert read == found


def test_what_fails_is_told_by_its_findings_alone() -> None:
    result = RuleResult("a-rule", Verdict.FAIL, (finding("caf\u00e9"),), reason="and more")
    assert reasons(result) == ("a-rule: fail: caf\u00e9",)
    hold = RuleResult("a-rule", Verdict.HOLD, reason="held by #20")
    assert reasons(hold) == ("a-rule: hold: held by #20",)


def test_the_longest_line_is_kept_whole_and_the_next_is_cut() -> None:
    whole, cut = ("x" * LONGEST, "x" * (LONGEST + 1))
    found = reasons(RuleResult("a-rule", Verdict.FAIL, (finding(whole), finding(cut))))
    assert found == (f"a-rule: fail: {whole}", f"a-rule: fail: {whole[:-3]}...")


def test_a_head_that_is_not_known_is_left_out() -> None:
    facts = change(ai_unit(head=Unknown("a test")), base_tree="")
    found = decision(facts, report(), Stage.PULL_REQUEST)
    assert found.inputs == (f"result-tree:{oid('tree of head')}",)
