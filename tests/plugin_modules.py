"""Plugins as modules in a temporary folder, behind entry points that nothing installs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

RULE = """\
from collections.abc import Iterable
from guard.model import Finding, Place, When
from guard.rule import Case, SourceRule


class Rule(SourceRule):
    id = "{id}"
    summary = "A summary."
    cases = (
        Case("clean", "nothing", {{"a.py": "pass\\n"}}),
        Case("near", "nearly", {{"a.py": "'word'\\n"}}, near_miss=True),
        Case("word", "the word", {{"a.py": "word\\n"}}, (("a.py", 1, "word"),)),
        Case("later", "the word later", {{"b.py": "\\nword\\n"}}, (("b.py", 2, "word"),)),
    )

    def check(self, project, options):
        for path in project.paths():
            for line, text in enumerate(project.read(path).decode().split("\\n"), 1):
                if text == "word":
                    place = Place(path, line, 1)
                    yield Finding(self.id, place, "word", "m", "E: e", When.IMPORT, "f")


RULE = Rule()
"""

PLUGIN = """\
from guard.hookspecs import hookimpl
{head}

@hookimpl
def guard_rules():
    {body}
"""


def plugin(body: str, head: str = "") -> str:
    """The source of a plugin whose hook has ``body``."""
    return PLUGIN.format(head=head, body=body)


def rule(name: str) -> str:
    """The source of a module with a sound rule ``RULE``."""
    return RULE.format(id=name)


@contextmanager
def modules(folder: Path, files: Mapping[str, str]) -> Iterator[None]:
    """The files can be imported within; afterwards nothing of them is left."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        # What was imported on the way from elsewhere stays: a second copy of it would not know
        # the classes of the first.
        for name in set(sys.modules) - before:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(f"{folder}{os.sep}"):
                del sys.modules[name]


def points(*names: str) -> list[EntryPoint]:
    """Entry points of the group that are named as their modules."""
    return [EntryPoint(name, name, "guard") for name in names]
