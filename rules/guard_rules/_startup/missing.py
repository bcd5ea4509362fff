"""A module, or a name in a module, that an import does not find."""

from __future__ import annotations

import sys

from guard_rules._startup import versions
from guard_rules._startup.distributions import asked, installed, known_distribution
from guard_rules._startup.faults import Fault
from guard_rules._startup.words import Setting, Words, nearest

_BUILT_SOMETIMES = frozenset(
    {"_tkinter", "bz2", "_bz2", "ctypes", "_ctypes", "curses", "_curses", "dbm", "lzma", "_lzma",
     "readline", "sqlite3", "_sqlite3", "ssl", "_ssl", "tkinter", "zlib"}
)  # fmt: skip
"""Standard modules that a Python lacks if it was built without the library behind them."""


def module(fault: Fault, setting: Setting) -> Words:
    """``No module named``: not the project's, not installed, not of this Python, not there."""
    name = fault.lack.module
    if setting.owns(name):
        return _own_module(name, setting)
    if versions.is_standard(name) and not installed(setting.run, name):
        return _standard_module(name, setting)
    beside = "" if asked(setting.run, name) else _beside(name, fault, setting)
    if beside:
        known = setting.project.modules.module_of(beside)[0]
        if known.partition(".")[0] == name.partition(".")[0]:
            return Words(
                name,
                f"no module `{name}` can be imported: the folder of {beside} is not on sys.path",
                "Name that folder under `roots:` if it is there when the program runs, or import "
                "the module by its way from an import root.",
            )
        return Words(
            name,
            f"no module `{name}` can be imported: {beside} is `{known}` to Python",
            f"Import it as `{known}`, or name its folder under `roots:` if it is on sys.path.",
        )
    brought = installed(setting.run, name)
    if brought:
        return Words(
            name,
            f"`{name}` is missing: `{brought}` is installed, and has no such module",
            f"Install a version of `{brought}` that has `{name}`, or adapt the import to this one.",
        )
    return _distribution(name, fault, setting)


def _own_module(name: str, setting: Setting) -> Words:
    parent, _, last = name.rpartition(".")
    modules = setting.project.modules
    known = {
        dotted.rpartition(".")[2]
        for dotted in (modules.module_of(path)[0] for path in setting.project.paths())
        if dotted.rpartition(".")[0] == parent
    }
    where = f"`{parent}`" if parent else "the project"
    found = modules.find(name)
    if found is not None:  # what ran saw other files than these
        return Words(
            name,
            f"`{name}` is not found although {found} is there: another `{name.partition('.')[0]}` "
            "comes first on sys.path, or hides it",
            "Remove the other copy, or install the project in editable mode.",
        )
    made = (
        ""
        if not last.startswith("_") and not last.endswith(("_pb2", "_pb2_grpc"))
        else (" If the build makes it, install the project into the environment first.")
    )
    return Words(
        name,
        f"{where} has no module `{last}`{nearest(last, known)}",
        f"Add the module `{name}`, or correct the import.{made}",
    )


def _standard_module(name: str, setting: Setting) -> Words:
    run = setting.run
    version = run.interpreter.version[:2]
    why = versions.history(name, version)
    unsuited = versions.unsuited(run)
    if why:
        instead = versions.instead_of(name)
        other = f"use `{instead}` there" if instead else "do without it there"
        promised = f" (requires-python is {run.requires_python})" if run.requires_python else ""
        fix = f"Run on a Python that has it, or {other}{promised}."
        return Words(
            name,
            f"{versions.python(run)} has no `{name}`: it is {why}"
            + (f"; {unsuited}" if unsuited else ""),
            f"Use an interpreter that the project is for, with `--python`: {unsuited}."
            if unsuited
            else fix,
        )
    if name.partition(".")[0] in _BUILT_SOMETIMES:
        said = "this Python was built without it"
        fix = f"Install the library behind `{name}` and a Python that was built with it."
    else:
        said = "the standard library has it on other systems or versions alone"
        fix = f"Import `{name}` only where it exists, or declare the module under `optional:`."
    return Words(name, f"{versions.python(run)} has no `{name}` here: {said}", fix)


def _beside(name: str, fault: Fault, setting: Setting) -> str:
    """A file of the project that would be the module, were its folder on ``sys.path``.

    In a folder that is no package, or beside the file that asks: a module deep in another package
    that happens to have the name is none.
    """
    top = name.partition(".")[0]
    paths = setting.project.paths()
    packages = {path.rpartition("/")[0] for path in paths if path.endswith("/__init__.py")}
    asking = fault.spots[0].path
    for path in paths:
        folder, _, file = path.rpartition("/")
        if file == "__init__.py":
            folder, _, file = folder.rpartition("/")
        if file.removesuffix(".py") != top or path == asking:
            continue
        if folder not in packages or folder == asking.rpartition("/")[0]:
            return path
    return ""


