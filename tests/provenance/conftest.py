from __future__ import annotations

import pytest

from tests.provenance.kit import History, new


@pytest.fixture
def history(tmp_path) -> History:
    return new(tmp_path / "bare")
