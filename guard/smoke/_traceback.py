"""Read the traceback at the end of what a program wrote, as CPython prints it."""

from __future__ import annotations

import os
import re
from dataclasses import replace

from guard.observed import Failure, Frame

_HEADER = "Traceback (most recent call last):"
_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+)(?:, in (?P<function>.*))?$')
_LAST = re.compile(r"(?P<type>[^\W\d]\w*(?:\.(?:[^\W\d]\w*|<locals>))*)(?:: ?(?P<message>.*))?$")
_LINKS = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
_TRAILING = 12
"""So many lines may follow a traceback that is the end of a program; a server says good-bye."""
_LONGEST = 60
"""A message has no more lines than this; else it is something else that comes after."""
_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?(?:; .*)?")
_QUOTED = re.compile(r"No module named '([\w.]+)'")
"""An ImportError that was raised because of another one often says so."""
_NO_NAME = re.compile(
    r"cannot import name '(?P<name>\w+)' from (?P<partial>partially initialized module )?"
    r"'(?P<module>[\w.]+)'"
)
_NO_GLOBAL = re.compile(r"(?:free variable|cannot access.*|name|local variable)? ?'(\w+)'")
_NO_ATTRIBUTE = re.compile(
    r"(?P<partial>partially initialized )?(?P<is>module )?'(?P<module>[^']*)'"
    r".* has no attribute '(?P<name>\w+)'"
)


def failure_in(text: str, top: str, python: str) -> Failure | None:
    """The exception that the program in ``text`` died of; ``None`` where none is at its end.

    ``top`` is the project's: its files are named relative to it. ``python`` is the interpreter,
    whose own environment may lie in the project.
    """
    lines = text.replace("\r\n", "\n").rstrip().split("\n")
    starts = [at for at, line in enumerate(lines) if line.endswith(_HEADER)]
    found: Failure | None = None
    for number, start in enumerate(starts):
        stop = starts[number + 1] if number + 1 < len(starts) else len(lines)
        failure, end = _block(lines[start + 1 : stop], _Places(top, python))
        if failure is None:
            found = None
            continue
        before = [line for line in lines[max(0, start - 3) : start] if line]
        if found is not None and before and before[-1].strip() in _LINKS:
            failure = replace(failure, cause=found, raised_from=before[-1].strip() == _LINKS[0])
        found = failure
        if number + 1 == len(starts) and len(lines) - (start + 1 + end) > _TRAILING:
            return None
    return found if found is not None else _bare(lines, _Places(top, python))


class _Places:
    def __init__(self, top: str, python: str) -> None:
        self._top = os.path.realpath(top)
        self._environment = os.path.dirname(os.path.dirname(os.path.abspath(python)))

    def name(self, file: str) -> tuple[str, bool]:
        """How to name a file, and whether it is the project's own."""
        path = os.path.join(self._top, file)
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        inside = real.startswith(self._top + os.sep)
        parts = real[len(self._top) :].split(os.sep)
        foreign = (
            not {"site-packages", "dist-packages"}.isdisjoint(parts)
            or (
                self._environment != self._top
                and real.startswith(os.path.realpath(self._environment) + os.sep)
            )
            or file.startswith("<")
        )
        if inside and not foreign:
            return "/".join(parts[1:]), True
        return file, False


def _block(lines: list[str], places: _Places) -> tuple[Failure | None, int]:
    """One traceback without its header; where its exception stands."""
    frames: list[Frame] = []
    file, number = "", 0
    for at, line in enumerate(lines):
        match = _FRAME.fullmatch(line)
        if match is not None:
            name, own = places.name(match["file"])
            if match["function"] is None:  # of a SyntaxError: what could not be compiled
                file, number = name, int(match["line"])
            elif not match["file"].startswith("<frozen "):
                after = lines[at + 1] if at + 1 < len(lines) else ""
                text = after.strip() if after.startswith("    ") else ""
                frames.append(Frame(name, int(match["line"]), match["function"], text, own))
            continue
        if line.startswith(" ") or not line:
            continue
        last = _LAST.match(line)
        if last is None:
            return None, at
        message = [last["message"] or ""]
        for more in lines[at + 1 :]:
            if not more:
                break
            message.append(more)
        if len(message) > _LONGEST:
            return None, at
        failure = Failure(
            last["type"], "\n".join(message)[:4000], tuple(frames), file=file, line=number
        )
        return _with_names(failure), at + len(message) - 1
    return None, len(lines)


def _bare(lines: list[str], places: _Places) -> Failure | None:
    """A SyntaxError in the started file itself has no header."""
    for at in range(len(lines) - 1, max(-1, len(lines) - 8), -1):
        if _FRAME.fullmatch(lines[at]):
            failure, _ = _block(lines[at:], places)
            return failure if failure is not None and failure.file else None
    return None


def _with_names(failure: Failure) -> Failure:
    kind, message = failure.type, failure.message
    if kind == "ModuleNotFoundError" and (match := _NO_MODULE.match(message)):
        return replace(failure, module=match[1])
    if kind == "ImportError" and (match := _NO_NAME.match(message)):
        return replace(
            failure, name=match["name"], module=match["module"], partial=bool(match["partial"])
        )
    if kind == "ImportError" and (match := _QUOTED.search(message)):
        return replace(failure, module=match[1])
    if kind in ("NameError", "UnboundLocalError") and (match := _NO_GLOBAL.match(message)):
        return replace(failure, name=match[1])
    if kind == "AttributeError" and (match := _NO_ATTRIBUTE.match(message)):
        module = match["module"] if match["is"] else ""
        return replace(failure, name=match["name"], module=module, partial=bool(match["partial"]))
    return failure
