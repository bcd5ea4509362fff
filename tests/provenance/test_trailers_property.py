"""Our trailers are git's: ``git interpret-trailers`` is asked about many messages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.commits import PLAIN, these
from guard.git import Git
from tests.provenance.kit import History, new

LINES = st.one_of(
    st.sampled_from(
        [
            *("", "", "", " ", "\t", "text", "more text", "Fixes #3", "---", "--- a/x", "-----"),
            *(
                "Co-authored-by: Claude <noreply@anthropic.com>",
                "co-authored-by:x",
                "A: b",
                "A : b",
            ),
            *(
                " folded",
                "\tfolded",
                "  : odd",
                "Signed-off-by: Ada <ada@example.org>",
                "A:",
                ": b",
            ),
            *(
                "(cherry picked from commit 1234567890123456789012345678901234567890)",
                "A=b",
                "A# b",
            ),
            *("# comment", "#A: b", "; x", "Conflicts:", "\ta.py", "ü: b", "A: ü ✓", "A-B_C: d"),
            *("https://example.org/x: y", "diff --git a/x b/x", 'Revert "x"', "AI-Assisted: no"),
            *("Bug: 1", "[x: y]", "> A: b", "A: b # c", "# ------------------------ >8 --------"),
        ]
    ),
    st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=("Cs",)), max_size=12),
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n"])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    end = draw(ENDS)
    lines = draw(st.lists(LINES, max_size=12))
    subject = draw(st.sampled_from(["", "Subject" + end, "Subject" + end + end]))
    last = draw(st.sampled_from(["", end, end + end]))
    return (subject + end.join(lines) + last).encode()


def parsed(history: History, message: bytes) -> list[tuple[str, str]]:
    """By git.

    In a commit ``---`` divides nothing (--no-divider), and the subject is the first line that is
    not blank, whereas in a file it is the first line.
    """
    asked = ("interpret-trailers", "--parse", "--no-divider")
    text = re.sub(rb"\A(?:[ \t\r]*\n)+", b"", message)
    lines = history.git(*PLAIN, *asked, stdin=text).decode().split("\n")[:-1]
    return [(key, value) for key, _, value in (line.partition(": ") for line in lines)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> History:
    return new(tmp_path_factory.mktemp("trailers") / "bare")


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(messages(), min_size=5, max_size=12, unique=True))
def test_the_trailers_are_those_that_git_finds(shared: History, texts: list[bytes]) -> None:
    oids = [shared.commit(text) for text in texts]
    for text, found in zip(texts, these(Git(str(shared.top)), oids), strict=True):
        ours = [(each.key, each.value) for each in found.trailers]
        assert ours == parsed(shared, text), text
