"""What the project's own metadata declares: entry points, requirements, Python versions.

Read as data, never by running a build. Sources: PEP 621, PEP 735, PEP 508 and the entry points
specification; the documentation of setuptools (``setup.cfg``, ``setup.py``), poetry, pdm and uv.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from guard.observed import Requirement
from guard.smoke._metadata import Found, read_pipfile, read_pyproject, read_requirements
from guard.smoke._setuptools import read_setup_cfg, read_setup_py
from guard.smoke.entries import EntrySpec, Help
from guard.smoke.modules import Main

_OBJECT = re.compile(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*(?:\[.*\])?\s*")


@dataclass(frozen=True, slots=True)
class Packaging:
    """What was found, each once."""

    scripts: tuple[EntrySpec, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    requires_python: str = ""
    notes: tuple[str, ...] = ()
    """What could not be read."""


_READERS: tuple[tuple[str, Callable[[str, Found], None]], ...] = (
    ("pyproject.toml", read_pyproject),
    ("setup.cfg", read_setup_cfg),
    ("setup.py", read_setup_py),
    ("Pipfile", read_pipfile),
)
_LISTS = (
    ("requirements.txt", ""),
    ("requirements.in", ""),
    ("requirements-dev.txt", "dev"),
    ("dev-requirements.txt", "dev"),
    ("requirements-test.txt", "test"),
)


def declared(
    top: str,
    read: Callable[[str], bytes | None],
    mains: Sequence[Main] = (),
    roots: Sequence[str] = ("",),
) -> Packaging:
    """What the files at the top declare, and the packages that ``python -m`` can run.

    ``read`` answers with a file's content, ``None`` where there is no such file. ``roots`` are the
    import roots: what is found here is started with them on ``PYTHONPATH``, installed or not.
    A file that cannot be read is a note.
    """
    found = Found()
    for name, reader in _READERS:
        _read(name, read, reader, found)
    for name, extra in _LISTS:
        _read(name, read, partial(read_requirements, extra=extra), found)
    seen: set[tuple[str, str]] = set()
    while found.files:
        name, extra = found.files.pop(0)
        if (name, extra) not in seen:
            seen.add((name, extra))
            if not _read(name, read, partial(read_requirements, extra=extra), found):
                found.notes.append(f"{name}, which is to list requirements, is not there")
    env = {"PYTHONPATH": os.pathsep.join(os.path.join(top, root).rstrip("/") for root in roots)}
    scripts: dict[str, EntrySpec] = {}
    for spec in (*_scripts(found, env), *_mains(mains, env)):
        scripts.setdefault(spec.name, spec)
    return Packaging(
        tuple(scripts.values()),
        tuple(dict.fromkeys(found.requirements)),
        found.requires_python,
        tuple(found.notes),
    )


def _read(
    name: str,
    read: Callable[[str], bytes | None],
    reader: Callable[[str, Found], None],
    found: Found,
) -> bool:
    found.file = name
    try:
        data = read(name)
        if data is None:
            return False
        reader(data.decode("utf-8-sig", "replace").replace("\r\n", "\n"), found)
    except Exception as error:  # noqa: BLE001 - whatever the parser says, the note passes it on
        line = str(error).split("\n", 1)[0][:200]
        found.notes.append(f"{name} cannot be read ({type(error).__name__}: {line})")
    return True


def _scripts(found: Found, env: dict[str, str]) -> Iterator[EntrySpec]:
    import json

    for script in found.scripts:
        match = _OBJECT.fullmatch(script.target)
        if match is None:
            found.notes.append(
                f"{script.origin}: {script.name} = {script.target!r} is no module:function, "
                "not started"
            )
            continue
        module, function = match[1], match[2]
        first = function.partition(".")[0]
        # As the installed script does it (entry points specification, "Use for scripts").
        name = json.dumps(script.name)  # without ', so that the command can be read in a shell
        code = f"import sys; from {module} import {first}; sys.argv[0] = {name}; "
        code += f"sys.exit({function}())"
        yield EntrySpec(
            script.name,
            ("python", "-c", code, "--help"),
            script.origin,
            script.file,
            script.line,
            env,
            proof=Help(),
            module=module,
        )


def _mains(mains: Sequence[Main], env: dict[str, str]) -> Iterator[EntrySpec]:
    for main in mains:
        yield EntrySpec(
            f"python -m {main.package}",
            ("python", "-m", main.package, "--help"),
            "the package's __main__",
            main.path,
            1,
            env,
            proof=Help(),
            module=f"{main.package}.__main__",
        )
