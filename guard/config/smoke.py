"""The section ``smoke:`` of the policy: how the project's own code is started, and what may fail.

Imported where the policy has the section, or where ``guard smoke`` runs; no other command pays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from guard.config import shapes
from guard.config.shapes import BAD, Choice, Field, Json, Listing, Number, Record, Text, Whole
from guard.config.tree import Node, Problems

NETWORKS = ("refuse", "loopback", "allow")
MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_PATTERN = re.compile(r"[\w*]+(\.[\w*]+)*")
_EXCEPTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMES = re.compile(r"[A-Za-z0-9_*?]+")


@dataclass(frozen=True, slots=True)
class ProofPolicy:
    """What shows that an entry point lives. Exactly one is set; ``status`` belongs to ``http``."""

    exit_code: int | None = None
    output: str | None = None
    alive: float | None = None
    http: str | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        ways = (self.exit_code, self.output, self.alive, self.http)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("a proof is exactly one of exit-code, output, alive and http")
        if self.status is not None and self.http is None:
            raise ValueError("'status' belongs to 'http'")


@dataclass(frozen=True, slots=True)
class EntryPolicy:
    """One entry point that the policy names. ``timeout`` of ``None`` is the section's own."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    proof: ProofPolicy = field(default_factory=lambda: ProofPolicy(exit_code=0))
    timeout: float | None = None
    line: int = 0
    """Where the policy declares it."""


@dataclass(frozen=True, slots=True)
class ExcludePolicy:
    """Files that are not imported, and why."""

    paths: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class OptionalPolicy:
    """Modules that may fail to import: for this reason, and by this exception if one is named."""

    modules: tuple[str, ...]
    reason: str
    raises: str = ""
    missing: str = ""
    """The top-level module whose absence is the reason."""


@dataclass(frozen=True, slots=True)
class SmokePolicy:
    """The whole section. ``None`` is what the runner finds out by itself."""

    python: str | None = None
    timeout: float = 30.0
    total_timeout: float = 1800.0
    memory: int | None = None
    jobs: int | None = None
    network: Literal["refuse", "loopback", "allow"] = "refuse"
    env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    exclude: tuple[ExcludePolicy, ...] = ()
    optional: tuple[OptionalPolicy, ...] = ()
    entry_points: tuple[EntryPolicy, ...] = ()

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.entry_points]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two entry points are named {twice[0]!r}")


class _Environment:
    """Variables to set: name to text."""

    def read(self, node: Node, problems: Problems) -> Any:
        values = shapes.Table(Text("text", _value_problem)).read(node, problems)
        if values is BAD:
            return BAD
        bad = [name for name in values if not _NAME.fullmatch(name)]
        for name in bad:
            problems.at(node, f"{name!r} is no name of a variable")
        return BAD if bad else MappingProxyType(dict(values))

    def schema(self) -> Json:
        names = {"propertyNames": {"pattern": f"^{_NAME.pattern}$"}}
        return {"type": "object", "additionalProperties": {"type": "string"}} | names


@dataclass(frozen=True)
class _WithLine:
    """A record whose value knows the line where it stands."""

    inner: Record

    def read(self, node: Node, problems: Problems) -> Any:
        value = self.inner.read(node, problems)
        return value if value is BAD else replace(value, line=node.line)

    def schema(self) -> Json:
        return self.inner.schema()


def _value_problem(text: str) -> str:
    return "a value has no NUL character" if "\0" in text else ""


def _full(pattern: re.Pattern[str], wanted: str, article: str = "not") -> Text:
    def check(text: str) -> str:
        return "" if pattern.fullmatch(text) else f"{article} {wanted}"

    return Text(wanted, check)


def _filled_problem(text: str) -> str:
    if not text.strip():
        return "empty"
    return "has a NUL character" if "\0" in text else ""


def _regex_problem(text: str) -> str:
    if not text:
        return "an empty pattern matches everything"
    try:
        re.compile(text)
    except (re.error, OverflowError) as error:
        return f"not a regular expression: {error}"
    return ""


def _url_problem(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return "an address of this machine is wanted, such as http://127.0.0.1:8000/health"
    return "" if port else "the port is missing, as in http://127.0.0.1:8000/health"


FILLED = Text("text", _filled_problem)
SECONDS = Number(above=0)


def smoke_shape(globs: Text, folder: Text) -> Record:
    """The type of the section. ``globs`` and ``folder`` are the policy's path pattern and path."""
    proof = Record(
        ProofPolicy,
        (
            Field(
                "exit-code", "exit_code", Whole(least=0, most=255), doc="It ends with this code."
            ),
            Field("output", "output", Text("a pattern", _regex_problem), doc="It prints this."),
            Field("alive", "alive", SECONDS, doc="It is still up after so many seconds."),
            Field("http", "http", Text("an address", _url_problem), doc="It answers a GET there."),
            Field("status", "status", Whole(least=100, most=599), doc="With this status; 200."),
        ),
    )
    entry = Record(
        EntryPolicy,
        (
            Field("name", "name", FILLED, True, "How reports name it."),
            Field("command", "command", Listing(FILLED, least=1), True, _COMMAND),
            Field("env", "env", _Environment(), doc="Variables for it alone."),
            Field("cwd", "cwd", folder, doc="The folder to start it in; default: the top."),
            Field("proof", "proof", proof, doc="What shows that it lives; default: exit code 0."),
            Field("timeout", "timeout", SECONDS, doc="Seconds until the proof must be there."),
        ),
    )
    exclude = Record(
        ExcludePolicy,
        (
            Field("paths", "paths", Listing(globs, least=1), True, "Path patterns."),
            Field("reason", "reason", FILLED, True, "Why they are not imported."),
        ),
    )
    optional = Record(
        OptionalPolicy,
        (
            Field("modules", "modules", Listing(_MODULES, least=1), True, "Names or patterns."),
            Field("reason", "reason", FILLED, True, "Why they may fail to import."),
            Field("raises", "raises", _full(_EXCEPTION, "the name of an exception"), doc=_RAISES),
            Field("missing", "missing", _full(MODULE, "the name of a module"), doc=_MISSING),
        ),
    )
    return Record(
        SmokePolicy,
        (
            Field("python", "python", FILLED, doc="The project's interpreter; default: found."),
            Field("timeout", "timeout", SECONDS, doc="Seconds for one module.", default=30),
            Field("total-timeout", "total_timeout", SECONDS, doc="For all of it.", default=1800),
            Field("memory", "memory", Whole(least=16), doc="Megabytes for one module."),
            Field("jobs", "jobs", Whole(least=1, most=1024), doc="Modules at a time."),
            Field(
                "network",
                "network",
                Choice({name: name for name in NETWORKS}),
                doc="What imported code may connect to.",
                default="refuse",
            ),
            Field("env", "env", _Environment(), doc="Variables to set."),
            Field(
                "pass-env",
                "pass_env",
                Listing(_full(_NAMES, "the name of a variable, or a pattern such as MY_*")),
                doc="Variables to pass on.",
            ),
            Field("exclude", "exclude", Listing(exclude), doc="Files that are not imported."),
            Field("optional", "optional", Listing(optional), doc="Modules that may fail."),
            Field("entry-points", "entry_points", Listing(_WithLine(entry)), doc="What to start."),
        ),
    )


_MODULES = _full(_PATTERN, "the name of a module, or a pattern such as pkg.gpu.*")
_COMMAND = "The command; 'python' is the project's interpreter."
_RAISES = "Only this exception, or one below it, is the declared failure."
_MISSING = "Only the absence of this module is the declared failure."
