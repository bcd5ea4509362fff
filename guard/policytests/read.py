"""Files of policy tests. As strict as the policy: an unknown key is an error, and so is no case."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from guard._wire import WireError
from guard.change import Change
from guard.config import tree
from guard.config.shapes import BAD, Choice, Field, Listing, Record, Table, Text, Whole
from guard.config.tree import Node, Problems, Scalar
from guard.errors import GuardError, PolicyError, UsageError
from guard.forge.facts import MAX_BYTES, read_facts
from guard.model import RuleResult, Stage, Verdict
from guard.policytests.facts import read_change
from guard.rule import ChangeRule
from guard.samples import NOW
from guard.samples import change as sample_change

FOLDER = "guard-tests"
WARNING = "warning"
OUTCOMES = (*(each.value for each in Verdict), WARNING)
"""What a rule can say of a case: a verdict; ``warning`` is a pass with something to show."""


class NothingTested(GuardError):
    """There was no case: that is no pass."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Expected:
    """What a case says of one rule, or (``rule`` is empty) of the whole report."""

    rule: str
    outcome: str
    line: int
    column: int
    findings: tuple[str, ...] | None = None
    """The names of all findings; ``None`` where the case does not say."""
    says: str = ""
    """A piece of what is said."""


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One case of a file."""

    path: str
    line: int
    name: str
    door: Stage
    change: Change
    expected: tuple[Expected, ...]


def outcome_of(result: RuleResult) -> str:
    """``warning`` for a pass with findings, else the verdict."""
    if result.verdict is Verdict.PASS and result.findings:
        return WARNING
    return result.verdict.value


def find(paths: Iterable[str], top: str) -> tuple[str, ...]:
    """The files: those named, and all ``*.yaml`` below a folder; by default below ``guard-tests``.

    Raises ``UsageError`` for a path that is not there, ``NothingTested`` where none is found.
    """
    named = tuple(paths) or (os.path.join(top, FOLDER),)
    found: dict[str, None] = {}
    for path in named:
        if os.path.isdir(path):
            found.update(dict.fromkeys(_below(path)))
        elif os.path.lexists(path):
            found[path] = None
        elif paths:
            raise UsageError(f"no such file or folder: {path}")
    if not found:
        where = ", ".join(os.path.relpath(path) for path in named)
        raise NothingTested(f"no policy tests (*.yaml) in {where}: nothing was tested")
    return tuple(found)


def _below(folder: str) -> list[str]:
    found = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.relpath(os.path.join(place, name))
            if name.endswith(".yml"):
                raise PolicyError([f"{path}:1:1: not read; policy tests are named *.yaml"])
            if name.endswith(".yaml"):
                found.append(path)
    return found


def read_cases(paths: Iterable[str], rules: Iterable[ChangeRule]) -> tuple[PolicyCase, ...]:
    """The cases of the files. Raises ``PolicyError`` with every problem of all of them."""
    known = sorted(rule.id for rule in rules)
    cases: list[PolicyCase] = []
    faults: list[str] = []
    for path in paths:
        try:
            cases += _file(path, known)
        except PolicyError as error:
            faults += error.problems
    if faults:
        raise PolicyError(faults)
    return tuple(cases)


def _file(path: str, rules: list[str]) -> tuple[PolicyCase, ...]:
    problems = Problems(path)
    try:
        with open(path, "rb") as file:
            data = file.read(tree.MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PolicyError([f"{path}:1:1: cannot be read: {reason}"]) from error
    root = tree.parse(data, problems)
    problems.raise_if_any()
    if root is None:
        raise PolicyError([f"{path}:1:1: the file is empty: nothing would be tested"])
    shape = Record(
        dict,
        (
            Field("version", "version", Whole((1,)), True),
            Field("cases", "cases", Listing(_CaseShape(path, rules), least=1), True),
        ),
    )
    found: Mapping[str, Any] = shape.read(root, problems)
    if found is not BAD:
        _names_differ(found["cases"], problems)
    problems.raise_if_any()
    cases: tuple[PolicyCase, ...] = found["cases"]
    return cases


def _names_differ(cases: Iterable[PolicyCase], problems: Problems) -> None:
    first: dict[str, int] = {}
    for case in cases:
        if case.name in first:
            text = f"a case of the name {case.name!r} is on line {first[case.name]} too"
            problems.add(case.line, 1, text)
        first.setdefault(case.name, case.line)


@dataclass(frozen=True)
class _CaseShape:
    path: str
    rules: list[str]

    def read(self, node: Node, problems: Problems) -> Any:
        doors = {each.value: each for each in Stage if each is not Stage.PRE_COMMIT}
        verdict = _Said("")
        rules = Table(keys={rule: _Said(rule) for rule in self.rules}, what="rule", least=1)
        record = Record(
            dict,
            (
                Field("name", "name", Text(check=_not_blank), True),
                Field("door", "door", Choice(doors)),
                Field("facts", "facts", _FactsShape(self.path)),
                Field("verdict", "verdict", verdict),
                Field("expect", "expect", rules),
            ),
        )
        found: Mapping[str, Any] = record.read(node, problems)
        if found is BAD:
            return BAD
        expected = [*found.get("expect", {}).values()]
        expected += [found["verdict"]] if "verdict" in found else []
        if not expected:
            problems.at(node, "the case expects nothing: give 'expect', 'verdict' or both")
            return BAD
        change: Change = found.get("facts") or sample_change()
        door = found.get("door", Stage.PULL_REQUEST)
        return PolicyCase(self.path, node.line, found["name"], door, change, tuple(expected))

    def schema(self) -> Any:
        raise NotImplementedError("policy tests have no schema")


def _not_blank(text: str) -> str:
    return "" if text.strip() else "a case needs a name"


@dataclass(frozen=True)
class _Said:
    """An outcome alone, or with the findings and a piece of what is said."""

    rule: str

    def read(self, node: Node, problems: Problems) -> Any:
        words = [each for each in OUTCOMES if self.rule or each != WARNING]
        outcome = Choice({each: each for each in words})
        if isinstance(node, Scalar):
            found = outcome.read(node, problems)
            return BAD if found is BAD else Expected(self.rule, found, node.line, node.column)
        fields = [Field("outcome", "outcome", outcome, True)]
        if self.rule:
            fields.append(Field("findings", "findings", Listing(Text())))
        fields.append(Field("says", "says", Text(check=_not_blank)))
        values: Mapping[str, Any] = Record(dict, tuple(fields)).read(node, problems)
        if values is BAD:
            return BAD
        return Expected(self.rule, line=node.line, column=node.column, **values)

    def schema(self) -> Any:
        raise NotImplementedError("policy tests have no schema")


@dataclass(frozen=True)
class _FactsShape:
    """Facts, or the name of a file of them, beside the file of the case."""

    path: str

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, Scalar):
            return read_change(node, problems) or BAD
        name = Text().read(node, problems)
        if name is BAD:
            return BAD
        file = os.path.join(os.path.dirname(self.path), name)
        try:
            with open(file, "rb") as stream:
                return read_facts(stream.read(MAX_BYTES + 1), name, NOW)
        except (OSError, ValueError) as error:
            problems.at(node, f"{name}: {getattr(error, 'strerror', None) or error}")
        except WireError as error:
            problems.at(node, str(error))
        return BAD

    def schema(self) -> Any:
        raise NotImplementedError("policy tests have no schema")
