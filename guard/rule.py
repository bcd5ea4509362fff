"""The protocols that a rule implements and the only things that it may ask.

A rule is a value object: it never prints, exits, reads the environment or asks the clock or the
network. What it needs comes in through the subject that it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from guard.model import Finding, Level, Stage, Unjudged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.change import Change, Held, Missing
    from guard.observed import SmokeRun

T = TypeVar("T")

Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Extractor(Generic[T]):
    """A pure function from one file's content to plain facts; results are cached by content.

    ``extract`` is called as ``extract(data, *params)`` with the file's bytes, perhaps in another
    process: it must be a module-level function, must not look at anything else, and must answer
    with what ``marshal`` can write (None, bool, int, str, bytes, tuple, list, dict, frozenset).
    ``name`` is unique; ``version`` changes whenever the same bytes would give other facts.
    """

    name: str
    version: str
    extract: Callable[..., T]
    params: tuple[Any, ...] = ()


class Modules(Protocol):
    """Paths and dotted module names under the import roots, as the import system maps them."""

    def module_of(self, path: str) -> tuple[str, bool]:
        """The dotted name of a file and whether it is a package's ``__init__``."""

    def find(self, dotted: str, importer: str | None = None) -> str | None:
        """The file of a module or package; None for what is not in the project."""

    def relative(self, path: str, level: int, name: str = "") -> str | None:
        """The file that ``from ..name import`` names, seen from ``path``."""

    def is_namespace(self, dotted: str, importer: str | None = None) -> bool:
        """A folder of modules without ``__init__.py`` (PEP 420)."""

    def submodule(self, package_init: str, name: str) -> str | None:
        """The file of a package's submodule, found through its ``__init__.py``."""


class Project(Protocol):
    """The files of a working tree, of the index or of a commit, all read alike. Read-only."""

    @property
    def label(self) -> str:
        """What this is, for messages: ``working tree``, ``index``, ``commit 1a2b3c4``."""

    @property
    def target(self) -> Version:
        """The oldest Python that the project supports, for example ``(3, 11)``."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The import roots (entries of ``sys.path``), relative to the top; ``""`` is the top."""

    @property
    def modules(self) -> Modules:
        """Which file is which module."""

    def paths(self) -> tuple[str, ...]:
        """The Python files (``.py`` and ``.pyi``), sorted."""

    def read(self, path: str) -> bytes:
        """The content of one file. Raises ``guard.errors.Unreadable``."""

    def facts(self, extractor: Extractor[T], paths: Iterable[str] | None = None) -> dict[str, T]:
        """The facts of each path (all of them by default); unreadable files are left out."""

    def unreadable(self) -> Mapping[str, str]:
        """The paths whose content could not be had so far, each with the reason."""

    def shared(self, key: str, make: Callable[[], T]) -> T:
        """Compute once per project what several rules use."""


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For a rule without options."""


@dataclass(frozen=True, slots=True)
class Case:
    """An example that documents a rule and tests it.

    ``files`` maps paths to source texts. ``expects`` is empty for a valid case, otherwise the
    findings as ``(path, line, name)``. ``target`` is the Python version of the project.
    """

    id: str
    what: str
    files: Mapping[str, str]
    expects: tuple[tuple[str, int, str], ...] = ()
    target: Version = (3, 11)
    near_miss: bool = False
    """A valid case that differs from an invalid one in a detail."""


@dataclass(frozen=True, slots=True)
class SmokeCase:
    """An example of what a run of the project's code may show, as ``Case`` is one for sources.

    ``files`` are the project's own, ``run`` is what was observed of them.
    """

    id: str
    what: str
    files: Mapping[str, str]
    run: SmokeRun
    expects: tuple[tuple[str, int, str], ...] = ()
    target: Version = (3, 11)
    near_miss: bool = False
    options: Any = None
    """An instance of the rule's options; ``None`` for the defaults."""


@dataclass(frozen=True, slots=True)
class ChangeCase:
    """An example of a change. ``expects`` are the names of the findings, or the verdict."""

    id: str
    what: str
    change: Change
    expects: tuple[str, ...] = ()
    """The ``name`` of each finding; empty for a case without any."""
    held: bool = False
    """Whether the rule answers ``Held``."""
    missing: tuple[str, ...] = ()
    """The facts that the rule says it lacks."""
    near_miss: bool = False
    options: Any = None
    """An instance of the rule's options; ``None`` for the defaults."""


class Rule:
    """What every rule declares."""

    id: ClassVar[str]
    """Named for the bad pattern, in kebab-case; the folder has the same name in snake_case."""
    summary: ClassVar[str]
    """One sentence: what is wrong."""
    stages: ClassVar[frozenset[Stage]] = frozenset(Stage)
    default_level: ClassVar[Level] = Level.ERROR
    options: ClassVar[type[Any]] = NoOptions
    """A frozen dataclass whose fields all have defaults; the policy's schema is made from it."""


RuleT = TypeVar("RuleT", bound=Rule)


class SourceRule(Rule):
    """A rule over source files. Subclass it, set the class variables, implement ``check``."""

    cases: ClassVar[tuple[Case, ...]] = ()

    def check(self, project: Project, options: Any) -> Iterable[Finding | Unjudged]:
        """The findings in ``project``, and the files that could not be judged."""
        raise NotImplementedError


class SmokeRule(Rule):
    """A rule over what was observed when the project's code was run.

    Every run of the guard loads its module, to know of the rule; what it needs to judge, and its
    cases, belong in modules that its methods import.
    """

    def cases(self) -> tuple[SmokeCase, ...]:
        """The examples that document and test the rule."""
        return ()

    def idle(self, run: SmokeRun, options: Any) -> str:
        """Why ``run`` gives this rule nothing to judge; empty where it does."""
        del options
        return "" if run.modules else "no module was imported"

    def check(self, run: SmokeRun, project: Project, options: Any) -> Iterable[Finding | Unjudged]:
        """The findings in ``run``; ``project`` holds the sources that were run.

        A finding's level says how much it weighs at most: the policy can lower it.
        """
        raise NotImplementedError


COSTLY = frozenset({"rollback", "target_health", "result_health"})
"""The facts of a change that a source gathers only for a rule that needs them."""


class ChangeRule(Rule):
    """A rule over a change and the branch that it would land on. It judges facts alone.

    Its module is loaded by every run, as that of a ``SmokeRule`` is: the check and the cases belong
    in modules that its methods import.
    """

    stages = frozenset({Stage.PULL_REQUEST, Stage.MERGE_QUEUE, Stage.PRE_RECEIVE})
    needs: ClassVar[frozenset[str]] = frozenset()
    """Which of the ``COSTLY`` facts it reads."""

    def cases(self) -> tuple[ChangeCase, ...]:
        """The examples that document and test the rule."""
        return ()

    def idle(self, change: Change, options: Any) -> str:
        """Why ``change`` gives this rule nothing to judge; empty where it does."""
        del change, options
        return ""

    def check(self, change: Change, options: Any) -> Iterable[Finding | Held | Missing]:
        """What is wrong with the change, what it must wait for, and what could not be known."""
        raise NotImplementedError
