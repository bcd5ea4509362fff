"""Where reports go: standard output or files, each written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import click

from guard.errors import GuardError, UsageError
from guard.reporters import FORMATS, LINES


class OutputClosed(Exception):
    """Whoever read standard output has gone away."""


class OutputError(GuardError):
    """A report could not be written: its verdict reached nobody."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Sink:
    """One report: its format, and its file (``None``: standard output)."""

    format: str
    file: str | None = None


def sinks(formats: Sequence[str], output: str | None) -> tuple[Sink, ...]:
    """What ``--format NAME[=FILE]`` (repeated) and ``--output FILE`` ask for.

    Raises ``UsageError`` where two documents would share one stream or one file.
    """
    found = [_sink(text) for text in formats or ("text",)]
    if output is not None:
        if len(found) != 1 or found[0].file is not None:
            raise UsageError("--output names the file of a single --format; use --format NAME=FILE")
        found = [Sink(found[0].format, output)]
    shared = [sink.format for sink in found if sink.file is None]
    if len(shared) > 1 and (len(set(shared)) < len(shared) or not LINES.issuperset(shared)):
        raise UsageError(
            f"{' and '.join(shared)} cannot share standard output; give files: --format NAME=FILE"
        )
    files = [os.path.realpath(sink.file) for sink in found if sink.file is not None]
    if len(set(files)) < len(files):
        raise UsageError("two formats name the same file")
    return tuple(found)


def _sink(text: str) -> Sink:
    name, equals, file = text.partition("=")
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}; choose from {', '.join(FORMATS)}")
    if equals and not file:
        raise UsageError(f"--format {text} names no file")
    return Sink(name, file if equals else None)


def say(text: str, err: bool = False) -> None:
    """Write to a standard stream at once. Raises ``OutputClosed`` or ``OutputError``."""
    try:
        # The colours are decided already: click must not take them out again.
        click.echo(text, nl=False, err=err, color=True)
    except BrokenPipeError as error:
        raise OutputClosed from error
    except OSError as error:
        raise OutputError(f"cannot write the output: {error.strerror}") from error


def write(file: str, text: str) -> None:
    """Replace ``file`` by ``text`` in one step, so that no reader ever sees half a report.

    A pipe or a device (``/dev/stderr``) is written to as it is.
    """
    import tempfile

    data = text.encode("utf-8", "backslashreplace")
    target = os.path.realpath(file)
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(file, "wb") as stream:
                stream.write(data)
            return
        handle, name = tempfile.mkstemp(prefix=".guard-", dir=os.path.dirname(target))
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.chmod(name, _mode(target))
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}") from error


def append(file: str, text: str) -> None:
    """Add ``text`` to ``file``, which a runner gives to each of its steps."""
    try:
        with open(file, "ab") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}") from error


def _mode(target: str) -> int:
    """The mode that the file has, or that a new file gets; ``mkstemp`` makes private ones."""
    try:
        return os.stat(target).st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def wants_color(choice: str, environ: Mapping[str, str], is_terminal: Callable[[], bool]) -> bool:
    """Whether to colour: ``always``, ``never``, or by the environment and the terminal.

    ``NO_COLOR`` and ``FORCE_COLOR`` count when they are not empty (no-color.org, force-color.org).
    """
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return environ.get("TERM") != "dumb" and is_terminal()


def stdout_is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout is not None and sys.stdout.isatty()
