"""The command ``guard``. Light on purpose: what a run does not need, it does not import."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (the process's own by default) and answer with the exit code.

    0 pass, 1 fail, 2 usage or policy error, 3 unverified or internal error, 75 hold,
    130 interrupted. Never raises: an unexpected error is printed with its traceback and is 3.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    return _full(arguments)


def _full(argv: Sequence[str]) -> int:
    """All commands and options. Imports click here and not above."""
    try:
        from guard.cli.app import run

        return run(argv)
    except KeyboardInterrupt:  # while the modules load; `run` has its own answer
        return 130
    except Exception:  # noqa: BLE001 - a broken installation must not look like a verdict
        import traceback

        traceback.print_exc()
        return 3


if __name__ == "__main__":
    sys.exit(main())
