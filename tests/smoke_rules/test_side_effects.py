"""What imports do besides, and entry points: what the cases of the rules do not show."""

from __future__ import annotations

from typing import Any

import pytest

from guard.engine import ConfiguredRule
from guard.model import Finding, Level, Verdict, When
from guard.observed import (
    Effect,
    EffectKind,
    EntryRun,
    Failure,
    Frame,
    ModuleRun,
    Outcome,
    SmokeRun,
)
from guard.smoke_engine import run_smoke
from guard.testing import FakeProject
from guard_rules import entrypoint_failure, import_side_effect
from guard_rules.import_side_effect import KINDS, Options

from .kit import HERE


def effects_of(
    modules: list[ModuleRun], files: dict[str, str] | None = None, **options: Any
) -> list[Finding]:
    run = SmokeRun("working tree", HERE, tuple(modules))
    rule = import_side_effect.RULE
    return list(rule.check(run, FakeProject(files or {}), Options(**options)))


def module(name: str, *effects: Effect, seconds: float = 0.1) -> ModuleRun:
    path = name.replace(".", "/") + ".py"
    return ModuleRun(name, path, Outcome.OK, seconds, effects=effects)


def line(path: str, number: int, own: bool = True) -> Frame:
    return Frame(path, number, "<module>", "", own)


@pytest.mark.parametrize("kind", [kind for kind in EffectKind if kind is not EffectKind.SLOW])
def test_each_kind_has_a_level_of_its_own(kind: EffectKind) -> None:
    option = kind.value.replace("-", "_")
    assert option in KINDS
    seen = [module("a", Effect(kind, "something"))]
    (finding,) = effects_of(seen, **{option: Level.WARNING})
    assert (finding.name, finding.level) == (kind.value, Level.WARNING)
    assert "something" in finding.message
    assert finding.raises == ""
    assert effects_of(seen, **{option: Level.OFF}) == []


def test_what_one_line_does_is_one_finding_with_all_that_it_did() -> None:
    seen = [
        module("a", *(Effect(EffectKind.WRITE, f"write {n}", line("b.py", 3)) for n in range(5))),
        module("b", Effect(EffectKind.WRITE, "write 0", line("b.py", 3))),
        module("c", Effect(EffectKind.WRITE, "write 0", line("b.py", 4))),
    ]
    one, other = effects_of(seen)
    assert "write 0, write 1, write 2 and 2 more" in one.message
    assert one.victims == ("a", "b")
    assert other.victims == ("c",)


def test_a_line_of_another_package_is_put_down_to_the_module() -> None:
    seen = [module("a", Effect(EffectKind.THREAD, "thread", line("/lib/x.py", 3, own=False)))]
    (finding,) = effects_of(seen)
    assert (finding.place.path, finding.place.line) == ("a.py", 1)


def test_what_was_refused_is_told() -> None:
    (finding,) = effects_of([module("a", Effect(EffectKind.NETWORK, "connect x", refused=True))])
    assert "connect x (refused)" in finding.message


def slow(*modules: ModuleRun, **files: str) -> list[tuple[str, tuple[str, ...]]]:
    found = effects_of(list(modules), {name + ".py": text for name, text in files.items()})
    return [(finding.place.path, finding.victims) for finding in found]


def test_a_module_is_slow_itself_or_by_what_it_imports() -> None:
    assert slow(
        module("a", seconds=3.3),
        module("b", seconds=3.2),
        module("c", seconds=3.1),
        module("d", seconds=0.9),
        a="import b\n",
        b="def f():\n    import c\n",
        c="",
        d="",
    ) == [("c.py", ("a", "b", "c"))]


def test_a_module_that_adds_as_much_again_is_slow_itself() -> None:
    assert slow(module("a", seconds=5.0), module("b", seconds=2.0), a="import b\n", b="") == [
        ("a.py", ("a",)),
        ("b.py", ("b",)),
    ]


def test_slow_modules_in_a_circle_have_one_name() -> None:
    assert slow(
        module("a", seconds=3.0), module("b", seconds=3.0), a="import b\n", b="import a\n"
    ) == [("a.py", ("a", "b"))]


