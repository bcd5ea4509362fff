"""``pytest --guard-smoke``: each module of the project is a test that imports it cold.

So pytest-xdist spreads them over processes and machines, and reruns, time limits and JUnit come
with pytest. pytest loads this module in every run: without the option it imports nothing more.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("guard", "premerge-guard")
    group.addoption(
        "--guard-smoke", action="store_true", help="import each module of the project, cold"
    )
    group.addoption(
        "--guard-smoke-python",
        metavar="PYTHON",
        default=None,
        help="the project's interpreter (default: the one that runs pytest)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take part, if asked to."""
    if config.getoption("guard_smoke"):
        from guard._pytest_smoke import SmokePlugin

        config.addinivalue_line("markers", "guard_smoke: the cold import of a module")
        config.pluginmanager.register(SmokePlugin(config), "guard-smoke")
