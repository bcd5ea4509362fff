"""What a Python version has, as far as an import can tell."""

from __future__ import annotations

import re
import sys
from types import MappingProxyType

from guard.observed import SmokeRun

Minor = tuple[int, int]

ADDED: MappingProxyType[str, Minor] = MappingProxyType(
    {
        "zoneinfo": (3, 9),
        "graphlib": (3, 9),
        "tomllib": (3, 11),
        "importlib.resources.abc": (3, 11),
        "wsgiref.types": (3, 11),
        "asyncio.taskgroups": (3, 11),
        "asyncio.timeouts": (3, 11),
        "annotationlib": (3, 14),
        "compression": (3, 14),
        "string.templatelib": (3, 14),
        "concurrent.interpreters": (3, 14),
        "pathlib.types": (3, 14),
    }
)
"""Standard modules, and the version that brought them."""

DROPPED: MappingProxyType[str, Minor] = MappingProxyType(
    dict.fromkeys(("dummy_threading", "_dummy_threading"), (3, 9))
    | dict.fromkeys(("formatter", "parser", "symbol", "macpath"), (3, 10))
    | dict.fromkeys(("binhex",), (3, 11))
    | dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), (3, 12))
    | dict.fromkeys(
        (
            "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap",
            "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau",
            "telnetlib", "uu", "xdrlib",
        ),
        (3, 13),
    )
)  # fmt: skip
"""Standard modules, and the version that came without them."""

INSTEAD = MappingProxyType(
    {
        "asyncio.timeouts": "async-timeout",
        "cgi": "legacy-cgi",
        "distutils": "setuptools",
        "imp": "importlib",
        "tomllib": "tomli",
        "zoneinfo": "backports.zoneinfo",
        "telnetlib": "telnetlib3",
        "asyncore": "asyncio",
        "asynchat": "asyncio",
        "pipes": "subprocess and shlex",
    }
)
"""What does the same on a Python that lacks the module."""


def is_standard(module: str) -> bool:
    """Whether some Python 3 has, or had, the module in its library."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in ADDED or top in DROPPED


def history(module: str, version: Minor) -> str:
    """Why a standard module is missing: ``new in Python 3.11``; empty where that is not why."""
    parts = module.split(".")
    for name in (".".join(parts[:count]) for count in range(1, len(parts) + 1)):
        if version < ADDED.get(name, (0, 0)):
            return f"new in Python {spelled(ADDED[name])}"
        if version >= DROPPED.get(name, (99, 0)):
            return f"gone since Python {spelled(DROPPED[name])}"
    return ""


def instead_of(module: str) -> str:
    """What takes the place of a standard module that is missing; empty where none is known."""
    return INSTEAD.get(module) or INSTEAD.get(module.partition(".")[0], "")


def spelled(version: tuple[int, ...]) -> str:
    """``3.11``."""
    return ".".join(map(str, version))


def python(run: SmokeRun) -> str:
    """``Python 3.11``."""
    return f"Python {spelled(run.interpreter.version[:2])}"


def unsuited(run: SmokeRun) -> str:
    """That the project is not for the Python that ran it; empty where it is, or may be."""
    if run.requires_python and not allows(run.requires_python, run.interpreter.version):
        return f"the project asks for Python {run.requires_python}, and {python(run)} ran it"
    return ""


_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*([0-9]+(?:\.[0-9]+)*)(\.\*)?\s*")


def allows(specifier: str, version: tuple[int, int, int]) -> bool:
    """Whether ``requires-python`` lets a version in. A clause that is not understood does."""
    return all(_clause(part, version) for part in specifier.split(","))


def _clause(text: str, version: tuple[int, int, int]) -> bool:
    found = _CLAUSE.fullmatch(text)
    if found is None:
        return True
    operator, number, wild = found.groups()
    given = tuple(map(int, number.split(".")))
    wanted = (*given, 0, 0)[:3]
    start = version[: len(given)]
    if operator == "~=":
        return version >= wanted and version[: len(given) - 1] == given[:-1]
    if operator in ("==", "!="):
        same = start == given if wild else version == wanted
        return same is (operator == "==")
    return {
        ">=": version >= wanted,
        ">": version > wanted,
        "<=": version <= wanted,
        "<": version < wanted,
    }[operator]


def has_submodule(module: str, name: str) -> bool:
    """Whether a standard package has a submodule, as the guard's own Python has it."""
    import os
    import sysconfig

    base = os.path.join(sysconfig.get_path("stdlib"), *module.split("."), name)
    return os.path.exists(base + ".py") or os.path.exists(os.path.join(base, "__init__.py"))
