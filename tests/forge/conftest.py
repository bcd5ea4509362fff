"""A hub for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forge.kit import Hub, hub


@pytest.fixture(name="hub")
def _hub(tmp_path: Path) -> Hub:
    return hub(tmp_path / "hub")
