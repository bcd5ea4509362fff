"""What a file's bytes and the interpreter's own compiler say of it, without a syntax tree.

Most files hold no guard and cannot break by one. Of those that do, the compiler tells in C which
names the file loads at run time: it is given the text with the guard's test replaced by ``0``, so
that it drops the guarded code by itself. Everything here errs on one side: a file that may hold a
defect is a candidate, and the abstract run decides. No heavy import: this runs on every file.
"""

from __future__ import annotations

import re
from itertools import pairwise

from guard_rules._names.compiled import Compiled
from guard_rules._names.guards import flag_names, has_never, read_guards
from guard_rules._names.import_text import FromImport, imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ast import Module

VERSION = "16"

_GETATTR = re.compile(rb"getattr\(\s*(\w+)\s*,\s*[\"'](\w+)[\"']")
_PLAIN_ALL = re.compile(rb"(?m)^__all__[^=\n]*=[ \t]*([\[(][\w\"',\s]*[\])])[ \t]*(?:#|\r?$)")
_QUOTED = re.compile(rb"[\"'](\w+)[\"']")
_ALIAS = re.compile(rb"\bas[ \t\\\r\n]+(\w+)")
_STAR = re.compile(rb"\bimport[ \t(]*\*")
_REPLACED = re.compile(rb"sys\.modules\[[^\]\n]*\][ \t]*=[^=]")
WORD = re.compile(rb"[^\W\d]\w*")
_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# Encodings in which ASCII bytes are ASCII characters; any other is decoded first.
_ASCII_BASED = re.compile(
    rb"(?i)utf[-_]?8(?:[-_]sig)?|(?:us[-_])?ascii|latin[-_]?1|l1|iso[-_]?8859[-_]?\d+|cp125\d|"
    rb"windows[-_]125\d|koi8[-_][ru]|mac[-_]?roman|euc[-_]?(?:jp|kr)"
)
UNCLEAR = ("unclear",)
_FUTURE_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag

Scan = tuple[bool, list[FromImport], list[bytes], tuple[str, ...], tuple[str, ...], str]
"""``(has a guard, from-imports, imports, suspicions, names that may be guarded, problem)``.

The imports are as ``import_text`` has them. A suspicion is ``use NAME``, ``listed NAME`` (in
``__all__``), ``star NAME`` (loaded, and perhaps brought by a star import), or one of ``local``,
``version``, ``submodule`` and ``unclear``. ``*`` among the names stands for a star import under a
guard.
"""


def scan(data: bytes, lazy_annotations: bool) -> Scan:
    """Look at one file. ``lazy_annotations``: the target is Python 3.14 or later (PEP 649)."""
    data, problem = _readable(data)
    flags = flag_names(data)
    if not flags and not has_never(data):
        return False, *imports(data), (), (), problem
    guards = read_guards(data, flags)
    froms, plains = imports(data if guards is None else guards.running)
    if guards is None or problem:
        return True, froms, plains, UNCLEAR, _stored(data), problem
    if not guards.names:
        return True, froms, plains, (), (), problem
    compiled = compiled_program(guards.reduced, lazy_annotations)
    if compiled is None:
        return True, froms, plains, UNCLEAR, _words(data), problem
    exports = guards.names - (compiled.stored - compiled.deleted)
    if b"version_info" in data:
        exports = guards.names  # what the module binds may depend on the version
    if _REPLACED.search(data):
        exports = frozenset()  # the module puts another object in its place: not its names
    suspects = [f"use {name}" for name in compiled.missed(guards.names)]
    if compiled.misses_local(guards.inner):
        suspects.append("local")
    if b"version_info" in data and not guards.names.isdisjoint(compiled.stored):
        suspects.append("version")
    if b"__all__" in data:
        suspects += [f"listed {name}" for name in exports.intersection(_listed(guards.running))]
    if b"*" in data and _STAR.search(data) is not None:
        suspects += [f"star {name}" for name in compiled.unknown() - guards.names]
    if guards.submodules and _reads_submodule(compiled, guards.submodules, plains):
        suspects.append("submodule")
    return True, froms, plains, tuple(sorted(suspects)), tuple(sorted(exports)), problem


def _reads_submodule(compiled: Compiled, submodules: frozenset[str], plains: list[bytes]) -> bool:
    """Whether ``a.b`` is read where ``import a.b`` is guarded, ``a`` perhaps by another name."""
    aliases = {alias for text in plains for alias in decoded(set(_ALIAS.findall(text)))}
    parts = {pair for name in submodules for pair in pairwise(name.split("."))}
    return any(
        (owner, name) in parts or owner in aliases
        for owner, name in compiled.reads(name for _, name in parts)
    )


