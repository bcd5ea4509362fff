"""Reads the cases: small programs that use a real library, and what must come of them.

A ``.cases`` file holds many. ``=== b_name`` begins a case that fails when it runs, ``=== c_name``
a clean one; ``--- path`` begins another file of the case (the first is ``main.py``). ``%future``
stands for the future import and a guard that imports ``Decimal``, ``%guard`` for the guard alone.
``#! Name`` marks a line where the rule must find that name; a second word is the exception that is
seen instead of the one that the finding announces (``A|B``: one of them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"

_GUARD = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from decimal import Decimal\n"
_MACROS = {"%guard": _GUARD, "%future": "from __future__ import annotations\n" + _GUARD}
_MARK = re.compile(r"\s*#! (\w+)(?: (\S+))?$")


@dataclass
class FrameworkCase:
    """One program. ``marks`` are (path, line, name); ``seen`` is the exception, if it differs."""

    group: str
    name: str
    files: dict[str, str] = field(default_factory=dict)
    marks: set[tuple[str, int, str]] = field(default_factory=set)
    seen: str = ""

    @property
    def id(self) -> str:
        """The case in test reports."""
        return f"{self.group}-{self.name}"


def read_cases(path: Path) -> list[FrameworkCase]:
    """The cases of one file."""
    cases: list[FrameworkCase] = []
    current = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("=== "):
            cases.append(FrameworkCase(path.stem, line[4:].strip(), {"main.py": ""}))
            current = "main.py"
        elif line.startswith("--- "):
            current = line[4:].strip()
            cases[-1].files[current] = ""
        elif line in _MACROS:
            cases[-1].files[current] += _MACROS[line]
        else:
            case = cases[-1]
            mark = _MARK.search(line)
            if mark is not None:
                number = case.files[current].count("\n") + 1
                case.marks.add((current, number, mark[1]))
                case.seen = mark[2] or case.seen
                line = line[: mark.start()]
            case.files[current] += line + "\n"
    return cases


def all_cases() -> list[FrameworkCase]:
    """Every case of every library."""
    return [case for path in sorted(FOLDER.glob("*.cases")) for case in read_cases(path)]
