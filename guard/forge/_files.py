"""Which files differ between two commits, with their lines, from one process."""

from __future__ import annotations

from guard.change import FileChange
from guard.errors import GitError
from guard.repository import Repository

_TOO_LARGE = "core.bigFileThreshold=8m"
"""What is larger counts as binary: its lines are not worth the memory."""
_ASKED = ("-r", "-z", "--raw", "--numstat", "--no-renames", "--no-abbrev", "--no-ext-diff")
_SUBMODULE = "160000"


def changed_files(git: Repository, old: str, new: str) -> tuple[FileChange, ...]:
    """The files that differ from the tree or commit ``old`` to ``new``, by path; no renames.

    A link counts as a file, and its target as the content; a submodule counts as a file without
    text, and its commit as the content. A file whose mode alone differs is among them. Raises
    ``GitError``.
    """
    old, new = (each or git.empty_tree() for each in (old, new))
    asked = ("-c", _TOO_LARGE, "diff-tree", *_ASKED, "--no-textconv", old, new)
    fields = git.run(*asked).decode("utf-8", "surrogateescape").split("\0")
    raw: dict[str, tuple[str, str, str, str]] = {}
    at = 0
    while at + 1 < len(fields) and fields[at].startswith(":"):
        old_mode, new_mode, old_oid, new_oid, _ = fields[at][1:].split(" ")
        raw[fields[at + 1]] = (old_mode, new_mode, old_oid, new_oid)
        at += 2
    lines: dict[str, tuple[int | None, int | None]] = {}
    for record in fields[at:]:
        if record:
            added, deleted, path = record.split("\t", 2)
            lines[path] = (_number(added), _number(deleted))
    if raw.keys() != lines.keys():
        raise GitError(f"git diff-tree answered in two ways about {old} and {new} in {git.top}")
    return tuple(_file(path, raw[path], lines[path]) for path in sorted(raw))


def _file(
    path: str, sides: tuple[str, str, str, str], lines: tuple[int | None, int | None]
) -> FileChange:
    old_mode, new_mode, old, new = sides
    if _SUBMODULE in (old_mode, new_mode):
        lines = (None, None)
    return FileChange(path, _oid(old), _oid(new), *lines)


def _oid(oid: str) -> str:
    return oid if oid.strip("0") else ""


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)
