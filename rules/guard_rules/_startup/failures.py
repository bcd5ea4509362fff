"""Reading an exception: what it lacks, where it arose, and which statements led there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from guard.observed import Failure, Frame

_MEMBER_OF = r"(?:partially initialized )?module '(?P<module>[^']*)'(?: from '[^']*')?"
_FROM = r"(?:partially initialized module )?'(?P<module>[^']*)'"
_UNBOUND = r"(?:cannot access )?(?:local|free) variable '(?P<name>[^']*)' (?:referenced|where)"

_PATTERNS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("name", r"name '(?P<name>[^']*)' is not defined"),
        ("name", _UNBOUND),
        ("module", r"No module named '?(?P<module>[^';]+)'?"),
        ("member", rf"cannot import name '(?P<name>[^']*)' from {_FROM}"),
        ("member", rf"{_MEMBER_OF} has no attribute '(?P<name>[^']*)'"),
    )
)
_QUOTED = re.compile(r"No module named '(?P<module>[^']+)'")
"""Whoever raises an ImportError in other words often quotes what was missing."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What an exception says is not there.

    ``kind`` is ``name`` (of a scope), ``module``, ``member`` (of a module), or empty.
    """

    kind: str = ""
    name: str = ""
    module: str = ""
    partial: bool = False


def lack_of(failure: Failure) -> Lack:
    """What is missing, from what the exception carries, or else from its text.

    Python 3.8 and 3.9 say less in attributes, and the texts are the same since.
    """
    if failure.type not in _ERRORS:
        return Lack()
    for kind, pattern in _PATTERNS:
        found = pattern.match(failure.message)
        if found is None or kind not in _ERRORS[failure.type]:
            continue
        said = found.groupdict()
        partial = failure.partial or "partially initialized" in failure.message
        return Lack(kind, said.get("name", ""), said.get("module", "").strip(), partial)
    if failure.type == "ModuleNotFoundError" and (failure.module or failure.name):
        return Lack("module", module=failure.module or failure.name)
    quoted = _QUOTED.search(failure.message) if failure.type == "ImportError" else None
    return Lack("module", module=quoted["module"]) if quoted is not None else Lack()


_ERRORS = {
    "NameError": ("name",),
    "UnboundLocalError": ("name",),
    "ModuleNotFoundError": ("module",),
    "ImportError": ("member", "module"),
    "AttributeError": ("member",),
}


def root(failure: Failure) -> Failure:
    """The exception that others were raised from, with the whole way to it.

    One that was merely being handled is no cause: ``except ImportError`` and another failure in
    the fallback are two faults, and the second one is what stops the import. But whoever raises
    on purpose because an import failed (``except ImportError: raise ...``, mostly with ``from
    None``) puts that failure in other words: without it there would be nothing to raise.
    """
    frames: tuple[Frame, ...] = ()
    item = failure
    while item.cause is not None and (item.raised_from or _rewords(item, item.cause)):
        frames += item.frames[:-1]
        item = item.cause
    # A cause's traceback begins in the function that caught it, where the other's ends.
    return replace(item, frames=frames + item.frames)


def _rewords(failure: Failure, handled: Failure) -> bool:
    """Whether a ``raise`` statement stands where the failure of an import is handled."""
    if handled.type not in ("ImportError", "ModuleNotFoundError") or not handled.frames:
        return False
    if not lack_of(handled).kind or not failure.frames:
        return False
    raising, caught = failure.frames[-1], handled.frames[0]
    here = (raising.path, raising.function) == (caught.path, caught.function)
    return here and raising.line > caught.line and raising.text.startswith("raise ")


def own_frames(failure: Failure) -> tuple[Frame, ...]:
    """The lines of the project, outermost first."""
    return tuple(frame for frame in failure.frames if frame.own)


def text_of(failure: Failure) -> str:
    """The last lines of the traceback, as CPython prints them."""
    text = f"{failure.type}: {failure.message}" if failure.message else failure.type
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


_LONGEST = 1000
