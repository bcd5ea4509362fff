"""What texts say of who made a change: merge subjects, footers, declarations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from guard.change import Commit

_LOWER = {ord(char): ord(char) + 32 for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def lower(text: str) -> str:
    """``text`` in lower case, in ASCII alone.

    By Unicode's rules the Kelvin sign becomes a ``k``: something else would become alike.
    """
    return text.lower() if text.isascii() else text.translate(_LOWER)


class Word(Enum):
    """What a declaration says."""

    YES = "yes"
    NO = "no"
    NOTHING = "nothing"
    """It is empty, or a template that nobody filled in."""


DECLARATION = "ai-assisted"
_NO = frozenset({"no", "none", "false", "n"})
_LINE = re.compile(r"ai-assisted[ \t]*:(.*)", re.IGNORECASE | re.ASCII)


def word(value: str) -> Word:
    """What the value of ``AI-Assisted:`` says: ``no`` alone is no, ``no, but`` is a yes."""
    plain = lower(value.strip(" \t\r\n.`'\"*_"))
    if not plain or "|" in plain or plain.startswith("<"):
        return Word.NOTHING
    return Word.NO if plain in _NO else Word.YES


def declarations(body: str) -> Iterator[str]:
    """The values of the lines ``AI-Assisted: ...`` of a description, not of what it quotes."""
    for line in _own_lines(body):
        match = _LINE.fullmatch(line.strip(" \t*_"))
        if match:
            yield match[1].strip()


_TITLE = r"(?P<branch>[^\s']+)"
_QUOTED = r"'[^']+'"
_MERGES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"Merge pull request #\d+ from [^/\s]+/{_TITLE}",  # GitHub
        rf"Merge pull request #\d+ in \S+ from {_TITLE} to \S+",  # Bitbucket's own server
        rf"Merge pull request '.*' \(#\d+\) from {_TITLE} into \S+",  # Gitea, Forgejo
        rf"Merged in {_TITLE} \(pull request #\d+\)",  # Bitbucket
    )
)
_LOCAL = re.compile(
    rf"Merge (?P<what>remote-tracking branch(?:es)?|branch(?:es)?|tags?|commits?) {_QUOTED}"
    rf"(?:(?:, | and |, and ){_QUOTED})*(?: of \S+)?(?: into '?(?P<into>[^\s']+)'?)?"
)


def merged_branches(commit: Commit) -> tuple[str, ...] | None:
    """The branches that the subject of a merge names; ``None`` if it is no merge with a subject
    that git (fmt-merge-msg.c) or a forge writes.
    """
    if len(commit.parents) < 2:
        return None
    subject = commit.subject.strip()
    for pattern in _MERGES:
        match = pattern.fullmatch(subject)
        if match:
            return (match["branch"],)
    match = _LOCAL.fullmatch(subject)
    if match is None:
        return None
    names = [name[1:-1] for name in re.findall(_QUOTED, subject)]
    into = [match["into"]] if match["into"] else []
    if match["what"].startswith("remote"):
        names = [name.partition("/")[2] or name for name in names if name not in into]
    elif not match["what"].startswith("branch"):
        names = []
    return tuple(dict.fromkeys((*names, *into)))


# A robot's face, spaces, the scheme of a link; not the sign of a list or of a quotation.
_LEADING = re.compile(r"""[^\w<>`#|"'(*+-]*(?:https?://)?(?:www\.)?""")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_TICKS = re.compile("(`+)")


def footers(message: str) -> Iterator[str]:
    """The lines of a commit message, each from its first letter or ``<!--`` on.

    Not what it quotes or lists: release notes repeat the footers of others.
    """
    for line in _own_lines(message):
        match = _LEADING.match(line)
        yield line[match.end() :] if match else line


def prose(body: str) -> str:
    """A description without what it quotes."""
    return "\n".join(map(_without_code, _own_lines(body)))


def _without_code(line: str) -> str:
    """Without what stands between as many backticks as follow it (CommonMark 0.31: 6.1)."""
    parts = _TICKS.split(line)  # each second one is backticks
    last = {ticks: at for at, ticks in enumerate(parts) if at % 2}
    kept, at = [], 0
    while at < len(parts):
        if at % 2 and last[parts[at]] > at:
            at = parts.index(parts[at], at + 1)
        else:
            kept.append(parts[at])
        at += 1
    return "".join(kept)


def _own_lines(text: str) -> Iterator[str]:
    """The lines that are neither quoted nor code (CommonMark 0.31: 4.4, 4.5, 5.1)."""
    fence = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match:
            fence = match[1]
        elif not line.startswith(("    ", "\t")) and not line.lstrip().startswith(">"):
            yield line
