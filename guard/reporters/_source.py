"""Source lines for excerpts, as Python reads them, with the marked part measured in columns."""

from __future__ import annotations

import re
from codecs import BOM_UTF8

from guard.reporters._escape import visible, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from guard.model import Place

# PEP 263: in a comment on the first or second line.
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_BEFORE, _SHOWN = 80, 160
_TAB = 4


def decode(data: bytes) -> str:
    """The text of a source file by its BOM or coding line; bytes that do not fit stay visible."""
    if data.startswith(BOM_UTF8):
        data = data[len(BOM_UTF8) :]
    else:
        for line in data.split(b"\n", 2)[:2]:
            cookie = _COOKIE.match(line)
            if cookie:
                try:
                    return str(data, cookie[1].decode("ascii"))
                except (LookupError, ValueError):
                    break
    return data.decode("utf-8", "surrogateescape")


class Sources:
    """The lines of the files that a report names, each file read and decoded once."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._lines: dict[str, list[str]] = {}

    def line(self, place: Place) -> str | None:
        """The line of ``place`` without its end, ``None`` where it cannot be had.

        Lines end as for Python's tokenizer: a form feed does not end one.
        """
        if not place.line:
            return None  # the file as a whole, or the change
        lines = self._lines.get(place.path)
        if lines is None:
            data = self._read(place.path)
            lines = [] if data is None else _NEWLINE.split(decode(data))
            self._lines[place.path] = lines
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None


def marked(text: str, place: Place) -> tuple[str, int, int]:
    """``text`` fit for a terminal, the columns before the mark, and the columns of the mark.

    Tabs become spaces up to the next stop, a very long line is cut around the mark.
    """
    start = min(max(place.column - 1, 0), len(text))
    end = len(text)
    if place.end_column is not None and place.end_line in (None, place.line):
        end = min(max(place.end_column - 1, start), len(text))
    elif place.end_line is None:
        end = start
    text, start, end = _cut(text, start, end)
    shown = ""
    stops: list[int] = []
    for char in text:
        stops.append(len(shown))
        if char == "\t":
            shown += " " * (_TAB - width(shown) % _TAB)
        else:
            shown += "\\x5b" if char == "[" and shown.endswith("##") else visible(char)
    stops.append(len(shown))
    before, mark = shown[: stops[start]], shown[stops[start] : stops[end]]
    return shown.rstrip(), width(before), max(width(mark), 1)


def _cut(text: str, start: int, end: int) -> tuple[str, int, int]:
    if len(text) <= _SHOWN:
        return text, start, end
    left = max(0, start - _BEFORE)
    right = left + _SHOWN
    head, tail = ("..." if left else ""), ("..." if right < len(text) else "")
    moved = len(head) - left
    cut = head + text[left:right] + tail
    return cut, start + moved, min(end + moved, len(cut) - len(tail))
