"""Code objects: what their instructions store and load, in order, and which run together.

Of the running interpreter: CPython 3.11 to 3.14.
"""

from __future__ import annotations

from opcode import opmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    Event = tuple[str, str, CodeType | None]

_LOADS = frozenset(
    opmap[name]
    for name in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
    if name in opmap
)
_DELETES = frozenset(opmap[name] for name in ("DELETE_NAME", "DELETE_GLOBAL"))
_LOAD_GLOBAL = opmap["LOAD_GLOBAL"]
_LOAD_CONST = opmap["LOAD_CONST"]
_STORE_NAME = opmap["STORE_NAME"]
STORE_GLOBAL = opmap["STORE_GLOBAL"]
_EXTENDED_ARG = opmap["EXTENDED_ARG"]
_BYTE = 0xFF
_KINDS = (
    ("load", tuple(_LOADS)),
    ("store", (_STORE_NAME,)),
    ("store global", (STORE_GLOBAL,)),
    ("delete", tuple(_DELETES)),
)
_FUNCTION = 0x2  # CO_NEWLOCALS: a function's code, not a class body's


def running(code: CodeType) -> list[CodeType]:
    """A code object and those that its instructions make.

    The compiler keeps the constants of code that it drops.
    """
    found = [code]
    for outer in found:
        for index, const in enumerate(outer.co_consts):
            if hasattr(const, "co_code") and (
                index > _BYTE or _position(outer.co_code, _LOAD_CONST, index) >= 0
            ):
                found.append(const)
    return found


def walk(code: CodeType) -> list[CodeType]:
    """A code object and all that are nested in it."""
    found = [code]
    for inner in found:
        found.extend(const for const in inner.co_consts if hasattr(const, "co_code"))
    return found


def events(code: CodeType) -> list[Event]:
    """``("store" | "store global" | "load" | "delete" | "code", name, nested code)``, in order."""
    found: list[Event] = []
    raw, names, consts = code.co_code, code.co_names, code.co_consts
    extended = 0
    for at in range(0, len(raw), 2):
        operation, argument = raw[at], raw[at + 1] | extended
        extended = 0
        if operation == _EXTENDED_ARG:
            extended = argument << 8
        elif operation == _STORE_NAME:
            found.append(("store", names[argument], None))
        elif operation == STORE_GLOBAL:
            found.append(("store global", names[argument], None))
        elif operation in _LOADS:
            index = argument >> 1 if operation == _LOAD_GLOBAL else argument
            found.append(("load", names[index], None))
        elif operation in _DELETES:
            found.append(("delete", names[argument], None))
        elif operation == _LOAD_CONST and hasattr(consts[argument], "co_code"):
            found.append(("code", "", consts[argument]))
    return found


def attribute_pairs(code: CodeType) -> Iterator[tuple[str, str]]:
    """Each attribute that is loaded, with what was loaded just before it."""
    from dis import get_instructions  # rare, and slow to import

    owner = ""
    for instruction in get_instructions(code):
        operation, name = instruction.opname, instruction.argval
        if operation in ("LOAD_ATTR", "LOAD_METHOD", "DELETE_ATTR"):
            yield owner, name
        if operation.startswith("LOAD_") or "_LOAD_" in operation:
            loaded = name[-1] if isinstance(name, tuple) and name else name
            owner = loaded if isinstance(loaded, str) else ""
        elif operation != "COPY":  # ``a.b += 1``
            owner = ""


def first_event(code: CodeType, name: str) -> str:
    """What a code object does with a name first; nothing where the name is an attribute."""
    index = code.co_names.index(name) if name in code.co_names else -1
    if not 0 <= index <= _BYTE // 2:  # the argument has a prefix, or there is nothing to find
        return next((kind for kind, other, _ in events(code) if other == name), "")
    found = []
    for kind, operations in _KINDS:
        for operation in operations:
            shifted = operation == _LOAD_GLOBAL  # its lowest bit says something else
            for argument in (2 * index, 2 * index + 1) if shifted else (index,):
                at = _position(code.co_code, operation, argument)
                if at >= 0:
                    found.append((at, kind))
    return min(found)[1] if found else ""


def _position(raw: bytes, operation: int, argument: int) -> int:
    """Where an instruction without a prefix stands first; below 0 where it does not."""
    pair = bytes((operation, argument))
    at = raw.find(pair)
    while at > 0 and (at % 2 or raw[at - 2] == _EXTENDED_ARG):
        at = raw.find(pair, at + 1)
    return at


def lines(code: CodeType) -> range:
    """The lines of a function, those of its nested functions included."""
    last = max((line for part in walk(code) for _, _, line in part.co_lines() if line), default=0)
    return range(code.co_firstlineno, last + 1)


def runs_at_once(code: CodeType) -> bool:
    """The body of a class or a comprehension; of a lambda too, which nobody knows."""
    return not code.co_flags & _FUNCTION or code.co_name.startswith("<")


def run_together(code: CodeType) -> list[CodeType]:
    """What runs together with such a body: those of its kind that stand in it."""
    found = [code]
    for outer in found:
        inner = (const for const in outer.co_consts if hasattr(const, "co_code"))
        found.extend(const for const in inner if runs_at_once(const))
    return found
