"""Public: what a plugin's author needs to test a rule, without disk, git or cache.

With pytest, three lines hold a rule to the whole contract:

    from guard.testing import RuleTests
    from my_plugin.my_rule import RULE

    class TestMyRule(RuleTests):
        rule = RULE
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from guard import samples
from guard._unknowns import change_problems
from guard.change import CHANGE, Unknown
from guard.change_engine import touched_paths
from guard.config.shapes import record_of
from guard.errors import PluginError, Unreadable
from guard.model import Finding, Held, Missing, Place, Unjudged
from guard.modules import Modules
from guard.plugins import readme, rule_folder, rule_problems
from guard.rule import (
    Case,
    ChangeCase,
    ChangeRule,
    Extractor,
    Rule,
    SmokeCase,
    SmokeRule,
    SourceRule,
    Version,
)

# What a case of a ChangeRule begins with (``guard.samples``).
ai_unit, change, commit, review, unit = (
    samples.ai_unit,
    samples.change,
    samples.commit,
    samples.review,
    samples.unit,
)

AnyCase = Case | SmokeCase | ChangeCase

T = TypeVar("T")


class FakeProject:
    """A project that is only a mapping of paths to contents. Implements ``guard.rule.Project``.

    It is stricter than the real ones: an extractor's facts must survive ``marshal`` unchanged and
    be the same when computed twice, else it raises ``AssertionError``.
    """

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        target: Version = (3, 11),
        roots: tuple[str, ...] = ("",),
        label: str = "fake",
    ) -> None:
        self._files = {
            path: text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
            for path, text in files.items()
        }
        self._target = target
        self._roots = roots
        self._label = label
        self._modules = Modules(self._files, roots)
        self._unreadable: dict[str, str] = {}
        self._shared: dict[str, Any] = {}

    @property
    def label(self) -> str:
        return self._label

    @property
    def target(self) -> Version:
        return self._target

    @property
    def roots(self) -> tuple[str, ...]:
        return self._roots

    @property
    def modules(self) -> Modules:
        return self._modules

    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(path for path in self._files if path.endswith((".py", ".pyi"))))

    def read(self, path: str) -> bytes:
        if path in self._unreadable:
            raise Unreadable(path, self._unreadable[path])
        if path not in self._files:
            raise Unreadable(path, "no such file")
        return self._files[path]

    def facts(self, extractor: Extractor[T], paths: Iterable[str] | None = None) -> dict[str, T]:
        found: dict[str, T] = {}
        for path in self.paths() if paths is None else paths:
            try:
                data = self.read(path)
            except Unreadable:
                continue
            fact = extractor.extract(data, *extractor.params)
            _check_fact(extractor, data, fact, path)
            found[path] = fact
        return found

    def unreadable(self) -> Mapping[str, str]:
        return dict(self._unreadable)

    def break_file(self, path: str, reason: str) -> None:
        """From now on ``path`` cannot be read: a test of what a rule does then."""
        self._files.setdefault(path, b"")
        self._unreadable[path] = reason

    def shared(self, key: str, make: Callable[[], T]) -> T:
        if key not in self._shared:
            self._shared[key] = make()
        value: T = self._shared[key]
        return value


def check_rule(rule: SourceRule, case: Case, options: Any = None) -> tuple[Finding | Unjudged, ...]:
    """What ``rule`` says of ``case``, in the order in which it says it."""
    project = FakeProject(case.files, target=case.target)
    return tuple(rule.check(project, rule.options() if options is None else options))


def check_smoke_rule(rule: SmokeRule, case: SmokeCase) -> tuple[Finding | Unjudged, ...]:
    """What ``rule`` says of the run of ``case``, in the order in which it says it."""
    project = FakeProject(case.files, target=case.target)
    options = rule.options() if case.options is None else case.options
    return () if rule.idle(case.run, options) else tuple(rule.check(case.run, project, options))


def check_change_rule(rule: ChangeRule, case: ChangeCase) -> tuple[Finding | Held | Missing, ...]:
    """What ``rule`` says of the change of ``case``, in the order in which it says it."""
    options = rule.options() if case.options is None else case.options
    return () if rule.idle(case.change, options) else tuple(rule.check(case.change, options))


def _check(rule: Rule, case: AnyCase) -> tuple[Finding | Unjudged | Held | Missing, ...]:
    if isinstance(rule, SourceRule) and isinstance(case, Case):
        return check_rule(rule, case)
    if isinstance(rule, SmokeRule) and isinstance(case, SmokeCase):
        return check_smoke_rule(rule, case)
    if isinstance(rule, ChangeRule) and isinstance(case, ChangeCase):
        return check_change_rule(rule, case)
    raise TypeError(f"a {type(case).__name__} is no case of a {type(rule).__name__}")


def cases_of(rule: Rule) -> tuple[AnyCase, ...]:
    """The examples of a rule of any kind."""
    if isinstance(rule, (SmokeRule, ChangeRule)):
        return rule.cases()
    return rule.cases if isinstance(rule, SourceRule) else ()


def case_problems(rule: Rule, case: AnyCase) -> tuple[str, ...]:
    """Where ``rule`` does not do what ``case`` expects; empty when all agrees.

    Exactly the expected findings, each with all its fields, and twice the same answer.
    """
    try:
        said = _check(rule, case)
        again = _check(rule, case)
    except Exception as error:  # noqa: BLE001 - any crash is the answer
        return (f"case {case.id!r}: {type(error).__name__}: {error}",)
    problems = []
    if said != again:
        problems.append("two runs give different answers")
    findings = [item for item in said if isinstance(item, Finding)]
    if isinstance(case, ChangeCase):
        assert isinstance(rule, ChangeRule)
        problems.extend(change_problems(rule, case, said))
    else:
        problems.extend(_said_problems(case, said))
    for finding in findings:
        problems.extend(_finding_problems(rule, case, finding))
    return tuple(f"case {case.id!r}: {problem}" for problem in problems)


def _said_problems(case: Case | SmokeCase, said: tuple[object, ...]) -> Iterable[str]:
    findings = [item for item in said if isinstance(item, Finding)]
    seen = sorted((item.place.path, item.place.line, item.name) for item in findings)
    if seen != sorted(case.expects):
        yield f"expected {sorted(case.expects)}, found {seen}"
    for item in said:
        if isinstance(item, Unjudged):
            yield f"unjudged {item.path}: {item.reason}"
        elif not isinstance(item, Finding):
            yield f"{type(item).__name__} is neither a Finding nor an Unjudged"


def conformance(rule: Rule) -> tuple[str, ...]:
    """Everything in which ``rule`` breaks the contract; empty when it conforms.

    Its declaration; folder name, id and title of the README agree; the README names each option;
    at least two valid and two invalid cases with unique ids, one valid one a near miss; each case
    gives exactly what it expects (see ``case_problems``).
    """
    problems = list(rule_problems(rule))
    if problems:
        return tuple(problems)
    folder = rule_folder(rule).rpartition(".")[2]
    if folder.replace("_", "-") != rule.id:
        problems.append(f"the folder {folder!r} should be {rule.id.replace('-', '_')!r}")
    problems.extend(_readme_problems(rule))
    cases = cases_of(rule)
    invalid = [case for case in cases if not _valid(case)]
    valid = [case for case in cases if _valid(case)]
    if len(valid) < 2 or len(invalid) < 2:
        problems.append(f"{len(valid)} valid and {len(invalid)} invalid cases; two each are wanted")
    if not any(case.near_miss for case in valid):
        problems.append("no valid case is marked near_miss")
    problems.extend(f"case {case.id!r}: a near miss is valid" for case in invalid if case.near_miss)
    ids = [case.id for case in cases]
    problems.extend(f"the case id {key!r} is there twice" for key in {*ids} if ids.count(key) > 1)
    for case in cases:
        if not (case.id.strip() and case.what.strip()):
            problems.append(f"case {case.id!r}: it needs an id, and what it shows")
        problems.extend(case_problems(rule, case))
    return tuple(f"{rule.id}: {problem}" for problem in problems)


def _valid(case: AnyCase) -> bool:
    also = (case.held, case.missing) if isinstance(case, ChangeCase) else ()
    return not any((case.expects, *also))


class RuleTests:
    """Subclass it with ``rule = RULE``: pytest runs the conformance test, and each case by id."""

    rule: Rule

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Called by pytest for each test of the class."""
        if "case" in metafunc.fixturenames:
            cases = cases_of(metafunc.cls.rule)
            metafunc.parametrize("case", cases, ids=[case.id for case in cases])

    def test_conformance(self) -> None:
        problems = conformance(self.rule)
        assert not problems, "\n".join(problems)

    def test_case(self, case: AnyCase) -> None:
        problems = case_problems(self.rule, case)
        assert not problems, "\n".join(problems)