def _distribution(name: str, fault: Fault, setting: Setting) -> Words:
    """A third-party package that is not installed."""
    run = setting.run
    where = run.interpreter.path
    behind = _asked_by(fault)
    who = f"`{behind}` needs `{name}`, which" if behind else f"`{name}`"
    found = asked(run, name)
    if found is not None and found[1]:
        extras = found[1]
        return Words(
            name,
            f"{who} needs the extra {' or '.join(map(repr, extras))}, "
            f"which is not installed in {where}",
            f"Install it (`pip install .[{extras[0]}]`), or let the module start without "
            f"`{found[0]}`, or declare it under `optional:`.",
        )
    if found is not None:
        return Words(
            name,
            f"{who} is not installed in {where}, although the project requires `{found[0]}`",
            f"Install what the project requires: `{where} -m pip install {found[0]}`.",
        )
    brings = _brings(name)
    if not run.requirements:
        return Words(
            name,
            f"{who} is not installed in {where}",
            f"Install {brings}, and name it in the project's dependencies.",
        )
    return Words(
        name,
        f"{who} is not installed in {where}, and nothing in the project's metadata asks for it",
        f"Add {brings} to the dependencies and install it, or correct the import.",
    )


def _brings(name: str) -> str:
    """The distribution to install, by name where that is known.

    A guess would be an invitation: anyone can publish a distribution under the name of a module.
    """
    known = known_distribution(name)
    return f"`{known}`" if known else f"the distribution that brings `{name}`"


def _asked_by(fault: Fault) -> str:
    """The third-party module whose import it was, if it was not the project's."""
    frames = fault.failure.frames if fault.failure is not None else ()
    if not frames or frames[-1].own:
        return ""
    _, mark, inside = frames[-1].path.replace("\\", "/").rpartition("site-packages/")
    return inside.partition("/")[0].removesuffix(".py") if mark else ""


def member(fault: Fault, setting: Setting) -> Words:
    """``cannot import name`` and ``module has no attribute``."""
    lack, sources = fault.lack, setting.sources
    full = f"{lack.module}.{lack.name}"
    path = setting.project.modules.find(lack.module)
    if path is None and not setting.owns(lack.module):
        return _foreign_member(fault, setting)
    if setting.project.modules.find(full) is not None:
        return Words(
            full,
            f"`{full}` is a module that nothing imports before it is read",
            f"Import `{full}` where it is used.",
        )
    if path is None:
        return Words(
            full,
            f"`{lack.module}` is a folder without `__init__.py`, and has no `{lack.name}`",
            f"Add `{lack.module.replace('.', '/')}/__init__.py`, or correct the import.",
        )
    bound = sources.bound(path)
    if lack.module in sys.stdlib_module_names and lack.name not in bound:
        return Words(
            full,
            f"{path} hides the standard module `{lack.module}`, and has no `{lack.name}`",
            f"Rename {path}.",
        )
    line = bound.get(lack.name)
    if line is not None:
        return Words(
            full,
            f"`{full}` is not bound when it is asked for; {path}:{line} binds it later, or under "
            "a condition that did not hold",
            f"Bind `{lack.name}` in {path} on every way, before it is asked for.",
        )
    return Words(
        full,
        f"`{lack.module}` ({path}) has no `{lack.name}`{nearest(lack.name, bound)}",
        f"Bind `{lack.name}` in {path}, or correct what asks for it.",
    )


def _foreign_member(fault: Fault, setting: Setting) -> Words:
    lack, run = fault.lack, setting.run
    full = f"{lack.module}.{lack.name}"
    if lack.module.partition(".")[0] in sys.stdlib_module_names:
        unsuited = versions.unsuited(run)
        if fault.failure is not None and fault.failure.type == "AttributeError":
            if versions.has_submodule(lack.module, lack.name):
                return Words(
                    full,
                    f"`{full}` is a module that nothing imports before it is read",
                    f"Add `import {full}`.",
                )
        more = f"; {unsuited}" if unsuited else ""
        back = "`typing_extensions`" if lack.module == "typing" else "a backport"
        return Words(
            full,
            f"`{lack.module}` of {versions.python(run)} has no `{lack.name}`{more}",
            f"Take `{lack.name}` from {back} on this version, or raise `requires-python`.",
        )
    brought = installed(run, lack.module)
    who = f"`{brought}`" if brought else f"what is installed as `{lack.module.partition('.')[0]}`"
    return Words(
        full,
        f"{who} has no `{full}`: another version is installed than the code is written for",
        f"Install a version that has `{lack.name}`, and bound it in the dependencies, "
        "or adapt the code.",
    )