def reads(data: bytes, lazy_annotations: bool, names: tuple[str, ...]) -> frozenset[str] | None:
    """``owner.name`` for each of the ``names`` that running code reads as an attribute, by name or

    getattr; None where the compiler does not tell.
    """
    data, problem = _readable(data)
    flags = flag_names(data)
    guards = read_guards(data, flags) if flags or has_never(data) else None
    if problem or (guards is None and (flags or has_never(data))):
        return None
    compiled = compiled_program(data if guards is None else guards.reduced, lazy_annotations)
    if compiled is None:
        return None
    found = {f"{owner}.{name}" for owner, name in compiled.reads(names)}
    return frozenset(found) | getattrs(data)


Bound = tuple[frozenset[str] | None, bool, frozenset[str] | None, frozenset[str]]
"""``(names that the module binds when it runs, has __all__, what __all__ lists, names that it
loads and nothing binds)``; None where the text is not plain enough."""


def bound(data: bytes) -> Bound:
    """The names of a module without an abstract run, where the text is plain enough."""
    data, problem = _readable(data)
    has_all = b"__all__" in data
    listed = _plain_list(data) if has_all else None
    if problem or b"version_info" in data or b"TYPE_CHECKING as" in data:
        return None, has_all, listed, frozenset()
    flags = flag_names(data)
    guards = read_guards(data, flags) if flags or has_never(data) else None
    if guards is None and (flags or has_never(data)):
        return None, has_all, listed, frozenset()
    compiled = compiled_program(data if guards is None else guards.reduced)
    if compiled is None:
        return None, has_all, listed, frozenset()
    return compiled.stored - compiled.deleted, has_all, listed, compiled.unknown()


def compiled_program(source: bytes | Module, lazy_annotations: bool = False) -> Compiled | None:
    """The compiled program; None where it does not compile, perhaps for newer syntax."""
    flags = _FUTURE_ANNOTATIONS if lazy_annotations else 0
    try:
        return Compiled(compile(source, "<scan>", "exec", flags=flags, dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _readable(data: bytes) -> tuple[bytes, str]:
    """The bytes with ASCII where the program has it; a problem where they cannot be had."""
    if b"\0" in data:
        return data, "contains NUL bytes"
    for line in data[:400].split(b"\n", 2)[:2]:
        coding = _CODING.match(line)
        if coding is not None and _ASCII_BASED.fullmatch(coding[1]) is None:
            try:
                return data.decode(coding[1].decode("ascii")).encode("utf-8"), ""
            except (LookupError, ValueError) as error:
                return data, f"not text in its declared encoding: {error}"
    return data, ""


def _listed(data: bytes) -> set[str]:
    """The strings in the brackets behind each ``__all__``."""
    found: set[bytes] = set()
    at = data.find(b"__all__")
    while at >= 0:
        opening = min((p for p in (data.find(b"[", at), data.find(b"(", at)) if p >= 0), default=at)
        end = data.find(b"]" if data[opening : opening + 1] == b"[" else b")", opening)
        found.update(_QUOTED.findall(data[at : end if end >= 0 else len(data)]))
        at = data.find(b"__all__", at + 7)
    return set(decoded(found))


def _plain_list(data: bytes) -> frozenset[str] | None:
    """The strings of an ``__all__`` that is one literal and is never changed."""
    if data.count(b"__all__") != 1:
        return None
    match = _PLAIN_ALL.search(data)
    return None if match is None else decoded(set(_QUOTED.findall(match[1])))


def _stored(data: bytes) -> tuple[str, ...]:
    """Every name that the module binds anywhere; all words of the text if it does not compile."""
    if has_never(data):
        return _words(data)  # the compiler would drop the guarded code
    compiled = compiled_program(data)
    if compiled is None:
        return _words(data)
    names = compiled.stored
    return tuple(sorted({*names, "*"} if _STAR.search(data) else names))


def getattrs(data: bytes) -> frozenset[str]:
    """``owner.name`` for each ``getattr(owner, "name")`` in the text."""
    if b"getattr(" not in data:
        return frozenset()
    return decoded({b".".join(pair) for pair in _GETATTR.findall(data)})


def decoded(words: set[bytes]) -> frozenset[str]:
    """Names as text."""
    return frozenset(word.decode("utf-8", "replace") for word in words)


def _words(data: bytes) -> tuple[str, ...]:
    return tuple(sorted(decoded(set(WORD.findall(data)))))
