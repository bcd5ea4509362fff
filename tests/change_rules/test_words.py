"""Options that make no sense, sections of a text, and what findings say beyond their names."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from guard.change import (
    CHANGE,
    Deployment,
    Evidence,
    FileChange,
    Health,
    OpenChange,
    Origin,
    PolicyEdit,
    Rollback,
    State,
    Unknown,
)
from guard.config import parse_policy
from guard.errors import PolicyError
from guard.model import Level, Stage, Verdict
from guard.samples import ADA, NOW, ai_unit, change, oid, review, unit
from guard_rules import guard_rules
from guard_rules.missing_rollback_plan.section import has_plan

from .kit import judge, said


@pytest.mark.parametrize(
    ("rule", "options", "words"),
    [
        ("missing-human-approval", "count: 0", "set the level to off"),
        ("too-many-open-ai-changes", "per-author: 0", "per-author is 1 or more, or null"),
        ("too-many-open-ai-changes", "total: 0", "total is 1 or more"),
        ("oversized-ai-change", "lines: 0", "lines and files are 1 or more"),
        ("oversized-ai-change", "files: 0", "lines and files are 1 or more"),
        ("oversized-ai-change", "exclude: ['!x']", "cannot begin with '!'"),
        ("missing-rollback-plan", "paths: ['a//b']", "no empty part"),
        ("policy-weakened", "roles: []", "name at least one role"),
        ("unsoaked-promotion", "from: ''", "names of environments"),
        ("unsoaked-promotion", "to: []", "names of environments"),
        ("unsoaked-promotion", "from: production", "neither from nor free"),
        ("unsoaked-promotion", "free: [production]", "neither from nor free"),
        ("unsoaked-promotion", "soak: 3600", "a length of time"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(rule: str, options: str, words: str) -> None:
    text = f"version: 1\nrules:\n  {rule}: {{{options}}}\n"
    with pytest.raises(PolicyError) as caught:
        parse_policy(text.encode(), "guard.yaml", tuple(guard_rules()))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "## Rollback\n\nRevert it.\n",
        "### rollback plan ###\nRevert it.\n",
        "# Roll-back steps:\n* revert\n",
        "Rollback\n--------\nRevert it.\n",
        "## **Rollback**\n\nRevert it.\n",
        "Fix a bug\n\nRollback: revert it\n",
        "- **Rollback:** revert it\n",
        "ROLLBACK PLAN:\n\n\n- revert\n",
        "Rollback:\n  revert it\nTests: many\n",
        "## Rollback\r\n\r\nRevert it.\r\n",
        "## Rollback\n\n<!-- how? -->\nRevert it.\n",
        "## Rollback\n\n```\ngit revert HEAD\n```\n",
        "## Rollback\nTODO\n## Rollback\nRevert it.\n",
        "Rollback: No data is lost; revert it.\n",
    ],
)
def test_a_section_that_says_something(text: str) -> None:
    assert has_plan(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rollback",
        "Rollback:",
        "## Rollback",
        "## Rollback\n\n## Tests\n\nMany.\n",
        "Rollback\n====\n\nTests\n=====\nMany.\n",
        "# Rollback\n\nTBD.\n",
        "Rollback: N/A\n",
        "Rollback: none.\n\nMore text.\n",
        "Rollback: -\n",
        "Rollback: ...\n",
        "Rollback:\n\n## Tests\nMany.\n",
        "## Rollback\n<!-- revert it\n",
        "~~~\nRollback: revert it\n~~~\n",
        "```\n```x\nRollback: revert it\n",
        "````\n```\n## Rollback\nRevert it.\n````\n",
        "#Rollback\nRevert it.\n",
        "## Rollbacks are hard\n\nVery.\n",
        "We can rollback: revert it.\n",
        "    Rollback: revert it, in a code block\n",
    ],
)
def test_a_text_without_a_plan(text: str) -> None:
    assert not has_plan(text)


@pytest.mark.parametrize(
    "text",
    [
        "## " + " " * 30000 + "x",
        "#" * 60000,
        "- Rollback:\n" * 6000,
        "<!--" * 15000,
        "Rollback:" + " " * 60000,
        "Rollback\n--\n" * 5000,
        "```\n" * 15000,
    ],
)
def test_a_hostile_text_has_an_answer(text: str) -> None:
    """A pattern that backtracks would not come to an end."""
    assert has_plan(text) is text.startswith("- Rollback:")


def test_size_says_what_is_large() -> None:
    files = (
        FileChange("a.py", added=400, deleted=150),
        FileChange("b.png"),
        FileChange("c.py", added=2, deleted=0),
    )
    result = judge("oversized-ai-change", change(ai_unit(files=files)))
    assert said(result).startswith(
        "AI change #23 changes 552 lines in 3 files, 1 of them binary; the policy allows 500 lines "
        "in 25 files. The largest: a.py (550), c.py (2), b.png (binary)"
    )


def test_numbers_and_ids() -> None:
    others = tuple(OpenChange(f"#{each}", Origin.AI, ADA) for each in (1, 2, 3, 99))
    result = judge("too-many-open-ai-changes", change(ai_unit(), others=others))
    assert "4 AI changes of ada are open, and the policy allows 3: this one, #1, #2, #3" in said(
        result
    )


def test_each_limit_stands_alone() -> None:
    rule, others = "too-many-open-ai-changes", (OpenChange("#1", Origin.AI, ADA),)
    of = change(ai_unit(), others=others)
    limits: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({"per_author": None, "total": 1}, ["total"]),
        ({"per_author": 1, "total": None}, ["ada"]),
        ({"per_author": None, "total": None}, []),
        ({"per_author": 2, "total": 2}, []),
    )
    for options, names in limits:
        assert [each.name for each in judge(rule, of, **options).findings] == names
    hidden = change(ai_unit(), others=Unknown("?"))
    assert judge(rule, hidden, per_author=None, total=None).verdict is Verdict.PASS
    hidden = change(ai_unit(), others=others, opener=Unknown("?"))
    assert judge(rule, hidden, per_author=None, total=5).verdict is Verdict.PASS


def test_size_shows_the_three_largest() -> None:
    files = tuple(FileChange(f"{size}.py", added=size, deleted=0) for size in (100, 400, 200, 300))
    told = said(judge("oversized-ai-change", change(ai_unit(files=files))))
    assert "changes 1,000 lines in 4 files; the policy" in told
    assert told.rstrip().endswith("The largest: 400.py (400), 300.py (300), 200.py (200)")


@pytest.mark.parametrize("mine", ["refs/heads/x", "!5"])
def test_an_id_without_a_number_is_not_earlier(mine: str) -> None:
    others = tuple(OpenChange(each, Origin.AI, ADA) for each in ("#1", "a", "!4"))
    result = judge("too-many-open-ai-changes", change(ai_unit(id=mine), others=others))
    assert result.verdict is Verdict.FAIL


def test_a_conflict_names_the_files() -> None:
    rollback = Rollback(False, ("a.py", "b.py"), ("c.py:1: broken",))
    result = judge("missing-rollback-plan", change(ai_unit(), rollback=rollback))
    assert [each.name for each in result.findings] == ["conflict", "worse"]
    assert "conflicts in a.py, b.py" in said(result)
    assert "checks fail that pass on main today: c.py:1: broken" in said(result)


def test_a_rollback_may_fail_without_a_conflict() -> None:
    result = judge("missing-rollback-plan", change(ai_unit(), rollback=Rollback(False)))
    assert said(result).rstrip() == ("taking AI change #23 back does not apply to what would land")


def test_a_rollback_that_applies_with_conflicts_does_not_apply() -> None:
    rollback = Rollback(True, ("a.py",))
    assert judge("missing-rollback-plan", change(ai_unit(), rollback=rollback)).findings


def test_a_plan_may_be_in_commits_that_nobody_knows() -> None:
    made = unit(files=(FileChange("migrations/2.sql"),), commits=Unknown("?"))
    result = judge("missing-rollback-plan", change(made), paths=("migrations/",))
    assert [each.fact for each in result.missing] == ["units.commits"]
    planned = change(made, body="Rollback: drop the column")
    assert judge("missing-rollback-plan", planned, paths=("migrations/",)).verdict is Verdict.PASS


def test_where_no_path_needs_a_plan_the_files_do_not_matter() -> None:
    of = change(unit(files=Unknown("?")))
    assert judge("missing-rollback-plan", of).verdict is Verdict.PASS
    assert judge("missing-rollback-plan", of, paths=("x",)).verdict is Verdict.UNVERIFIED


def test_a_plan_is_missed_where_the_file_is() -> None:
    of = change(unit(files=(FileChange("src/a.py"), FileChange("migrations/2.sql"))))
    (found,) = judge("missing-rollback-plan", of, paths=("migrations/",)).findings
    assert (found.place.path, found.place.line) == ("migrations/2.sql", 0)


def evidence(**more: Any) -> Evidence:
    values: dict[str, Any] = {
        "tree": oid("tree of head"),
        "check": "smoke",
        "verdict": Verdict.PASS,
        "environment": "e",
        "surroundings": ("python=3.11",),
        "policy": oid("policy"),
        "tool": "t",
        "at": NOW,
        **more,
    }
    return Evidence(**values)


@pytest.mark.parametrize(
    ("more", "options", "words"),
    [
        ({"verdict": Verdict.FAIL, "where": "job 7"}, {}, "fail in python=3.11 at job 7"),
        ({"policy": oid("lax")}, {}, "under another policy (8ec6d2d8dc6c, now"),
        ({"policy": ""}, {}, "under another policy (none, now"),
        ({}, {"environments": ("python=3.12",)}, "in python=3.12; there is some in python=3.11"),
        ({"tree": oid("other")}, {}, "there is no evidence that `smoke` passes on tree"),
    ],
)
def test_evidence_that_does_not_count_is_told(
    more: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    of = change(evidence=(evidence(**more),))
    result = judge("untested-merge-result", of, checks=("smoke",), **options)
    assert words.replace("8ec6d2d8dc6c", oid("lax")[:12]) in said(result)


def test_evidence_is_told_as_it_is() -> None:
    rule, checks = "untested-merge-result", ("smoke",)
    nothing = said(judge(rule, change(), checks=checks)).rstrip()
    assert nothing == (
        f"there is no evidence that `smoke` passes on tree {oid('tree of head')[:12]}"
    )
    of = change(evidence=(evidence(),), policy="")
    assert f"policy ({oid('policy')[:12]}, now none)" in said(judge(rule, of, checks=checks))
    bare = evidence(surroundings=())
    told = said(judge(rule, change(evidence=(bare,)), checks=checks, environments=("f",)))
    assert "in f; there is some in another environment" in told
    bare = evidence(surroundings=(), verdict=Verdict.FAIL)
    assert "fail in e" in said(judge(rule, change(evidence=(bare,)), checks=checks))


def test_a_policy_that_is_not_known_proves_nothing() -> None:
    of = change(evidence=(evidence(),), policy=Unknown("?"))
    assert judge("untested-merge-result", of, checks=("smoke",)).missing[0].fact == "policy"


def test_what_is_broken_still_is_named() -> None:
    of = change(
        target_health=Health(oid("tree of base"), ("a", "b", "c")),
        result_health=Health(oid("tree of head"), ("b",)),
    )
    assert "(the change mends 2 of 3): b" in said(judge("broken-target", of))
    of = replace(of, result_health=of.target_health, result_tree=oid("tree of base"))
    assert "still does with this change: a, b, c" in said(judge("broken-target", of))


def test_each_weakening_is_told_at_its_file() -> None:
    edit = PolicyEdit(
        ("guard.yaml", "guard.yaml.d/x"),
        ("guard.yaml: a is off", "guard.yaml: b is off", "guard.yaml.d/x: gone", "hooks: no more"),
    )
    result = judge("policy-weakened", change(ai_unit(), policy_edit=edit))
    by_name = {each.name: each for each in result.findings}
    assert set(by_name) == {"guard.yaml", "guard.yaml.d/x", "hooks: no more"}
    assert "weaker afterwards: a is off, b is off" in by_name["guard.yaml"].message
    assert "weaker afterwards: gone" in by_name["guard.yaml.d/x"].message
    assert by_name["hooks: no more"].place == CHANGE
    assert by_name["guard.yaml"].place.path == "guard.yaml"


def test_without_a_policy_a_human_is_warned_and_an_ai_refused() -> None:
    edit = PolicyEdit((), ("the hook is gone",))
    for made, level in ((unit(), Level.WARNING), (ai_unit(), Level.ERROR)):
        result = judge("policy-weakened", change(made, policy_edit=edit, policy=""))
        assert [each.level for each in result.findings] == [level]
    unknown = change(unit(), policy_edit=edit, policy=Unknown("?"))
    assert judge("policy-weakened", unknown).missing[0].fact == "policy"


def test_what_is_not_weaker_is_not_called_so() -> None:
    edit, unit_ = PolicyEdit(("guard.yaml",)), ai_unit("x", tree=oid("merged"))
    (found,) = judge("policy-weakened", change(unit_, policy_edit=edit)).findings
    assert found.message.endswith("which judges changes, and no owner approved that")
    assert f"approve tree {oid('tree of x')[:12]};" in found.fix
    (found,) = judge(
        "policy-weakened", change(replace(unit_, head_tree=Unknown("?")), policy_edit=edit)
    ).findings
    assert f"approve tree {oid('merged')[:12]};" in found.fix


def test_a_change_that_touches_nothing_that_judges_needs_no_reviews() -> None:
    of = change(ai_unit(), reviews=Unknown("?"))
    assert judge("policy-weakened", of).verdict is Verdict.PASS


def test_each_unit_that_touches_the_policy_needs_its_owner() -> None:
    files = (FileChange("guard.yaml"),)
    one, two = ai_unit("one", id="#1", files=files), ai_unit("two", id="#2", files=files)
    edit, owner = PolicyEdit(("guard.yaml",)), review("tree of one", roles=("owner",))
    result = judge("policy-weakened", change(one, two, policy_edit=edit, reviews=(owner,)))
    assert ["#2" in each.message for each in result.findings] == [True]
    hidden = replace(two, files=Unknown("?"))
    result = judge("policy-weakened", change(one, hidden, policy_edit=edit, reviews=(owner,)))
    assert ["#2" in each.message for each in result.findings] == [True]
    code = ai_unit("two", id="#2")
    result = judge("policy-weakened", change(one, code, policy_edit=edit, reviews=(owner,)))
    assert result.findings == ()
    elsewhere = PolicyEdit(("guard.yaml", "not/in/a/unit"))
    result = judge("policy-weakened", change(one, code, policy_edit=elsewhere, reviews=(owner,)))
    assert any("#2" in each.message for each in result.findings)


def at(hours: float, rev: str, state: State = State.HEALTHY, env: str = "staging") -> Deployment:
    return Deployment(env, oid(rev), oid(f"tree of {rev}"), state, NOW - int(hours * 3600))


LIVE = at(9, "base", env="production")


def promote(*deployments: Deployment, **more: Any) -> Any:
    of = change(ai_unit(), promotes_to="production", deployments=deployments, **more)
    return judge("unsoaked-promotion", of)


def test_a_soak_says_until_when_and_ends_on_the_second() -> None:
    result = promote(at(0.5, "head"))
    assert result.verdict is Verdict.HOLD
    assert result.held[0].until == NOW + 1800
    assert "less than the 1h of staging until 2027-01-15 08:30 UTC" in result.reason
    assert promote(at(1, "head")).verdict is Verdict.PASS
    late = Deployment("staging", oid("head"), oid("t"), State.HEALTHY, NOW - 3599)
    assert promote(late).verdict is Verdict.HOLD


@pytest.mark.parametrize(
    ("deployments", "verdict"),
    [
        ((at(5, "head"), at(3, "head", State.STARTED), at(0.5, "head")), Verdict.HOLD),
        ((at(5, "head"), at(3, "head", State.STOPPED)), Verdict.FAIL),
        ((at(5, "head"), at(4.5, "next"), at(2, "head")), Verdict.PASS),
        ((at(5, "head"), at(4.5, "next"), at(0.5, "head")), Verdict.HOLD),
        ((at(5, "head"), at(4, "next")), Verdict.PASS),
        ((at(5, "head"), at(4.1, "next"), at(1, "third")), Verdict.FAIL),
        ((at(-1, "head"),), Verdict.HOLD),
        ((at(5, "head", env="qa"),), Verdict.FAIL),
        ((at(2, "head"), at(0.1, "x", State.FAILED, "production")), Verdict.PASS),
        ((at(2, "head"), at(0.1, "head", State.STARTED, "production")), Verdict.PASS),
        ((at(2, "head"), at(0.1, "x", State.STARTED, "production")), Verdict.HOLD),
        ((at(2, "head"), at(9, "base", env="production")), Verdict.PASS),
        ((at(2, "head"), at(9, "x", env="production")), Verdict.UNVERIFIED),
        (
            (
                at(2, "head"),
                at(9, "base", env="production"),
                at(1, "x", State.FAILED, "production"),
            ),
            Verdict.PASS,
        ),
    ],
)
def test_a_soak_is_one_stretch_of_health(
    deployments: tuple[Deployment, ...], verdict: Verdict
) -> None:
    assert promote(*deployments).verdict is verdict


def test_a_revision_may_have_been_there_by_another_name() -> None:
    hidden = promote(at(2, "other"), result_tree=Unknown("?"))
    assert [each.fact for each in hidden.missing] == ["result_tree"]
    assert promote(at(2, "head"), result_tree=Unknown("?")).verdict is Verdict.PASS


def test_a_soak_that_was_cut_short_says_by_what() -> None:
    result = promote(at(5, "head"), at(4.5, "next"))
    assert f"for 1800 s, less than the 1h of staging, before {oid('next')[:12]}" in said(result)


def test_in_the_queue_a_promotion_that_waits_is_refused() -> None:
    of = change(ai_unit(), promotes_to="production", deployments=(at(0.5, "head"),))
    assert judge("unsoaked-promotion", of, Stage.MERGE_QUEUE).verdict is Verdict.FAIL


@pytest.mark.parametrize("rule", [rule.id for rule in guard_rules() if hasattr(rule, "needs")])
def test_a_rule_that_needs_costly_facts_says_so(rule: str) -> None:
    """Without the fact its answer on some of its own cases is another: then it must declare it."""
    found = import_module(f"guard_rules.{rule.replace('-', '_')}").RULE
    for name in ("rollback", "target_health", "result_health"):
        reads = False
        for case in found.cases():
            options = case.options or found.options()
            hidden = replace(case.change, **{name: Unknown("?")})
            answers = [
                [] if found.idle(of, options) else [*found.check(of, options)]
                for of in (case.change, hidden)
            ]
            reads = reads or answers[0] != answers[1]
        assert reads == (name in found.needs)
