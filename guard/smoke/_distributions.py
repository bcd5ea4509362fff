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
    """Asked when made (``now``), while other things happen, or else by ``read``, which waits.

    Used with ``with``: the question ends there, answered or not.
    """

    def __init__(self, python: str, env: Mapping[str, str], *, now: bool) -> None:
        self._command = [python, "-I", "-c", _ASK]
        self._env = env
        self._asked = self._ask() if now else None

    def _ask(self) -> subprocess.Popen[bytes] | None:
        try:
            return subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return None

    def read(self) -> tuple[tuple[str, str], ...]:
        """``(import name, distribution)``; nothing where the interpreter cannot say."""
        self._asked = self._asked or self._ask()
        if self._asked is None:
            return ()
        try:
            told, _ = self._asked.communicate(timeout=20)
            return tuple((str(top), str(name)) for top, name in ast.literal_eval(told.decode()))
        except (subprocess.TimeoutExpired, ValueError, SyntaxError, TypeError):
            return ()

    def __enter__(self) -> Distributions:
        return self

    def __exit__(self, *_: object) -> None:
        if self._asked is not None:
            self._asked.kill()
            self._asked.wait()
            if self._asked.stdout is not None:
                self._asked.stdout.close()
