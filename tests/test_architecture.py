"""The layers in pyproject.toml speak of every module. import-linter does the rest."""

from __future__ import annotations

import tomllib
from pathlib import Path

TOP = Path(__file__).parents[1]

# What a rule may see: the protocols, the words, and the kit.
FOR_RULES = {
    "change",
    "errors",
    "globs",
    "hookspecs",
    "lane",
    "model",
    "modules",
    "observed",
    "options",
    "rule",
    "samples",
}


def contract(name: str) -> dict[str, list[str]]:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]
    (found,) = (each for each in contracts["contracts"] if each["id"] == name)
    return found


def modules() -> set[str]:
    paths = (TOP / "guard").iterdir()
    names = {path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").exists()}
    return names - {"__init__"}


def test_each_module_is_open_or_closed_to_rules() -> None:
    closed = {
        name.partition(".")[2] for name in contract("rules-see-the-protocols")["forbidden_modules"]
    }
    assert closed & FOR_RULES == set()
    assert closed | FOR_RULES == modules()


def test_the_layers_must_name_every_module() -> None:
    layers = contract("layers")
    assert layers["containers"] == ["guard"]
    assert layers["exhaustive"] is True
