from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

import guard
from guard.errors import Unreadable
from guard.rule import Extractor, Project
from guard.testing import FakeProject, conformance

from .plugin_modules import modules, rule

pytest_plugins = ["pytester"]

README = "# good-rule\n\nText.\n"


def problems(folder: Path, change: Callable[[str], str] = str, readme: str = README) -> str:
    text = change(rule("good-rule"))
    with modules(folder, {"good_rule/__init__.py": text, "good_rule/README.md": readme}):
        return "\n".join(conformance(importlib.import_module("good_rule").RULE))


def test_a_good_rule_conforms(tmp_path: Path) -> None:
    assert problems(tmp_path) == ""


OPTIONS = """
from dataclasses import dataclass
from guard.options import option
@dataclass(frozen=True)
class Options:
    max_size: int = option(3, "How many.")
    bare: int = 3
Rule.options = Options
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "good-rule"', 'id = "other-rule"', "the folder 'good_rule' should be 'other_rule'"),
        ('id = "good-rule"', 'id = "Good"', "the id must be kebab-case"),
        ('summary = "A summary."', 'summary = ""', "the summary must be one sentence"),
        ("near_miss=True", "", "no valid case is marked near_miss"),
        ('Case("clean"', 'Case("word"', "the case id 'word' is there twice"),
        ('Case("clean"', 'Case(" "', "case ' ': it needs an id, and what it shows"),
        ('"word"),)),', '"word"),), near_miss=True),', "case 'word': a near miss is valid"),
        (
            '"nothing", {"a.py": "pass\\n"})',
            '"", {"a.py": "word\\n"})',
            "expected [], found [('a.py'",
        ),
        ('(("a.py", 1, "word"),)', "()", "3 valid and 1 invalid cases; two each are wanted"),
        ('("b.py", 2, "word")', '("b.py", 3, "word")', "expected [('b.py', 3, 'word')], found"),
        ('"m", "E: e"', '" ", "E: e"', "case 'word': a finding without message"),
        ('When.IMPORT, "f"', 'When.IMPORT, ""', "case 'word': a finding without fix"),
        ("Finding(self.id,", "Finding('x',", "case 'word': a finding of rule 'x'"),
        ("Place(path, line, 1)", "Place(path, line, 9)", "case 'word': a place outside the files"),
        ("Place(path, line, 1)", "Place('x.py', line, 1)", "a place outside the files"),
        ("yield Finding", "yield 3; Finding", "int is neither a Finding nor an Unjudged"),
        ("for path in", "1 / 0\n        for path in", "case 'clean': ZeroDivisionError"),
        (
            "RULE = Rule()",
            OPTIONS + "RULE = Rule()",
            "the README does not document the option `max-size`",
        ),
        ("RULE = Rule()", OPTIONS + "RULE = Rule()", "the option 'bare' has no doc"),
        (
            "    def check(self, project, options):",
            "    seen = []\n    def check(self, project, options):\n        self.seen.append(1)\n"
            "        if len(self.seen) % 2: return",
            "two runs give different answers",
        ),
    ],
)
def test_what_does_not_conform_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in rule("good-rule")
    assert said in problems(tmp_path, lambda text: text.replace(old, new))


def test_the_title_of_the_readme_is_the_id(tmp_path: Path) -> None:
    said = problems(tmp_path, readme="# Good rule\n")
    assert said == "good-rule: the README's first line is '# Good rule', wanted '# good-rule'"


def test_a_missing_readme_is_told(tmp_path: Path) -> None:
    with modules(tmp_path, {"good_rule/__init__.py": rule("good-rule")}):
        (said,) = conformance(importlib.import_module("good_rule").RULE)
    assert said.startswith("good-rule: rule 'good-rule': no README.md in good_rule")


def test_the_fake_is_a_project() -> None:
    fake: Project = FakeProject({"b.py": "x\n", "a.pyi": b"\xff", "n.txt": ""}, (3, 14), ("src",))
    assert fake.paths() == ("a.pyi", "b.py")
    assert (fake.target, fake.roots, fake.label) == ((3, 14), ("src",), "fake")
    assert fake.read("a.pyi") == b"\xff"
    assert fake.modules.find("b") is None
    assert FakeProject({"p/b.py": ""}).modules.find("p.b") == "p/b.py"
    assert fake.shared("key", lambda: [1]) is fake.shared("key", lambda: [2])
    with pytest.raises(Unreadable, match=r"no\.py: no such file"):
        fake.read("no.py")


def test_a_broken_file_has_no_facts() -> None:
    fake = FakeProject({"a.py": "12", "b.py": "1"})
    fake.break_file("a.py", "permission denied")
    assert fake.facts(Extractor("length", "1", len)) == {"b.py": 1}
    assert fake.facts(Extractor("length", "1", len), ["a.py"]) == {}
    assert fake.unreadable() == {"a.py": "permission denied"}
    with pytest.raises(Unreadable, match="permission denied"):
        fake.read("a.py")


COUNTER = iter(range(100))


@pytest.mark.parametrize(
    ("extract", "said"),
    [
        (lambda data: object(), "do not survive marshal"),
        (lambda data: (next(COUNTER),), "differ when computed again"),
    ],
)
def test_facts_must_be_plain_and_pure(extract: Callable[[bytes], object], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        FakeProject({"a.py": ""}).facts(Extractor("odd", "1", extract))


def test_three_lines_of_pytest_run_everything(pytester: pytest.Pytester) -> None:
    package = pytester.mkpydir("good_rule")
    (package / "__init__.py").write_text(rule("good-rule").replace('2, "word"', '3, "word"'))
    (package / "README.md").write_text(README)
    pytester.makepyfile(
        """
        from guard.testing import RuleTests
        from good_rule import RULE

        class TestGoodRule(RuleTests):
            rule = RULE
        """
    )
    top = Path(guard.__file__).parents[1]
    pytester.makeini(f"[pytest]\npythonpath = . {top}")
    result = pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*test_case[[]near[]] PASSED*", "*test_case[[]later[]] FAILED*"])
