"""Paths: which are Python files, how the system writes them, and where links lead.

Symbolic links are never followed: each is passed over, or is a matter for the report.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

SUFFIXES = (".py", ".pyi")
"""What is a Python file without being named by the user."""

MARKERS = ("guard.yaml", "pyproject.toml", "setup.cfg", "setup.py")
"""Each says that its folder is the top of a project."""

_SAME = os.name == "nt" or sys.getfilesystemencoding().lower().replace("-", "") == "utf8"


def native(path: str) -> str:
    """A path of ours (UTF-8 with surrogate escapes) as the functions of ``os`` want it.

    They differ where the locale is not UTF-8, and there a mistake would make a file invisible.
    """
    return path if _SAME else os.fsdecode(path.encode("utf-8", "surrogateescape"))


def from_native(path: str) -> str:
    """A path as ``os`` gave it, in our form."""
    return path if _SAME else os.fsencode(path).decode("utf-8", "surrogateescape")


def judge_target(target: str, is_folder: bool, checked: Container[str]) -> str:
    """Why a link is a matter for the report; empty when what it points to is checked itself."""
    if target in checked:
        return ""
    if target == ".." or target.startswith(("../", "/")):
        return "symbolic link out of the project, not followed"
    if is_folder:
        return "symbolic link to a folder, not followed"
    return f"symbolic link to {target}, which is not among the checked files"


def join_target(link: str, target: str) -> str:
    """Where a recorded link points, relative to the top, by its text alone."""
    if target.startswith("/"):
        return target
    parts = link.split("/")[:-1]
    for part in target.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
