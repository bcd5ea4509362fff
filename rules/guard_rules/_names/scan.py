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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ast import Module

VERSION = "15"

# ``from a.b import (c, d)``: the module, the names in parentheses, the names on the line. The
# first pattern starts with plain letters, which the regex engine finds ten times faster.
_NAMES = (
    rb"import\b[ \t\f]*+(?:\(([^)#]*+(?:#[^\n]*+[^)#]*+)*+)\)"
    rb"|([^\n;#\\(]*+(?:\\\r?\n[^\n;#\\]*+)*+))"
)
_FROM = re.compile(rb"from([ \t.][\w. \t]{0,300}?)" + _NAMES)
_FROM_CONTINUED = re.compile(rb"from((?:[\w. \t\f]|\\\r?\n){0,300}?)" + _NAMES)
_CONTINUED = re.compile(rb"(?:from|import)[\w. \t]*+\\\r?\n")
_IMPORT = re.compile(rb"\n[ \t\f]*import[ \t\\]([^\n;#]*)")
_INLINE_IMPORT = re.compile(rb"[;:][ \t]*import[ \t\\]([^\n;#]*)")
_ASSIGNED = re.compile(
    rb"\n[ \t]*+(\w[\w.]*+(?:[ \t]*+=[ \t]*+\w[\w.]*+){0,8}[ \t]*+(?::[^=\n]*+)?+)=(?!=)"
)
_SET_BY_NAME = re.compile(  # what stands before the name in quotes
    rb"(?:setattr\(\s*|vars\(\s*)?(?:\w+\.)*(\w+)(?:\)\[|\.__dict__\[|\s*,)\s*[\"']$"
)
_FAR = 300
_IMPORT_MODULE = re.compile(rb"import_module\(\s*[\"']([\w.]+)[\"']")
_MEMBER = re.compile(rb"[ \t\\\r\n]*\.[ \t\\\r\n]*(\w+)")
_BEHIND = frozenset((b".", b" ", b"\t", b"\\", b"\r", b"\n"))
_WORD_BYTES = frozenset(bytes((b,)) for b in range(256) if chr(b).isalnum() or b in b"_")
_GETATTR = re.compile(rb"getattr\(\s*(\w+)\s*,\s*[\"'](\w+)[\"']")
_PLAIN_ALL = re.compile(rb"(?m)^__all__[^=\n]*=[ \t]*([\[(][\w\"',\s]*[\])])[ \t]*(?:#|\r?$)")
_QUOTED = re.compile(rb"[\"'](\w+)[\"']")
_ALIAS = re.compile(rb"\bas[ \t\\\r\n]+(\w+)")
_STAR = re.compile(rb"\bimport[ \t(]*\*")
_REPLACED = re.compile(rb"sys\.modules\[[^\]\n]*\][ \t]*=[^=]")
_WORD = re.compile(rb"[^\W\d]\w*")
_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# Encodings in which ASCII bytes are ASCII characters; any other is decoded first.
_ASCII_BASED = re.compile(
    rb"(?i)utf[-_]?8(?:[-_]sig)?|(?:us[-_])?ascii|latin[-_]?1|l1|iso[-_]?8859[-_]?\d+|cp125\d|"
    rb"windows[-_]125\d|koi8[-_][ru]|mac[-_]?roman|euc[-_]?(?:jp|kr)"
)
UNCLEAR = ("unclear",)
_FUTURE_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag

Scan = tuple[
    bool, list[tuple[bytes, bytes, bytes]], list[bytes], tuple[str, ...], tuple[str, ...], str
]
"""``(has a guard, from-imports, imports, suspicions, names that may be guarded, problem)``.

A from-import is ``(module, names in parentheses, names on the line)`` as written, an import the
text behind the keyword. A suspicion is ``use NAME``, ``listed NAME`` (in ``__all__``), ``star
NAME`` (loaded, and perhaps brought by a star import), or one of ``local``, ``version``,
``submodule`` and ``unclear``. ``*`` among the names stands for a star import under a guard.
"""


def scan(data: bytes, lazy_annotations: bool) -> Scan:
    """Look at one file. ``lazy_annotations``: the target is Python 3.14 or later (PEP 649)."""
    data, problem = _readable(data)
    flags = flag_names(data)
    if not flags and not has_never(data):
        return False, *_imports(data), (), (), problem
    guards = read_guards(data, flags)
    froms, plains = _imports(data if guards is None else guards.running)
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
    aliases = {alias for text in plains for alias in _decoded(set(_ALIAS.findall(text)))}
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
    return frozenset(found) | _decoded({b".".join(pair) for pair in _GETATTR.findall(data)})


