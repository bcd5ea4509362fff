"""A disk that is full and one that nobody may write to: real ones, in a mount namespace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.servers import TOP, environment


@pytest.mark.slow
@pytest.mark.parametrize("what", ["full", "read-only"])
def test_nothing_lands_and_nothing_is_lost(what: str, tmp_path: Path) -> None:
    inside = (sys.executable, "-m", "tests.server.on_a_mount", what, str(tmp_path))
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", *inside],
        env=environment(tmp_path),
        cwd=TOP,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
