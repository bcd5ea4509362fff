"""Say again what was said last time, if nothing has changed that it came from.

Most runs of a guard see what the run before saw. A run therefore leaves a record: its output, and
all that it looked at. When the same command comes again and all of that is as it was, the output
is printed once more, and next to nothing is imported. Any doubt means an ordinary run.

What a run looked at is heard, not declared: see ``guard._recording``, which writes the records.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from operator import attrgetter

from guard._store import cache_root, identity, load, project_folder, save

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from guard._record import Answer, Identity, Record, State
    from guard._spawn import Running

PREFIX = "replay-"
_FORMAT = "1"
_IDLE = ("_", "OLDPWD", "SHLVL")
"""Variables that the shell sets for itself, and that change with every command. Those of git (a
hook has the author's date) matter to git alone, and git is asked again."""
_KIND = 0o170000
_STATE = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")
_SAME = attrgetter("st_ino", "st_dev", "st_mode")


class Call:
    """One call of the command: its words, and all that surrounds it."""

    def __init__(self, argv: Sequence[str], root: str) -> None:
        self.began = time.perf_counter()
        self.began_ns = time.time_ns()
        self.root = root
        self.path = list(sys.path)
        here = os.getcwd()
        words = tuple(argv)
        self.ident = identity(
            "replay",
            _FORMAT,
            words,
            here,
            [os.path.realpath(word) for word in words if word[:1] != "-"],
            {
                name: text
                for name, text in os.environ.items()
                if name not in _IDLE and not name.startswith("GIT_")
            },
            sys.executable,
            self.path,
            tuple(sys.flags),
            os.geteuid(),
            [sys.stdout.encoding, sys.stdout.isatty(), sys.stderr.isatty()],
        )
        self.folder = project_folder(root, here)
        self.file = os.path.join(self.folder, f"{PREFIX}{zlib.crc32(self.ident):08x}.table")


def begin(argv: Sequence[str]) -> Call | None:
    """The call, if it is one that can be recorded: a check, with the cache, on a POSIX system."""
    if os.name != "posix" or "check" not in argv[:1] or "--no-cache" in argv:
        return None
    root = cache_root(os.environ)
    try:
        return None if root is None else Call(argv, root)
    except (OSError, AttributeError):  # no current directory; no standard output
        return None


def replay(call: Call) -> int | None:
    """Print what this call printed last time, and answer with its exit code.

    ``None``, and nothing is printed, when there is no record or when it may no longer hold.
    """
    try:
        known: Record | None = load(call.file, call.ident) or None  # type: ignore[assignment]
        record = None if known is None else _today(known)
        if record is None:
            return None
        seconds = f"{time.perf_counter() - call.began:.2f}"
        text = seconds.join(record["output"]).encode(sys.stdout.encoding, "backslashreplace")
        while text:
            text = text[os.write(sys.stdout.fileno(), text) :]
        if record is not known:
            save(call.file, call.ident, record)
    except Exception:  # noqa: BLE001 - an ordinary run meets the same trouble, and says what it is
        return None
    return record["code"]


def _today(record: Record) -> Record | None:
    """The record if all that the run looked at is as it was; or its like for what git says now."""
    asked = list(_ask(record["answers"]))  # git looks while we do
    try:
        if (
            kinds_of(record["probed"]) != record["kinds"]
            or states_of(record["looked"]) != record["states"]
            or folder_states(record["folders"]) != record["folder_states"]
            or file_states(record["files"]) != record["file_states"]
        ):
            return None
        said = [running.finish() for running in asked]
    finally:
        for running in asked:
            running.kill()
    if said == [answer[2:] for answer in record["answers"]]:
        return record
    if record["basis"] is None:
        return None
    from guard._unnoticed import renewed

    return renewed(record, said)


def _ask(answers: Iterable[Answer]) -> Iterator[Running]:
    for top, args, *_ in answers:
        from guard.git import Git

        yield Git(top).start(*args)


def states_of(paths: Iterable[str]) -> list[State | None]:
    """The state of each file or folder, through links; ``None`` where there is nothing."""
    found: list[State | None] = []
    for path in paths:
        try:
            found.append(_STATE(os.stat(path)))
        except (OSError, ValueError):
            found.append(None)
    return found


def kinds_of(paths: Iterable[str]) -> list[tuple[int, int]]:
    """What is at each path, and what is there if it is a link; 0 is nothing."""
    return [(_kind(os.lstat, path), _kind(os.stat, path)) for path in paths]


def _kind(look: Callable[[str], os.stat_result], path: str) -> int:
    try:
        return look(path).st_mode & _KIND
    except (OSError, ValueError):
        return 0


def file_states(paths: Iterable[str]) -> list[State]:
    """The state of each file. Raises ``OSError`` if one is gone."""
    return list(map(_STATE, map(os.lstat, paths)))


def folder_states(paths: Iterable[str]) -> list[Identity]:
    """Which folder each is, whatever it holds. Raises ``OSError`` if one is gone."""
    return list(map(_SAME, map(os.lstat, paths)))
