"""The output formats: each is a module with ``render(report, context) -> str``, found by name here.

A format is imported when it is asked for: a text run never loads an XML or JSON library.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from guard.model import Report
    from guard.reporters.context import ReportContext

    Render = Callable[[Report, ReportContext], str]

FORMATS = {
    "text": "guard.reporters.text",
    "json": "guard.reporters.json",
    "jsonl": "guard.reporters.jsonl",
    "sarif": "guard.reporters.sarif",
    "github": "guard.reporters.github",
    "junit": "guard.reporters.junit",
    "markdown": "guard.reporters.markdown",
}

LINES = frozenset({"text", "github"})
"""The formats made of independent lines for a log: they may share one stream."""


def reporter(name: str) -> Render:
    """The ``render`` function of the format ``name``. Raises ``KeyError`` for an unknown name."""
    from importlib import import_module

    render: Render = import_module(FORMATS[name]).render
    return render
