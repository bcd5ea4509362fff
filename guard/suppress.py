"""Inline ignores: ``# guard: ignore[rule-id, other-id] reason``.

An ignore is a comment on any line of a logical line (a statement up to its end, or the header of
a compound one; Python reference, 2.1.5). It covers the uses of the named rules on that logical
line. A finding all of whose uses are covered is dropped; otherwise it stays, with the other uses.
A comment on a line of its own, outside brackets, covers nothing: it says so instead of guessing
which statement was meant.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from guard.model import Finding, Level, Place, Use, When
from guard.rule import Extractor, SourceRule

if TYPE_CHECKING:
    import tokenize


class InlineIgnore(SourceRule):
    """An inline ignore that is unused, gives no reason, or names no known rule.

    `# guard: ignore[rule-id] reason` at the end of a line silences the named rules for the
    statement that the line belongs to. Each ignore must say why, must name rules that exist, and
    must silence something: an ignore that outlived its finding would hide the next one. An ignore
    is only called unused when the rule that it names really judged the file.

    Mend: give the reason after the bracket, correct the rule id, or remove the comment.
    """

    id = "inline-ignore"
    summary = "An inline ignore is unused, gives no reason, or names no known rule."
    default_level = Level.ERROR


INLINE_IGNORE = InlineIgnore()

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


COMMENTS: Extractor[tuple[Comment, ...]] = Extractor("guard.inline-ignore", "1", comments_in)


def _read(tokens: Iterable[tokenize.TokenInfo], first: int, last: int) -> Iterable[Comment]:
    for token in tokens:
        match = _COMMENT.search(token.string)
        if match:
            ids = tuple(filter(None, (part.strip() for part in (match["ids"] or "").split(","))))
            reason = match["reason"].strip()
            reason = "" if reason.startswith("#") else reason
            column = token.start[1] + match.start() + 1
            yield first, last, token.start[0], column, token.end[1] + 1, ids, reason


@dataclass
class Ignores:
    """The ignores of a project, by path, and which of them silenced something."""

    comments: Mapping[str, tuple[Comment, ...]]
    used: set[tuple[str, Comment, str]] = field(default_factory=set)

    def apply(self, finding: Finding) -> Finding | None:
        """The finding without the uses that are ignored; ``None`` when nothing is left."""
        if not finding.uses or all(use.place != finding.place for use in finding.uses):
            if self._covered(finding.rule, finding.place):
                return None
            if not finding.uses:
                return finding
        left = tuple(use for use in finding.uses if not self._covered(finding.rule, use.place))
        if len(left) == len(finding.uses):
            return finding
        if not left:
            return None
        return _without(finding, left)

    def _covered(self, rule: str, place: Place) -> bool:
        covered = False
        for comment in self.comments.get(place.path, ()):
            if comment[0] <= place.line <= comment[1] and rule in comment[5]:
                self.used.add((place.path, comment, rule))
                covered = True
        return covered

    def findings(
        self, known: Iterable[str], judged: Callable[[str, str], bool]
    ) -> Iterable[Finding]:
        """What is wrong with the ignores. ``judged(rule, path)`` tells whether a rule really ran
        over a path; only then can its ignore be unused.
        """
        known = tuple(known)
        for path, comments in self.comments.items():
            for comment in comments:
                ids, reason = comment[5:]
                if not ids:
                    yield _finding(path, comment, "guard: ignore", *_NO_RULE)
                elif not reason:
                    what = f"the ignore of {', '.join(ids)} gives no reason"
                    yield _finding(path, comment, ", ".join(ids), what, _FIX_REASON)
                for rule in ids:
                    if rule not in known:
                        what = f"an ignore names the unknown rule {rule!r}{_nearest(rule, known)}"
                        yield _finding(path, comment, rule, what, _FIX_UNKNOWN)
                    elif judged(rule, path) and (path, comment, rule) not in self.used:
                        alone = "" if comment[0] else ": it stands on a line of its own"
                        what = f"the ignore of {rule} silences nothing{alone}"
                        fix = _FIX_UNUSED if comment[0] else _FIX_ALONE
                        yield _finding(path, comment, rule, what, fix)


_NO_RULE = (
    "an ignore names no rule",
    "Write the rule and the reason: # guard: ignore[rule-id] reason.",
)
_FIX_REASON = "Write the reason after the bracket."
_FIX_UNKNOWN = "Name a rule that `guard rules` lists, or remove the ignore."
_FIX_UNUSED = "Remove the ignore."
_FIX_ALONE = "Move the ignore to the end of the line that it is meant for, or remove it."


def _nearest(word: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # only on the way to a finding

    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _without(finding: Finding, left: tuple[Use, ...]) -> Finding:
    if any(use.place == finding.place for use in left):
        return replace(finding, uses=left)
    return replace(finding, place=left[0].place, when=left[0].when, uses=left)


def _finding(path: str, comment: Comment, name: str, message: str, fix: str) -> Finding:
    _, _, line, column, end = comment[:5]
    return Finding(
        rule=INLINE_IGNORE.id,
        place=Place(path, line, column, line, end),
        name=name,
        message=message,
        raises="",
        when=When.IMPORT,
        fix=fix,
    )
