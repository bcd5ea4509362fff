"""The parsed command line, each value with its type, and the options that commands share."""

from __future__ import annotations

from guard.cli._output import stdout_is_terminal, wants_color
from guard.errors import UsageError
from guard.model import Stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from guard.cli._report import Style


class Options:
    """What click made of the command line."""

    def __init__(self, values: dict[str, object]) -> None:
        self._values = values

    def flag(self, name: str) -> bool:
        return bool(self._values[name])

    def text(self, name: str) -> str | None:
        value = self._values[name]
        return None if value is None else str(value)

    def many(self, name: str) -> tuple[str, ...]:
        value = self._values[name]
        return tuple(map(str, value)) if isinstance(value, tuple) else ()

    def wants_record(self) -> bool:
        """Whether ``--record`` is given. Raises ``UsageError`` for ``--remote`` without it."""
        if self.text("remote") is not None and not self.flag("record"):
            raise UsageError("--remote names where --record keeps the verdict; add --record")
        return self.flag("record")

    def stage(self) -> Stage | None:
        if self.flag("quiet") and self.flag("verbose"):
            raise UsageError("--quiet and --verbose contradict each other")
        stage = self.text("stage")
        return None if stage is None else Stage(stage)

    def style(self, environ: Mapping[str, str], elapsed: float) -> Style:
        from guard.cli._report import Style

        color = wants_color(self.text("color") or "auto", environ, stdout_is_terminal)
        return Style(color, self.flag("verbose"), self.flag("quiet"), self.flag("debug"), elapsed)


def split(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that are separated by commas, repeated, or both."""
    return tuple(part for name in names for part in name.split(","))