class ChangeRuleTests(RuleTests):
    """``RuleTests`` for a ``ChangeRule``."""

    rule: ChangeRule


def _readme_problems(rule: Rule) -> Iterable[str]:
    try:
        text = readme(rule)
    except PluginError as error:
        yield str(error)
        return
    title = text.partition("\n")[0].strip()
    if title != f"# {rule.id}":
        yield f"the README's first line is {title!r}, wanted '# {rule.id}'"
    for field in record_of(rule.options).fields:
        if f"`{field.key}`" not in text:
            yield f"the README does not document the option `{field.key}`"
        if not field.doc:
            yield f"the option {field.name!r} has no doc; write it with guard.options.option()"


def _finding_problems(rule: Rule, case: AnyCase, finding: Finding) -> Iterable[str]:
    if finding.rule != rule.id:
        yield f"a finding of rule {finding.rule!r}"
    for name in ("name", "message", "fix"):
        if not getattr(finding, name).strip():
            yield f"a finding without {name}"
    places = [finding.place, *(use.place for use in finding.uses)]
    places += [step.place for step in finding.chain]
    for place in [*places, *([finding.guard] if finding.guard else [])]:
        if isinstance(case, ChangeCase):
            if not _touched(case, place):
                yield f"a place that is neither the change's nor in a file that it touches: {place}"
        elif not _inside(case, place):
            yield f"a place outside the files: {place}"


def _touched(case: ChangeCase, place: Place) -> bool:
    """The change as a whole (line 0 of no path), or a file of it; line 0 is the whole file."""
    if not place.path:
        return place == CHANGE
    edit = case.change.policy_edit
    policy = () if isinstance(edit, Unknown) else edit.touched
    paths = {*policy, *(touched_paths(case.change.units) or ())}
    return place.path in paths


def _inside(case: Case | SmokeCase, place: Place) -> bool:
    if place.path not in case.files:
        return False
    lines = case.files[place.path].split("\n")
    return 1 <= place.line <= len(lines) and 1 <= place.column <= len(lines[place.line - 1]) + 1


def _check_fact(extractor: Extractor[Any], data: bytes, fact: Any, path: str) -> None:
    try:
        same = marshal.loads(marshal.dumps(fact)) == fact
    except ValueError:
        same = False
    if not same:
        raise AssertionError(f"{extractor.name}: the facts of {path} do not survive marshal")
    if extractor.extract(data, *extractor.params) != fact:
        raise AssertionError(f"{extractor.name}: the facts of {path} differ when computed again")
