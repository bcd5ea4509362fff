from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import PluginError
from guard.plugins import rule_problems
from guard.testing import conformance
from guard_rules import guard_rules, rules_in

from ..plugin_modules import modules, rule


def test_each_folder_is_a_rule(tmp_path: Path) -> None:
    files = {
        "some_rules/__init__.py": "",
        "some_rules/b_rule/__init__.py": rule("b-rule"),
        "some_rules/a_rule/__init__.py": "from some_rules.a_rule.rule import RULE\n",
        "some_rules/a_rule/rule.py": rule("a-rule"),
        "some_rules/_shared/__init__.py": "",
        "some_rules/module.py": "",
        "some_rules/removed_rule/__pycache__/x.pyc": "",
    }
    with modules(tmp_path, files):
        assert [item.id for item in rules_in("some_rules")] == ["a-rule", "b-rule"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "folder 'a_rule' exposes no RULE"),
        ("RULE = 3", "folder 'a_rule' exposes no RULE"),
        (rule("b-rule"), "folder 'a_rule' holds the rule 'b-rule'"),
    ],
)
def test_a_folder_without_its_rule_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    files = {"some_rules/__init__.py": "", "some_rules/a_rule/__init__.py": text}
    with modules(tmp_path, files), pytest.raises(PluginError, match=said):
        rules_in("some_rules")


def test_a_folder_whose_init_was_forgotten_is_an_error(tmp_path: Path) -> None:
    files = {"some_rules/__init__.py": "", "some_rules/a_rule/rule.py": rule("a-rule")}
    with modules(tmp_path, files), pytest.raises(PluginError, match="'a_rule' exposes no RULE"):
        rules_in("some_rules")


def test_the_built_in_rules_conform() -> None:
    for item in guard_rules():
        assert rule_problems(item) == ()
        assert conformance(item) == ()
