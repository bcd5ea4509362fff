"""``guard test`` in a project: files, failures as differences, coverage, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from guard.cli._surroundings import Surroundings
from guard.engine import OWN_RULES
from guard.forge.facts import write_facts
from guard.samples import ai_unit, change
from guard_rules import guard_rules

from .conftest import run_in

RULES = tuple(sorted([*guard_rules(), *OWN_RULES], key=lambda rule: rule.id))
DOCS = Path(__file__).parents[2] / "docs" / "policy-tests.md"

NOBODY = """\
version: 1
cases:
  - name: nobody approved
    facts:
      units: [{provenance: ai}]
    expect: {missing-human-approval: fail}
"""


class Folder:
    def __init__(self, top: Path) -> None:
        self.top = top

    def file(self, path: str, text: str) -> None:
        target = self.top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def run(self, *argv: str) -> Any:
        around = Surroundings(environ=dict(os.environ), rules=lambda: RULES)
        return run_in(self.top, ("test", *argv), around)

    def case(self, *lines: str, name: str = "it") -> Any:
        """What one case gives, whose facts and expectations are ``lines``."""
        body = "".join(f"    {line}\n" for line in lines)
        self.file("guard-tests/a.yaml", f"version: 1\ncases:\n  - name: {name}\n{body}")
        return self.run()

    def points(self) -> dict[tuple[str, str], bool]:
        document = json.loads(self.run("--format", "json").stdout)
        points = document["coverage"]["points"]
        return {(each["rule"], each["what"]): each["covered"] for each in points}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.file("guard.yaml", "version: 1\n")
    return made


AI = "facts: {units: [{provenance: ai}]}"


def test_a_case_that_comes_out_as_it_says(folder: Folder) -> None:
    folder.file("guard-tests/a.yaml", NOBODY)
    result = folder.run()
    assert result.exit_code == 0
    assert "1 of 1 cases as expected; " in result.stdout


def test_a_failure_is_a_difference_at_its_line(folder: Folder) -> None:
    folder.file("guard-tests/a.yaml", NOBODY.replace("approval: fail", "approval: hold"))
    result = folder.run("--quiet")
    assert result.exit_code == 1
    assert result.stdout == (
        "guard-tests/a.yaml:6:38: nobody approved\n"
        "  missing-human-approval:\n"
        "  - hold\n"
        "  + fail\n"
        "    error: AI change #23 has 0 of 1 approval\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{missing-human-approval: {outcome: fail, findings: ['#23'], says: 0 of 1}}", 0),
        ("{missing-human-approval: {outcome: fail, findings: ['#24']}}", 1),
        ("{missing-human-approval: {outcome: fail, findings: []}}", 1),
        ("{missing-human-approval: {outcome: fail, says: 1 of 2}}", 1),
        ("{missing-human-approval: fail, oversized-ai-change: fail}", 1),
        ("{missing-human-approval: fail, oversized-ai-change: pass}", 0),
        ("{untested-merge-result: skipped, unsoaked-promotion: skipped}", 0),
    ],
)
def test_what_a_case_may_expect_of_a_rule(folder: Folder, said: str, code: int) -> None:
    result = folder.case(AI, f"expect: {said}")
    assert (result.exit_code, result.stderr) == (code, "")


@pytest.mark.parametrize(("said", "code"), [("fail", 0), ("pass", 1), ("{outcome: fail}", 0)])
def test_a_case_may_expect_a_verdict_of_the_whole(folder: Folder, said: str, code: int) -> None:
    assert folder.case(AI, f"verdict: {said}").exit_code == code


def test_a_pass_with_something_to_show_is_a_warning(folder: Folder) -> None:
    facts = "facts: {units: [{provenance: ai, files: ['a.py +900 -0']}]}"
    assert folder.case(facts, "expect: {oversized-ai-change: warning}").exit_code == 0
    assert folder.case(facts, "expect: {oversized-ai-change: pass}").exit_code == 1


def test_the_door_counts(folder: Folder) -> None:
    folder.file("guard.yaml", "version: 1\nrules: {unsoaked-promotion: {soak: 30d}}\n")
    facts = (
        "facts: {promotes_to: production, units: [],"
        " deployments: [{environment: staging, rev: head, at: 1d ago}], rev: head}"
    )
    expect = "expect: {unsoaked-promotion: %s}"
    assert folder.case(facts, expect % "hold").exit_code == 0
    assert folder.case(facts, "door: merge-queue", expect % "fail").exit_code == 0


def test_facts_may_be_a_file_as_the_gate_writes_it(folder: Folder) -> None:
    (folder.top / "guard-tests").mkdir()
    (folder.top / "guard-tests" / "one.json").write_bytes(write_facts(change(ai_unit())))
    expect = "expect: {missing-human-approval: fail}"
    assert folder.case("facts: one.json", expect).exit_code == 0
    result = folder.case("facts: two.json", expect)
    assert result.exit_code == 2
    assert "guard-tests/a.yaml:4:12: cases[0].facts: two.json: No such file" in result.stderr


def test_a_file_of_facts_is_read_strictly(folder: Folder) -> None:
    folder.file("guard-tests/one.json", '{"version": 1, "x": 1}')
    result = folder.case("facts: one.json", "verdict: pass")
    assert result.exit_code == 2
    assert "unknown key 'x'" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a.yaml:1:1: the file is empty: nothing would be tested"),
        ("version: 1\ncases: []\n", "a.yaml:2:8: cases: the list is empty"),
        ("version: 2\ncases: []\n", "version: expected 1"),
        ("version: 1\n", "missing key 'cases'"),
        ("version: 1\ncases: [{name: a}]\n", "the case expects nothing"),
        ("version: 1\ncases: [{name: ' ', verdict: pass}]\n", "a case needs a name"),
        ("version: 1\ncases: [{verdict: pass}]\n", "missing key 'name'"),
        ("version: 1\ncases: [{name: a, expect: {}}]\n", "expect: the mapping is empty"),
        ("version: 1\ncases: [{name: a, verdict: passes}]\n", "unknown value 'passes'"),
        ("version: 1\ncases: [{name: a, verdict: warning}]\n", "unknown value 'warning'"),
        ("version: 1\ncases: [{name: a, verdict: pass, door: pre-commit}]\n", "unknown value"),
        ("version: 1\ncases: [{name: a, expect: {import-failure: pass}}]\n", "unknown rule"),
        (
            "version: 1\ncases: [{name: a, expect: {missing-human-aproval: pass}}]\n",
            "did you mean 'missing-human-approval'?",
        ),
        ("version: 1\ncases: [{name: a, verdict: pass, fact: {}}]\n", "unknown key 'fact'"),
        ("version: 1\ncases: [{name: a, verdict: &x pass, door: *x}]\n", "aliases are not allowed"),
        (
            "version: 1\ncases: [{name: a, verdict: pass}, {name: a, verdict: pass}]\n",
            "a case of the name 'a' is on line 2 too",
        ),
    ],
)
def test_an_error_in_a_file_is_no_failure_of_a_case(folder: Folder, text: str, said: str) -> None:
    folder.file("guard-tests/a.yaml", text)
    result = folder.run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_the_errors_of_all_files_are_said(folder: Folder) -> None:
    folder.file("guard-tests/a.yaml", "version: 3\ncases: [{name: a}]\n")
    folder.file("guard-tests/b/c.yaml", "nothing: 1\n")
    said = folder.run().stderr
    assert "guard-tests/a.yaml:1:10:" in said
    assert "guard-tests/a.yaml:2:9:" in said
    assert "guard-tests/b/c.yaml:1:1:" in said


def test_no_test_is_no_pass(folder: Folder) -> None:
    result = folder.run()
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no policy tests (*.yaml) in guard-tests: nothing was tested" in result.stderr
    (folder.top / "empty").mkdir()
    assert folder.run("empty").exit_code == 3


def test_a_path_that_is_not_there_is_an_error(folder: Folder) -> None:
    folder.file("guard-tests/a.yaml", NOBODY)
    assert folder.run("guard-tests", "b.yaml").exit_code == 2
    assert folder.run("guard-tests/a.yaml").exit_code == 0


def test_a_file_that_would_be_passed_over_is_an_error(folder: Folder) -> None:
    folder.file("guard-tests/a.yaml", NOBODY)
    folder.file("guard-tests/b.yml", NOBODY)
    result = folder.run()
    assert result.exit_code == 2
    assert "guard-tests/b.yml:1:1: not read; policy tests are named *.yaml" in result.stderr


def test_another_policy(folder: Folder) -> None:
    folder.file("guard-tests/a.yaml", NOBODY)
    folder.file("lax.yaml", "version: 1\nrules: {missing-human-approval: off}\n")
    assert folder.run("--config", "lax.yaml").exit_code == 1
    folder.file("guard.yaml", "version: 2\n")
    assert folder.run().exit_code == 2


def test_hostile_text_does_not_reach_the_terminal(folder: Folder) -> None:
    result = folder.case(AI, "expect: {missing-human-approval: pass}", name='"a\\e[2Jb\\u202e"')
    assert result.exit_code == 1
    assert "\\x1b[2Jb\\u202e" in result.stdout
    assert "\x1b" not in result.stdout


def test_an_outcome_is_covered_by_a_case_that_expects_it_and_gets_it(folder: Folder) -> None:
    rule = "missing-human-approval"
    folder.case(AI, f"expect: {{{rule}: fail}}")
    points = folder.points()
    assert points[rule, "outcome fail"]
    assert not points[rule, "outcome pass"]
    assert not points[rule, "outcome unverified"]
    folder.case(AI, f"expect: {{{rule}: pass}}")
    assert not folder.points()[rule, "outcome pass"]


def test_a_rule_that_is_off_or_idle_by_the_policy_has_no_outcomes(folder: Folder) -> None:
    folder.case(AI, "verdict: fail")
    rules = {rule for rule, _ in folder.points()}
    assert "broken-target" not in rules
    assert "untested-merge-result" not in rules
    assert "unsoaked-promotion" in rules
    folder.file("guard.yaml", "version: 1\nrules: {untested-merge-result: {checks: [smoke]}}\n")
    assert ("untested-merge-result", "outcome fail") in folder.points()


def test_of_a_warning_nothing_but_warnings_is_wanted(folder: Folder) -> None:
    folder.case(AI, "verdict: fail")
    outcomes = {what for rule, what in folder.points() if rule == "oversized-ai-change"}
    assert outcomes == {"outcome pass", "outcome warning"}


POLICY = """\
version: 1
rules:
  missing-human-approval: {count: 2, roles: [approver, owner]}
  missing-rollback-plan: {paths: [migrations/, terraform/]}
  broken-target: error
  policy-weakened: off