def attributes(data: bytes, owners: tuple[str, ...]) -> frozenset[str]:
    """``owner.name`` for each attribute that is read from one of ``owners``, by name or getattr.

    ``owners`` are names that any file of the project gives to a module.
    """
    found: set[bytes] = set()
    froms, plains = _imports(data)
    imported = b" ".join([*plains, *(part for names in froms for part in names)])
    for word in {owner.encode() for owner in owners}.intersection(_WORD.findall(imported)):
        at = data.find(word)
        while at >= 0:
            end = at + len(word)
            if data[at - 1 : at] not in _WORD_BYTES and data[end : end + 1] in _BEHIND:
                name = _MEMBER.match(data, end)
                if name is not None:
                    found.add(word + b"." + name[1])
            at = data.find(word, end)
    if b"getattr(" in data:
        found.update(owner + b"." + name for owner, name in _GETATTR.findall(data))
    return _decoded(found)


def assigned(data: bytes, names: tuple[str, ...]) -> frozenset[str]:
    """``owner.name`` for each attribute that the text sets: by assignment or ``setattr``.

    Of the lines with one of the ``names``, and perhaps of some others.
    """
    found: set[bytes] = set()
    by_name = b"setattr" in data or b"__dict__" in data or b"vars(" in data
    for name in names:
        word = name.encode()
        at = data.find(word)
        while at >= 0:
            end = at + len(word)
            if data[at - 1 : at] == b".":
                found |= _targets(data[data.rfind(b"\n", 0, at) + 1 : _line_end(data, end)])
            elif by_name and data[end : end + 1] in (b'"', b"'"):
                setter = _SET_BY_NAME.search(data, max(at - _FAR, 0), at)
                if setter is not None:
                    found.add(setter[1] + b"." + word)
            at = data.find(word, end)
    return _decoded(found)


def _line_end(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return end if end >= 0 else len(data)


def _targets(line: bytes) -> set[bytes]:
    """``owner.name`` for each target of an assignment that is an attribute."""
    found = set()
    for text in _ASSIGNED.findall(b"\n" + line):
        for target in text.split(b"="):
            parts = target.split(b":")[0].strip().split(b".")
            if len(parts) > 1:
                found.add(b".".join(parts[-2:]))
    return found


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
    return set(_decoded(found))


def _imports(data: bytes) -> tuple[list[tuple[bytes, bytes, bytes]], list[bytes]]:
    """All that look like import statements, ``from`` ones and plain ones; some may be prose."""
    if b"import" not in data:
        return [], []
    continued = b"\\" in data and _CONTINUED.search(data) is not None
    froms = (_FROM_CONTINUED if continued else _FROM).findall(data)
    plains = _IMPORT.findall(data)
    if not continued and data.count(b"import") == len(froms) + len(plains):
        return froms, plains  # so it is in most files
    if data[:40].lstrip(b"\xef\xbb\xbf \t\f").startswith(b"import"):
        start = data.lstrip(b"\xef\xbb\xbf \t\f")
        plains += _IMPORT.findall(b"\n" + start[: start.find(b"\n") + 1 or len(start)])
    if b"import_module(" in data:
        plains += _IMPORT_MODULE.findall(data)
    if b"; import" in data or b": import" in data or b";import" in data or b":import" in data:
        plains += _INLINE_IMPORT.findall(data)
    return froms, plains


def _plain_list(data: bytes) -> frozenset[str] | None:
    """The strings of an ``__all__`` that is one literal and is never changed."""
    if data.count(b"__all__") != 1:
        return None
    match = _PLAIN_ALL.search(data)
    return None if match is None else _decoded(set(_QUOTED.findall(match[1])))


def _stored(data: bytes) -> tuple[str, ...]:
    """Every name that the module binds anywhere; all words of the text if it does not compile."""
    if has_never(data):
        return _words(data)  # the compiler would drop the guarded code
    compiled = compiled_program(data)
    if compiled is None:
        return _words(data)
    names = compiled.stored
    return tuple(sorted({*names, "*"} if _STAR.search(data) else names))


def _decoded(words: set[bytes]) -> frozenset[str]:
    return frozenset(word.decode("utf-8", "replace") for word in words)


def _words(data: bytes) -> tuple[str, ...]:
    return tuple(sorted(_decoded(set(_WORD.findall(data)))))
