"""The inline ignores of one file, as plain facts: what ``guard.suppress`` applies."""

from __future__ import annotations

import io
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    import tokenize
    from collections.abc import Iterable

# A marshal-able comment: first and last line that it covers (0, 0 for none), its line, column and
# end column, the rule ids, the reason.
Comment = tuple[int, int, int, int, int, tuple[str, ...], str]

_NEEDLE = re.compile(rb"guard:[ \t]*ignore")
_COMMENT = re.compile(r"#\s*guard:\s*ignore\b\s*(?:\[(?P<ids>[^\]]*)\])?\s*:?\s*(?P<reason>.*)")


def comments_in(data: bytes) -> tuple[Comment, ...]:
    """The ignores in one file. Only a file that passes the byte search is tokenized.

    A file that does not tokenize has none: its findings are then not silenced.
    """
    if not _NEEDLE.search(data):
        return ()
    import tokenize  # few projects have any

    silent = {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.COMMENT}
    # The compiler takes "\r" for a line end, tokenize before 3.12 does not.
    unix = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: list[Comment] = []
    pending: list[tokenize.TokenInfo] = []
    start = 0
    try:
        for token in tokenize.tokenize(io.BytesIO(unix).readline):
            if token.type == tokenize.COMMENT and "guard:" in token.string:
                pending.append(token)
            elif token.type == tokenize.NL and not start:
                found.extend(_read(pending, 0, 0))
                pending.clear()
            elif token.type == tokenize.NEWLINE:
                found.extend(_read(pending, start, token.start[0]))
                pending.clear()
                start = 0
            elif token.type not in silent and not start:
                start = token.start[0]
        found.extend(_read(pending, 0, 0))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(found)


def _read(tokens: Iterable[tokenize.TokenInfo], first: int, last: int) -> Iterable[Comment]:
    for token in tokens:
        match = _COMMENT.search(token.string)
        if match:
            ids = tuple(filter(None, (part.strip() for part in (match["ids"] or "").split(","))))
            reason = match["reason"].strip()
            reason = "" if reason.startswith("#") else reason
            column = token.start[1] + match.start() + 1
            yield first, last, token.start[0], column, token.end[1] + 1, ids, reason
