"""The group of all commands, and the one place where their errors are caught."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from guard import __version__
from guard.cli import (
    approve,
    check,
    deployment,
    doctor,
    evidence,
    gate,
    init,
    lane,
    policy,
    rules,
    server_hook,
    smoke,
    test,
    who,
)
from guard.cli._output import OutputClosed
from guard.cli._surroundings import Surroundings
from guard.errors import GuardError
from guard.reporters._escape import log_line, terminal

EPILOG = """\b
Exit codes: 0 pass, 1 fail, 2 usage or policy error, 3 unverified or internal error,
75 hold, 130 interrupted."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="guard", message="%(prog)s %(version)s")
def guard() -> None:
    """Find what breaks at run time before it lands."""


for command in (
    check.check,
    smoke.smoke,
    gate.gate,
    who.who,
    approve.approve,
    lane.lane,
    evidence.evidence,
    deployment.deployment,
    server_hook.server_hook,
    init.init,
    doctor.doctor,
    rules.rules,
    rules.explain,
    policy.validate,
    policy.schema,
    test.test,
):
    guard.add_command(command)


def run(argv: Sequence[str], around: Surroundings | None = None) -> int:
    """Run one command line and answer with its exit code. Every error is caught and told here."""
    _never_fail_to_encode()
    try:
        return _invoke(list(argv), around or Surroundings())
    except KeyboardInterrupt:
        print("guard: interrupted", file=sys.stderr)
        return 130
    except OutputClosed:
        # The reader went away. What is left must not raise again when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as if SIGPIPE had ended the process; never a pass
    except (Exception, SystemExit):  # noqa: BLE001 - a plugin that exits must not choose the code
        _print_trace()
        print("guard: error: this is a bug in guard or in a plugin", file=sys.stderr)
        return 3


def _invoke(argv: list[str], around: Surroundings) -> int:
    try:
        code = guard.main(argv, prog_name="guard", standalone_mode=False, obj=around)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        if context is not None:
            print(context.get_usage(), file=sys.stderr)
        return _complain(error.format_message(), 2)
    except GuardError as error:
        if "--debug" in argv:
            _print_trace()
        return _complain(str(error), error.exit_code)
    if not isinstance(code, int):
        raise TypeError(f"a command answered with {code!r} instead of an exit code")
    return code


def _complain(message: str, code: int) -> int:
    for line in message.splitlines() or [""]:
        print(f"guard: error: {terminal(line)}", file=sys.stderr)
    return code


def _print_trace() -> None:
    import traceback

    for line in traceback.format_exc().split("\n")[:-1]:
        print(log_line(line), file=sys.stderr)  # a message may have line breaks


def _never_fail_to_encode() -> None:
    """An ASCII locale or an unpaired surrogate in a path must not turn a verdict into a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
