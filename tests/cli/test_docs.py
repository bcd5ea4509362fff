"""docs/usage.md tells all there is, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import guard
from guard.cli.app import guard as group
from guard.model import EXIT_CODES
from guard.reporters import FORMATS

USAGE = (Path(guard.__file__).parent.parent / "docs" / "usage.md").read_text("utf-8")


def options(command: str) -> set[str]:
    return {
        name
        for param in group.commands[command].params
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("--")
    }


def described(begin: str, end: str) -> set[str]:
    section = USAGE.split(begin, 1)[1].split(end)[0]
    return set(re.findall(r"`(--[a-z-]+)", section))


def test_every_option_of_check_is_described_and_no_other() -> None:
    listed = described("## Options of `guard check`", "## `guard smoke`")
    main = {"--staged", "--since", "--rev"}
    assert listed - main == options("check") - main
    assert all(f"guard check {name}" in USAGE for name in main)


def test_every_option_of_smoke_is_described_and_no_other() -> None:
    assert described("## `guard smoke`", "## Exit codes") == options("smoke")


def test_every_command_format_and_exit_code_is_described() -> None:
    assert all(f"guard {name}" in USAGE for name in group.commands)
    table = USAGE.split("## Formats", 1)[1]
    assert set(re.findall(r"^\| `([a-z]+)` \|", table, re.M)) == set(FORMATS)
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", USAGE, re.M)}
    assert codes == {*EXIT_CODES.values(), 2, 130, 141}
