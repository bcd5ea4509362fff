"""A process that came to an end, or to none, where an import should have been over."""

from __future__ import annotations

from guard.observed import ModuleRun, Outcome
from guard_rules._startup.faults import Fault
from guard_rules._startup.words import Words

_BEHIND_MAIN = 'Put what runs the program behind `if __name__ == "__main__":`'


def stopped(fault: Fault) -> Words:
    """What is said of a module whose import did not come to its end."""
    run = fault.runs[0]
    module = run.loading[-1] if run.loading else run.module
    return Words(module, *_words(run, module))


def _words(run: ModuleRun, module: str) -> tuple[str, str]:
    status = run.status
    if run.outcome is Outcome.TIMEOUT:
        return (
            f"`{module}` is not imported in time ({status or 'timeout'})",
            f"{_BEHIND_MAIN}, or raise `timeout:` under `smoke:` if the import is merely slow.",
        )
    if run.outcome is Outcome.FLOOD:
        return (
            f"importing `{module}` writes more than the runner takes ({status or 'output limit'})",
            f"{_BEHIND_MAIN}, or write less.",
        )
    if run.outcome is Outcome.RAISED:
        return (
            f"importing `{module}` fails, and the runner was not told why ({status or 'raised'})",
            f"Import `{module}` by hand in the project's interpreter.",
        )
    ended = status or "no status"
    if "SIGKILL" in status:
        return (
            f"the process was killed while `{module}` was imported ({ended})",
            "Let the import take less memory, or raise `memory:` under `smoke:`.",
        )
    if "signal" in status:
        return (
            f"the process crashed while `{module}` was imported ({ended})",
            f"Find the native extension that crashes: python -X faulthandler -c 'import {module}'.",
        )
    return (
        f"the process ended while `{module}` was imported ({ended})",
        f"{_BEHIND_MAIN}; an import must not end the process.",
    )
