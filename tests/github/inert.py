"""What a runner and GitHub would make of a text: commands, links, mentions, elements."""

from __future__ import annotations

import re
import unicodedata

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARK = "zEVILz"
"""Stands in each hostile text: where it is not shown, nothing is proved."""
EVIL = " ".join(
    (
        f"::error::{MARK} ::set-output name=verdict::pass ##[error]boo ##[add-mask]main",
        "##[set-env name=A]b | a | [x](http://evil.example) ![x](http://evil.example/i.png)",
        "<details><summary>x</summary> <img src=x onerror=y> <!-- x --> @octocat @octo/team #1",
        "octo/project#1 GH-1 `code` ``` ~~~ *x* _y_ www.evil.example a@evil.example &lt;b&gt;",
        "&#64;octocat $x$ :tada: %0A%25 \x1b[31mred\x07 \u202edecoy \u2028::error::a",
        "\u2029::error::b\x85::error::c\x0c::error::d\x00 \\| \\",
    )
)
LINES = (
    f"{EVIL}\n::error::e\r::error::f\r\n  ::add-mask::g\n# heading\n- item\n> quote\n===\n{EVIL}"
)
COMMANDS = frozenset(
    "add-mask add-matcher add-path debug echo endgroup error group notice remove-matcher"
    " save-state set-env set-output stop-commands warning".split()
)
PROPERTIES = frozenset({"file", "line", "endLine", "col", "endColumn", "title"})
HEADINGS = re.compile("guard: (pass|fail|hold|unverified|skipped)|Waiting|Not verified|Notes")
LIVE = re.compile(r"@\w|#\d|://|\bwww\.\w|\bGH-\d", re.IGNORECASE)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def commands(log: str) -> list[tuple[str, dict[str, str], str]]:
    """The workflow commands that actions/runner finds in a log: kind, properties, data.

    A line ends with CR or LF (``TextReader.ReadLine``). ``::`` counts at a line's start, after
    spaces; ``##[`` anywhere in it (``ActionCommand.TryParseV2`` and ``TryParse``).
    """
    found = []
    for line in re.split(r"\r\n|\r|\n", log):
        new = re.match(r"\s*::(?P<name>[^ :]+) ?(?P<values>.*?)::(?P<data>.*)", line)
        old = re.search(r"##\[(?P<name>[^ \]]+) ?(?P<values>[^\]]*)\](?P<data>.*)", line)
        match = new if new and new["name"] in COMMANDS else old
        if match and match["name"] in COMMANDS:
            split = ";" if match is old else ","
            pairs = (each.partition("=") for each in match["values"].split(split) if each)
            values = {key: _plain(value) for key, _, value in pairs}
            found.append((match["name"], values, _plain(match["data"])))
    return found


def _plain(text: str) -> str:
    for code in ("%0D", "%0A", "%3A", "%2C", "%25"):
        text = text.replace(code, chr(int(code[1:], 16)))
    return text


def check_log(log: str) -> None:
    """Nothing in it commands the runner or a terminal but our own annotations."""
    for kind, values, data in commands(log):
        assert kind in {"error", "warning", "notice"}, (kind, data)
        assert values.keys() <= PROPERTIES
        assert values["title"].startswith("guard")
        assert data
    _check_characters(log.replace("\n", ""))
    assert "##[" not in log


def _check_characters(text: str) -> None:
    raw = {
        hex(ord(char)) for char in text if unicodedata.category(char) in _RAW and char != "\u200b"
    }
    assert not raw, raw


_RAW = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def check_markdown(text: str, first: str = "") -> None:
    """Nothing in it is live but our own headings, tables and lists. ``first`` is our own mark."""
    assert text.startswith(first)
    rest = text[len(first) :]
    _check_characters(rest.replace("\n", ""))
    tokens = MARKDOWN.parse(rest)
    for number, token in enumerate(tokens):
        assert token.type != "html_block", token.content
        assert token.type not in {"fence", "code_block", "hr", "blockquote_open"}, token
        if token.type == "heading_open":
            assert HEADINGS.fullmatch(tokens[number + 1].content), tokens[number + 1].content
        for child in token.children or ():
            _check_inline(child)
    for row in re.findall(r"<tr>.*?</tr>", MARKDOWN.render(rest), re.DOTALL):
        assert len(re.findall(r"<t[dh]", row)) == 5


def _check_inline(token: Token) -> None:
    assert token.type not in {"link_open", "image", "s_open"}, token
    if token.type == "html_inline":
        assert token.content == "<br>"
    if token.type == "text":
        assert not LIVE.search(token.content), token.content


def check_title(text: str) -> None:
    """One short line of plain characters."""
    assert 0 < len(text) <= 200
    _check_characters(text)
