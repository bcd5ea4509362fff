"""What is known of one library that resolves annotations: the types of the frameworks table.

The table itself is data (``type_checking_evaluated_annotation/frameworks.py``). A canonical name is
the dotted name at which an object lives or is offered: ``pydantic.BaseModel``. ``X()`` stands for
an instance of X, or for what calling X gives: ``fastapi.FastAPI().get`` is a method of an app.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

DATACLASSES = frozenset(
    {
        "dataclasses.dataclass",
        "typing.TypedDict",
        "typing_extensions.TypedDict",
        "typing.NamedTuple",
        "typing_extensions.NamedTuple",
    }
)
ATTRS = frozenset(
    {f"attrs.{name}" for name in ("define", "frozen", "mutable")}
    | {
        f"attr.{name}"
        for name in ("s", "attrs", "attrib", "dataclass", "define", "frozen", "mutable")
    }
)
STANDARD = frozenset({"typing", "typing_extensions", "inspect", "functools", "annotationlib"})
CLASSVAR = frozenset({"typing.ClassVar", "typing_extensions.ClassVar"})


@dataclass(frozen=True, slots=True)
class Reads:
    """Which annotations of a class or a function are resolved, when, and how that fails."""

    by: str
    """The library, for the message."""
    moment: str
    """When it happens, to follow ``it resolves the annotation``."""
    raises: str = "NameError: name '{name}' is not defined"
    """The exception; ``{name}`` and ``{owner}`` are filled in. The start of the text is enough."""
    fields: bool = False
    """The annotations in the body of a class."""
    inherited: bool = True
    """... also those of its base classes."""
    params: bool = False
    returns: bool = False
    methods: bool = False
    """Of a class: the parameters and returns of its own methods."""
    init: bool = False
    """Of a class: the parameters of ``__init__``."""
    skip_wrappers: frozenset[str] = frozenset()
    """Canonical names around an annotation that keep it from being resolved."""
    skip_defaults: frozenset[str] = frozenset()
    """Calls of these as a default value keep the annotation from being resolved."""
    skip_metadata: frozenset[str] = frozenset()
    """Calls of these in ``Annotated[...]`` keep it from being resolved."""
    skip_quoted_metadata: frozenset[str] = frozenset()
    """The same, where ``Annotated`` itself is evaluated by Python and only the type is quoted."""
    skip_types: frozenset[str] = frozenset()
    """Canonical names that the library supplies itself."""
    public_only: bool = False
    """Fields that begin with an underscore are left alone."""
    skip_fields: frozenset[str] = frozenset()
    extra_fields: frozenset[str] = frozenset()
    """Fields that are resolved though they begin with an underscore."""
    sees_locals: bool = False
    """Names of the function around a class are found."""
    nested: bool = False
    """Dataclasses, named tuples and typed dicts that an annotation names are resolved too."""
    records: frozenset[str] = frozenset()
    """Decorators and bases that make a class one whose fields are resolved; empty: any class.
    It counts where the class is reached as a type, not where it is decorated or derived itself."""
    within: frozenset[str] = frozenset()
    """A method counts only in a class that these decorators or bases make."""
    unchecked: frozenset[str] = frozenset()
    """Decorators that keep a function from being looked at."""
    shadowed: bool = True
    """An annotation that a subclass gives anew is resolved nevertheless."""
    collects: frozenset[str] = frozenset()
    """Decorators that collect the fields of a class: of a class with such a decorator, or with one
    on a base, only what they collect is resolved, so nothing of a base without a decorator."""
    quoted_inside: bool = True
    """Strings inside an annotation are resolved, not just the annotation as a whole."""
    lazy_only: bool = False
    """Only what Python itself left unevaluated (PEP 649), not strings."""
    first_only: bool = False
    """Only the first annotated parameter."""
    parts: bool = True
    """Of ``Box[Item]`` not only ``Box`` is looked at."""
    rebuilt: bool = False
    """``model_rebuild()`` and its like can supply the names later."""
    retries: bool = False
    """... and so can the function that uses a model first, with its locals."""
    mapped: bool = False
    """SQLAlchemy's declarative mapping, which has rules of its own."""
    knows_plain_guards: bool = False
    """The library reads the source and leaves out what a plain ``if TYPE_CHECKING:`` imports."""
    direct: bool = True
    """A class that names the base itself is meant too, not only its subclasses."""
    off: frozenset[str] = frozenset()
    """Keywords of the decorator or call that switch all of it off."""
    returns_off: frozenset[str] = frozenset()
    """Keywords that switch the return annotation off."""
    since: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    """Only for target versions from (including) and to (excluding)."""

    def applies(self, target: tuple[int, int]) -> bool:
        """Whether the entry is for the target version."""
        after = self.since is None or target >= self.since
        return after and (self.until is None or target < self.until)


