"""The command line in this process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from guard.cli import app
from guard.cli._surroundings import Surroundings


def run_in(folder: Path, argv: tuple[str, ...], around: Surroundings) -> Result:
    """``app.run`` in ``folder``, with both streams caught."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with CliRunner().isolation() as (out, err, _mixed):
            code = app.run(argv, around)
            sys.stdout.flush()
            sys.stderr.flush()
            texts = out.getvalue(), err.getvalue()
    finally:
        os.chdir(before)
    return Result(CliRunner(), *texts, b"", None, code, None)
