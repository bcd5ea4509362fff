"""Which Python is the project's: found in a fixed order, asked for its version, never guessed.

The first that says anything wins: the option, the policy, ``$VIRTUAL_ENV``, ``.venv`` and ``venv``
in the project, then the tools whose traces the project shows, each asked itself. A tool that
is there and has no environment is an error at the end, for what is left would be another Python
than the project's. Sources: each tool's own documentation of the command that is run.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping

from guard._gitenv import find_top
from guard.errors import GuardError, UsageError
from guard.observed import Interpreter
from guard.smoke._ask import ask, last_line
from guard.smoke._tools import TOOLS, Found, Signs, Tool, is_own
from guard.smoke.environment import for_tools

OLDEST = (3, 8)
SECONDS = 60.0
"""How long a tool, or the interpreter itself, may take to answer."""
_MEND = "name the interpreter with --python, or in the policy as smoke.python"
_QUESTION = "import sys; print('python %d %d %d' % sys.version_info[:3], sys.executable)"
_PLACES = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")
"""Where an environment keeps its Python: POSIX, Windows, conda on Windows."""
_MARKS = ("pyvenv.cfg", "conda-meta")


class NoInterpreter(GuardError):
    """The project's Python is not known, or does not start."""

    exit_code = 3


def find_interpreter(
    top: str,
    named: str | None,
    policy: str | None,
    environ: Mapping[str, str],
    *,
    seconds: float = SECONDS,
) -> Interpreter:
    """The project's Python, its version and which way it was found.

    ``top`` is the folder with the project's own environment: not a temporary checkout of it.
    ``named`` is the option, a path or a command, relative to the current folder; ``policy`` is the
    policy's, relative to ``top``. ``seconds`` limits each question to a tool. Raises ``UsageError``
    where one of the two does not exist, does not start or is too old, and ``NoInterpreter`` where
    that holds for what was found.
    """
    if named is not None:
        return _named(named, os.getcwd(), "--python", environ, top)
    if policy is not None:
        return _named(policy, top, "smoke.python in the policy", environ, top)
    notes: list[str] = []
    failed: list[str] = []
    for found in _search(top, environ, notes, failed, seconds):
        if found.environment is not None:
            python = python_in(found.environment)
            if python is None:
                (failed if found.asked else notes).append(
                    f"{found.how}: there is no Python in {found.environment}"
                )
                continue
        else:
            python = found.python
        version = _ask(python, environ, NoInterpreter, found.how, top).version
        how = "; ".join((found.how, *notes, *failed))
        return Interpreter(python, version, how)
    if failed:
        said = "; ".join(failed)
        raise NoInterpreter(f"the project's Python was not found: {said}. Mend it, or {_MEND}")
    version = (sys.version_info[0], sys.version_info[1], sys.version_info[2])
    how = "the guard's own Python: the project's environment was not found"
    return Interpreter(sys.executable, version, "; ".join((how, *notes)))


def python_in(folder: str) -> str | None:
    """The Python of the environment in ``folder``; ``None`` where there is none."""
    for place in _PLACES:
        path = os.path.join(folder, *place.split("/"))
        if os.path.lexists(path) and not os.path.isdir(path):
            return path  # even a link to nowhere: that it does not start is what to say
    return None


def _named(text: str, base: str, where: str, environ: Mapping[str, str], top: str) -> Interpreter:
    path = os.path.join(base, os.path.expanduser(text))
    if os.path.isdir(path):
        inner = python_in(path)
        if inner is None:
            raise UsageError(f"{where}: {text} is a folder without a Python environment")
        path = inner
    elif not os.path.lexists(path):
        command = None
        if os.path.basename(text) == text:
            command = shutil.which(text, path=environ.get("PATH", os.defpath))
        if command is None:
            raise UsageError(f"{where}: there is no {text}; give a path, or a command on PATH")
        # What is on PATH may be a shim, which chooses by the folder that it runs in.
        told = _ask(command, environ, UsageError, where, top)
        real = os.path.isabs(told.path) and os.path.exists(told.path)
        return Interpreter(told.path if real else os.path.abspath(command), told.version, where)
    path = os.path.normpath(path)
    return Interpreter(path, _ask(path, environ, UsageError, where, top).version, where)


