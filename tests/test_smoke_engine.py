from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from guard.engine import ConfiguredRule, PathLevel
from guard.globs import Globs
from guard.model import Finding, Level, Place, Report, Stage, Unjudged, Verdict, When
from guard.observed import (
    EntryRun,
    Excluded,
    Failure,
    Interpreter,
    ModuleRun,
    Optionality,
    Outcome,
    SmokeRun,
)
from guard.rule import Project, SmokeRule
from guard.smoke_engine import run_smoke
from guard.testing import FakeProject

PYTHON = Interpreter(".venv/bin/python", (3, 11, 7), ".venv in the project")
FILES = {"a.py": "import b\n", "b.py": "1 / 0\n"}
PROJECT = FakeProject(FILES)
ZERO = Failure("ZeroDivisionError", "division by zero")


class Fails(SmokeRule):
    id = "fails"
    summary = "A module did not import."

    def check(self, run: SmokeRun, project: Project, options: Any) -> Iterable[Finding]:
        for module in run.modules:
            if module.outcome is Outcome.RAISED:
                yield finding(self.id, module.path, (module.module,))


@dataclass(frozen=True)
class Says(SmokeRule):
    """It says what it is told to."""

    said: tuple[object, ...]
    id = "says"
    summary = "Anything."

    def check(self, run: SmokeRun, project: Project, options: Any) -> Iterable[Any]:
        for item in self.said:
            if isinstance(item, BaseException):
                raise item
            yield item


class Idle(Fails):
    id = "idle"

    def idle(self, run: SmokeRun, options: Any) -> str:
        return "nothing of that kind was run"


class AtTheQueue(Fails):
    id = "at-the-queue"
    stages = frozenset({Stage.MERGE_QUEUE})


class CrashesBefore(Fails):
    id = "crashes-before"

    def idle(self, run: SmokeRun, options: Any) -> str:
        raise ZeroDivisionError

    def check(self, run: SmokeRun, project: Project, options: Any) -> Iterable[Finding]:
        raise ZeroDivisionError("again")


def finding(rule: str, path: str, victims: tuple[str, ...] = (), **more: Any) -> Finding:
    return Finding(
        rule, Place(path, 1, 1), "x", "m", "E: e", When.IMPORT, "f", victims=victims, **more
    )


def module(name: str, outcome: Outcome = Outcome.OK, **more: Any) -> ModuleRun:
    failure = ZERO if outcome is Outcome.RAISED else None
    return ModuleRun(name, f"{name}.py", outcome, **{"failure": failure, **more})


def smoke(*modules: ModuleRun, **more: Any) -> SmokeRun:
    return SmokeRun("working tree", PYTHON, modules, **more)


def on(rule: SmokeRule, level: Level = Level.ERROR, *per_path: PathLevel) -> Any:
    return ConfiguredRule(rule, level, rule.options(), per_path)


def judge(run: SmokeRun, *rules: Any, stage: Stage = Stage.PULL_REQUEST) -> Report:
    return run_smoke(run, PROJECT, rules or (on(Fails()),), stage)


def verdicts(report: Report) -> dict[str, Verdict]:
    return {result.rule: result.verdict for result in report.results}


def test_what_imports_passes() -> None:
    report = judge(smoke(module("a"), module("b")))
    assert report.verdict is Verdict.PASS
    assert (report.subject, report.files, report.unit) == ("working tree", 2, "module")
    assert report.notes == ("Python 3.11.7 (.venv/bin/python, found by: .venv in the project)",)


def test_a_finding_fails_the_run() -> None:
    report = judge(smoke(module("a"), module("b", Outcome.RAISED)))
    assert report.verdict is Verdict.FAIL
    assert [found.victims for found in report.findings] == [("b",)]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (smoke(), "no module was imported and no entry point started"),
        (smoke(module("a"), missing_shards=(2, 3), shard=(1, 4)), "shard 2, 3 of 4 is missing"),
        (smoke(module("a"), module("b", Outcome.LOST)), "1 result of 2 runs not known"),
        (
            smoke(
                module("a"),
                entries=(EntryRun("api", ("api",), "o", "a.py", 1, Outcome.LOST, status="Ctrl-C"),),
            ),
            "1 result of 2 runs not known",
        ),
    ],
)
def test_a_run_that_is_not_whole_is_never_a_pass(run: SmokeRun, said: str) -> None:
    for rules in ((), (on(Fails(), Level.OFF),)):
        report = judge(run, *rules)
        assert report.verdict is Verdict.UNVERIFIED
        (result,) = (result for result in report.results if result.rule == "incomplete-run")
        assert said in result.reason


