"""Inline ignores: ``# guard: ignore[rule-id, other-id] reason``.

An ignore is a comment on any line of a logical line (a statement up to its end, or the header of
a compound one; Python reference, 2.1.5). It covers the uses of the named rules on that logical
line. A finding all of whose uses are covered is dropped; otherwise it stays, with the other uses.
A comment on a line of its own, outside brackets, covers nothing: it says so instead of guessing
which statement was meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from guard._comments import Comment, comments_in
from guard.model import Finding, Level, Place, Use, When
from guard.rule import Extractor, SourceRule


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

COMMENTS: Extractor[tuple[Comment, ...]] = Extractor("guard.inline-ignore", "1", comments_in)


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
