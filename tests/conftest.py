"""How the tests are shared out: whole modules where they share something that is slow to build."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

SHARED = "tests/e2e/"


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
