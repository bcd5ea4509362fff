"""What the abstract run says of one file, as plain facts that are cached by content.

The facts of a file never depend on another file: following names from module to module is
``link``'s work, on these facts alone. All positions are ``(line, column, end line, end column)``,
counted from 1, the end column exclusive.
"""

from __future__ import annotations

from typing import Any, TypedDict

from guard.rule import Extractor

Span = tuple[int, int, int, int]


class UseFact(TypedDict):
    """One occurrence that is evaluated while its name is surely unbound."""

    name: str
    kind: str
    """``global``, ``local`` or ``free``."""
    span: Span
    guard: Span | None
    at_import: bool
    scope: str
    stars: int
    """How many of ``stars`` ran before it."""
    annotation: bool
    only_guarded: str
    """The module's function that guarded code alone refers to, if the use stands in one."""


class ImportFact(TypedDict):
    """One name that an import statement fetches at run time."""

    span: Span
    level: int
    module: str
    name: str
    at_import: bool
    scope: str
    handled: bool


class AttributeFact(TypedDict):
    """A chain of attributes read from what an import bound."""

    ref: tuple[Any, ...]
    root: str
    attributes: tuple[str, ...]
    spans: tuple[Span, ...]
    present: int
    """How many of the attributes the program made sure of."""
    at_import: bool
    scope: str


class Summary(TypedDict):
    """All facts of one file."""

    problem: str
    """Why the file could not be judged; empty where it could."""
    problem_line: int
    uses: tuple[UseFact, ...]
    guarded: dict[str, Span]
    """Names of the module that exist for the type checker alone when the import has ended."""
    class_guarded: dict[str, dict[str, Span]]
    bound: frozenset[str]
    """Names that the module may bind at run time."""
    dynamic: bool
    """The module binds names in a way that the text does not tell."""
    has_getattr: bool
    rejected: dict[str, tuple[tuple[str, bool], ...]]
    """Guarded or listed names for which the module's ``__getattr__`` surely raises, and what: the
    classes by name, empty where nobody can tell, and whether each is an ``AttributeError``."""
    listed: tuple[tuple[str, Span], ...]
    all_is_known: bool
    has_all: bool
    imports: tuple[ImportFact, ...]
    guarded_stars: tuple[tuple[int, str, Span], ...]
    guarded_submodules: dict[str, Span]
    attributes: tuple[AttributeFact, ...]
    flag_sources: tuple[tuple[int, str], ...]


def summarize(data: bytes, major: int, minor: int) -> Summary:
    """Run the file for the target version ``major.minor``. The first call imports libcst."""
    from guard_rules._names.judge import judge

    return judge(data, (major, minor))


def summarize_own(data: bytes, major: int, minor: int) -> Summary:
    """The same without the functions that do not matter to the file's own guarded names.

    What other modules can ask of the file is complete: ``guarded``, ``bound``, ``listed``.
    """
    from guard_rules._names.judge import judge
    from guard_rules._names.slices import without_idle_bodies

    return judge(without_idle_bodies(data), (major, minor))


def summary_of(target: tuple[int, int]) -> Extractor[Summary]:
    """The extractor for everything that a file does with names, its own and others'."""
    return Extractor("names.flow", "5", summarize, target)


def own_summary_of(target: tuple[int, int]) -> Extractor[Summary]:
    """The extractor for what a file does with its own guarded names."""
    return Extractor("names.own", "5", summarize_own, target)
