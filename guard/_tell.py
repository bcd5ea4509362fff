"""What a run hangs on, told as audit events (PEP 578) to ``guard._recording`` if it listens.

Python itself raises events where a file is opened, a folder listed or a process started. It raises
none for ``os.path.exists`` and its kin, and knows nothing of what makes an answer doubtful.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def probe(path: str) -> str:
    """``path``, unchanged: the run hangs on whether something is there, and of which kind."""
    sys.audit("guard.probe", path)
    return path


def files(paths: Callable[[], list[str]]) -> None:
    """The run hangs on the states of these files; ``paths`` is only called if somebody listens."""
    sys.audit("guard.files", paths)


def facts(folder: str | None, extractor: object, paths: Iterable[str] | None) -> None:
    """The run hangs on these facts (of all files, if ``paths`` is None), kept in ``folder``."""
    sys.audit("guard.facts", folder, extractor, paths)


def read(path: str) -> None:
    """The run hangs on the content of this file of the index or a commit."""
    sys.audit("guard.read", path)


def answer(top: str, asked: tuple[str, ...], said: tuple[int, bytes, bytes]) -> None:
    """The run hangs on what git said in ``top``."""
    sys.audit("guard.answer", top, asked, said)


def unsure(what: str) -> None:
    """Another run may come to another result though nothing has changed."""
    sys.audit("guard.unsure", what)
