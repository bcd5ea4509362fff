"""A plugin's rule over changes: loaded, declared, and held to its cases with each fact unknown."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from guard.config import configure, parse_policy
from guard.errors import PluginError
from guard.model import Level
from guard.plugins import load_rules
from guard.rule import ChangeRule
from guard.testing import conformance

from .plugin_modules import modules, plugin

pytest_plugins = ["pytester"]

TOP = Path(__file__).parents[1]
README = "# good-rule\n\nText with `most`.\n"
RULE = """\
from dataclasses import dataclass

from guard.change import CHANGE, Held, Missing, Unknown
from guard.model import Finding, Place, When
from guard.options import option
from guard.rule import ChangeCase, ChangeRule
from guard.testing import ai_unit, change


@dataclass(frozen=True)
class Options:
    most: int = option(1, "How many labels.")


class Rule(ChangeRule):
    id = "good-rule"
    summary = "A summary."
    options = Options

    def idle(self, change, options):
        return "a deployment" if change.promotes_to else ""

    def cases(self):
        return (
            ChangeCase("clean", "nothing", change()),
            ChangeCase("near", "one label", change(labels=("a",)), near_miss=True),
            ChangeCase("two", "two labels", change(labels=("a", "b")), ("labels",)),
            ChangeCase("held", "to wait", change(labels=("wait",)), held=True),
            ChangeCase("three", "by option", change(labels=("a", "b", "c")), ("labels",),
                       options=Options(2)),
            ChangeCase("lacks", "unknown", change(labels=Unknown("?")), missing=("labels",)),
        )

    def check(self, change, options):
        if isinstance(change.labels, Unknown):
            yield Missing("labels", change.labels.reason)
        elif change.labels == ("wait",):
            yield Held("it says so")
        elif len(change.labels) > options.most:
            yield Finding(self.id, CHANGE, "labels", "m", "", When.LANDING, "f")


RULE = Rule()
"""
FILES = {
    "guard_plugin.py": plugin("return [RULE]", "from good_rule import RULE"),
    "good_rule/__init__.py": RULE,
    "good_rule/README.md": README,
}
POINT = EntryPoint("guard_rules", "guard_plugin", "guard")


def edited(old: str, new: str) -> dict[str, str]:
    assert old in RULE
    return {**FILES, "good_rule/__init__.py": RULE.replace(old, new, 1)}


def problems(folder: Path, files: dict[str, str]) -> str:
    with modules(folder, files):
        return "\n".join(conformance(importlib.import_module("good_rule").RULE))


def test_a_plugin_may_offer_rules_over_changes(tmp_path: Path) -> None:
    with modules(tmp_path, FILES):
        rules = load_rules([POINT])
        assert isinstance(rules[0], ChangeRule)
        text = b"version: 1\nrules:\n  good-rule: {level: warning, most: 7}\n"
        item, *_ = configure(parse_policy(text, "guard.yaml", rules), rules)
        assert (item.level, item.options.most) == (Level.WARNING, 7)


def test_a_good_rule_conforms(tmp_path: Path) -> None:
    assert problems(tmp_path, FILES) == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'yield Missing("labels", change.labels.reason)',
            "return",
            "case 'two': without labels it has nothing to say: what is not known must not pass",
        ),
        (
            'yield Missing("labels", change.labels.reason)',
            "return",
            "case 'held': without labels it has nothing to say",
        ),
        (
            "if isinstance(change.labels, Unknown):",
            "if False:",
            "case 'clean': without labels: TypeError",
        ),
        (
            '"a deployment" if change.promotes_to',
            '"no title" if isinstance(change.title, Unknown)',
            "case 'two': without title it has nothing to say",
        ),
        ("near_miss=True", "", "no valid case is marked near_miss"),
        ('ChangeCase("two"', 'ChangeCase("near"', "the case id 'near' is there twice"),
        ('change(labels=("a", "b"))', "change()", "expected ['labels'], found []"),
        ("held=True", "near_miss=True", "expected no hold, found [Held(reason='it says so'"),
        ('change(labels=("wait",))', "change()", "expected a hold, found []"),
        ('missing=("labels",)', "", "expected [] to be missing, found ['labels']"),
        ('Held("it says so")', 'Held(" ")', "case 'held': a Held without a reason"),
        ('yield Held("it says so")', "yield 3", "case 'held': int is no Finding, no Held and no"),
        ('CHANGE, "labels"', 'Place("x.py", 1, 1), "labels"', "a place that is neither the ch"),
        ('CHANGE, "labels"', 'Place("", 1, 1), "labels"', "a place that is neither the change"),
        ('"m", ""', '" ", ""', "a finding without message"),
        ("most: int = option(1", "least: int = option(1", "does not document the option `least`"),
        ("    def check(", "    def judge(", "rule 'good-rule': it implements no check()"),
        (
            "    options = Options\n",
            "    options = Options\n    needs = frozenset({'labels'})\n",
            "needs names labels; allowed: result_health, rollback, target_health",
        ),
        (
            "    options = Options\n",
            "    options = Options\n    needs = ('rollback',)\n",
            "needs must be a frozenset of names",
        ),
    ],
)
def test_what_does_not_conform_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in problems(tmp_path, edited(old, new))


def test_a_place_may_be_a_file_of_the_change(tmp_path: Path) -> None:
    assert (
        problems(tmp_path, edited('CHANGE, "labels"', 'Place("src/app.py", 0, 0), "labels"')) == ""
    )


def test_a_class_instead_of_a_rule_blocks(tmp_path: Path) -> None:
    refused = pytest.raises(PluginError, match="offers the class Rule, wanted an instance of it")
    with modules(tmp_path, edited("RULE = Rule()", "RULE = Rule")), refused:
        load_rules([POINT])


def test_three_lines_test_a_rule_with_pytest(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        **{
            "good_rule/__init__": RULE,
            "test_it": """
                from guard.testing import ChangeRuleTests
                from good_rule import RULE

                class TestGoodRule(ChangeRuleTests):
                    rule = RULE
            """,
        }
    )
    (pytester.path / "good_rule" / "README.md").write_text(README)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-v")
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["*test_case?held?*PASSED*"])


def test_to_know_of_the_rules_is_cheap() -> None:
    """Every run of the guard loads them; what they need to judge stays where it is."""
    code = (
        "import sys; from guard.plugins import load_rules; "
        "rules = {rule.id for rule in load_rules()}; "
        "assert 'missing-human-approval' in rules; "
        "print(*(name for name in sys.modules if name.startswith(('guard.', 'guard_rules.'))))"
    )
    environment = os.environ | {"PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, text=True, capture_output=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "guard_rules.missing_human_approval" in loaded
    heavy = {"guard.change", "guard.change_engine", "guard.samples", "guard.lane", "guard.settings"}
    assert loaded & heavy == set()
    for rule in load_rules():
        if isinstance(rule, ChangeRule):
            assert not {name for name in loaded if name.startswith(f"{type(rule).__module__}.")}
    assert not {name for name in loaded if name.startswith("guard_rules._changes.")}
