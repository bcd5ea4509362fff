"""Small random projects: a module at the bottom, one in the middle, and an entry that uses both."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = ("X", "Y")
GUARD = "from typing import TYPE_CHECKING"

Lines = list[str]

BOTTOM = {
    "guarded": ["if TYPE_CHECKING:", "    from fractions import Fraction as {0}"],
    "guarded class": ["if TYPE_CHECKING:", "    class {0}: ..."],
    "guarded else": ["if not TYPE_CHECKING:", "    pass", "else:", "    {0} = int"],
    "real": ["{0} = int"],
    "both": ["if TYPE_CHECKING:", "    {0} = str", "else:", "    {0} = int"],
    "real later": ["if TYPE_CHECKING:", "    {0} = str", "{0} = int"],
}
MIDDLE = {
    "from": ["from {m} import {0}"],
    "guarded from": ["if TYPE_CHECKING:", "    from {m} import {0}"],
    "tried": ["try:", "    from {m} import {0}", "except ImportError:", "    {0} = int"],
    "attribute": ["import {abs} as _m", "{0} = _m.{0}"],
    "star": ["from {m} import *"],
    "guarded star": ["if TYPE_CHECKING:", "    from {m} import *"],
    "own": ["if TYPE_CHECKING:", "    from {m} import {0}", "else:", "    {0} = int"],
    "in function": ["def load():", "    from {m} import {0}", "    return {0}"],
}
ENTRY = {
    "from": ["from {abs} import {0}", "print({0})"],
    "from as": ["from {abs} import {0} as _n", "print(_n)"],
    "attribute": ["import {abs}", "print({abs}.{0})"],
    "alias": ["import {abs} as _k", "_x = [_k.{0}]"],
    "star": ["from {abs} import *", "print({0})"],
    "star only": ["from {abs} import *"],
    "in function": ["def f():", "    from {abs} import {0}", "    return {0}", "f()"],
    "attribute in function": ["import {abs} as _k", "def f():", "    return _k.{0}", "f()"],
    "tried": ["try:", "    from {abs} import {0}", "except ImportError:", "    {0} = int"],
    "tried otherwise": ["try:", "    from {abs} import {0}", "except KeyError:", "    {0} = int"],
    "tried attribute": [
        "import {abs} as _k",
        "try:",
        "    _x = _k.{0}",
        "except AttributeError:",
        "    _x = int",
    ],
    "default": ["import {abs} as _k", "print(getattr(_k, '{0}', int))"],
    "asked": ["import {abs} as _k", "if hasattr(_k, '{0}'):", "    print(_k.{0})"],
    "guarded": ["if TYPE_CHECKING:", "    from {abs} import {0}", "def g(_p: '{0}'): pass"],
    "guarded used": ["if TYPE_CHECKING:", "    from {abs} import {0}", "print({0})"],
}
GETATTR = ["def __getattr__(name):", "    if name in ('X', 'Y'):", "        return int"]
GETATTR += ["    raise AttributeError(name)"]


@st.composite
def projects(draw: st.DrawFn) -> dict[str, str]:
    """Paths and texts; the entry is ``main.py``."""
    package = draw(st.sampled_from(("", "pkg.", "pkg.sub.")))
    folder = package.replace(".", "/")
    files = {}
    if package:
        files["pkg/__init__.py"] = ""
        files[folder + "__init__.py"] = ""
    files[folder + "shapes.py"] = text(bottom(draw))
    files[folder + "middle.py"] = text(middle(draw, package))
    files["main.py"] = text(entry(draw, package))
    return files


def bottom(draw: st.DrawFn) -> Lines:
    """The module that has the names, under a guard or not."""
    lines: Lines = []
    for name in NAMES:
        lines += filled(BOTTOM[draw(st.sampled_from(sorted(BOTTOM)))], name)
    if draw(st.integers(0, 7)) == 0:
        # With __all__: without it a star import asks the function for that too.
        return [*lines, *GETATTR, f"__all__ = {list(NAMES)}"]
    return lines + listed(draw)


def middle(draw: st.DrawFn, package: str) -> Lines:
    """The module that hands them on."""
    module = draw(st.sampled_from((".shapes", "pkg.shapes"))) if package else "shapes"
    if module == "pkg.shapes":
        module = package + "shapes"
    lines: Lines = []
    for name in NAMES:
        form = MIDDLE[draw(st.sampled_from(sorted(MIDDLE)))]
        lines += [line.format(name, m=module, abs=package + "shapes") for line in form]
    return lines + listed(draw)


def listed(draw: st.DrawFn) -> Lines:
    """Perhaps an ``__all__``."""
    chosen = [name for name in NAMES if draw(st.booleans())]
    form = draw(st.integers(0, 5))
    if form == 0:
        return [f"__all__ = {chosen}"]
    if form == 1:
        return ["__all__ = []", f"__all__ += {chosen}"]
    return []


def entry(draw: st.DrawFn, package: str) -> Lines:
    """One to three ways to ask for a name."""
    lines: Lines = []
    for _ in range(draw(st.integers(1, 3))):
        module = package + draw(st.sampled_from(("shapes", "middle", "middle")))
        form = ENTRY[draw(st.sampled_from(sorted(ENTRY)))]
        name = draw(st.sampled_from(NAMES))
        lines += [line.format(name, abs=module) for line in form]
    return lines


def filled(form: Lines, name: str) -> Lines:
    """The form with the name in it."""
    return [line.format(name) for line in form]


def text(lines: Lines) -> str:
    """A file."""
    return "\n".join([GUARD, *lines]) + "\n"