per-path:
  - {paths: [docs/], rules: {missing-human-approval: off}}
"""


@pytest.mark.parametrize(
    ("rule", "what", "case"),
    [
        (
            "missing-human-approval",
            "count 2",
            "facts: {units: [{provenance: ai}], reviews: [{by: bob, roles: [owner]}]}\n"
            "    expect: {missing-human-approval: fail}",
        ),
        (
            "missing-human-approval",
            "roles owner",
            "facts: {units: [{provenance: ai}], reviews: [{by: bob, roles: [owner]},"
            " {by: eve, roles: [owner]}]}\n    expect: {missing-human-approval: pass}",
        ),
        (
            "missing-human-approval",
            "per-path docs/: off",
            "facts: {units: [{provenance: ai, files: [docs/a]}]}\n"
            "    expect: {missing-human-approval: skipped}",
        ),
        (
            "missing-rollback-plan",
            "paths terraform/",
            "facts: {units: [{files: [terraform/x]}]}\n    expect: {missing-rollback-plan: fail}",
        ),
        (
            "broken-target",
            "level error",
            "facts: {target_health: [x], result_health: [x]}\n    expect: {broken-target: fail}",
        ),
        ("policy-weakened", "level off", "expect: {policy-weakened: skipped}"),
    ],
)
def test_a_line_of_the_policy_is_covered_by_a_case_that_would_miss_it(
    folder: Folder, rule: str, what: str, case: str
) -> None:
    folder.file("guard.yaml", POLICY)
    folder.case("verdict: pass")
    before = folder.points()
    assert before[rule, what] is False
    folder.file("guard-tests/b.yaml", f"version: 1\ncases:\n  - name: b\n    {case}\n")
    assert folder.run().exit_code == 0
    after = folder.points()
    lines = {key for key in after if after[key] and not before[key]}
    assert {key for key in lines if not key[1].startswith("outcome")} == {(rule, what)}


@pytest.mark.parametrize(("percent", "code"), [("0", 0), ("1", 0), ("99", 1), ("100", 1)])
def test_too_little_coverage_fails(folder: Folder, percent: str, code: int) -> None:
    folder.file("guard-tests/a.yaml", NOBODY)
    result = folder.run("--fail-under", percent)
    assert result.exit_code == code
    assert ("of the policy, wanted" in result.stderr) is bool(code)


def test_what_is_not_covered_is_listed(folder: Folder) -> None:
    folder.file("guard-tests/a.yaml", NOBODY)
    said = folder.run().stdout
    assert said.startswith("not covered:\n")
    assert "  missing-human-approval    outcome pass\n" in said
    assert "outcome fail\n" not in said.split("missing-rollback-plan")[0].split("approval")[-1]


def test_the_page_shows_what_works(folder: Folder) -> None:
    blocks = DOCS.read_text("utf-8").split("```yaml\n")[1:]
    policy, *tests = [block.split("```")[0] for block in blocks]
    folder.file("guard.yaml", policy)
    for number, text in enumerate(tests):
        folder.file(f"guard-tests/{number}.yaml", text)
    result = folder.run("--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("lane", "verdict"),
    [
        ("", "pass"),
        ("lane: {landings: [{rev: base, base: before}]}, ", "hold"),
        (
            "lane: {landings: [{rev: base, base: before}], records: [{kind: started, rev: before},"
            " {kind: released, base: before, rev: base, lanes: [other], how: evidence}]}, ",
            "pass",
        ),
        ("lane: {faults: [the lane has no start]}, ", "unverified"),
        ("lane: unknown, ", "unverified"),
    ],
)
def test_the_lane_in_a_few_words(folder: Folder, lane: str, verdict: str) -> None:
    facts = f"facts: {{{lane}units: [{{provenance: ai}}], reviews: [bob]}}"
    result = folder.case(facts, f"expect: {{ai-change-in-flight: {verdict}}}")
    assert (result.exit_code, result.stdout.partition("not covered")[0]) == (0, "")


def test_all_is_well_with_an_ai_change_that_is_approved(folder: Folder) -> None:
    facts = "facts: {units: [{provenance: ai}], reviews: [bob]}"
    assert folder.case(facts, "verdict: pass").exit_code == 0
    assert folder.case("verdict: pass").exit_code == 0
