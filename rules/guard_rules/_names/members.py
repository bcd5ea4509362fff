"""Attributes that a file reads or sets, found in its bytes: of few files, so not part of a scan."""

from __future__ import annotations

import re

from guard_rules._names.import_text import imports
from guard_rules._names.scan import WORD, decoded, getattrs

_ASSIGNED = re.compile(
    rb"\n[ \t]*+(\w[\w.]*+(?:[ \t]*+=[ \t]*+\w[\w.]*+){0,8}[ \t]*+(?::[^=\n]*+)?+)=(?!=)"
)
_SET_BY_NAME = re.compile(  # what stands before the name in quotes
    rb"(?:setattr\(\s*|vars\(\s*)?(?:\w+\.)*(\w+)(?:\)\[|\.__dict__\[|\s*,)\s*[\"']$"
)
_FAR = 300
_MEMBER = re.compile(rb"(?:[ \t\\\r\n)]|#[^\n]*+\n)*+\.[ \t\\\r\n]*+(\w+)")
_BEHIND = frozenset((b".", b" ", b"\t", b"\\", b"\r", b"\n", b")", b"#"))
_WORD_BYTES = frozenset(bytes((b,)) for b in range(256) if chr(b).isalnum() or b in b"_")


def attributes(data: bytes, owners: tuple[str, ...]) -> frozenset[str]:
    """``owner.name`` for each attribute that is read from one of ``owners``, by name or getattr.

    ``owners`` are names that any file of the project gives to a module.
    """
    found: set[bytes] = set()
    froms, plains = imports(data)
    imported = b" ".join([*plains, *(part for names in froms for part in names)])
    for word in {owner.encode("utf-8", "replace") for owner in owners}.intersection(
        WORD.findall(imported)
    ):
        at = data.find(word)
        while at >= 0:
            end = at + len(word)
            if data[at - 1 : at] not in _WORD_BYTES and data[end : end + 1] in _BEHIND:
                name = _MEMBER.match(data, end)
                if name is not None:
                    found.add(word + b"." + name[1])
            at = data.find(word, end)
    return decoded(found) | getattrs(data)


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
    return decoded(found)


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
