"""The command ``guard``. Light on purpose: what a run does not need, it does not import."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from guard.replay import Call


_PRE_RECEIVE = ["server-hook", "run", "pre-receive"]
_POST_RECEIVE = ["server-hook", "run", "post-receive"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (the process's own by default) and answer with the exit code.

    0 pass, 1 fail, 2 usage or policy error, 3 unverified or internal error, 75 hold,
    130 interrupted. Never raises: an unexpected error is printed with its traceback and is 3.
    """
    try:
        if argv is not None:
            return _run(argv)
        from guard import replay

        call = replay.begin(sys.argv[1:])
        code = None if call is None else replay.replay(call)
        return _run(sys.argv[1:], call) if code is None else code
    except KeyboardInterrupt:  # while the modules load; `run` has its own answer
        return 130
    except Exception:  # noqa: BLE001 - a broken installation must not look like a verdict
        import traceback

        traceback.print_exc()
        return 3


def _run(argv: Sequence[str], call: Call | None = None) -> int:
    """All commands and options; the run is recorded if ``call`` is given. Imports click.

    A hook of a git server, which every push waits for, is run without.
    """
    if list(argv) in (_PRE_RECEIVE, _POST_RECEIVE):
        import gc
        import os

        gc.disable()  # the process is over before there is much to collect
        from guard.server.receive import run_here

        return run_here(argv[-1], os.environ)
    recording = None
    if call is not None:
        from guard._recording import Recording

        recording = Recording(call)
    from guard.cli._surroundings import Surroundings
    from guard.cli.app import run

    return run(argv, Surroundings(recording=recording))


if __name__ == "__main__":
    sys.exit(main())
