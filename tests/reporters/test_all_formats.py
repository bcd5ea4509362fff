"""What holds for every format: the table, hostile text, and a verdict that is never softened."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import guard.reporters
from guard.reporters import FORMATS, LINES, reporter


def test_each_reporter_module_is_in_the_table() -> None:
    folder = Path(guard.reporters.__file__).parent
    modules = {path.stem for path in folder.glob("[!_]*.py")} - {"context"}
    assert modules == set(FORMATS)
    assert set(FORMATS) >= LINES


def test_an_unknown_format_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        reporter("xml")


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_reaches_no_stream_raw(name, samples) -> None:
    text = reporter(name)(samples.hostile, samples.context())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text
    text.encode("utf-8")  # no unpaired surrogate


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"github"}))
def test_hostile_text_commands_no_runner(name, samples) -> None:
    """``::`` begins a workflow command at the start of a line, ``##[`` anywhere in it."""
    text = reporter(name)(samples.hostile, samples.context(debug=True))
    assert not re.search(r"(?m)^\s*::", text)
    assert "##[" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_sample_renders_and_ends_in_a_newline(name, samples) -> None:
    for report in samples.all():
        assert reporter(name)(report, samples.context()).endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_a_crash_shows_its_trace_for_debug_alone(name, samples) -> None:
    render = reporter(name)
    assert "ValueError: x" in render(samples.unverified, samples.context()).replace("&#8203;", "")
    assert "Traceback" not in render(samples.unverified, samples.context())
    assert "Traceback" in render(samples.unverified, samples.context(debug=True))


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_without_rules_does_not_look_like_a_pass(name, samples) -> None:
    assert "unverified" in reporter(name)(samples.empty, samples.context())


@pytest.mark.parametrize("name", FORMATS)
def test_a_finding_about_no_exception_says_nothing_of_one(name, samples) -> None:
    text = reporter(name)(samples.failing, samples.context())
    assert "Raises  " not in text
    assert "raises: \n" not in text
    assert "``" not in text


def test_a_path_outside_the_current_directory_is_reached_by_dots(samples) -> None:
    context = samples.context(prefix="app/sub")
    assert context.from_cwd("app/sub/x.py") == "x.py"
    assert context.from_cwd("app/x.py") == "../x.py"
    assert context.from_cwd("x.py") == "../../x.py"
    assert context.from_cwd("app/sub") == "../sub"
    assert samples.context().from_cwd("app/x.py") == "app/x.py"
    assert replace(samples.context(), way="../other").from_cwd("app/x.py") == "../other/app/x.py"
