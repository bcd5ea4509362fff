"""Read ``pyproject.toml`` and lists of requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from guard.observed import Requirement

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:$|[\s\[(;@<>=!~,])")
_INCLUDED = re.compile(r"(?:-r|--requirement)[ =]?\s*([^\s:]+)")
_PIPFILE = {"packages": "", "dev-packages": "dev"}


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is declared: ``target`` is ``module:function``."""

    name: str
    target: str
    origin: str
    file: str
    line: int


@dataclass
class Found:
    """What is being found. ``file`` is the one that is being read."""

    file: str = ""
    scripts: list[Script] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    requires_python: str = ""
    files: list[tuple[str, str]] = field(default_factory=list)
    """Lists of requirements that are named, each with its extra."""
    notes: list[str] = field(default_factory=list)

    def script(self, name: str, target: object, section: str, text: str) -> None:
        if isinstance(target, str):
            origin = f"{self.file} [{section}]" if section else self.file
            self.scripts.append(
                Script(name, target, origin, self.file, line_of(text, name, section))
            )

    def require(self, text: object, extra: str = "") -> None:
        """``text`` as in PEP 508; what is none is passed over."""
        if isinstance(text, str) and (match := _NAME.match(text)):
            self.requirements.append(Requirement(normalized(match[1]), extra))

    def python(self, text: object) -> None:
        if isinstance(text, str) and text.strip() and not self.requires_python:
            self.requires_python = text.strip()


def normalized(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def line_of(text: str, name: str, section: str) -> int:
    """The line in ``[section]`` that gives ``name`` a value; 1 where that cannot be told."""
    header = re.search(rf"^\s*\[\s*{re.escape(section.partition(':')[0])}\s*\]", text, re.MULTILINE)
    begin = header.end() if header else 0
    key = re.compile(rf"^[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*=", re.MULTILINE)
    inline = re.compile(rf"(?<![\w-]){re.escape(name)}[\"']?[ \t]*=")
    match = key.search(text, begin) or inline.search(text, begin)
    return 1 if match is None else text.count("\n", 0, match.start() + 1) + 1


def read_pyproject(text: str, found: Found) -> None:
    """``[project]``, ``[dependency-groups]`` and the tables of poetry, pdm, uv and setuptools."""
    import tomllib

    data = tomllib.loads(text)
    for section in ("scripts", "gui-scripts"):
        for name, target in _items(data, "project", section):
            found.script(name, target, f"project.{section}", text)
    found.python(_get(data, "project", "requires-python"))
    for one in _list(data, "project", "dependencies"):
        found.require(one)
    for extra, listed in _items(data, "project", "optional-dependencies"):
        for one in listed if isinstance(listed, list) else ():
            found.require(one, extra)
    groups = dict(_items(data, "dependency-groups"))
    for group in groups:
        for one in _group(groups, group, ()):
            found.require(one, group)
    for one in _list(data, "tool", "uv", "dev-dependencies"):
        found.require(one, "dev")
    for group, listed in _items(data, "tool", "pdm", "dev-dependencies"):
        for one in listed if isinstance(listed, list) else ():
            found.require(one, group)
    dynamic = _get(data, "tool", "setuptools", "dynamic")
    found.files += [(file, "") for file in _files(dynamic, "dependencies")]
    for extra, _ in _items(dynamic, "optional-dependencies"):
        found.files += [(file, extra) for file in _files(dynamic, "optional-dependencies", extra)]
    _poetry(data, text, found)


def _poetry(data: object, text: str, found: Found) -> None:
    for name, target in _items(data, "tool", "poetry", "scripts"):
        if isinstance(target, dict):
            if target.get("type", "console") != "console":
                continue  # a file that is copied as it is
            target = target.get("reference", target.get("callable"))
        found.script(name, target, "tool.poetry.scripts", text)
    extras: dict[str, str] = {}
    for extra, names in _items(data, "tool", "poetry", "extras"):
        for name in names if isinstance(names, list) else ():
            extras.setdefault(normalized(str(name)), extra)
    for name, value in _items(data, "tool", "poetry", "dependencies"):
        if name == "python":
            found.python(value)
            continue
        optional = isinstance(value, dict) and value.get("optional") is True
        extra = extras.get(normalized(name), "optional") if optional else ""
        found.require(name, extra)
    for name, _ in _items(data, "tool", "poetry", "dev-dependencies"):
        found.require(name, "dev")
    for group, table in _items(data, "tool", "poetry", "group"):
        for name, _ in _items(table, "dependencies"):
            if name != "python":
                found.require(name, group)


def read_requirements(text: str, found: Found, extra: str = "") -> None:
    """A list of requirements for pip, and which others it includes; other options are no matter."""
    folder = found.file.rpartition("/")[0]
    for line in text.splitlines():
        line = line.partition(" #")[0].strip()
        included = _INCLUDED.fullmatch(line)
        if included is not None:
            parts: list[str] = folder.split("/") if folder else []
            for part in included[1].split("/"):
                if part == ".." and parts:
                    parts.pop()
                elif part not in (".", ""):
                    parts.append(part)
            found.files.append(("/".join(parts), extra))
        elif not line.startswith(("-", "#", ".", "/")):
            found.require(line, extra)


def read_pipfile(text: str, found: Found) -> None:
    """Pipenv's own: a table for each group."""
    import tomllib

    for group, table in tomllib.loads(text).items():
        if group not in ("source", "requires", "scripts", "pipenv", "pipfile"):
            for name, _ in _items(table):
                found.require(name, _PIPFILE.get(group, group))


def _group(groups: dict[str, object], name: str, within: tuple[str, ...]) -> Iterator[object]:
    listed = groups.get(name)
    for one in listed if isinstance(listed, list) and name not in within else ():
        if not isinstance(one, dict):
            yield one
            continue
        wanted = normalized(str(one.get("include-group", "")))
        for other in groups:
            if normalized(other) == wanted:
                yield from _group(groups, other, (*within, name))


def _get(value: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _items(value: object, *keys: str) -> list[tuple[str, object]]:
    table = _get(value, *keys)
    return [(str(key), item) for key, item in table.items()] if isinstance(table, dict) else []


def _list(value: object, *keys: str) -> list[object]:
    found = _get(value, *keys)
    return list(found) if isinstance(found, list) else []


def _files(value: object, *keys: str) -> list[str]:
    named = _get(value, *keys, "file")
    listed = named if isinstance(named, list) else [named]
    return [one for one in listed if isinstance(one, str)]
