from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from guard.baseline import STALE_ENTRY, Baseline, make_baseline
from guard.engine import ConfiguredRule, PathLevel, run, subtract
from guard.errors import GitError, Unreadable
from guard.globs import Globs
from guard.model import (
    EXIT_CODES,
    Finding,
    Level,
    Place,
    Report,
    RuleResult,
    Stage,
    Unjudged,
    Verdict,
    When,
)
from guard.rule import Extractor, NoOptions, Project, SourceRule
from guard.suppress import INLINE_IGNORE
from guard.testing import FakeProject


def bad_lines(data: bytes) -> tuple[int, ...]:
    lines = data.decode().splitlines()
    return tuple(number for number, line in enumerate(lines, 1) if "bad" in line)


class BadWord(SourceRule):
    id = "bad-word"
    summary = "A line says bad."

    def check(self, project: Project, options: Any) -> Iterable[Finding | Unjudged]:
        for path, lines in project.facts(Extractor("bad-lines", "1", bad_lines)).items():
            for line in lines:
                yield finding(path, line)


def finding(path: str, line: int = 1, name: str = "bad", rule: str = "bad-word") -> Finding:
    place = Place(path, line, 1)
    return Finding(rule, place, name, "it is bad", "NameError: bad", When.IMPORT, "Make it good.")


class Says(SourceRule):
    """Answers what it was made with; an exception is raised in its turn."""

    id = "says"
    summary = "Says what it is told."

    def __init__(self, *answers: object) -> None:
        self.answers = answers

    def check(self, project: Project, options: Any) -> Iterable[Any]:
        for answer in self.answers:
            if isinstance(answer, BaseException):
                raise answer
            yield answer


def on(rule: SourceRule, level: Level = Level.ERROR, *per_path: PathLevel) -> ConfiguredRule:
    return ConfiguredRule(rule, level, NoOptions(), per_path)


OWN = (on(INLINE_IGNORE), on(STALE_ENTRY))


def result(report: Report, rule: str) -> RuleResult:
    (found,) = (item for item in report.results if item.rule == rule)
    return found


def test_an_error_fails() -> None:
    report = run(FakeProject({"a.py": "bad\n", "b.py": ""}), [on(BadWord()), *OWN])
    assert report.verdict is Verdict.FAIL
    assert EXIT_CODES[report.verdict] == 1
    assert report.files == 2
    assert [item.place for item in report.findings] == [Place("a.py", 1, 1)]


def test_a_warning_is_shown_and_passes() -> None:
    report = run(FakeProject({"a.py": "bad\n"}), [on(BadWord(), Level.WARNING)])
    assert report.verdict is Verdict.PASS
    assert [item.level for item in report.findings] == [Level.WARNING]


def test_a_clean_project_passes() -> None:
    report = run(FakeProject({"a.py": "good\n"}), [on(BadWord()), *OWN])
    assert report.verdict is Verdict.PASS
    assert [item.verdict for item in report.results] == [
        Verdict.PASS,
        Verdict.PASS,
        Verdict.SKIPPED,
    ]


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [on(BadWord(), Level.OFF), *OWN],
        [on(BadWord(), Level.OFF, PathLevel(Globs(["a.py"]), Level.OFF)), *OWN],
        OWN,
    ],
)
def test_a_run_in_which_nothing_was_judged_is_never_a_pass(rules: list[ConfiguredRule]) -> None:
    report = run(FakeProject({"a.py": "bad\n"}), rules)
    assert report.verdict is Verdict.UNVERIFIED
    assert EXIT_CODES[report.verdict] == 3
    assert all(item.reason for item in report.results)


def test_an_empty_selection_is_unverified() -> None:
    report = run(FakeProject({"README.md": ""}), [on(BadWord())])
    assert report.verdict is Verdict.UNVERIFIED
    assert result(report, "empty-selection").reason == (
        "there is no Python file in the fake: nothing was judged"
    )
    report = run(FakeProject({"a.py": "bad"}), [on(BadWord())], selected=lambda path: False)
    assert report.verdict is Verdict.UNVERIFIED
    assert "no Python file is selected" in result(report, "empty-selection").reason


def test_the_level_of_the_path_decides() -> None:
    files = {"a.py": "bad", "tests/a.py": "bad", "tests/slow/a.py": "bad"}
    per_path = (
        PathLevel(Globs(["tests/**"]), Level.OFF),
        PathLevel(Globs(["tests/slow"]), Level.WARNING),
    )
    report = run(FakeProject(files), [on(BadWord(), Level.ERROR, *per_path)])
    assert [(item.place.path, item.level) for item in report.findings] == [
        ("a.py", Level.ERROR),
        ("tests/slow/a.py", Level.WARNING),
    ]


