"""What the hooks have yet to write down, as files: one for each push.

``pre-receive`` may not move references, so it leaves its decisions in a file, which whoever comes
next moves into the records: ``post-receive`` of this push or of another one, or the reconciler.

A file is written under another name, forced to the disk and renamed: it is there whole, or not.
What is found otherwise (a disk that lost power, a foreign file) is set aside and reported.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from guard._wire import WireError, dump, load
from guard.change import Decision
from guard.errors import GuardError
from guard.server.updates import Update

FOLDER = "guard"
"""The guard's own folder in the repository: spool, lock, cache."""
_SUFFIX = ".json"
_UNFINISHED = ".new"
_ASIDE = "aside"
_VERSION = 1
_MAX_BYTES = 64 << 20
_STALE = 600


class SpoolError(GuardError):
    """A file cannot be written: what is not recorded is not allowed."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Moved:
    """One change that a push would bring to a protected branch, as it was judged at the door."""

    target: str
    base: str
    rev: str
    ai: bool
    """The door knows the account and the branch; whoever reads the history later does not."""
    change: str


@dataclass(frozen=True, slots=True)
class Intent:
    """What ``pre-receive`` said of one push."""

    id: str
    at: int
    by: str
    allowed: bool
    updates: tuple[Update, ...]
    decisions: tuple[Decision, ...] = ()
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the spool: intents, oldest first, and what is none, by name with the reason."""

    intents: tuple[Intent, ...]
    broken: tuple[tuple[str, str], ...]


def new_id() -> str:
    """A name that no other push has; of two pushes in one second the later one's is greater."""
    return f"{time.monotonic_ns():016x}{os.urandom(4).hex()}"


class Spool:
    """The spool of the repository at ``repo``. ``step`` is called at each point of no return."""

    def __init__(self, repo: str, step: Callable[[str], None] = lambda _: None) -> None:
        self.home = os.path.join(repo, FOLDER)
        self.folder = os.path.join(self.home, "spool")
        self._like = os.path.join(repo, "objects")
        self._step = step

    @property
    def lock(self) -> str:
        """The file that is locked while references are compared, and while the spool is emptied."""
        return os.path.join(self.home, "lock")

    def prepare(self) -> None:
        """Make the folders, for the accounts that may write to the repository. ``SpoolError``."""
        try:
            mode = os.stat(self._like).st_mode & 0o7777
            for folder in (self.home, self.folder):
                if not os.path.isdir(folder):
                    os.makedirs(folder, exist_ok=True)
                    os.chmod(folder, mode)
        except OSError as error:
            raise SpoolError(f"cannot make {self.folder}: {error.strerror}") from error

    def write(self, intent: Intent) -> None:
        """Keep ``intent``, so that it survives the end of the process and of the power."""
        self.prepare()
        value = dump(intent)
        assert isinstance(value, dict)
        data = json.dumps({"version": _VERSION, **value}, indent=1).encode("ascii")
        name = f"{max(intent.at, 0):012d}-{intent.id}{_SUFFIX}"
        path = os.path.join(self.folder, name)
        try:
            self._step("before spool")
            with open(path + _UNFINISHED, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._step("spool written")
            os.replace(path + _UNFINISHED, path)
            self._sync()
            self._step("spool renamed")
        except OSError as error:
            raise SpoolError(f"cannot write {path}: {error.strerror}") from error

    def read(self, now: int) -> Found:
        """All that is there. Raises ``SpoolError`` where the folder itself cannot be read."""
        intents, broken = [], []
        try:
            names = sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []
        except OSError as error:
            raise SpoolError(f"cannot read {self.folder}: {error.strerror}") from error
        for name in names:
            if name == _ASIDE or self._is_young(name, now):
                continue
            try:
                intents.append(self._load(name))
            except FileNotFoundError:
                continue  # someone else has emptied it
            except (OSError, ValueError, RecursionError, WireError) as error:
                broken.append((name, getattr(error, "strerror", None) or str(error)))
        return Found(tuple(intents), tuple(broken))

    def remove(self, intent: Intent) -> None:
        """Forget what is recorded by now; it may be gone already."""
        name = f"{max(intent.at, 0):012d}-{intent.id}{_SUFFIX}"
        try:
            os.unlink(os.path.join(self.folder, name))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SpoolError(f"cannot remove {name}: {error.strerror}") from error

    def set_aside(self, name: str) -> None:
        """Take what is no intent out of the way, and keep it."""
        aside = os.path.join(self.folder, _ASIDE)
        try:
            os.makedirs(aside, exist_ok=True)
            os.replace(os.path.join(self.folder, name), os.path.join(aside, name))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SpoolError(f"cannot set {name} aside: {error.strerror}") from error

    def _is_young(self, name: str, now: int) -> bool:
        """Whether a process may still be writing it."""
        if not name.endswith(_UNFINISHED):
            return False
        try:
            age = now - os.stat(os.path.join(self.folder, name)).st_mtime
        except OSError:
            return True
        return 0 <= age < _STALE

    def _load(self, name: str) -> Intent:
        path = os.path.join(self.folder, name)
        if name.endswith(_UNFINISHED):
            raise ValueError("the hook was ended while it wrote this; the push was refused")
        if not name.endswith(_SUFFIX) or not os.path.isfile(path):
            raise ValueError("not a file of the guard")
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ValueError(f"larger than {_MAX_BYTES} bytes")
        value = json.loads(data)
        if not isinstance(value, dict) or value.pop("version", None) != _VERSION:
            raise ValueError(f"not of version {_VERSION}")
        intent = load(value, Intent, "intent")
        if name != f"{max(intent.at, 0):012d}-{intent.id}{_SUFFIX}":
            raise ValueError("its content belongs to another name")
        return intent

    def _sync(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
