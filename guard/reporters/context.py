"""What a reporter may use besides the report itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.model import Place


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule as the reporters present it. ``help`` is its README, empty where nobody asked."""

    id: str
    summary: str
    level: str = "error"
    help: str = ""
    uri: str = ""


def _nothing(path: str) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class ReportContext:
    """The surroundings of one rendering.

    ``source`` gives the content of a path of the report, ``None`` where it cannot be had.
    ``prefix`` is the current directory relative to the project's top, ``""`` at the top; if it lies
    outside, ``way`` leads from it to the top. ``repository`` is the project's top relative to the
    root of its git repository. ``whole`` is what a finding without a file is about.
    """

    source: Callable[[str], bytes | None] = _nothing
    prefix: str = ""
    way: str = ""
    repository: str = ""
    whole: str = "change"
    elapsed: float = 0.0
    rules: tuple[RuleInfo, ...] = ()
    color: bool = False
    verbose: bool = False
    quiet: bool = False
    debug: bool = False
    version: str = ""

    def from_cwd(self, path: str) -> str:
        """``path`` as seen from the current directory, with ``../`` where it lies outside."""
        if path.startswith("/"):
            return path
        if self.way:
            return f"{self.way}/{path}"
        if not self.prefix:
            return path
        here = self.prefix.split("/")
        there = path.split("/")
        same = 0
        while same < len(here) and same < len(there) - 1 and here[same] == there[same]:
            same += 1
        return "/".join([".."] * (len(here) - same) + there[same:])

    def whereabouts(self, place: Place, *, repository: bool = False) -> str:
        """``path:line:column``, the path alone for a whole file, ``whole`` for no file.

        As seen from the current directory, or from the root of the ``repository``.
        """
        if not place.path:
            return self.whole
        path = self.from_repository(place.path) if repository else self.from_cwd(place.path)
        return f"{path}:{place.line}:{place.column}" if place.line else path

    def top(self) -> str:
        """The project's top as seen from the current directory."""
        return self.way or "/".join(".." for _ in filter(None, self.prefix.split("/"))) or "."

    def from_repository(self, path: str) -> str:
        """``path`` as seen from the root of the git repository: what a forge wants."""
        return f"{self.repository}/{path}" if self.repository else path