def test_a_rule_that_is_off_runs_where_a_path_turns_it_on() -> None:
    per_path = PathLevel(Globs(["core"]), Level.ERROR)
    files = {"a.py": "bad", "core/a.py": "bad"}
    report = run(FakeProject(files), [on(BadWord(), Level.OFF, per_path)])
    assert [item.place.path for item in report.findings] == ["core/a.py"]


def test_a_per_path_pattern_that_matches_no_file_is_told() -> None:
    per_path = PathLevel(Globs(["test/**", "a.py"]), Level.OFF)
    report = run(FakeProject({"a.py": ""}), [on(BadWord(), Level.ERROR, per_path)])
    assert report.notes == ("the per-path pattern 'test/**' matches no file",)


def test_a_rule_of_another_stage_is_skipped_with_the_reason() -> None:
    class Late(BadWord):
        stages = frozenset({Stage.MERGE_QUEUE})

    report = run(FakeProject({"a.py": "bad"}), [on(Late())], stage=Stage.PRE_COMMIT)
    assert report.results[0].verdict is Verdict.SKIPPED
    assert report.results[0].reason == "it does not run at pre-commit"
    assert report.verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize(
    "error", [ValueError("no such\nthing"), RecursionError(), SystemExit(0), MemoryError()]
)
def test_a_crash_names_the_rule_and_the_others_still_run(error: BaseException) -> None:
    rules = [on(Says(error)), on(BadWord(), Level.WARNING), *OWN]
    report = run(FakeProject({"a.py": "bad"}), rules)
    crashed = result(report, "says")
    first, _, trace = crashed.reason.partition("\n")
    assert crashed.verdict is Verdict.UNVERIFIED
    assert first.startswith(f"the rule says crashed: {type(error).__name__}")
    assert trace.startswith("Traceback (most recent call last)")
    assert report.verdict is Verdict.UNVERIFIED
    assert [item.rule for item in report.findings] == ["bad-word"]


def test_a_crash_names_the_file_where_it_is_known() -> None:
    error = ValueError("odd")
    error.path = "a.py"  # type: ignore[attr-defined]
    error.add_note("while reading facts")
    (crashed,) = run(FakeProject({"a.py": ""}), [on(Says(error))]).results
    first = crashed.reason.partition("\n")[0]
    assert first == "the rule says crashed at a.py: ValueError: odd (while reading facts)"


def test_a_crash_after_a_finding_keeps_the_finding_and_the_failure() -> None:
    report = run(FakeProject({"a.py": ""}), [on(Says(finding("a.py", rule="says"), ValueError()))])
    assert report.verdict is Verdict.FAIL
    assert "crashed" in report.results[0].reason


def test_what_cannot_be_read_is_unverified_not_a_crash() -> None:
    (said,) = run(FakeProject({"a.py": ""}), [on(Says(Unreadable("a.py", "gone")))]).results
    assert (said.verdict, said.unjudged) == (Verdict.UNVERIFIED, (Unjudged("a.py", "gone"),))
    (said,) = run(FakeProject({"a.py": ""}), [on(Says(GitError("git is missing")))]).results
    assert (said.verdict, said.reason) == (Verdict.UNVERIFIED, "git is missing")


@pytest.mark.parametrize("junk", [None, "text", finding("a.py", rule="another")])
def test_junk_from_a_rule_is_a_crash(junk: object) -> None:
    (said,) = run(FakeProject({"a.py": ""}), [on(Says(junk))]).results
    assert said.verdict is Verdict.UNVERIFIED
    assert "TypeError: it returned" in said.reason


def test_an_interrupt_is_not_caught() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(FakeProject({"a.py": ""}), [on(Says(KeyboardInterrupt()))])


def test_an_unjudged_file_makes_the_rule_unverified() -> None:
    said = Unjudged("a.py", "invalid syntax", 3)
    report = run(FakeProject({"a.py": ""}), [on(Says(said, said))])
    assert report.verdict is Verdict.UNVERIFIED
    assert report.results[0].unjudged == (said,)
    assert report.results[0].reason == "1 file could not be judged"
    off = PathLevel(Globs(["a.py"]), Level.OFF)
    assert (
        run(FakeProject({"a.py": ""}), [on(Says(said), Level.ERROR, off)]).verdict is Verdict.PASS
    )


def test_unreadable_files_are_one_unverified_result() -> None:
    project = FakeProject({"a.py": "bad", "b.py": ""})
    project.break_file("b.py", "permission denied")
    project.break_file("c.py", "is a device")
    report = run(project, [on(BadWord(), Level.WARNING)])
    assert report.verdict is Verdict.UNVERIFIED
    said = result(report, "unreadable-file")
    assert said.unjudged == (
        Unjudged("b.py", "permission denied"),
        Unjudged("c.py", "is a device"),
    )
    assert said.reason


