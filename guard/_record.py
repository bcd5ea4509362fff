"""What ``guard.replay`` remembers of a run, as it is on disk. Types alone, never loaded."""

from __future__ import annotations

from typing import Any, TypedDict

State = tuple[int, int, int, int, int]
Identity = tuple[int, int, int]
Said = tuple[int, bytes, bytes]
"""Exit code, stdout, stderr."""
Answer = tuple[str, tuple[str, ...], int, bytes, bytes]
"""What git said: the folder, the arguments, and what is in ``Said``."""


class Trace(TypedDict):
    """An extractor, and whom it was asked about: ``None`` for all files."""

    name: str
    version: str
    params: tuple[Any, ...]
    module: str
    function: str
    paths: frozenset[str] | None


class Basis(TypedDict):
    """For a check of the staged changes: by what the rules knew the files of the index."""

    folder: str
    """Where the facts are kept."""
    traces: list[Trace]
    read: frozenset[str]
    """The files that were read themselves, or were looked for."""


class Record(TypedDict):
    """What one call printed, and everything that it looked at to know what to print."""

    output: tuple[str, ...]
    """One text, or two between which stands the time that the call took."""
    code: int
    probed: list[str]
    kinds: list[tuple[int, int]]
    """Of each path that was ``probed``."""
    looked: list[str]
    states: list[State | None]
    """Of each file or folder that was ``looked`` into."""
    folders: list[str]
    folder_states: list[Identity]
    """Of the folders of the project: that they are the same ones, whatever else they hold."""
    files: list[str]
    file_states: list[State]
    """Of the files of the project."""
    answers: list[Answer]
    basis: Basis | None
    """If it is there, ``answers`` say which commit HEAD is, and what is staged."""