def _search(
    top: str,
    environ: Mapping[str, str],
    notes: list[str],
    failed: list[str],
    seconds: float,
) -> Iterator[Found]:
    active = environ.get("VIRTUAL_ENV", "")
    if active and is_own(active):
        active = ""  # a hook's runner, or `uv run`, sets it to what the guard is installed in
    if active and os.path.isdir(active):
        yield Found("$VIRTUAL_ENV", active)
    elif active:
        notes.append("$VIRTUAL_ENV names a folder that does not exist")
    yield from _in_folders(top)
    signs = Signs(top)
    clean = for_tools(environ)
    if signs.file("uv.lock") and (chosen := environ.get("UV_PROJECT_ENVIRONMENT")):
        yield Found("$UV_PROJECT_ENVIRONMENT, for uv.lock", os.path.join(top, chosen))
    if saved := _saved(top):
        yield Found(".pdm-python in the project", None, saved)
    for tool, sign, question in TOOLS:
        trace = sign(signs)
        if not trace:
            continue
        program = shutil.which(tool, path=environ.get("PATH", os.defpath))
        if program is None:
            notes.append(f"{trace} is there, but {tool} is not installed")
            continue
        yield from question(Tool(tool, trace, program, top, clean, failed, seconds))
    prefix = environ.get("CONDA_PREFIX", "")
    if (trace := signs.file("environment.yml", "environment.yaml")) and not prefix:
        notes.append(f"{trace} is there, but no conda environment is active")
    elif trace:
        yield Found(f"$CONDA_PREFIX, for {trace}", prefix)
    yield from _on_path(environ)


def _in_folders(top: str) -> Iterator[Found]:
    """``.venv`` in the project, or around it in the same repository: of a workspace."""
    repository = find_top(top)
    folder = os.path.abspath(top)
    while True:
        for name in (".venv", "venv"):
            inner = os.path.join(folder, name)
            if any(os.path.exists(os.path.join(inner, mark)) for mark in _MARKS):
                place = "in the project" if folder == os.path.abspath(top) else f"in {folder}"
                yield Found(f"{name} {place}", inner)
        if repository is None or folder in (repository, os.path.dirname(folder)):
            return
        folder = os.path.dirname(folder)


def _saved(top: str) -> str:
    """What `pdm use` chose, and wrote down."""
    try:
        with open(os.path.join(top, ".pdm-python"), encoding="utf-8") as file:
            saved = file.read().strip()
    except (OSError, ValueError):
        return ""
    return saved if os.path.exists(saved) else ""


def _on_path(environ: Mapping[str, str]) -> Iterator[Found]:
    """A virtual environment by ``PATH`` alone: in containers, and around a hook's own."""
    for folder in environ.get("PATH", "").split(os.pathsep):
        home = os.path.dirname(folder)
        if os.path.isabs(folder) and os.path.isfile(os.path.join(home, "pyvenv.cfg")):
            if not is_own(home) and python_in(home) is not None:
                yield Found("the virtual environment on PATH", home)


def _ask(
    python: str, environ: Mapping[str, str], kind: type[GuardError], where: str, top: str
) -> Interpreter:
    """What it says of itself. Without ``site``: what is installed there must not run yet."""
    answer = ask((python, "-I", "-S", "-c", _QUESTION), environ, top, SECONDS)
    words = last_line(answer.out).split(" ", 4)
    if len(words) != 5 or words[0] != "python" or not all(word.isdecimal() for word in words[1:4]):
        said = answer.problem or "it did not answer with its version"
        raise kind(
            f"{where}: {python} does not start as Python 3.8 or newer would: {said}; {_MEND}"
        )
    version = (int(words[1]), int(words[2]), int(words[3]))
    if version[:2] < OLDEST:
        text = ".".join(words[1:4])
        raise kind(f"{where}: {python} is Python {text}; 3.8 is the oldest that works; {_MEND}")
    return Interpreter(words[4], version, where)
