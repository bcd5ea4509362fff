"""The tools that make environments, each asked where it keeps the one of a project.

Nothing is asked that would make one. Sources: each tool's own documentation of the command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from guard.smoke._ask import ask, last_line


@dataclass(frozen=True, slots=True)
class Found:
    """Where the project's Python may be."""

    how: str
    environment: str | None = None
    python: str = ""
    asked: bool = False
    """Whether a tool named it."""


class Signs:
    """What in the project shows that it uses a tool."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._data: dict[str, object] | None = None

    def file(self, *names: str) -> str:
        for name in names:
            if os.path.isfile(os.path.join(self._top, name)):
                return name
        return ""

    def table(self, *keys: str) -> str:
        if self._data is None:
            import tomllib

            try:
                with open(os.path.join(self._top, "pyproject.toml"), "rb") as file:
                    self._data = tomllib.load(file)
            except (OSError, ValueError):  # a broken one is told by who reads it for its sake
                self._data = {}
        value: object = self._data
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return ""
            value = value[key]
        return f"[{'.'.join(keys)}]"


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    trace: str
    program: str
    top: str
    environ: Mapping[str, str]
    failed: list[str]
    seconds: float

    def ask(self, *words: str) -> str:
        """The last line of what it answers; empty where it has none, which is noted."""
        asked = " ".join((self.name, *words))
        answer = ask((self.program, *words), self.environ, self.top, self.seconds)
        if answer.problem:
            self.failed.append(f"`{asked}` ({self.trace}): {answer.problem}")
            return ""
        line = last_line(answer.out)
        if not line:
            self.failed.append(f"`{asked}` ({self.trace}) said nothing")
        return line

    def how(self, *words: str) -> str:
        return f"`{' '.join((self.name, *words))}`, for {self.trace}"


def _uv(tool: Tool) -> Iterator[Found]:
    words = ("python", "find", "--offline", "--no-python-downloads")
    yield from _python(tool, words, "uv sync")


def _poetry(tool: Tool) -> Iterator[Found]:
    words = ("env", "info", "--path", "--no-ansi")
    folder = tool.ask(*words)
    if folder:
        yield Found(tool.how(*words), folder, asked=True)


def _pdm(tool: Tool) -> Iterator[Found]:
    # What `pdm use` chose; the command would make an environment where there is none.
    try:
        with open(os.path.join(tool.top, ".pdm-python"), encoding="utf-8") as file:
            saved = file.read().strip()
    except (OSError, ValueError):
        saved = ""
    if saved and os.path.exists(saved):
        yield Found(".pdm-python in the project", None, saved)
        return
    yield from _python(tool, ("info", "--python"), "pdm install")


def _hatch(tool: Tool) -> Iterator[Found]:
    folder = tool.ask("env", "find", "default")
    if folder and os.path.isdir(folder):
        yield Found(tool.how("env", "find", "default"), folder, asked=True)
    elif folder:
        tool.failed.append("hatch has not made the environment yet: run `hatch env create`")


def _pixi(tool: Tool) -> Iterator[Found]:
    import json

    answer = ask((tool.program, "info", "--json"), tool.environ, tool.top, tool.seconds)
    folder = ""
    try:
        for known in json.loads(answer.out)["environments_info"]:
            if known["name"] == "default":
                folder = known["prefix"]
    except (ValueError, LookupError, TypeError):
        tool.failed.append(f"`pixi info --json`: {answer.problem or 'not understood'}")
        return
    if folder and os.path.isdir(folder):
        yield Found(tool.how("info", "--json"), folder, asked=True)
    else:
        tool.failed.append("pixi has not made the environment yet: run `pixi install`")


def _python(tool: Tool, words: tuple[str, ...], mend: str) -> Iterator[Found]:
    """A tool that answers with a Python: of an environment, or of none."""
    python = tool.ask(*words)
    if not python:
        return
    home = os.path.dirname(os.path.dirname(python))
    if not os.path.isfile(os.path.join(home, "pyvenv.cfg")):
        tool.failed.append(f"{tool.name} has made no environment for the project: run `{mend}`")
        return
    yield Found(tool.how(*words), None, python, asked=True)


TOOLS: tuple[tuple[str, Callable[[Signs], str], Callable[[Tool], Iterator[Found]]], ...] = (
    ("uv", lambda signs: signs.file("uv.lock") or signs.table("tool", "uv"), _uv),
    ("poetry", lambda signs: signs.file("poetry.lock") or signs.table("tool", "poetry"), _poetry),
    (
        "pdm",
        lambda signs: signs.file("pdm.lock", ".pdm-python") or signs.table("tool", "pdm"),
        _pdm,
    ),
    (
        "hatch",
        lambda signs: signs.table("tool", "hatch", "envs") or signs.file("hatch.toml"),
        _hatch,
    ),
    ("pixi", lambda signs: signs.file("pixi.toml") or signs.table("tool", "pixi"), _pixi),
)
