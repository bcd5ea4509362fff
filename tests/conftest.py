"""For all tests: which signals end a process, and how the tests are shared out."""

from __future__ import annotations

import signal

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

SHARED = "tests/e2e/"

# What is started in the background ignores some signals, and so do all processes that it starts:
# tests that end a run by a signal would wait for ever.
for number in (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")):
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        is_interrupt = number == signal.SIGINT
        signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """One worker for all tests of an end-to-end module, whichever is free for any other test.

    The mark ``xdist_group`` would say the same; pytest 9.2 does not let pytest-xdist 3.8 see it.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0] if nodeid.startswith(SHARED) else nodeid

    return Scheduling(config, log)
