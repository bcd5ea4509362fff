"""JSON of GitHub, read key by key: what is missing or of another type is a ``ForgeError``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guard.github.client import ForgeError


@dataclass(frozen=True, slots=True)
class Raw:
    """One JSON object, and where it stands in the answer."""

    value: dict[str, Any]
    where: str

    def has(self, key: str) -> bool:
        """Whether it is there, and not null."""
        return self.value.get(key) is not None

    def text(self, key: str) -> str:
        return str(self._of(key, str))

    def number(self, key: str) -> int:
        return int(self._of(key, int))

    def flag(self, key: str) -> bool:
        return bool(self._of(key, bool))

    def time(self, key: str) -> int:
        """Seconds since 1970 UTC, of an ISO 8601 time."""
        said = self.text(key)
        try:
            found = datetime.fromisoformat(said.replace("Z", "+00:00"))
            return int(found.timestamp())
        except (ValueError, OverflowError):
            raise self.wrong(key, f"{said!r:.40} is no time") from None

    def node(self, key: str) -> Raw:
        found = self._of(key, dict)
        return Raw(found, f"{self.where}.{key}")

    def maybe(self, key: str) -> Raw | None:
        """The object, or ``None`` where it is null or was not asked for."""
        return self.node(key) if self.has(key) else None

    def nodes(self, key: str) -> list[Raw]:
        """The nodes of a connection. Raises ``ForgeError`` where one of them is null."""
        return [*self.node(key).items("nodes")]

    def items(self, key: str) -> Iterator[Raw]:
        """The objects of a list."""
        for number, each in enumerate(self._of(key, list)):
            if not isinstance(each, dict):
                raise self.wrong(f"{key}[{number}]", "it is null: the token may not read it")
            yield Raw(each, f"{self.where}.{key}[{number}]")

    def page(self, key: str) -> tuple[list[Raw], int, str | None]:
        """One page of a connection: its nodes, the count of all, the cursor of the next page."""
        found = self.node(key)
        info = found.node("pageInfo")
        after = info.text("endCursor") if info.flag("hasNextPage") else None
        return [*found.items("nodes")], found.number("totalCount"), after

    def wrong(self, key: str, why: str) -> ForgeError:
        """The error for what cannot be used."""
        return ForgeError(f"GitHub: {self.where}.{key}: {why}; nothing is decided on it")

    def _of(self, key: str, kind: type[Any]) -> Any:
        found = self.value.get(key)
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            what = "is missing" if found is None else f"is no {kind.__name__}"
            raise self.wrong(key, what)
        return found
