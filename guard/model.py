"""What crosses the layers: frozen values, no behaviour beyond what follows from the data.

Lines and columns count from 1; a column counts characters (code points), not bytes.
Paths are relative to the project's top, with ``/`` as separator on every platform; bytes of a
path that are not UTF-8 are kept as surrogate escapes (PEP 383).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Level(str, Enum):
    """How much a finding weighs. Only ``error`` makes a run fail."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class Verdict(str, Enum):
    """The outcome of a rule, and of a run. There is no other, and none is a default."""

    PASS = "pass"
    FAIL = "fail"
    HOLD = "hold"
    UNVERIFIED = "unverified"
    SKIPPED = "skipped"


class Stage(str, Enum):
    """A door at which a rule runs."""

    PRE_COMMIT = "pre-commit"
    PULL_REQUEST = "pull-request"
    MERGE_QUEUE = "merge-queue"
    PRE_RECEIVE = "pre-receive"


class When(str, Enum):
    """At which moment Python raises."""

    IMPORT = "import"
    """While the module is imported."""
    CALL = "call"
    """When the function around the use runs."""
    RESOLUTION = "resolution"
    """When something resolves the annotation: a framework, ``typing.get_type_hints`` ..."""
    START = "start"
    """When the entry point is started."""
    LANDING = "landing"
    """When the change lands: nothing is raised, the finding is about the change."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file. ``end_column`` is exclusive; ``None`` where only the start is known.

    Line 0 is the file as a whole, and with an empty path the change as a whole.
    """

    path: str
    line: int
    column: int
    end_line: int | None = None
    end_column: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One occurrence that Python evaluates. ``scope`` is ``module`` or a qualified name."""

    place: Place
    when: When
    scope: str = "module"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way that leads to the failure, for example an import statement."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause, with all its uses. ``place`` is the first use that Python reaches."""

    rule: str
    place: Place
    name: str
    """The bound name; dotted where it is an attribute of a module."""
    message: str
    """What is wrong, one sentence without the position."""
    raises: str
    """The exception and its text as CPython prints it, ``NameError: name 'X' is not defined``."""
    when: When
    fix: str
    """The mend, one imperative sentence."""
    guard: Place | None = None
    """Where the name is bound for the type checker alone."""
    uses: tuple[Use, ...] = ()
    chain: tuple[Step, ...] = ()
    level: Level = Level.ERROR
    victims: tuple[str, ...] = ()
    """The modules that this one cause takes down, sorted."""
    output: str = ""
    """The end of what the code wrote, where that is all there is to go by."""

    @property
    def id(self) -> str:
        """A fingerprint that survives a move in the file: rule, path, name and exception type."""
        parts = (self.rule, self.place.path, self.name, self.raises.partition(":")[0])
        text = "\0".join(parts).encode("utf-8", "surrogateescape")
        from hashlib import blake2b  # it loads OpenSSL: a run without findings does without

        return blake2b(text, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A file that could not be judged, and why: never silently clean."""

    path: str
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Not its turn: what a rule answers that has no fault to find."""

    reason: str
    by: str = ""
    """What holds it: ``#20`` or a revision."""
    until: int | None = None
    place: int | None = None
    """Its place in the line, from 1."""
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that a rule needed and could not have: the rule's verdict is ``unverified``."""

    fact: str
    reason: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule said. ``reason`` is set for a verdict other than pass and fail."""

    rule: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    reason: str = ""
    held: tuple[Held, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run."""

    subject: str
    """What was judged: ``working tree``, ``index``, ``commit 1a2b3c4``."""
    files: int
    results: tuple[RuleResult, ...]
    notes: tuple[str, ...] = field(default=())
    """What the user must know besides: an empty selection, a slow path that was taken."""
    unit: str = "file"
    """What ``files`` counts, in the singular."""
    skipped: str = ""
    """Why there was surely nothing to judge. A selection that is merely empty is unverified."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, by path, line, column and rule."""
        found = [finding for result in self.results for finding in result.findings]
        return tuple(sorted(found, key=_order))

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the rules; a run without any rule is unverified, never pass."""
        verdicts = {result.verdict for result in self.results}
        if self.skipped and verdicts <= {Verdict.SKIPPED}:
            return Verdict.SKIPPED
        for verdict in (Verdict.FAIL, Verdict.UNVERIFIED, Verdict.HOLD, Verdict.PASS):
            if verdict in verdicts:
                return verdict
        return Verdict.UNVERIFIED


EXIT_CODES = {
    Verdict.PASS: 0,
    Verdict.FAIL: 1,
    Verdict.UNVERIFIED: 3,
    Verdict.SKIPPED: 0,
    Verdict.HOLD: 75,
}


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.place
    return (place.path, place.line, place.column, finding.rule, finding.name)
