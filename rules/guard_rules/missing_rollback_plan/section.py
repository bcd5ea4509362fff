"""Whether a text has a section about the rollback that says something.

A section is a Markdown heading (``## Rollback``, ``Rollback plan`` underlined) with what follows up
to the next heading, or a paragraph that begins with ``Rollback:``, as in a commit message. Comments
and fenced code around it do not count, nor does a section that only says ``TODO`` or ``none``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

_NAME = r"roll[ -]?back(?:[ -](?:plan|steps|strategy))?"
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t](.*))?")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_TITLE = re.compile(rf"(?:\*\*|__)?{_NAME}(?:\*\*|__)?:?(?:\*\*|__)?", re.IGNORECASE)
_LABEL = re.compile(
    rf" {{0,3}}(?:[-*+][ \t]+)?(?:\*\*|__)?{_NAME}(?:\*\*|__)?:(?:\*\*|__)?(?:[ \t]+(.*))?",
    re.IGNORECASE,
)
_OTHER_LABEL = re.compile(r" {0,3}(?:\*\*|__)?[A-Za-z][\w -]{0,40}:(?:\*\*|__)?(?:[ \t].*)?")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_NOTHING = re.compile(
    r"(?:todo|tbd|tba|wip|fixme|xxx|n/?a|none|no|nothing|not applicable|unknown|see above)?[\W_]*",
    re.IGNORECASE,
)


def has_plan(text: str) -> bool:
    """Whether ``text`` says how its change is taken back."""
    lines = [*_lines(text)]
    return any(_says(body) for body in _sections(lines))


def _lines(text: str) -> Iterator[str]:
    """The lines outside of comments; fenced ones are marked, so that none begins a section."""
    fence = ""
    for line in _COMMENT.sub("", text).replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        found = _FENCE.match(line)
        if fence:
            closes = found and found[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
            yield "" if closes else f"\t\t{line}"
        elif found:
            fence = found[1]
            yield ""
        else:
            yield line


def _sections(lines: list[str]) -> Iterator[list[str]]:
    for at, line in enumerate(lines):
        label = _LABEL.fullmatch(line)
        if _is_title(lines, at):
            underlined = not _HEADING.fullmatch(line)
            yield [*_until_heading(lines, at + 1 + underlined)]
        elif label:
            rest = label[1] or ""
            yield [rest, *_paragraph(lines, at + 1, skip_blank=not rest.strip())]


def _is_title(lines: list[str], at: int) -> bool:
    heading = _HEADING.fullmatch(lines[at])
    if heading:
        title = (heading[1] or "").strip().rstrip("#").strip()
        return _TITLE.fullmatch(title) is not None
    below = lines[at + 1] if at + 1 < len(lines) else ""
    return bool(_TITLE.fullmatch(lines[at].strip()) and _UNDERLINE.fullmatch(below))


def _until_heading(lines: list[str], start: int) -> Iterator[str]:
    for at in range(start, len(lines)):
        below = lines[at + 1] if at + 1 < len(lines) else ""
        if _HEADING.fullmatch(lines[at]) or (lines[at].strip() and _UNDERLINE.fullmatch(below)):
            return
        yield lines[at]


def _paragraph(lines: list[str], start: int, *, skip_blank: bool) -> Iterator[str]:
    """The lines up to a blank one, another label or a heading."""
    for line in islice(lines, start, None):
        if not line.strip():
            if skip_blank:
                continue
            return
        if _HEADING.fullmatch(line) or _OTHER_LABEL.fullmatch(line):
            return
        skip_blank = False
        yield line


def _says(body: list[str]) -> bool:
    return not all(_NOTHING.fullmatch(line.strip().lstrip("-*+> ")) for line in body)
