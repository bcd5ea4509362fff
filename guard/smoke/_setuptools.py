"""Read what setuptools is told in ``setup.cfg``, and in ``setup.py`` where that is literal."""

from __future__ import annotations

from collections.abc import Iterator

from guard.smoke._metadata import Found

_SCRIPTS = ("console_scripts", "gui_scripts")


def read_setup_cfg(text: str, found: Found) -> None:
    """``[options]``, ``[options.extras_require]``, ``[options.entry_points]``."""
    import configparser

    config = configparser.RawConfigParser(strict=False)
    config.optionxform = str  # type: ignore[assignment,method-assign]
    config.read_string(text)

    def values(section: str, *names: str) -> Iterator[str]:
        for name in names:
            if config.has_option(section, name):
                yield config.get(section, name)

    for value in values("options", "python_requires", "python-requires"):
        found.python(value)
    for value in values("options", "install_requires", "install-requires"):
        _required(value, "", found)
    section = "options.extras_require"
    if config.has_section(section):
        for extra in config.options(section):
            _required(config.get(section, extra), extra, found)
    for kind in _SCRIPTS:
        for value in values("options.entry_points", kind, kind.replace("_", "-")):
            _scripts(value.split("\n"), f"options.entry_points: {kind}", text, found)


def read_setup_py(text: str, found: Found) -> None:
    """The literal arguments of ``setup()``; what is computed is passed over."""
    import ast

    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name != "setup":
            continue
        for keyword in node.keywords:
            try:
                value = ast.literal_eval(keyword.value)
            except ValueError:
                continue
            _argument(keyword.arg or "", value, text, found)


def _argument(name: str, value: object, text: str, found: Found) -> None:
    if name == "python_requires":
        found.python(value)
    elif name == "install_requires":
        _required(value, "", found)
    elif name == "extras_require" and isinstance(value, dict):
        for extra, listed in value.items():
            _required(listed, str(extra), found)
    elif name == "entry_points" and isinstance(value, dict):
        for kind in _SCRIPTS:
            listed = value.get(kind, ())
            lines = listed.split("\n") if isinstance(listed, str) else listed
            _scripts([str(line) for line in lines], f"entry_points: {kind}", text, found)


def _required(value: object, extra: str, found: Found) -> None:
    lines = value.split("\n") if isinstance(value, str) else value
    name, _, condition = extra.partition(":")  # ``extra:python_version<'3.9'``
    del condition
    for line in lines if isinstance(lines, (list, tuple)) else ():
        if isinstance(line, str) and not line.lstrip().startswith("#"):
            found.require(line, name.strip())


def _scripts(lines: list[str], section: str, text: str, found: Found) -> None:
    for line in lines:
        name, equals, target = line.partition("=")
        if equals and not name.lstrip().startswith("#"):
            found.script(name.strip(), target.strip(), section, text)