def test_a_lost_module_is_named_and_not_counted() -> None:
    report = judge(smoke(module("a"), module("b", Outcome.LOST, status="the runner was killed")))
    assert report.files == 1
    items = [item for result in report.results for item in result.unjudged]
    assert items == [Unjudged("b.py", "module b: the runner was killed")]


def test_a_failure_outweighs_what_is_not_known() -> None:
    report = judge(smoke(module("a", Outcome.RAISED), module("b", Outcome.LOST)))
    assert report.verdict is Verdict.FAIL


def test_no_rule_is_no_pass() -> None:
    assert run_smoke(smoke(module("a")), PROJECT, ()).verdict is Verdict.UNVERIFIED


def test_a_rule_that_has_nothing_to_judge_is_skipped_and_alone_no_pass() -> None:
    report = judge(smoke(module("a")), on(Idle()))
    assert verdicts(report) == {"idle": Verdict.SKIPPED}
    assert report.results[0].reason == "nothing of that kind was run"
    assert report.verdict is Verdict.UNVERIFIED
    assert judge(smoke(module("a")), on(Idle()), on(Fails())).verdict is Verdict.PASS


def test_a_rule_runs_at_its_stages() -> None:
    run = smoke(module("a", Outcome.RAISED))
    assert verdicts(judge(run, on(AtTheQueue()))) == {"at-the-queue": Verdict.SKIPPED}
    report = judge(run, on(AtTheQueue()), stage=Stage.MERGE_QUEUE)
    assert report.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Says((ZeroDivisionError("odd"),)), "the rule says crashed: ZeroDivisionError: odd"),
        (Says((SystemExit(0),)), "the rule says crashed: SystemExit: 0"),
        (Says((finding("other", "a.py"),)), "it returned a finding of rule 'other'"),
        (Says(("text",)), "it returned 'text', neither a Finding nor an Unjudged"),
        (CrashesBefore(), "the rule crashes-before crashed: ZeroDivisionError: again"),
    ],
)
def test_a_rule_that_crashes_is_unverified_and_the_others_run(rule: SmokeRule, said: str) -> None:
    report = judge(smoke(module("a")), on(rule), on(Fails()))
    assert verdicts(report) == {rule.id: Verdict.UNVERIFIED, "fails": Verdict.PASS}
    assert said in report.results[0].reason
    assert report.verdict is Verdict.UNVERIFIED


def test_what_a_rule_cannot_judge_is_unverified() -> None:
    report = judge(smoke(module("a")), on(Says((Unjudged("a.py", "odd"),))))
    assert report.verdict is Verdict.UNVERIFIED


def test_a_finding_weighs_at_most_what_the_policy_says() -> None:
    said = (
        finding("says", "a.py", level=Level.WARNING),
        finding("says", "b.py"),
        finding("says", "c.py", level=Level.OFF),
    )
    for level, expected in (
        (Level.ERROR, [("a.py", Level.WARNING), ("b.py", Level.ERROR)]),
        (Level.WARNING, [("a.py", Level.WARNING), ("b.py", Level.WARNING)]),
    ):
        report = judge(smoke(module("a")), on(Says(said), level))
        assert [(item.place.path, item.level) for item in report.findings] == expected


def test_levels_go_by_path() -> None:
    off = PathLevel(Globs(("b.py",)), Level.OFF)
    run = smoke(module("a", Outcome.RAISED), module("b", Outcome.RAISED))
    report = judge(run, on(Fails(), Level.ERROR, off))
    assert [item.place.path for item in report.findings] == ["a.py"]


def test_a_victim_elsewhere_keeps_a_finding_where_its_place_is_let_off() -> None:
    off = PathLevel(Globs(("b.py",)), Level.OFF)
    said = (finding("says", "b.py", ("a", "b")),)
    report = judge(smoke(module("a"), module("b")), on(Says(said), Level.ERROR, off))
    assert [item.level for item in report.findings] == [Level.ERROR]


def test_a_pattern_without_files_is_noted() -> None:
    off = PathLevel(Globs(("gone/**",)), Level.OFF)
    report = judge(smoke(module("a")), on(Fails(), Level.ERROR, off))
    assert "the per-path pattern 'gone/**' matches no file" in report.notes


