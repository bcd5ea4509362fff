"""Which distribution an import name comes from, as the project's interpreter knows it."""

from __future__ import annotations

import ast
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASK = """
import importlib.metadata as m
found = set()
for d in m.distributions():
    name = d.metadata["Name"]
    if not name:
        continue
    tops = (d.read_text("top_level.txt") or "").split()
    if not tops:
        for line in (d.read_text("RECORD") or "").splitlines():
            top = line.split(",")[0].split("/")[0]
            if "/" not in line.split(",")[0]:
                top = top.split(".")[0] if top.split(".")[-1] in ("py", "so", "pyd") else ""
            tops.append(top)
    found |= {(t, name) for t in tops if t.isidentifier() and t != "__pycache__"}
print(ascii(sorted(found)))
"""


class Distributions:
    """Asked when made, while other things happen; ``read`` waits for the answer."""

    def __init__(self, python: str, env: Mapping[str, str]) -> None:
        try:
            self._asked: subprocess.Popen[bytes] | None = subprocess.Popen(
                [python, "-I", "-c", _ASK],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            self._asked = None

    def read(self) -> tuple[tuple[str, str], ...]:
        """``(import name, distribution)``; nothing where the interpreter cannot say."""
        if self._asked is None:
            return ()
        try:
            told, _ = self._asked.communicate(timeout=20)
            return tuple((str(top), str(name)) for top, name in ast.literal_eval(told.decode()))
        except (subprocess.TimeoutExpired, ValueError, SyntaxError, TypeError):
            return ()
        finally:
            self._asked.kill()
            self._asked.wait()
