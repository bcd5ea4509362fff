"""What a compiled module stores and loads, in the order of its instructions.

Reads code objects of the running interpreter: CPython 3.11 to 3.14. The compiler has dropped what
stood under ``if 0:``, so what is left is what runs.
"""

from __future__ import annotations

import builtins

from guard_rules._names.instructions import (
    STORE_GLOBAL,
    attribute_pairs,
    events,
    first_event,
    lines,
    run_together,
    running,
    runs_at_once,
    walk,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

# Built-in names that are younger than Python 3.8, by the version that brought them.
NEW_BUILTINS = {
    "aiter": (3, 10),
    "anext": (3, 10),
    "EncodingWarning": (3, 10),
    "BaseExceptionGroup": (3, 11),
    "ExceptionGroup": (3, 11),
    "PythonFinalizationError": (3, 13),
}
# What the import system and the class statement put into a namespace (language reference, 3.2).
MODULE_NAMES = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __file__ __cached__ __path__ __builtins__ "
    "__annotations__ __dict__ __debug__ __module__ __qualname__ WindowsError".split()
)
_ALWAYS_BUILT_IN = (frozenset(dir(builtins)) | MODULE_NAMES) - frozenset(NEW_BUILTINS)

_ARGS, _KEYWORDS = 0x4, 0x8  # CO_VARARGS, CO_VARKEYWORDS


def builtin_names(target: tuple[int, int]) -> frozenset[str]:
    """The names that are there without any binding, in the target version."""
    new = (name for name, since in NEW_BUILTINS.items() if target >= since)
    return _ALWAYS_BUILT_IN.union(new)


class Compiled:
    """One compiled module."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.codes = running(code)
        self.events = events(code)
        self._loads: dict[str, set[str]] | None = None
        stored = {name for kind, name, _ in self.events if kind.startswith("store")}
        for inner in self.codes[1:]:
            if STORE_GLOBAL in inner.co_code[::2]:
                stored.update(name for kind, name, _ in events(inner) if kind == "store global")
        self.stored = frozenset(stored)
        self.deleted = frozenset(name for kind, name, _ in self.events if kind == "delete")

    def reads(self, attributes: Iterable[str]) -> set[tuple[str, str]]:
        """``(b, c)`` for each ``b.c`` that is read, ``c`` one of ``attributes``.

        ``b`` is a name, or an attribute as in ``a.b.c``.
        """
        wanted = frozenset(attributes)
        return {
            pair
            for code in self.codes
            if not wanted.isdisjoint(code.co_names)
            for pair in attribute_pairs(code)
            if pair[1] in wanted
        }

    def unknown(self) -> frozenset[str]:
        """The names that are loaded and that nothing binds: a star import may have meant to."""
        known = self.stored | _ALWAYS_BUILT_IN
        return frozenset(
            name
            for code in self.codes
            for kind, name, _ in events(code)
            if kind == "load" and name not in known
        )

    def missed(self, names: frozenset[str]) -> set[str]:
        """The ``names`` of guarded blocks that may be loaded as globals before they are bound."""
        found: set[str] = set()
        names -= _ALWAYS_BUILT_IN
        for code in self.codes:
            for name in names.intersection(code.co_names) - found:
                if name not in self.stored:
                    if first_event(code, name) in ("load", "delete"):
                        found.add(name)
                elif code is self.code and self._may_load_first(name):
                    found.add(name)
        return found

    def misses_local(self, inner: tuple[tuple[int, frozenset[str]], ...]) -> bool:
        """Whether a function may load a name before it binds it, where guarded code binds it.

        ``inner``: for guarded blocks in functions and classes, their line and what they bind.
        """
        for code in self.codes[1:] if inner else ():
            within = lines(code)
            if any(line in within and _may_miss_local(code, bound) for line, bound in inner):
                return True
        return False

    def _may_load_first(self, name: str) -> bool:
        """The module binds the name itself: whether something may load it before that."""
        users = self._users(name)
        defined: set[str] = set()
        for kind, other, inner in self.events:
            if other == name and kind == "store":
                break
            if other == name and kind in ("load", "delete"):
                return True
            if inner is not None and runs_at_once(inner):
                if any(
                    first_event(part, name) in ("load", "delete") for part in run_together(inner)
                ):
                    return True
            elif kind == "store":
                defined.add(other)
            elif kind == "load" and other in users & defined:
                return True
        return name in self.deleted

    def _users(self, name: str) -> set[str]:
        """The module's functions and classes that load ``name``, themselves or through others."""
        if self._loads is None:
            self._loads = self._loads_by_definition()
        users = {name}
        grown = True
        while grown:
            more = {user for user, names in self._loads.items() if not names.isdisjoint(users)}
            grown = not more <= users
            users |= more
        return users - {name}

    def _loads_by_definition(self) -> dict[str, set[str]]:
        loads: dict[str, set[str]] = {}
        pending: set[str] | None = None
        for kind, other, inner in self.events:
            if inner is not None:
                pending = {
                    loaded
                    for code in walk(inner)
                    for event, loaded, _ in events(code)
                    if event in ("load", "delete")
                }
            elif kind == "store" and pending is not None:
                loads[other] = loads.get(other, set()) | pending
                pending = None
        return loads


def _may_miss_local(code: CodeType, bound: frozenset[str]) -> bool:
    """Whether a function may load one of its own ``bound`` names before it stores it."""
    # A free variable is its owner's to judge: the owner makes the closure after it stores.
    variables = code.co_varnames + code.co_cellvars
    wanted = bound.intersection(variables).difference(code.co_varnames[: _argument_count(code)])
    if not wanted:
        return False
    from dis import get_instructions  # rare, and slow to import

    seen: set[str] = set()
    for instruction in get_instructions(code):
        operation, names = instruction.opname, instruction.argval
        if "FAST" not in operation and not operation.endswith(("DEREF", "CLOSURE")):
            continue  # another kind of name, or MAKE_CELL at the start of the function
        for name in names if isinstance(names, tuple) else (names,):  # two: STORE_FAST_LOAD_FAST
            if name in wanted and name not in seen and not operation.startswith("STORE"):
                return True
            seen.add(name)
            operation = operation.partition("_FAST_")[2] or operation
    return False


def _argument_count(code: CodeType) -> int:
    count = code.co_argcount + code.co_kwonlyargcount
    return count + bool(code.co_flags & _ARGS) + bool(code.co_flags & _KEYWORDS)
