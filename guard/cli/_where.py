"""From the PATH arguments and the current directory to the project that they are in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from guard import git, layout
from guard.errors import UsageError


@dataclass(frozen=True, slots=True)
class Where:
    """A project seen from the current directory. ``selection`` is empty for the whole project."""

    top: str
    selection: tuple[str, ...]
    prefix: str
    """The current directory relative to the top, if it is inside."""
    way: str
    """The top relative to the current directory, if that is outside."""
    repository: str
    """The top relative to the root of its git repository."""


def locate(paths: Sequence[str]) -> Where:
    """The project of ``paths``: that of the current directory where it holds them all.

    Links are resolved: what is judged is the file behind them. Raises ``UsageError`` for an empty
    path and for paths in several projects.
    """
    if "" in paths:
        raise UsageError("an empty PATH; name a file or a folder")
    try:
        here = os.path.realpath(os.getcwd())
    except OSError as error:
        raise UsageError(f"the current directory is gone: {error.strerror}") from error
    chosen = [os.path.realpath(path) for path in paths]
    top = _top_of(here, chosen)
    inside = [_relative(path, top) for path in chosen]
    prefix = _relative(here, top)
    root = git.find_top(top)
    return Where(
        top=top,
        selection=() if "" in inside else tuple(part for part in inside if part is not None),
        prefix=prefix or "",
        way="" if prefix is not None else _posix(os.path.relpath(top, here)),
        repository=(_relative(top, root) or "") if root else "",
    )


def _top_of(here: str, chosen: Sequence[str]) -> str:
    top, why = layout.find_top(here)
    if why == "path":
        # No project here: the folder itself, unless a path leads into a project.
        tops = {_project_of(path, here) for path in chosen} or {here}
    elif all(_relative(path, top) is not None for path in chosen):
        tops = {top}
    else:
        tops = {layout.find_top(path)[0] for path in chosen}
    if len(tops) > 1:
        raise UsageError("the paths are in several projects: " + ", ".join(sorted(tops)))
    return tops.pop()


def _project_of(path: str, here: str) -> str:
    top, why = layout.find_top(path)
    return here if why == "path" and _relative(path, here) is not None else top


def _relative(path: str, top: str) -> str | None:
    """``path`` below ``top`` with ``/`` as separator, ``""`` for the top, ``None`` outside."""
    if path == top:
        return ""
    folder = top if top.endswith(os.sep) else top + os.sep
    return _posix(path[len(folder) :]) if path.startswith(folder) else None


def _posix(path: str) -> str:
    """As the model writes paths: ``/``, and UTF-8 whatever the locale's encoding is."""
    return os.fsencode(path).decode("utf-8", "surrogateescape").replace(os.sep, "/")
