from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from guard.engine import OWN_RULES
from guard.errors import PluginError
from guard.plugins import load_plugins, load_rules, readme

from .plugin_modules import modules, plugin, points, rule

# A stand-in for the built-in rules: these tests are about the host alone.
BUILT_IN = {
    "stand_in.py": plugin("return [RULE]", "from first_rule import RULE"),
    "first_rule/__init__.py": rule("first-rule"),
    "first_rule/README.md": "# first-rule\n",
}
BUILT_IN_POINT = EntryPoint("guard_rules", "stand_in", "guard")


def load(folder: Path, files: dict[str, str], *names: str) -> tuple[str, ...]:
    with modules(folder, BUILT_IN | files):
        return tuple(item.id for item in load_rules([BUILT_IN_POINT, *points(*names)]))


def error(folder: Path, files: dict[str, str], *names: str) -> str:
    with pytest.raises(PluginError) as caught:
        load(folder, files, *names)
    return str(caught.value)


def test_the_rules_of_all_plugins_and_the_engines_own_are_sorted_by_id(tmp_path: Path) -> None:
    files = {
        "other.py": plugin("return (RULE,)", "from other_rule import RULE"),
        "other_rule.py": rule("a-rule"),
    }
    assert load(tmp_path, files, "other") == (
        "a-rule",
        "first-rule",
        "inline-ignore",
        "stale-baseline-entry",
    )


def test_without_the_built_in_rules_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="the built-in rules were not found"):
        load_rules([])
    missing = pytest.raises(PluginError, match="the built-in rules were not found")
    with modules(tmp_path, {**BUILT_IN, "b.py": BUILT_IN["stand_in.py"]}), missing:
        load_rules(points("b"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "import no_such_module",
            "does not load: ModuleNotFoundError: No module named 'no_such_mo",
        ),
        ("raise SystemExit(0)", "does not load: SystemExit: 0"),
        ("def (", "does not load: SyntaxError"),
        ("pass", "implements no hook; mark guard_rules()"),
        ("def guard_rules(): return []", "implements no hook; mark guard_rules()"),
        (plugin("return []"), "offers no rule"),
        (
            plugin("return None"),
            "guard_rules() failed: TypeError: 'NoneType' object is not iterable",
        ),
        (plugin("return 'abc'"), "guard_rules() failed: TypeError: guard_rules() returned 'abc'"),
        (plugin("raise ValueError('odd')"), "guard_rules() failed: ValueError: odd"),
        (plugin("yield 1/0"), "guard_rules() failed: ZeroDivisionError"),
        (plugin("raise SystemExit"), "guard_rules() failed: SystemExit"),
        (plugin("return [3]"), "offers 3, which is no SourceRule, SmokeRule or ChangeRule"),
        (
            plugin("return [Rule]", "from first_rule import Rule"),
            "offers the class Rule, wanted an instance of it",
        ),
        (
            plugin("return []").replace("guard_rules()", "guard_rules(project)"),
            "does not load: PluginValidationError",
        ),
        (
            plugin("return []").replace("guard_rules()", "guard_rulez()"),
            "the unknown hook 'guard_rul",
        ),
        (
            plugin("yield").replace("@hookimpl", "@hookimpl(wrapper=True)"),
            "guard_rules() cannot be a hook wrapper",
        ),
    ],
)
def test_a_plugin_that_does_not_work_blocks_and_is_named(
    tmp_path: Path, text: str, said: str
) -> None:
    message = error(tmp_path, {"odd_plugin.py": text}, "odd_plugin")
    assert message.startswith("plugin 'odd_plugin' (no distribution)")
    assert said in message


