"""The one meaning of a path pattern, for ``exclude`` and ``per-path`` alike.

As in ``.gitignore`` (git docs, gitignore, "PATTERN FORMAT"): ``*`` and ``?`` stop at a slash,
``**`` does not, ``[...]`` is a class of characters; a pattern with a slash inside or in front is
anchored at the project's top, one without matches at any depth; a pattern that matches a folder
covers all that is below it; a slash at the end asks for a folder. There is no negation.

Only ``re`` is imported here: the hot path uses this module.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Globs:
    """Several patterns as one. ``matches(path)`` says whether any of them covers ``path``."""

    __slots__ = ("_match", "patterns")

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._match = re.compile("|".join(map(_translate, self.patterns)) or r"(?!)", re.DOTALL)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __repr__(self) -> str:
        return f"Globs({self.patterns!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Globs) and self.patterns == other.patterns

    def __hash__(self) -> int:
        return hash(self.patterns)

    def __reduce__(self) -> tuple[type[Globs], tuple[tuple[str, ...]]]:
        return Globs, (self.patterns,)

    def matches(self, path: str) -> bool:
        """``path`` is relative to the top, with ``/``, and names a file."""
        return self._match.fullmatch(path) is not None


def problem(pattern: str) -> str:
    """What is wrong with ``pattern``; empty when it is well formed."""
    if not pattern.strip("/ "):
        return "the pattern is empty"
    if pattern.startswith("!"):
        return "a pattern cannot begin with '!': there is no negation"
    if "\\" in pattern:
        return "a pattern has '/' as separator, not '\\'"
    if ".." in pattern.split("/") or "." in pattern.split("/"):
        return "a pattern has no '.' or '..' part: it starts at the project's top"
    if "//" in pattern:
        return "a pattern has no empty part ('//')"
    if any("**" in part and part != "**" for part in pattern.split("/")):
        return "'**' stands alone between slashes"
    try:
        re.compile(_translate(pattern))
    except (re.error, ValueError) as error:
        return f"not a pattern: {error}"
    return ""


def _translate(pattern: str) -> str:
    body = pattern.strip("/")
    anchored = "/" in body or pattern.startswith("/")
    parts = body.split("/")
    below = ".+" if parts[-1] == "**" else ""
    if below:
        parts.pop()
    pieces = [r"(?:[^/]+/)*" if part == "**" else _part(part) + "/" for part in parts]
    text = "".join(pieces)
    if not anchored:
        text = r"(?:[^/]+/)*" + text
    if below:
        return text + below
    # The last part may be the file itself, or a folder around it.
    text = text.removesuffix("/")
    return text + (r"/.+" if pattern.endswith("/") else r"(?:/.+)?")


def _part(part: str) -> str:
    out = []
    at = 0
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            end = part.find("]", at + 1 + (part[at : at + 1] in ("!", "^")))
            if end < 0:
                raise ValueError("'[' without ']'")
            inner = part[at:end]
            negated = inner[0] in "!^"
            inner = inner[negated:].replace("[", r"\[").replace("^", r"\^").replace("&", r"\&")
            inner = inner.replace("~", r"\~").replace("|", r"\|")
            out.append(f"(?!/)[{'^' if negated else ''}{inner}]")
            at = end + 1
        else:
            out.append(re.escape(char))
    return "".join(out)
