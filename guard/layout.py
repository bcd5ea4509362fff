"""Where a project begins, where its modules are imported from, and for which Python it is.

Sources: PEP 621 (``[project]``), the Python packaging specifications ("Version specifiers"), and
the documentation of setuptools, hatch, poetry, pdm, flit, uv and maturin for where packages live.
What none of them says follows from the files: a ``src`` folder, else the top.
"""

from __future__ import annotations

import os
import sys

from guard._declared import DECLARED_FILES, declared_in, oldest_minor
from guard._paths import MARKERS
from guard._tell import probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from guard._declared import Declared

__all__ = ["DECLARED_FILES", "Layout", "find_layout", "find_top", "oldest_minor"]


class Layout:
    """What is known of a project, each with where it was found."""

    __slots__ = ("notes", "roots", "roots_from", "target", "target_from")

    def __init__(
        self,
        roots: tuple[str, ...],
        roots_from: tuple[str, ...],
        target: tuple[int, int],
        target_from: str,
        notes: tuple[str, ...],
    ) -> None:
        self.roots = roots
        """The import roots relative to the top, ``""`` being the top, most specific first."""
        self.roots_from = roots_from
        """For each root, where it was found."""
        self.target = target
        """The oldest Python that the project supports."""
        self.target_from = target_from
        """Where the target was found."""
        self.notes = notes
        """What could not be understood, for the user."""


def find_top(path: str) -> tuple[str, str]:
    """The absolute top of the project that holds ``path``, and what marks it.

    The nearest folder upward with a ``guard.yaml``, else git's top level, else the nearest
    folder with a packaging file, else the path itself (its folder, for a file). Where that is a
    package, its modules import each other by names that begin above it: then the folder that
    holds the outermost package is the top, marked ``package``; only the package is the project.
    """
    from guard import git

    here = os.path.abspath(path)
    if not os.path.isdir(probe(here)):
        here = os.path.dirname(here)
    repository = git.find_top(here)
    # A policy above the repository is another project's.
    found = _upward(here, ("guard.yaml",), repository)
    if found is not None:
        return found
    if repository is not None:
        return repository, "git"
    found = _upward(here, MARKERS, None)
    if found is not None:
        return found
    top = here
    while os.path.isfile(probe(os.path.join(top, "__init__.py"))) and os.path.dirname(top) != top:
        top = os.path.dirname(top)
    return top, "path" if top == here else "package"


def _upward(folder: str, names: tuple[str, ...], last: str | None) -> tuple[str, str] | None:
    while True:
        for name in names:
            if os.path.isfile(probe(os.path.join(folder, name))):
                return folder, name
        parent = os.path.dirname(folder)
        if folder in (parent, last):
            return None
        folder = parent


def find_layout(
    paths: Iterable[str],
    read: Callable[[str], bytes | None],
    *,
    running: tuple[int, int] | None = None,
    declared: Callable[[str, bytes], Declared] = declared_in,
) -> Layout:
    """The layout of the project whose Python files are ``paths``.

    ``read`` answers with a file's content, ``None`` where there is no such file; so a commit can
    be asked as well as a folder. ``running`` is the target where nothing names one. ``declared``
    may be a cached form of ``guard._declared.declared_in``.
    """
    files = paths if isinstance(paths, (tuple, list, set, frozenset, dict)) else tuple(paths)
    roots: dict[str, str] = {}
    notes: list[str] = []
    requires: list[tuple[str, str]] = []
    for name in DECLARED_FILES:
        data = read(name)
        if data is None:
            continue
        found_roots, found_requires, found_notes = declared(name, data)
        for root, key in found_roots:
            roots.setdefault(root, f"{name}: {key}")
        requires += [(text, f"{name}: {key}") for text, key in found_requires]
        notes += [f"{name}: {note}" for note in found_notes]
    if not roots and _is_src_layout(files):
        roots["src"] = "src layout"
    roots.setdefault("", "the project's top")
    ordered = sorted(roots, key=lambda root: (-root.count("/") - bool(root), root))
    target, target_from = _target(requires, notes, running or sys.version_info[:2])
    return Layout(
        tuple(ordered), tuple(roots[root] for root in ordered), target, target_from, tuple(notes)
    )


def _is_src_layout(files: Iterable[str]) -> bool:
    found = False
    for path in files:
        if path.startswith("src/"):
            if path == "src/__init__.py":
                return False
            found = True
    return found


def _target(
    requires: list[tuple[str, str]], notes: list[str], running: tuple[int, int]
) -> tuple[tuple[int, int], str]:
    for text, where in requires:
        oldest = oldest_minor(text)
        if oldest is not None:
            return oldest, where
        notes.append(f"{where}: no oldest Python version follows from {text!r}")
    if requires:
        notes.append(f"the target version is that of the running Python, {running[0]}.{running[1]}")
    return running, "the running Python"