HEAD = """\
from dataclasses import dataclass
from guard.model import Level
from first_rule import Rule
@dataclass
class Thawed:
    size: int = 3
@dataclass(frozen=True)
class Needy:
    size: int
@dataclass(frozen=True)
class Greedy:
    level: int = 3
@dataclass(frozen=True)
class Odd:
    size: complex = 3j
@dataclass(frozen=True)
class Unresolved:
    size: "Missing" = 3
@dataclass(frozen=True)
class Twice:
    a_b: int = 3
    a_b_: int = 3
class Other(Rule):
    id = "other-rule"
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("id = 'Not_Kebab'", "rule 'Not_Kebab' of Bad: the id must be kebab-case"),
        ("id = 'a--b'", "the id must be kebab-case"),
        ("id = 3", "rule 3 of Bad: the id must be kebab-case"),
        ("id = 'first-rule'", "rule 'first-rule' is offered by plugin 'guard_rules' (no distri"),
        ("id = 'inline-ignore'", "rule 'inline-ignore' is offered by the engine itself too"),
        ("id = 'unreadable-file'", "rule 'unreadable-file' is offered by the engine itself too"),
        ("summary = ' '", "rule 'other-rule': the summary must be one sentence"),
        ("summary = None", "rule 'other-rule': the summary must be one sentence"),
        ("stages = frozenset()", "rule 'other-rule': stages must be a frozenset of Stage"),
        ("stages = ['pre-commit']", "rule 'other-rule': stages must be a frozenset of Stage"),
        ("default_level = 'error'", "rule 'other-rule': default_level must be a Level"),
        ("options = dict", "rule 'other-rule': options: dict is not a dataclass"),
        ("options = Needy(3)", "is not a dataclass"),
        ("options = Thawed", "rule 'other-rule': options: dataclass Thawed is not frozen"),
        ("options = Needy", "rule 'other-rule': options: field 'size' has no default"),
        ("options = Greedy", "options: the key 'level' is taken by the rule's level"),
        ("options = Odd", "options: field Odd.size: type <class 'complex'> is not supported"),
        ("options = Unresolved", "options: the types of Unresolved do not resolve"),
        ("options = Twice", "options: two fields have the same key: a-b, a-b"),
        ("from guard.rule import SourceRule; check = SourceRule.check", "implements no check()"),
    ],
)
def test_a_rule_that_breaks_the_contract_blocks_and_is_named(
    tmp_path: Path, line: str, said: str
) -> None:
    head = f"{HEAD}class Bad(Other):\n    {line}\n"
    files = {"odd_plugin.py": plugin("return [Bad()]", head)}
    message = error(tmp_path, files, "odd_plugin")
    assert message.startswith("plugin 'odd_plugin' (no distribution)")
    assert said in message


def test_every_broken_rule_of_a_plugin_is_told(tmp_path: Path) -> None:
    files = {"odd_plugin.py": plugin("return [3, 'x']")}
    assert len(error(tmp_path, files, "odd_plugin").splitlines()) == 2


def test_two_plugins_of_one_name_block(tmp_path: Path) -> None:
    files = {"one.py": plugin("return [RULE]", "from one_rule import RULE"), "two.py": "pass"}
    files["one_rule.py"] = rule("one-rule")
    with modules(tmp_path, BUILT_IN | files):
        twice = [EntryPoint("one", "one", "guard"), EntryPoint("one", "two", "guard")]
        with pytest.raises(PluginError, match=r"plugin 'one' .* does not load: ValueError"):
            load_rules([BUILT_IN_POINT, *twice])


def test_the_distribution_is_named(tmp_path: Path) -> None:
    info = tmp_path / "odd_plugin-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-plugin\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[guard]\nodd = odd_plugin\n")
    from importlib.metadata import distributions

    (dist,) = distributions(path=[str(tmp_path)])
    named = pytest.raises(PluginError, match=re.escape("plugin 'odd' (odd-plugin 1.2)"))
    with modules(tmp_path, BUILT_IN | {"odd_plugin.py": "pass"}), named:
        load_plugins([BUILT_IN_POINT, *dist.entry_points])


def test_the_readme_explains_a_rule(tmp_path: Path) -> None:
    files = {"bare.py": plugin("return [RULE]", "from bare_rule import RULE")}
    files["bare_rule/__init__.py"] = rule("bare-rule")
    with modules(tmp_path, BUILT_IN | files):
        bare, first, *_ = load_rules([BUILT_IN_POINT, *points("bare")])
        assert readme(first) == "# first-rule\n"
        with pytest.raises(PluginError, match=r"rule 'bare-rule': no README\.md in bare_rule"):
            readme(bare)
    for own in OWN_RULES:
        assert readme(own).startswith(f"# {own.id}\n\n{own.summary[:20]}"[:30].rstrip())
        assert "Mend:" in readme(own)
