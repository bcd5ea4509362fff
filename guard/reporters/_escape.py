"""Untrusted text made harmless for the stream that it goes to.

Paths, names and source lines come from the change that is judged. A terminal obeys control
characters and reorders text at bidirectional ones (CVE-2021-42574), so neither is printed raw.
"""

from __future__ import annotations

import unicodedata

ZERO_WIDTH = frozenset({"Mn", "Me"})


def terminal(text: str) -> str:
    """``text`` on one line; control, format and unpaired surrogate characters are spelled out.

    So is the bracket of ``##[``: GitHub's runner takes what follows for a workflow command wherever
    in a line it stands (``ActionCommand.TryParse`` of actions/runner).
    """
    text = text.replace("##[", "##\\x5b")
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(visible, text))


def visible(char: str) -> str:
    """One character, or its escape. A surrogate that stands for a byte (PEP 383) shows the byte."""
    # str.isprintable is false for the categories C* and Z* but the space: letters of every
    # script pass, and so does the ideographic space, which is common in East Asian text.
    if char.isprintable() or char == "\u3000":
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    known = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    if known:
        return known
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def log_line(text: str) -> str:
    """``terminal`` for a line of its own, where ``::`` begins a command, after spaces too."""
    shown = terminal(text)
    return shown.replace("::", "\\x3a:", 1) if shown.lstrip().startswith("::") else shown


def json_in_log(document: str) -> str:
    """The same JSON without ``##[``, which can only stand in a string there."""
    return document.replace("##[", "##\\u005b")


def log_path(path: str) -> str:
    """A path that begins a line: ``::`` there would be a workflow command to GitHub's runner."""
    shown = terminal(path)
    return f"./{shown}" if shown.startswith((":", "#")) else shown


def width(shown: str) -> int:
    """The columns that printable ``shown`` takes on a terminal (Unicode Standard Annex 11)."""
    if shown.isascii():
        return len(shown)
    return sum(map(_char_width, shown))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
