"""A plugin's rule over runs: loaded, declared, tested as one over sources is."""

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
from guard.plugins import load_rules, readme
from guard.rule import SmokeRule
from guard.schema import policy_schema
from guard.testing import conformance

from .plugin_modules import modules, plugin

TOP = Path(__file__).parents[1]
README = "# good-rule\n\nText with `max-size`.\n"
RULE = """\
from dataclasses import dataclass
from guard.model import Finding, Place, When
from guard.observed import Interpreter, ModuleRun, Outcome, SmokeRun
from guard.options import option
from guard.rule import SmokeCase, SmokeRule


@dataclass(frozen=True)
class Options:
    max_size: int = option(3, "How many.")


def run(outcome):
    module = ModuleRun("a", "a.py", outcome)
    return SmokeRun("fake", Interpreter("python", (3, 11, 0), "PATH"), (module,))


FILES = {"a.py": "a = 1\\n"}


class Rule(SmokeRule):
    id = "good-rule"
    summary = "A summary."
    options = Options

    def cases(self):
        return (
            SmokeCase("clean", "nothing", FILES, run(Outcome.OK)),
            SmokeCase("near", "nearly", FILES, run(Outcome.ENDED), near_miss=True),
            SmokeCase("raised", "it raises", FILES, run(Outcome.RAISED), (("a.py", 1, "a"),)),
            SmokeCase(
                "small", "by option", FILES, run(Outcome.FLOOD), (("a.py", 1, "a"),),
                options=Options(1),
            ),
        )

    def check(self, run, project, options):
        for module in run.modules:
            flooded = module.outcome is Outcome.FLOOD and options.max_size == 1
            if module.outcome is Outcome.RAISED or flooded:
                yield Finding(
                    self.id, Place(module.path, 1, 1), "a", "m", "E: e", When.IMPORT, "f",
                    victims=("a",),
                )


RULE = Rule()
"""
FILES = {
    "guard_plugin.py": plugin("return [RULE]", "from good_rule import RULE"),
    "good_rule/__init__.py": RULE,
    "good_rule/README.md": README,
}
POINT = EntryPoint("guard_rules", "guard_plugin", "guard")


def problems(folder: Path, old: str = "", new: str = "") -> str:
    assert old in RULE
    text = RULE.replace(old, new, 1) if old else RULE
    with modules(folder, {**FILES, "good_rule/__init__.py": text}):
        return "\n".join(conformance(importlib.import_module("good_rule").RULE))


def test_a_plugin_may_offer_rules_over_runs(tmp_path: Path) -> None:
    with modules(tmp_path, FILES):
        rules = load_rules([POINT])
        assert [rule.id for rule in rules] == ["good-rule", "inline-ignore", "stale-baseline-entry"]
        assert isinstance(rules[0], SmokeRule)
        assert readme(rules[0]) == README


def test_the_policy_and_its_schema_know_the_rule(tmp_path: Path) -> None:
    with modules(tmp_path, FILES):
        rules = load_rules([POINT])
        text = b"version: 1\nrules:\n  good-rule: {level: warning, max-size: 7}\n"
        item, *_ = configure(parse_policy(text, "guard.yaml", rules), rules)
        assert (item.level, item.options.max_size) == (Level.WARNING, 7)
        schema = policy_schema(rules)["properties"]["rules"]["properties"]["good-rule"]
        assert "max-size" in schema["anyOf"][1]["properties"]


def test_a_good_rule_conforms(tmp_path: Path) -> None:
    assert problems(tmp_path) == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "good-rule"', 'id = "other-rule"', "the folder 'good_rule' should be 'other_rule'"),
        ("near_miss=True", "", "no valid case is marked near_miss"),
        ('SmokeCase("clean"', 'SmokeCase("near"', "the case id 'near' is there twice"),
        ("run(Outcome.OK)", "run(Outcome.RAISED)", "expected [], found [('a.py', 1, 'a')]"),
        ("options=Options(1)", "options=None", "expected [('a.py', 1, 'a')], found []"),
        ("Place(module.path, 1, 1)", 'Place("b.py", 1, 1)', "a place outside the files"),
        ("for module in", "1 / 0\n        for module in", "case 'clean': ZeroDivisionError"),
        ("max_size: int = option(3", "size: int = option(3", "does not document the option `size`"),
        ("    def check(", "    def judge(", "rule 'good-rule': it implements no check()"),
    ],
)
def test_what_does_not_conform_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in problems(tmp_path, old, new)


def test_a_case_of_the_other_kind_is_told(tmp_path: Path) -> None:
    head, tail = RULE.split("    def cases(self):")
    rest = tail[tail.index("    def check(") :]
    text = f"{head}    def cases(self):\n        from guard.rule import Case\n"
    text += f'        return (Case("a", "a", FILES),)\n\n{rest}'
    with modules(tmp_path, {**FILES, "good_rule/__init__.py": text}):
        said = "\n".join(conformance(importlib.import_module("good_rule").RULE))
    assert "case 'a': TypeError: a Case is no case of a Rule" in said


def test_a_class_instead_of_a_rule_blocks(tmp_path: Path) -> None:
    text = RULE.replace("RULE = Rule()", "RULE = Rule")
    refused = pytest.raises(PluginError, match="offers the class Rule, wanted an instance of it")
    with modules(tmp_path, {**FILES, "good_rule/__init__.py": text}), refused:
        load_rules([POINT])


def test_to_know_of_the_rules_is_cheap() -> None:
    """Every run of the guard loads them; what they need to judge stays where it is."""
    code = (
        "import sys; from guard.plugins import load_rules; "
        "rules = {rule.id for rule in load_rules()}; "
        "assert 'import-failure' in rules; "
        "print(*(name for name in sys.modules if name.startswith(('guard.', 'guard_rules.'))))"
    )
    environment = os.environ | {"PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, text=True, capture_output=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "guard_rules.import_failure" in loaded
    heavy = {name for name in loaded if "_startup" in name or "smoke" in name or "observed" in name}
    heavy |= {name for name in loaded if name.startswith("guard_rules.import_failure.")}
    assert heavy == set()
