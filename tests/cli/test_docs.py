"""docs/usage.md tells all there is, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import guard
from guard.cli.app import guard as group
from guard.model import EXIT_CODES
from guard.reporters import FORMATS

USAGE = (Path(guard.__file__).parent.parent / "docs" / "usage.md").read_text("utf-8")


def test_every_option_of_check_is_described_and_no_other() -> None:
    names = {
        name
        for param in group.commands["check"].params
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("--")
    }
    described = USAGE.split("## Options of", 1)[1].split("## Exit codes")[0]
    listed = set(re.findall(r"`(--[a-z-]+)", described))
    main = {"--staged", "--since", "--rev"}
    assert listed - main == names - main
    assert all(f"guard check {name}" in USAGE for name in main)


def test_every_command_format_and_exit_code_is_described() -> None:
    assert all(f"guard {name}" in USAGE for name in group.commands)
    table = USAGE.split("## Formats", 1)[1]
    assert set(re.findall(r"^\| `([a-z]+)` \|", table, re.M)) == set(FORMATS)
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", USAGE, re.M)}
    assert codes == {*EXIT_CODES.values(), 2, 130, 141}