def test_a_package_accounts_for_the_modules_in_it() -> None:
    found = effects_of(
        [
            ModuleRun("p", "p/__init__.py", Outcome.OK, 3.0),
            ModuleRun("p.a", "p/a.py", Outcome.OK, 3.1),
        ],
        {"p/__init__.py": "", "p/a.py": ""},
    )
    assert [(finding.place.path, finding.victims) for finding in found] == [
        ("p/__init__.py", ("p", "p.a"))
    ]


def test_with_every_kind_off_nothing_is_judged() -> None:
    rule = import_side_effect.RULE
    off = Options(**dict.fromkeys(KINDS, Level.OFF))
    run = SmokeRun("working tree", HERE, (module("a", Effect(EffectKind.WRITE, "w")),))
    report = run_smoke(run, FakeProject({}), [ConfiguredRule(rule, Level.ERROR, off)])
    assert [(item.verdict, item.reason) for item in report.results] == [
        (Verdict.SKIPPED, "every kind of effect is off")
    ]
    assert report.verdict is Verdict.UNVERIFIED


def test_no_kind_weighs_more_than_the_rule() -> None:
    run = SmokeRun("working tree", HERE, (module("a", Effect(EffectKind.NETWORK, "connect")),))
    rule = ConfiguredRule(import_side_effect.RULE, Level.WARNING, Options())
    report = run_smoke(run, FakeProject({}), [rule])
    assert [finding.level for finding in report.findings] == [Level.WARNING]
    assert report.verdict is Verdict.PASS


# --- entry points ------------------------------------------------------------------------------


def entries_of(entry: EntryRun, files: dict[str, str]) -> list[Finding]:
    run = SmokeRun("working tree", HERE, (), (entry,))
    rule = entrypoint_failure.RULE
    return list(rule.check(run, FakeProject(files), rule.options()))


def entry(outcome: Outcome, **more: Any) -> EntryRun:
    return EntryRun("api", ("python", "-m", "app x"), "guard.yaml:4", "app.py", 0, outcome, **more)


def test_an_exception_is_told_where_it_arose() -> None:
    frames = (line("app.py", 1), Frame("db.py", 2, "connect", "", own=True))
    failure = Failure("NameError", "name 'X' is not defined", frames, name="X")
    (finding,) = entries_of(
        entry(Outcome.RAISED, failure=failure, output="Traceback\n"),
        {"app.py": "import db\n", "db.py": "def connect():\n    X\n"},
    )
    assert (finding.place.path, finding.place.line, finding.name) == ("db.py", 2, "api")
    assert finding.raises == "NameError: name 'X' is not defined"
    assert finding.when is When.START
    assert finding.output == "Traceback\n"
    assert "entry point `api` (python -m 'app x', from guard.yaml:4) does not start" in (
        finding.message
    )


def test_an_exception_without_a_line_of_the_project_points_at_the_entry() -> None:
    failure = Failure("ModuleNotFoundError", "No module named 'app'", (), module="app")
    (finding,) = entries_of(entry(Outcome.RAISED, failure=failure), {"app.py": "\n"})
    assert (finding.place.path, finding.place.line) == ("app.py", 1)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.ENDED, "ended without the sign of life that it owes: exit code 3"),
        (Outcome.TIMEOUT, "gave no sign of life in time: exit code 3"),
        (Outcome.FLOOD, "wrote more than the runner takes: exit code 3"),
        (Outcome.RAISED, "ended without the sign of life that it owes: exit code 3"),
    ],
)
def test_what_it_did_instead_is_told(outcome: Outcome, said: str) -> None:
    (finding,) = entries_of(entry(outcome, status="exit code 3"), {"app.py": ""})
    assert said in finding.message
    assert "python -m 'app x'" in finding.fix


def test_without_an_entry_point_there_is_nothing_to_judge() -> None:
    rule = entrypoint_failure.RULE
    run = SmokeRun("working tree", HERE, (module("a"),))
    report = run_smoke(run, FakeProject({}), [ConfiguredRule(rule, Level.ERROR, rule.options())])
    assert [item.reason for item in report.results] == ["no entry point was started"]
    assert report.verdict is Verdict.UNVERIFIED


def test_a_run_of_entry_points_alone_counts_them() -> None:
    rule = entrypoint_failure.RULE
    run = SmokeRun("working tree", HERE, (), (entry(Outcome.OK),))
    report = run_smoke(run, FakeProject({}), [ConfiguredRule(rule, Level.ERROR, rule.options())])
    assert (report.verdict, report.files, report.unit) == (Verdict.PASS, 1, "entry point")