def test_the_selection_limits_the_report_not_the_rules() -> None:
    guard = Place("a.py", 1, 1)
    linked = replace(finding("b.py", rule="says"), guard=guard)
    other = finding("c.py", rule="says")
    project = FakeProject({"a.py": "", "b.py": "", "c.py": ""})
    rules = [on(Says(linked, other, Unjudged("c.py", "broken")))]
    report = run(project, rules, selected=lambda path: path == "a.py")
    assert report.findings == (linked,)
    assert report.files == 1
    assert report.notes == ("1 file outside the selection could not be judged",)
    assert report.results[0].unjudged == ()


def test_equal_findings_are_one() -> None:
    one = finding("a.py", rule="says")
    assert run(FakeProject({"a.py": ""}), [on(Says(one, one))]).findings == (one,)


def test_the_same_input_gives_the_same_report() -> None:
    files = {f"p{number}.py": "x\nbad\nbad\n" for number in range(20)}
    rules = [on(BadWord()), *OWN]
    assert run(FakeProject(files), rules) == run(FakeProject(files), rules)


def reported(*findings: Finding, unjudged: tuple[Unjudged, ...] = (), reason: str = "") -> Report:
    answers = [*findings, *unjudged, *([ValueError(reason)] if reason else [])]
    return run(FakeProject({"a.py": "", "b.py": ""}), [on(Says(*answers))])


def test_subtract_leaves_what_the_change_causes() -> None:
    old, moved = finding("a.py", 3, rule="says"), finding("a.py", 9, rule="says")
    new = finding("b.py", rule="says")
    left = subtract(reported(moved, new), reported(old))
    assert (left.findings, left.verdict) == ((new,), Verdict.FAIL)
    left = subtract(reported(moved), reported(old))
    assert (left.findings, left.verdict) == ((), Verdict.PASS)


def test_subtract_counts_findings_with_one_id() -> None:
    first, second = finding("a.py", 3, rule="says"), finding("a.py", 9, rule="says")
    assert subtract(reported(first, second), reported(first)).findings == (second,)


def test_subtract_keeps_what_could_not_be_judged_because_of_the_change() -> None:
    broken = Unjudged("a.py", "invalid syntax")
    assert subtract(reported(unjudged=(broken,)), reported()).verdict is Verdict.UNVERIFIED
    both = subtract(reported(unjudged=(broken,)), reported(unjudged=(broken,)))
    assert both.verdict is Verdict.PASS
    assert subtract(reported(reason="x"), reported(reason="x")).verdict is Verdict.UNVERIFIED
    half = subtract(
        reported(finding("a.py", rule="says"), reason="x"), reported(finding("a.py", rule="says"))
    )
    assert half.verdict is Verdict.UNVERIFIED


def test_the_baseline_takes_out_what_is_known() -> None:
    project = FakeProject({"a.py": "bad\n\nbad\n", "b.py": "bad\n"})
    before = run(project, [on(BadWord()), *OWN])
    baseline = Baseline("base.json", make_baseline(before.findings))
    report = run(project, [on(BadWord()), *OWN], baseline=baseline)
    assert report.verdict is Verdict.PASS
    assert report.notes == ("3 findings accepted by base.json",)
    more = FakeProject({"a.py": "bad\nbad\nbad\n", "b.py": "bad\n"})
    report = run(more, [on(BadWord()), *OWN], baseline=baseline)
    assert [item.place for item in report.findings] == [Place("a.py", 3, 1)]


def test_a_baseline_entry_that_matches_nothing_is_stale_only_where_it_was_judged() -> None:
    files = {"a.py": "bad\nbad\n", "b.py": "bad\n", "c.py": "bad\n", "d.py": "bad\n"}
    before = run(FakeProject(files), [on(BadWord())])
    baseline = Baseline("base.json", make_baseline(before.findings))
    # a: one of two mended; b: cannot be read; c: the rule is off there; d: deleted.
    project = FakeProject({"a.py": "bad\n", "b.py": "", "c.py": ""})
    project.break_file("b.py", "permission denied")
    off = PathLevel(Globs(["c.py"]), Level.OFF)
    report = run(project, [on(BadWord(), Level.ERROR, off), *OWN], baseline=baseline)
    stale = result(report, "stale-baseline-entry").findings
    assert sorted(item.message.split(" ", 2)[2] for item in stale) == [
        "(bad-word, a.py, bad) matches 1 of its 2 findings",
        "(bad-word, d.py, bad) matches no finding",
    ]
    assert {item.place.path for item in stale} == {"base.json"}
    crashed = run(project, [on(Says(ValueError())), *OWN], baseline=baseline)
    assert result(crashed, "stale-baseline-entry").findings == ()


def test_a_file_that_exists_but_is_left_out_is_not_stale() -> None:
    entry = make_baseline([finding("left_out.txt")])
    project = FakeProject({"a.py": "", "left_out.txt": "not among the Python files"})
    report = run(project, [on(BadWord()), *OWN], baseline=Baseline("base.json", entry))
    assert report.verdict is Verdict.PASS
