"""CODEOWNERS: whose review a path wants (GitHub Docs, "About code owners"). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks; the first that is there counts."""


@dataclass(frozen=True, slots=True)
class Owners:
    """One file. ``lines`` are line, pattern and owners, in the order of the file."""

    path: str
    lines: tuple[tuple[int, str, tuple[str, ...]], ...]

    def of(self, path: str) -> tuple[str, ...]:
        """The owners that the last line that matches ``path`` names; none if it names none."""
        found: tuple[str, ...] = ()
        for _, pattern, names in self.lines:
            if re.fullmatch(_regex(pattern), path):
                found = names
        return found


def parse_owners(text: str, path: str) -> Owners:
    """The file ``path`` with the content ``text``."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition(" #")[0].split() if not line.startswith("#") else []
        lines += [(number, words[0], tuple(words[1:]))] if words else []
    return Owners(path, tuple(lines))


def _regex(text: str) -> str:
    """A pattern: as in gitignore, but ``dir/*`` stops at the folder, and there is neither ``!`` nor
    ``[ ]``.
    """
    if text.startswith("!") or "[" in text:
        return r"(?!)"
    body = text.strip("/")
    start = "" if "/" in body or text.startswith("/") else "(?:.*/)?"
    pieces = re.findall(r"\*\*/|/\*\*|\*\*|\*|\?|[^*?]", body)
    known = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    inner = "".join(known.get(piece) or re.escape(piece) for piece in pieces)
    if text.endswith("/"):
        return f"{start}{inner}/.*"
    if body.endswith("*") and "/" in body:
        return f"{start}{inner}"
    return f"{start}{inner}(?:/.*)?"
