"""How git is called: which program, in which environment, with which settings switched off.

The repository may be hostile: its configuration, its attributes and the environment must not make
git run a program, open a connection or ask a question (git-config(1), git(1) "ENVIRONMENT
VARIABLES", githooks(5)).
"""

from __future__ import annotations

import os

from guard._tell import probe
from guard.errors import GitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG = (
    "core.hooksPath=" + os.devnull,
    "core.fsmonitor=false",
    "core.attributesFile=" + os.devnull,
    "core.pager=cat",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "protocol.allow=never",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
OPTIONS = ("--no-pager", "--literal-pathspecs", "--no-replace-objects", "--no-optional-locks")
_FIXED = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
    "LANGUAGE": "",
}
# Which files hold the user's own configuration, and how far to look for a repository.
_PERSONAL = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
)
# Set by git around a hook; true only for the repository that the hook runs in.
_LOCAL = (
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
)
_ALTERNATES = "GIT_ALTERNATE_OBJECT_DIRECTORIES"


def find_top(path: str) -> str | None:
    """The work tree that holds ``path``, or the bare repository; ``None`` outside of any.

    Looks for ``.git`` as git does, upward, without starting a process.
    """
    folder = os.path.abspath(path)
    while True:
        if git_dir(folder) is not None:
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def git_dir(folder: str) -> str | None:
    """The repository whose work tree begins at ``folder``, or ``folder`` if it is bare itself."""
    dot = os.path.join(folder, ".git")
    if os.path.isfile(probe(dot)):  # a linked worktree or a submodule (gitrepository-layout(5))
        try:
            with open(dot, "rb") as file:
                text = file.read(4096)
        except OSError:
            return None
        if not text.startswith(b"gitdir:"):
            return None
        where = text[7:].decode("utf-8", "surrogateescape").strip()
        return os.path.join(folder, where)
    if os.path.lexists(probe(os.path.join(dot, "HEAD"))):
        return dot
    if os.path.lexists(probe(os.path.join(folder, "HEAD"))) and all(
        os.path.isdir(probe(os.path.join(folder, part))) for part in ("objects", "refs")
    ):
        return folder
    return None


def environment(top: str, ambient: Mapping[str, str]) -> dict[str, str]:
    env = {name: value for name, value in ambient.items() if not name.startswith("GIT_")}
    env.update((name, ambient[name]) for name in _PERSONAL if name in ambient)
    found = find_top(top)
    theirs = ambient.get("GIT_DIR")
    if theirs is None:
        try:
            here = find_top(os.getcwd())
        except OSError:  # the current directory is gone
            here = None
        at = git_dir(here) if here else None
    else:
        at = theirs
    if found is None or (at and os.path.realpath(at) == os.path.realpath(git_dir(found) or "")):
        # The variables of a hook are relative to the folder it runs in, and git will run in `top`.
        for name in _LOCAL:
            if name in ambient:
                env[name] = os.path.abspath(ambient[name])
        if _ALTERNATES in ambient:
            paths = ambient[_ALTERNATES].split(os.pathsep)
            env[_ALTERNATES] = os.pathsep.join(os.path.abspath(path) for path in paths if path)
        if found is None and theirs is not None:
            env["GIT_DIR"] = os.path.abspath(theirs)
            tree = ambient.get("GIT_WORK_TREE")
            if tree is not None:
                env["GIT_WORK_TREE"] = os.path.abspath(tree)
    env.update(_FIXED)
    return env


def find_program(ambient: Mapping[str, str]) -> str:
    # Relative entries of PATH are passed over: they could lead into the repository itself.
    names = ("git.exe",) if os.name == "nt" else ("git",)
    for folder in ambient.get("PATH", os.defpath).split(os.pathsep):
        for name in names:
            program = os.path.join(folder, name)
            if os.path.isabs(folder) and os.access(program, os.X_OK) and os.path.isfile(program):
                return program
    raise GitError("git is not installed, or not on PATH")


def safe_directories(ambient: Mapping[str, str]) -> Iterator[str]:
    """What the user's environment declares safe (git-config(1), GIT_CONFIG_COUNT), and no more."""
    count = ambient.get("GIT_CONFIG_COUNT", "")
    for number in range(min(int(count), 1000) if count.isdecimal() else 0):
        if ambient.get(f"GIT_CONFIG_KEY_{number}", "").lower() == "safe.directory":
            yield ambient.get(f"GIT_CONFIG_VALUE_{number}", "")


def mentions_object_format(top: str) -> bool:
    found = find_top(top)
    folder = git_dir(found) if found else None
    if folder is None:
        return True
    try:
        with open(os.path.join(folder, "commondir"), encoding="utf-8") as file:
            folder = os.path.join(folder, file.read().strip())
    except OSError:
        pass
    try:
        with open(os.path.join(folder, "config"), "rb") as config:
            return b"objectformat" in config.read(1 << 20).lower()
    except OSError:
        return True