@dataclass(frozen=True, slots=True)
class Argument:
    """A function that resolves the annotations of what it is given."""

    reads: Reads
    position: int = 0
    keyword: str = ""
    namespaces: tuple[tuple[int, str], ...] = ()
    """Position (-1: keyword only) and keyword of the arguments that can supply names."""
    requires: str = ""
    """A keyword that must be given as true."""
    catches: bool = True
    """A handler around the call can catch the failure."""
    general: bool = True
    """Worth a wrapper: functions of a project may hand their own parameters to it."""
    of_type: bool = True
    """The argument is a type or a type expression. Otherwise it is an instance of the type."""


@dataclass(frozen=True)
class Table:
    """All that is known, by canonical name."""

    bases: Mapping[str, Reads] = field(default_factory=dict)
    decorators: Mapping[str, Reads] = field(default_factory=dict)
    functions: Mapping[str, tuple[Argument, ...]] = field(default_factory=dict)
    methods: Mapping[str, Reads] = field(default_factory=dict)
    """Methods that a class gets from a base (``base.method``) or from a decorator
    (``decorator().method``) and that resolve the annotations of that class."""
    rebuilds: frozenset[str] = frozenset()
    """Methods and functions that supply names to a model after the fact."""
    asks: frozenset[str] = frozenset()
    """Methods for which a model must be complete, though it is never called."""
    packages: Mapping[str, Reads] = field(default_factory=dict)
    """Calls in a package's ``__init__`` after which every function of the package is resolved."""

    @cached_property
    def libraries(self) -> frozenset[str]:
        """The top-level modules of all entries, the standard library's left out."""
        return frozenset(name.partition(".")[0] for name in self._names()) - STANDARD

    @cached_property
    def by_method(self) -> frozenset[str]:
        """The libraries that look at all methods of a class."""
        return frozenset(
            name.partition(".")[0] for name, reads in self.decorators.items() if reads.methods
        )

    @cached_property
    def callables(self) -> Mapping[str, frozenset[str]]:
        """For each library the words by which its functions can be reached."""
        return _words((*self.functions, *self.methods, *self.packages))

    @cached_property
    def modules(self) -> Mapping[str, frozenset[str]]:
        """For each library all parts of the names of its modules and classes."""
        found: dict[str, set[str]] = {}
        for name in self._names():
            library, *parts = name.replace("()", "").split(".")
            found.setdefault(library, set()).update(parts[:-1])
        return {library: frozenset(parts) for library, parts in found.items()}

    @cached_property
    def last_names(self) -> Mapping[str, frozenset[str]]:
        """For each library the last names of its functions."""
        return _last_names((*self.functions, *self.methods, *self.packages))

    @cached_property
    def general_last_names(self) -> Mapping[str, frozenset[str]]:
        """The same for ``general``."""
        return _last_names(self._general())

    @cached_property
    def general(self) -> Mapping[str, frozenset[str]]:
        """The words of those functions that other functions may hand their parameters to."""
        return _words(self._general())

    @cached_property
    def words(self) -> Mapping[str, frozenset[str]]:
        """For each library the words by which anything in the table can be reached."""
        return _words(self._names())

    def _general(self) -> Iterable[str]:
        return [
            name
            for name, arguments in self.functions.items()
            if any(argument.general for argument in arguments)
        ]

    def _names(self) -> Iterable[str]:
        return (*self.bases, *self.decorators, *self.functions, *self.methods, *self.packages)

    def extended(
        self, bases: Iterable[str], decorators: Iterable[str], functions: Iterable[str]
    ) -> Table:
        """The table with what a policy adds to it."""
        more_bases = {name: _own(name, fields=True) for name in bases}
        more_decorators = {
            name: _own(name, fields=True, params=True, returns=True) for name in decorators
        }
        more_functions = {
            name: (Argument(_own(name, fields=True, params=True, returns=True)),)
            for name in functions
        }
        return replace(
            self,
            bases={**self.bases, **more_bases},
            decorators={**self.decorators, **more_decorators},
            functions={**self.functions, **more_functions},
        )


def _own(name: str, *, fields: bool, params: bool = False, returns: bool = False) -> Reads:
    return Reads(
        by=name,
        moment=f"as the policy says of {name}",
        fields=fields,
        params=params,
        returns=returns,
    )


def _last_names(names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(name.partition(".")[0], set()).add(name.rpartition(".")[2])
    return {library: frozenset(last) for library, last in found.items()}


def _words(names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """By library, the name itself and what it is reached through."""
    found: dict[str, set[str]] = {}
    for name in names:
        library, _, rest = name.partition(".")
        owner, called, _ = rest.partition("()")
        words = {*owner.split(".")[-1 if called else -2 :], rest.rpartition(".")[2]}
        found.setdefault(library, set()).update(words)
    return {library: frozenset(words) for library, words in found.items()}


def last_name(name: str) -> str:
    """The last part of a canonical name, without calls."""
    return name.replace("()", "").rpartition(".")[2]
