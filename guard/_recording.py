"""Hear what a run looks at, and leave a record of it for ``guard.replay``.

Nothing has to be declared, so nothing can be forgotten: Python's audit events (PEP 578) tell of
each file that is opened, each folder that is listed and each process that is started, by whatever
code; ``guard.git`` adds the answers of git, ``guard._probe`` the questions that raise no event.
What remains are the states of the project's files, which the working tree knows.

A run is recorded only if all that it hangs on was left alone since before it began; with git's
reasoning about "racily clean" files, a later change then shows in a state.
"""

from __future__ import annotations

import os
import sys

from guard._store import forget, save
from guard._unnoticed import basis_of
from guard.facts import QUIET_NS, is_settled
from guard.git import EMPTY_TREES, is_fixed, is_oid
from guard.replay import PREFIX, file_states, folder_states, kinds_of, states_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from guard._record import Answer, Record
    from guard.replay import Call

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_KEEP = 8
"""How many records of one folder stay: those of other command lines, terminals, editors."""
_LOOKS = frozenset(("open", "os.listdir", "os.scandir"))
_TOLD = frozenset(
    (
        "guard.answer",
        "guard.facts",
        "guard.files",
        "guard.probe",
        "guard.read",
        "os.posix_spawn",
    )
)
# What no run does. If one does (a plugin might), it hangs on things that nobody hears of.
_FOREIGN = frozenset(
    (
        "ctypes.dlopen",
        "guard.unsure",
        "os.chdir",
        "os.exec",
        "os.putenv",
        "os.spawn",
        "os.startfile",
        "os.system",
        "os.unsetenv",
        "shutil.copyfile",
        "shutil.move",
        "socket.__new__",
        "sqlite3.connect",
        "subprocess.Popen",
    )
)
_HEARD = _LOOKS | _TOLD | _FOREIGN


_listening: list[Recording] = []
_hooks: list[object] = []


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if event in _HEARD:
        for recording in _listening:
            recording.heard.append((event, args))


class Recording:
    """What one run looks at. From its making until ``save``, the whole process is heard."""

    def __init__(self, call: Call, quiet_ns: int = QUIET_NS) -> None:
        self._call = call
        self._quiet_ns = quiet_ns
        self.heard: list[tuple[str, Any]] = []
        if _hear not in _hooks:
            _hooks.append(_hear)
            sys.addaudithook(_hear)  # there is no way to take it off again
        _listening.append(self)

    def save(self, output: tuple[str, ...], code: int, *, nothing_found: bool) -> None:
        """Keep what was said, if any change of what it came from will show.

        ``output`` is one text, or two between which the time stands that the run took.
        ``nothing_found``: there is no finding in it, and all files were judged.
        """
        self.stop()
        record = self._record(output, code, nothing_found)
        if record is not None and save(self._call.file, self._call.ident, record):
            forget(self._call.folder, PREFIX, _KEEP)

    def stop(self) -> None:
        """Hear no more."""
        if self in _listening:
            _listening.remove(self)

    def _record(self, output: tuple[str, ...], code: int, nothing_found: bool) -> Record | None:
        answers = self._answers()
        files = self._files()
        looked = self._looked(frozenset(files))
        if answers is None or looked is None:
            return None
        probed = self._probed(frozenset(looked))
        folders = sorted({os.path.dirname(path) for path in files})
        states = states_of(looked)
        try:
            of_files, of_folders = file_states(files), folder_states(folders)
        except OSError:
            return None  # gone meanwhile
        for state in filter(None, (*of_files, *states)):
            if not is_settled(state, self._call.began_ns, self._quiet_ns):
                return None
        return {
            "output": output,
            "code": code,
            "probed": probed,
            "kinds": kinds_of(probed),
            "looked": looked,
            "states": states,
            "folders": folders,
            "folder_states": of_folders,
            "files": files,
            "file_states": of_files,
            "answers": answers,
            "basis": basis_of(self.heard, answers) if nothing_found else None,
        }

    def _answers(self) -> list[Answer] | None:
        """What git said; ``None`` if the run hangs on what another program said, or on chance."""
        answers: dict[tuple[str, tuple[str, ...]], Answer] = {}
        silent = 0
        for event, args in self.heard:
            if event in _FOREIGN:
                return None
            if event == "os.posix_spawn":
                silent += "cat-file" not in args[1]  # answers piecemeal, and tells nothing
            elif event == "guard.answer":
                silent -= 1
                top, asked, said = args
                if answers.setdefault((top, asked), (top, asked, *said))[2:] != said:
                    return None
        if silent:
            return None
        asked_all = list(answers)
        return [answers[key] for key in asked_all if not _follows(key, asked_all)]

    def _files(self) -> list[str]:
        found = (path for event, args in self.heard if event == "guard.files" for path in args[0]())
        return list(dict.fromkeys(found))

    def _looked(self, files: frozenset[str]) -> list[str] | None:
        """The files and folders that were opened, besides ``files`` and the cache.

        ``None`` if the run wrote anything elsewhere.
        """
        found = {*_plugins(self._call.path), *_sources()}
        for event, (path, *how) in self.heard:
            if event not in _LOOKS or isinstance(path, int):
                continue
            path = os.path.abspath(os.fsdecode("." if path is None else path))
            if (path + os.sep).startswith(("/dev/", self._call.root + os.sep)):
                continue
            if "__pycache__" in path:
                continue
            if event == "open" and how[1] & _WRITING:
                return None
            if path not in files:
                found.add(path)
        return sorted(found)

    def _probed(self, looked: frozenset[str]) -> list[str]:
        """What was asked for without being opened; a folder that is watched itself tells of it."""
        found = {os.path.abspath(args[0]) for event, args in self.heard if event == "guard.probe"}
        return sorted(
            path for path in found if os.path.dirname(path) not in looked or os.path.islink(path)
        )


def _follows(
    key: tuple[str, tuple[str, ...]], others: Iterable[tuple[str, tuple[str, ...]]]
) -> bool:
    """Whether the answer follows from the names in the question, or from another answer."""
    top, asked = key
    if is_fixed(asked):
        return True
    # How the index differs from one commit tells how it differs from any other, and from nothing.
    return asked[-1] in EMPTY_TREES and any(
        (top, asked[:-1]) == (other_top, other[:-1]) and is_oid(other[-1]) and other != asked
        for other_top, other in others
    )


def _plugins(path: Iterable[str]) -> Iterable[str]:
    """Where modules are imported from, and the files that say which plugins there are."""
    for entry in path:
        folder = os.path.abspath(entry)
        yield folder
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                yield os.path.join(folder, name, "entry_points.txt")


def _sources() -> Iterable[str]:
    """The code of the guard and of its plugins, loaded or not: each ``*.py`` next to what is.

    The facts' identity follows the same rule. Python's own library goes with ``sys.version``.
    """
    library = os.path.dirname(os.__file__)
    folders = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.isabs(file):
            folder = os.path.dirname(file)
            if not folder.startswith(library) or "-packages" in folder[len(library) :]:
                yield file
                folders.add(folder)
    for folder in folders:
        with os.scandir(folder) as entries:
            yield from (entry.path for entry in entries if entry.name.endswith(".py"))
