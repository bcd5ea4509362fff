"""Import every module cold, and say what came of each.

Means is a tree of forks: ``import a.b`` is ``import a``, then the import of ``a.b``. So a process
that has imported ``a`` is forked for each module below it, and none of them sees another. Where
that cannot be trusted, a module gets an interpreter of its own. So does every module where the
system has no fork (``_plain``).

Bytecode is written and read as by any run of Python: into ``__pycache__``, where the environment
does not forbid it and the folder can be written.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from guard.observed import Interpreter, ModuleRun, Optionality
from guard.smoke._control import Control
from guard.smoke._leading import Beginning, beginning
from guard.smoke._schedule import Schedule
from guard.smoke._tasks import Limits, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROBE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe.py")
_BOOT = (  # its bytecode is kept, as that of a module would be
    "exec(__import__('_frozen_importlib_external').SourceFileLoader('guard_probe',"
    f"{_PROBE!r}).get_code('guard_probe')".replace("%", "%%")
    + f",{{'__name__':'guard_probe','__file__':{_PROBE!r},".replace("%", "%%")
    + "'ARGUMENTS':(%r,%r),"
    "'__builtins__':dict(vars(__import__('builtins')))})"  # its own: those of all may be taken away
)
_POOLS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_NETWORK = {
    "allowed": "network: allowed",
    "namespace": "network: refused by the kernel (a network namespace)",
    "namespace without loopback": "network: refused by the kernel, loopback too: it could not be "
    "brought up in the network namespace",
    "hook": "network: refused by an audit hook, which code in C can pass by; the kernel allows no "
    "network namespace here",
    "hook alone": "network: refused by an audit hook, which code in C can pass by",
    "": "network: not known, as the probe did not start",
}


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Which modules to import, with what, and within which limits."""

    interpreter: Interpreter
    top: str
    """Absolute."""
    roots: tuple[str, ...]
    """What the project has on ``sys.path``, relative to ``top``."""
    modules: tuple[tuple[str, str, Optionality | None], ...]
    """``(module, path, the declaration that it may fail)``."""
    env: Mapping[str, str]
    """The whole environment of the code that is imported."""
    timeout: float = 30.0
    total_timeout: float | None = None
    memory_mb: int | None = None
    network: Literal["refuse", "loopback", "allow"] = "refuse"
    jobs: int = 1
    mode: Literal["auto", "fresh", "plain"] = "auto"
    """``plain``: as on a system without fork, which is the only way there."""
    output_limit: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Observed:
    """What ``run_modules`` saw: each module that was asked for, once, in the order asked for."""

    modules: tuple[ModuleRun, ...]
    notes: tuple[str, ...]
    """How the code was contained, and what fell back from forks to fresh interpreters."""


def run_modules(
    request: ImportRequest, progress: Callable[[int, int], None] | None = None
) -> Observed:
    """Import each module of ``request`` cold. ``progress`` hears ``(done, of how many)``.

    What could not be found out is ``Outcome.LOST``; nothing is raised for it.
    """
    if request.mode == "plain" or not (hasattr(os, "fork") and hasattr(os, "mkfifo")):
        return _run_plain(request, progress)
    notes: list[str] = []
    with Control() as control:
        env = _environment(request, control, notes)
        control.write("request", _told(request))
        control.write_table("leading", _beginnings(request))
        schedule = Schedule(
            control,
            tuple(Wanted(*each) for each in request.modules),
            _limits(request),
            fresh=request.mode == "fresh",
            progress=progress,
        )
        runs = schedule.run(lambda: _start(request, control, env))
        notes.append(_NETWORK[control.isolated()])
    notes += _of_memory(request)
    return Observed(runs, (*notes, *schedule.notes()))


def _run_plain(
    request: ImportRequest, progress: Callable[[int, int], None] | None = None
) -> Observed:
    """The same without a fork; only the audit hook is there to refuse the network."""
    from guard.smoke._plain import Plain, Start

    how = "allowed" if request.network == "allow" else "hook alone"
    with Control(plain=True) as control:
        temporary = ("TMPDIR",) if os.name == "posix" else ("TMPDIR", "TEMP", "TMP")
        env = {**request.env, **dict.fromkeys(temporary, control.temp)}
        control.write("request", _told(request, plain=True))
        control.write("isolated", dict.fromkeys(("refused", "refusing"), how != "allowed"))
        wanted = tuple(Wanted(*each) for each in request.modules)
        plain = Plain(control, wanted, _limits(request), progress)

        def command(slot: str) -> list[str]:
            return [request.interpreter.path, "-c", _BOOT % (control.folder, slot)]

        runs = plain.run(Start(command, env, (request.memory_mb or 0) << 20))
    return Observed(runs, (_NETWORK[how], *_of_memory(request), *plain.notes()))


def _of_memory(request: ImportRequest) -> list[str]:
    if not request.memory_mb:
        return []
    return [f"memory: at most {request.memory_mb} MB of addresses for each process"]


def _limits(request: ImportRequest) -> Limits:
    seconds = request.total_timeout
    return Limits(
        request.timeout,
        None if seconds is None else time.monotonic() + seconds,
        request.output_limit,
        max(1, request.jobs),
    )


def _environment(request: ImportRequest, control: Control, notes: list[str]) -> dict[str, str]:
    env = dict(request.env)
    env["TMPDIR"] = control.temp
    pools = [name for name in _POOLS if name not in env]
    env.update(dict.fromkeys(pools, "1"))
    if pools:
        notes.append(f"set to 1, as a process with threads cannot be forked: {', '.join(pools)}")
    return env


def _told(request: ImportRequest, *, plain: bool = False) -> dict[str, object]:
    return {
        "plain": plain,
        "python": request.interpreter.path,
        "boot": _BOOT,
        "top": request.top,
        "path": [os.path.normpath(os.path.join(request.top, root)) for root in request.roots],
        "network": request.network,
        "memory": (request.memory_mb or 0) << 20,
    }


def _beginnings(request: ImportRequest) -> tuple[object, ...]:
    """What each module imports first, and what of the standard library; which look at what is

    loaded, which by their functions; which name the garbage collector.
    """
    own = {module.partition(".")[0] for module, _, _ in request.modules}
    found: dict[str, Beginning] = {}
    for module, path, _ in request.modules if request.mode == "auto" else ():
        try:
            with open(os.path.join(request.top, path), "rb") as file:
                source = file.read()
        except OSError:
            continue  # then nothing is known of it, and it is imported as it is
        package = os.path.basename(path) == "__init__.py"
        found[module] = beginning(source, module, package=package, own=own)
    return (
        {module: each.steps for module, each in found.items() if each.steps},
        {module: each.standard for module, each in found.items() if each.standard},
        [module for module, each in found.items() if each.looks],
        [module for module, each in found.items() if each.searches],
        [module for module, each in found.items() if each.collects],
    )


def _start(
    request: ImportRequest, control: Control, env: dict[str, str]
) -> subprocess.Popen[bytes]:
    with open(os.path.join(control.folder, "out", "start"), "wb") as out:
        return subprocess.Popen(
            [request.interpreter.path, "-c", _BOOT % (control.folder, "root")],
            cwd=control.folder,  # a place without modules
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
