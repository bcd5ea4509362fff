"""The tools that make environments, each asked where it keeps the one of a project.

Nothing is asked that would make one. Sources: each tool's own documentation of the command.
"""

from __future__ import annotations

import os
import re
import sys
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


def is_own(folder: str) -> bool:
    """Whether the environment in ``folder`` is the one that the guard itself runs in."""
    return os.path.realpath(folder) == os.path.realpath(sys.prefix)


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

    def ask(self, *words: str, mend: str = "", whole: bool = False) -> str:
        """The last line of what it answers, or all of it; empty where it failed, which is noted.

        ``mend`` is the command that most often helps then.
        """
        asked = " ".join((self.name, *words))
        answer = ask((self.program, *words), self.environ, self.top, self.seconds)
        said = answer.out if whole else last_line(answer.out)
        problem = answer.problem or ("" if said.strip() else "no answer")
        if problem:
            more = f"; run `{mend}`" if mend else ""
            self.failed.append(f"`{asked}` ({self.trace}): {problem}{more}")
            return ""
        return said

    def how(self, *words: str) -> str:
        return f"`{' '.join((self.name, *words))}`, for {self.trace}"


def _uv(tool: Tool) -> Iterator[Found]:
    words = ("python", "find", "--offline", "--no-python-downloads")
    python = tool.ask(*words)
    if not python:
        return
    home = os.path.dirname(os.path.dirname(python))
    if os.path.isfile(os.path.join(home, "pyvenv.cfg")):
        yield Found(tool.how(*words), None, python, asked=True)
    else:  # it falls back to any Python, which has nothing of the project's
        tool.failed.append("uv has made no environment for the project: run `uv sync`")


def _poetry(tool: Tool) -> Iterator[Found]:
    words = ("env", "info", "--path", "--no-ansi")
    folder = tool.ask(*words, mend="poetry install")
    if folder:
        yield Found(tool.how(*words), folder, asked=True)


def _pdm(tool: Tool) -> Iterator[Found]:
    # Not `pdm info --python`: it makes an environment where there is none.
    answer = tool.ask("venv", "list", whole=True)
    folders = re.findall(r"^[-*]\s+\S+: (.+)$", answer, re.MULTILINE)
    if len(folders) == 1:
        yield Found(tool.how("venv", "list"), folders[0].strip(), asked=True)
    elif folders:
        named = ", ".join(folders)
        tool.failed.append(f"pdm has made several environments ({named}): choose with `pdm use`")
    elif answer:
        tool.failed.append("pdm has made no environment for the project: run `pdm install`")


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
