"""Rules over changes: verdicts, levels, doors, and that nothing unknown is a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guard.change import CHANGE, Change, FileChange, How, LaneFacts, LaneRecord, RecordKind, Unknown
from guard.change_engine import held_words, level_of, run_changes
from guard.engine import ConfiguredRule, PathLevel
from guard.globs import Globs
from guard.model import (
    Finding,
    Held,
    Level,
    Missing,
    Place,
    RuleResult,
    Stage,
    Unjudged,
    Verdict,
    When,
)
from guard.rule import ChangeRule
from guard.samples import change, unit

HELD = Held("lane held by #20", "#20")
MISSING = Missing("reviews", "nobody was asked", "Ask.")
WARNING, ERROR, OFF = Level.WARNING, Level.ERROR, Level.OFF


class Says(ChangeRule):
    """It says what it is told to."""

    id = "says"
    summary = "Anything."
    because = ""

    def __init__(self, *said: Any) -> None:
        self.said = said

    def idle(self, change: Change, options: Any) -> str:
        return self.because

    def check(self, change: Change, options: Any) -> Any:
        for item in self.said:
            if isinstance(item, BaseException):
                raise item
            yield item


class Idle(Says):
    because = "nothing of the kind"


class CrashesBefore(Says):
    def idle(self, change: Change, options: Any) -> str:
        raise ZeroDivisionError("before")


def finding(path: str = "", level: Level = ERROR, rule: str = "says") -> Finding:
    place = Place(path, 0, 0)
    return Finding(rule, place, path or "x", "m", "", When.LANDING, "f", level=level)


def on(rule: ChangeRule, level: Level = ERROR, **per_path: Level) -> Any:
    levels = tuple(PathLevel(Globs([f"{path}/"]), each) for path, each in per_path.items())
    return ConfiguredRule(rule, level, None, levels)


def judge(item: Any, stage: Stage = Stage.PULL_REQUEST, of: Change | None = None) -> RuleResult:
    report = run_changes(of or change(), [item], stage)
    (result,) = [each for each in report.results if each.rule == "says"]
    return result


def touching(*paths: str) -> Change:
    return change(unit(files=tuple(FileChange(path) for path in paths)))


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ((), Verdict.PASS),
        ((finding(),), Verdict.FAIL),
        ((finding(level=WARNING),), Verdict.PASS),
        ((HELD,), Verdict.HOLD),
        ((MISSING,), Verdict.UNVERIFIED),
        ((HELD, MISSING), Verdict.UNVERIFIED),
        ((HELD, MISSING, finding()), Verdict.FAIL),
        ((finding(level=WARNING), HELD), Verdict.HOLD),
        ((ZeroDivisionError("x"),), Verdict.UNVERIFIED),
        ((finding(), ZeroDivisionError("x")), Verdict.FAIL),
        ((SystemExit(0),), Verdict.UNVERIFIED),
        ((Unjudged("a", "b"),), Verdict.UNVERIFIED),
        ((None,), Verdict.UNVERIFIED),
        ((finding(rule="other"),), Verdict.UNVERIFIED),
    ],
)
def test_the_verdict_of_what_a_rule_says(said: tuple[Any, ...], verdict: Verdict) -> None:
    assert judge(on(Says(*said))).verdict is verdict


def test_holds_and_missing_facts_are_kept_and_told() -> None:
    result = judge(on(Says(HELD, MISSING, MISSING)))
    assert (result.held, result.missing) == ((HELD,), (MISSING,))
    assert result.reason == "reviews not known: nobody was asked. Ask.; lane held by #20"
    assert result.findings == ()


def test_a_fact_that_lacks_says_what_to_do_if_anything_is_known() -> None:
    bare = Missing("reviews", "nobody was asked")
    assert judge(on(Says(bare))).reason == "reviews not known: nobody was asked"
    fixes = [judge(on(Says(each), WARNING)).findings[0].fix for each in (MISSING, bare)]
    assert fixes == ["Ask.", "Have the source of the facts say reviews."]


def test_a_crash_names_the_rule_and_the_error() -> None:
    assert judge(on(Says(ZeroDivisionError("x")))).reason.startswith(
        "the rule says crashed: ZeroDivisionError: x\n"
    )


@pytest.mark.parametrize("said", [(), (finding(),)])
def test_a_rule_that_crashes_before_it_is_asked_is_unverified(said: tuple[Any, ...]) -> None:
    result = judge(on(CrashesBefore(*said)))
    assert result.verdict is Verdict.UNVERIFIED
    assert "ZeroDivisionError: before" in result.reason


def test_an_idle_rule_is_skipped_with_its_reason() -> None:
    result = judge(on(Idle(finding())))
    assert (result.verdict, result.reason) == (Verdict.SKIPPED, "nothing of the kind")
    assert judge(on(Idle(ZeroDivisionError()))).verdict is Verdict.SKIPPED


def test_a_run_of_idle_rules_alone_is_no_pass() -> None:
    assert run_changes(change(), [on(Idle())]).verdict is Verdict.UNVERIFIED
    assert run_changes(change(), []).verdict is Verdict.UNVERIFIED


def test_the_queue_must_have_an_answer() -> None:
    result = judge(on(Says(HELD)), Stage.MERGE_QUEUE)
    assert result.verdict is Verdict.FAIL
    (found,) = result.findings
    assert found.message == "not its turn: lane held by #20"
    assert (found.name, found.place, found.level) == ("#20", CHANGE, ERROR)
    assert result.reason == ""
    assert result.held == (HELD,)


def test_a_hold_that_names_no_holder_is_about_the_turn() -> None:
    (found,) = judge(on(Says(Held("not yet"))), Stage.MERGE_QUEUE).findings
    assert (found.name, found.message) == ("turn", "not its turn: not yet")


@pytest.mark.parametrize("stage", [Stage.PULL_REQUEST, Stage.PRE_RECEIVE])
def test_elsewhere_it_waits(stage: Stage) -> None:
    result = judge(on(Says(HELD)), stage)
    assert (result.verdict, result.findings) == (Verdict.HOLD, ())


@pytest.mark.parametrize("stage", [Stage.PULL_REQUEST, Stage.MERGE_QUEUE])
@pytest.mark.parametrize(
    ("said", "message"),
    [
        (HELD, "not its turn: lane held by #20"),
        (MISSING, "reviews not known: nobody was asked. Ask."),
        (finding(), "m"),
    ],
)
def test_where_a_rule_is_a_warning_it_blocks_by_nothing(
    stage: Stage, said: Any, message: str
) -> None:
    result = judge(on(Says(said), WARNING), stage)
    assert result.verdict is Verdict.PASS
    assert [(each.message, each.level) for each in result.findings] == [(message, WARNING)]
    assert result.reason == ""


def test_a_crash_is_unverified_even_of_a_warning() -> None:
    assert judge(on(Says(ZeroDivisionError()), WARNING)).verdict is Verdict.UNVERIFIED


def test_a_rule_that_is_off_is_not_asked() -> None:
    result = judge(on(Says(ZeroDivisionError()), OFF))
    assert (result.verdict, result.reason) == (Verdict.SKIPPED, "its level is off")


def test_a_rule_is_not_asked_at_a_door_that_is_not_its_own() -> None:
    result = judge(on(Says(ZeroDivisionError())), Stage.PRE_COMMIT)
    assert (result.verdict, result.reason) == (Verdict.SKIPPED, "it does not run at pre-commit")


@pytest.mark.parametrize(
    ("paths", "level"),
    [
        (("docs/a",), OFF),
        (("docs/a", "tests/b"), WARNING),
        (("docs/a", "src/c"), ERROR),
        (("src/c",), ERROR),
        ((), ERROR),
    ],
)
def test_the_change_has_the_highest_level_of_what_it_touches(
    paths: tuple[str, ...], level: Level
) -> None:
    item = on(Says(), docs=OFF, tests=WARNING)
    assert level_of(item, touching(*paths)) is level


@pytest.mark.parametrize("base", [OFF, WARNING])
def test_where_the_files_are_not_known_the_highest_level_counts(base: Level) -> None:
    of = change(unit(files=Unknown("?")))
    assert level_of(on(Says(), base, api=ERROR), of) is ERROR
    assert level_of(on(Says(), base), of) is base
    assert level_of(on(Says(), base, api=ERROR), replace(of, units=Unknown("?"))) is ERROR


def test_a_rule_can_be_on_for_some_paths_alone() -> None:
    item = on(Says(finding()), OFF, api=ERROR)
    assert judge(item, of=touching("api/a", "src/b")).verdict is Verdict.FAIL
    result = judge(item, of=touching("src/b"))
    assert result.verdict is Verdict.SKIPPED
    assert result.reason == "its level is off at every file of the change"


def test_a_finding_in_a_file_has_the_level_there() -> None:
    item = on(
        Says(finding("docs/a"), finding("src/b"), finding("tests/c")), tests=WARNING, docs=OFF
    )
    result = judge(item, of=touching("docs/a", "src/b", "tests/c"))
    found = [(each.place.path, each.level) for each in result.findings]
    assert found == [("src/b", ERROR), ("tests/c", WARNING)]


def test_the_same_finding_twice_is_one() -> None:
    assert len(judge(on(Says(finding(), finding()))).findings) == 1


@pytest.mark.parametrize(
    ("of", "rule", "said"),
    [
        (change(units=()), "empty-selection", "the change brings nothing to main"),
        (change(units=Unknown("a shallow clone")), "incomplete-run", "units not known: a shallow"),
    ],
)
def test_a_change_of_nothing_is_no_pass(of: Change, rule: str, said: str) -> None:
    report = run_changes(of, [on(Says())])
    assert report.verdict is Verdict.UNVERIFIED
    (result,) = [each for each in report.results if each.rule == rule]
    assert said in result.reason


def test_a_change_that_brings_something_has_the_results_of_its_rules_alone() -> None:
    report = run_changes(change(), [on(Says())])
    assert [result.rule for result in report.results] == ["says"]
    assert report.verdict is Verdict.PASS


def test_a_deployment_may_bring_nothing_to_a_branch() -> None:
    report = run_changes(change(units=(), promotes_to="production"), [on(Says())])
    assert report.verdict is Verdict.PASS
    assert report.subject == "change #23 to production"


def test_a_report_says_what_was_judged() -> None:
    report = run_changes(change(), [on(Says())])
    assert (report.subject, report.files, report.unit) == ("change #23 into main", 1, "change")
    assert run_changes(change(units=Unknown("?")), [on(Says())]).files == 0
    assert run_changes(change(id="", rev="a" * 40), []).subject == f"change {'a' * 12} into main"


def test_a_report_shows_what_humans_decided_about_the_lane() -> None:
    def lane(count: int) -> LaneFacts:
        start = LaneRecord(RecordKind.STARTED, "a0", 0, "server")
        words = [
            LaneRecord(
                RecordKind.RELEASED, f"a{n}", n, "ada", how=How.OVERRIDE, reason=f"urgent {n}"
            )
            for n in range(count)
        ]
        return LaneFacts("main", "tip", (), (start, *words))

    assert run_changes(change(lane=lane(0)), [on(Says())]).notes == ()
    assert run_changes(change(lane=Unknown("?")), [on(Says())]).notes == ()
    (note,) = run_changes(change(lane=lane(1)), [on(Says())]).notes
    assert note == "lane: a0 released by ada, no evidence: urgent 0"
    first, *rest = run_changes(change(lane=lane(9)), [on(Says())]).notes
    assert first.startswith("9 times a human decided")
    assert [each.rpartition(" ")[2] for each in rest] == ["6", "7", "8"]


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (Held("x"), "x"),
        (Held("x", until=1_800_000_000), "x until 2027-01-15 08:00 UTC"),
        (Held("x", until=10**18), "x until 1000000000000000000 s after 1970"),
        (Held("x", place=1), "x; you are 1st"),
        (Held("x", place=2, of=3), "x; you are 2nd of 3"),
        (Held("x", place=11, of=13), "x; you are 11th of 13"),
        (Held("x", place=12), "x; you are 12th"),
        (Held("x", place=23, of=112), "x; you are 23rd of 112"),
        (Held("x", place=113, of=121), "x; you are 113th of 121"),
    ],
)
def test_the_words_of_a_hold(held: Held, words: str) -> None:
    assert held_words(held) == words
