"""Records of runs, as files: written for others, read to balance shards or to merge them."""

from __future__ import annotations

import json

from guard.cli._output import write
from guard.errors import UsageError
from guard.observed import SmokeRun
from guard.project import SourceProject
from guard.smoke.shards import Unmergeable, durations, merge
from guard.smoke.wire import WireError, from_json, to_json


def save_record(file: str, run: SmokeRun) -> None:
    """Write the record of ``run``."""
    write(file, json.dumps(to_json(run), indent=1) + "\n")


def read_durations(file: str | None) -> dict[str, float]:
    """What each module took in an earlier run; nothing without one."""
    return {} if file is None else durations(read_record(file))


def read_merged(files: tuple[str, ...], project: SourceProject) -> SmokeRun:
    """The whole run that the shards' records make up, for the very files of ``project``."""
    run = merge([(file, read_record(file)) for file in files])
    if run.tree != project.fingerprint():
        raise Unmergeable(
            f"the records are of other files than the {project.label}: merge them where the same "
            "commit is checked out"
        )
    return run


def read_record(file: str) -> SmokeRun:
    """One record. Raises ``UsageError`` for a file that is not there, ``Unmergeable`` for its text.

    JSON that is too deep to be read is as wrong as JSON that is none.
    """
    try:
        with open(file, "rb") as stream:
            return from_json(json.loads(stream.read()))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, RecursionError, WireError) as error:
        raise Unmergeable(f"{file}: {error}") from error
