"""A smoke run as evidence: with the environment of the interpreter that it ran in."""

from __future__ import annotations

from collections.abc import Mapping

from guard.cli._evidence import NotRecorded, Recorder
from guard.cli._smoke import Smoked
from guard.cli._smoke_request import SmokeRequest
from guard.fingerprint import of_project
from guard.smoke.environment import environment


def keep(
    recorder: Recorder,
    smoked: Smoked,
    request: SmokeRequest,
    environ: Mapping[str, str],
    quiet: bool,
) -> None:
    """Record the verdict of ``smoked``. Raises ``GuardError``."""
    run, done = smoked.run, smoked.done
    if run is None:
        raise NotRecorded("not recorded: nothing was run")
    python = run.interpreter.path

    def surroundings() -> tuple[str, ...]:
        variables = environment(environ, {}, (), python).variables
        return of_project(python, variables, recorder.locks())

    made_of = (done.report, done.where, done.tree, done.policy)
    recorder.record(made_of, request.config, surroundings, quiet)
