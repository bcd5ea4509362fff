"""From the text of ``guard.yaml`` to a ``Policy``, and from there to what the engine runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from guard import globs
from guard._tell import probe
from guard.config import shapes, tree
from guard.config.shapes import BAD, Field, Json, Listing, Record, Shape, Table, Text
from guard.config.tree import MAX_BYTES, Node, Problems, Scalar
from guard.engine import ConfiguredRule, PathLevel
from guard.errors import PolicyError
from guard.model import Level
from guard.rule import Rule, RuleT, Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.config.smoke import SmokePolicy
    from guard.settings import (
        GithubSettings,
        LaneSettings,
        PersonSettings,
        ProvenanceSettings,
        ServerSettings,
    )

POLICY_NAME = "guard.yaml"
_OTHER_NAMES = ("guard.yml", ".guard.yaml", ".guard.yml")

VERSIONS = tuple(f"3.{minor}" for minor in range(6, 31))
"""The target versions that a policy may name."""


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """What the policy says of one rule. ``options`` is an instance of the rule's options type."""

    level: Level
    options: Any


@dataclass(frozen=True, slots=True)
class PerPath:
    """Levels that hold for some paths only; the last entry that matches a path wins."""

    paths: tuple[str, ...]
    rules: Mapping[str, Level]


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole policy. ``rules`` has every known rule, those that the file does not name too.

    ``path`` is empty when there is no file; ``digest`` identifies the bytes that were read.
    """

    version: int = 1
    target_version: Version | None = None
    roots: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    baseline: str | None = None
    rules: Mapping[str, RulePolicy] = field(default_factory=dict)
    per_path: tuple[PerPath, ...] = ()
    smoke: SmokePolicy | None = None
    """The section of ``guard smoke``; ``None`` where the file has none: the defaults."""
    people: tuple[PersonSettings, ...] = ()
    provenance: ProvenanceSettings | None = None
    lane: LaneSettings | None = None
    server: ServerSettings | None = None
    github: GithubSettings | None = None
    path: str = ""
    digest: str = ""


def default_policy(rules: Sequence[Rule]) -> Policy:
    """The policy of a project without a policy file: every rule at its own level."""
    return Policy(rules=_complete({}, rules))


def parse_policy(data: bytes, path: str, rules: Sequence[Rule] | None) -> Policy:
    """The policy in ``data``, called ``path`` in messages. Raises ``PolicyError`` with them all.

    Without ``rules`` what it says of rules is passed over: for who needs other sections, and not
    the plugins.
    """
    problems = Problems(path)
    root = tree.parse(data, problems)
    if root is None:
        problems.raise_if_any()
    if root is None or (isinstance(root, Scalar) and shapes.core(root) == "null"):
        problems.add(1, 1, "the policy is empty; write at least 'version: 1', or remove the file")
        problems.raise_if_any()
    assert root is not None
    found = policy_shape(rules).read(root, problems)
    problems.raise_if_any()
    values: Mapping[str, Any] = found
    from hashlib import blake2b  # it loads OpenSSL: not where there is no policy

    return Policy(
        **{**values, "rules": _complete(values.get("rules", {}), rules or ())},
        path=path,
        digest=blake2b(data, digest_size=16).hexdigest(),
    )


def read_policy(top: str, rules: Sequence[Rule], path: str | None = None) -> Policy:
    """The policy on disk: ``path`` if given, else ``guard.yaml`` in ``top`` if it is there.

    Raises ``PolicyError``; also for a file that only looks like the policy (``guard.yml``), for it
    would be ignored without a word.
    """
    if path is None and not os.path.lexists(probe(os.path.join(top, POLICY_NAME))):
        for name in _OTHER_NAMES:
            if os.path.lexists(probe(os.path.join(top, name))):
                raise PolicyError([f"{name}:1:1: not read; the policy is named {POLICY_NAME}"])
        return default_policy(rules)
    name = path or POLICY_NAME
    try:
        with open(os.path.join(top, name), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PolicyError([f"{name}:1:1: cannot be read: {reason}"]) from error
    return parse_policy(data, name, rules)


def configure(policy: Policy, rules: Sequence[RuleT]) -> tuple[ConfiguredRule[RuleT], ...]:
    """Each rule with its level, its options and its levels by path, for the engine."""
    return tuple(
        ConfiguredRule(
            rule,
            policy.rules[rule.id].level,
            policy.rules[rule.id].options,
            tuple(
                PathLevel(globs.Globs(entry.paths), entry.rules[rule.id])
                for entry in policy.per_path
                if rule.id in entry.rules
            ),
        )
        for rule in rules
    )


def policy_shape(rules: Sequence[Rule] | None) -> Record:
    """The type of the whole file: it reads the policy, and the schema is made from it."""
    levels: Shape = _PassedOver()
    settings: Shape = levels
    if rules is not None:
        levels = Table(keys={rule.id: shapes.LEVEL for rule in rules}, what="rule", least=1)
        settings = Table(keys={rule.id: _RuleShape(rule) for rule in rules}, what="rule")
    per_path = Record(
        PerPath,
        (
            Field("paths", "paths", Listing(GLOB, least=1), True, "Path patterns."),
            Field("rules", "rules", levels, True, "The level of each rule for these paths."),
        ),
    )
    return Record(
        dict,
        (
            Field("version", "version", shapes.Whole((1,)), True, "The version of this format."),
            Field(
                "target-version",
                "target_version",
                _TargetVersion(),
                doc="The oldest Python that the project supports; default: from the metadata.",
            ),
            Field(
                "roots",
                "roots",
                Listing(ROOT, least=1),
                doc="The import roots (entries of sys.path), '.' is the top; default: detected.",
            ),
            Field("exclude", "exclude", Listing(GLOB), doc="Patterns of paths to leave out."),
            Field("baseline", "baseline", FILE, doc="The file of the known findings."),
            Field("rules", "rules", settings, doc="The level and the options of each rule."),
            Field(
                "per-path",
                "per_path",
                Listing(per_path),
                doc="Levels for some paths; the last entry that matches wins.",
            ),
            Field("smoke", "smoke", _SmokeShape(), doc="How guard smoke runs the code."),
            Field("people", "people", Listing(_Section("PersonSettings")), doc="Who may what."),
            Field(
                "provenance",
                "provenance",
                _Section("ProvenanceSettings"),
                doc="Whose changes count as an AI's.",
            ),
            Field("lane", "lane", _Section("LaneSettings"), doc="One AI change at a time."),
            Field("server", "server", _Section("ServerSettings"), doc="The hook of a git server."),
            Field("github", "github", _Section("GithubSettings"), doc="The door on GitHub."),
        ),
    )


def _path_problem(text: str) -> str:
    if text.startswith("/") or "\\" in text or re.match("[A-Za-z]:", text):
        return "a path is relative to the project's top, with '/' as separator"
    if not text or any(part in ("", "..") for part in text.rstrip("/").split("/")):
        return "a path has no empty and no '..' part ('.' alone is the top)"
    return ""


def _clean_path(text: str) -> str:
    return "/".join(part for part in text.split("/") if part not in ("", "."))


def _file_problem(text: str) -> str:
    return _path_problem(text) or ("" if _clean_path(text) else "not the path of a file")


_PATH_PATTERN = r"^(?![/\\]|[A-Za-z]:)(?!(.*/)?\.\.(/|$))(?!.*//+[^/])[^\\]+$"
ROOT = Text("a path", _path_problem, _clean_path, _PATH_PATTERN)
FILE = Text("a path", _file_problem, _clean_path, _PATH_PATTERN)
GLOB = Text(
    "a path pattern",
    globs.problem,
    pattern=r"^(?!!)(?!(.*/)?\.\.?(/|$))(?!.*//)(?!.*[^/]\*\*)(?!.*\*\*[^/])(?=.*[^/ ])[^\\]+$",
)


class _TargetVersion:
    """``3.10``, plain or in quotes: read as written, never as the number 3.1."""

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, Scalar):
            return shapes.wrong(node, "a version such as 3.11", problems)
        if node.text not in VERSIONS:
            # 3.1 is what a tool that took 3.10 for a number leaves behind.
            meant = f"{node.text}0" if f"{node.text}0" in VERSIONS else ""
            hint = f"; did you mean '{meant}'?" if meant else ""
            allowed = f"{VERSIONS[0]} to {VERSIONS[-1]}"
            problems.at(node, f"unknown version {node.text!r}; allowed: {allowed}{hint}")
            return BAD
        return (3, int(node.text.partition(".")[2]))

    def schema(self) -> Json:
        numbers = sorted({float(version) for version in VERSIONS})
        return {"enum": [*VERSIONS, *numbers]}


class _PassedOver:
    """What is said of rules that are not loaded."""

    def read(self, node: Node, problems: Problems) -> Any:
        del node, problems
        return {}

    def schema(self) -> Json:
        return {}


class _SmokeShape:
    """The section ``smoke``, whose types only those import that have it."""

    def _record(self) -> Record:
        from guard.config.smoke import smoke_shape

        return smoke_shape(GLOB, ROOT)

    def read(self, node: Node, problems: Problems) -> Any:
        return self._record().read(node, problems)

    def schema(self) -> Json:
        return self._record().schema()


@dataclass(frozen=True)
class _Section:
    """A section of ``guard.settings``, whose types only those import that have it."""

    name: str

    def _record(self) -> Record:
        from guard import settings

        return shapes.record_of(getattr(settings, self.name))

    def read(self, node: Node, problems: Problems) -> Any:
        return self._record().read(node, problems)

    def schema(self) -> Json:
        return self._record().schema()


@dataclass(frozen=True)
class _RuleShape:
    """A level alone, or a mapping of ``level`` and the rule's options."""

    rule: Rule

    def _record(self) -> Record:
        record = shapes.record_of(self.rule.options)
        doc = f"default: {self.rule.default_level.value}"
        level = Field("level", _LEVEL, shapes.LEVEL, doc=doc)
        return Record(self._make, (level, *record.fields))

    def _make(self, **values: Any) -> RulePolicy:
        level = values.pop(_LEVEL, self.rule.default_level)
        return RulePolicy(level, self.rule.options(**values))

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, Scalar):
            level = shapes.LEVEL.read(node, problems)
            return BAD if level is BAD else RulePolicy(level, self.rule.options())
        if isinstance(node, tree.Sequence):
            return shapes.wrong(node, "a level, or a mapping of level and options", problems)
        return self._record().read(node, problems)

    def schema(self) -> Json:
        return {
            "description": self.rule.summary,
            "anyOf": [shapes.LEVEL.schema(), self._record().schema()],
        }


_LEVEL = "level"


def _complete(named: Mapping[str, RulePolicy], rules: Sequence[Rule]) -> Mapping[str, RulePolicy]:
    return MappingProxyType(
        {
            rule.id: named.get(rule.id) or RulePolicy(rule.default_level, rule.options())
            for rule in rules
        }
    )