def test_an_inline_ignore_covers_a_finding() -> None:
    project = FakeProject({"b.py": "1 / 0  # guard: ignore[fails] it is a joke\n"})
    report = run_smoke(smoke(module("b", Outcome.RAISED)), project, [on(Fails())])
    assert report.verdict is Verdict.PASS
    assert "1 finding ignored inline" in report.notes


def test_a_finding_in_no_source_is_kept() -> None:
    said = (finding("says", "guard.yaml"),)
    assert judge(smoke(module("a")), on(Says(said))).verdict is Verdict.FAIL


def test_what_was_not_imported_is_said() -> None:
    excluded = [Excluded(f"tests/t{number}.py", "tests") for number in range(7)]
    excluded.append(Excluded("setup.py", "it runs the build"))
    report = judge(smoke(module("a"), excluded=tuple(excluded), notes=("no network",)))
    listed = ", ".join(f"tests/t{number}.py" for number in range(5))
    assert report.notes[1:] == (
        "no network",
        f"not imported, tests: {listed} and 2 more",
        "not imported, it runs the build: setup.py",
    )


def test_a_shard_says_that_it_is_one() -> None:
    report = judge(smoke(module("a"), shard=(2, 4)))
    assert report.verdict is Verdict.PASS
    assert "this is shard 2 of 4 alone: merge it with the others" in report.notes


NO_TORCH = Failure("ModuleNotFoundError", "No module named 'torch'", module="torch")
NO_NAME = Failure(
    "ImportError", "cannot import name 'x' from 'torch.a'", module="torch.a", name="x"
)
UNKNOWN = Failure("NameError", "name 'torch' is not defined", name="torch")
BAD = Failure("SyntaxError", "invalid syntax", file="a.py", line=1)
EXIT = Failure("SystemExit", "1")
OWN_ERROR = Failure("torch.errors.NoDevice", "none")


@pytest.mark.parametrize(
    ("optional", "failure", "covered"),
    [
        (Optionality("r"), NO_TORCH, True),
        (Optionality("r"), ZERO, True),
        (Optionality("r"), OWN_ERROR, True),
        (Optionality("r"), UNKNOWN, False),
        (Optionality("r"), BAD, False),
        (Optionality("r"), EXIT, False),
        (Optionality("r", "SystemExit"), EXIT, True),
        (Optionality("r", "ImportError"), NO_TORCH, True),
        (Optionality("r", "ModuleNotFoundError"), NO_NAME, False),
        (Optionality("r", "ImportError"), ZERO, False),
        (Optionality("r", "NoDevice"), OWN_ERROR, True),
        (Optionality("r", "torch.errors.NoDevice"), OWN_ERROR, True),
        (Optionality("r", "ImportError"), OWN_ERROR, False),
        (Optionality("r", "ImportError", "torch"), NO_TORCH, True),
        (Optionality("r", "ImportError", "torch"), NO_NAME, True),
        (Optionality("r", "", "torch.a.x"), NO_NAME, True),
        (Optionality("r", "", "tor"), NO_TORCH, False),
        (Optionality("r", "", "torch"), UNKNOWN, False),
        (Optionality("r", "NameError", "torch"), UNKNOWN, False),
        (Optionality("r", "NameError", "torch"), replace(UNKNOWN, cause=NO_TORCH), True),
        (Optionality("r", "", "torch"), replace(ZERO, cause=NO_TORCH), True),
        (Optionality("r", "", "torch"), replace(UNKNOWN, cause=NO_TORCH), False),
    ],
)
def test_what_a_declaration_covers(optional: Optionality, failure: Failure, covered: bool) -> None:
    assert optional.covers(failure) is covered
    run = module("a", Outcome.RAISED, failure=failure, optional=optional)
    assert run.failed_as_declared is covered


@pytest.mark.parametrize("outcome", [Outcome.ENDED, Outcome.TIMEOUT, Outcome.FLOOD, Outcome.LOST])
def test_a_declaration_covers_exceptions_alone(outcome: Outcome) -> None:
    run = module("a", outcome, failure=NO_TORCH, optional=Optionality("r"))
    assert not run.failed_as_declared


def test_a_declared_failure_is_noted() -> None:
    run = module("a", Outcome.RAISED, failure=NO_TORCH, optional=Optionality("needs CUDA"))
    report = judge(smoke(run, module("b")), on(Idle()), on(Says(())))
    said = "a failed as declared (needs CUDA): ModuleNotFoundError: No module named 'torch'"
    assert said in report.notes
    assert report.verdict is Verdict.PASS
