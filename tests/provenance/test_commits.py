"""Commits are read as git reads them, in one process."""

from __future__ import annotations

import subprocess

import pytest

from guard.change import Commit, Trailer
from guard.commits import TooMany, commits, these
from guard.errors import GitError, UsageError
from guard.git import Git
from tests.provenance.kit import History, new


def git(history: History) -> Git:
    return Git(str(history.top))


def only(history: History, message: str | bytes, **more: str) -> Commit:
    (found,) = commits(git(history), [], [history.commit(message, **more)])
    return found


def test_all_fields(history: History) -> None:
    base = history.commit("one\n")
    tip = history.commit("two\n\nA: b\n", [base], "Ada <ada@x.org>", "Bob <bob@x.org>")
    first, second = commits(git(history), [], [tip])
    assert (first.rev, first.parents) == (base, ())
    assert (second.rev, second.parents, second.tree) == (tip, (base,), history.tree())
    assert (second.author.name, second.author.email) == ("Ada", "ada@x.org")
    assert (second.committer.name, second.committer.email) == ("Bob", "bob@x.org")
    assert (second.author.login, second.author.id) == ("", None)
    assert (second.at, second.message, second.subject) == (1800000000, "two\n\nA: b\n", "two")
    assert second.trailers == (Trailer("A", "b"),)


@pytest.mark.parametrize(
    ("message", "trailers"),
    [
        ("", ()),
        ("s\n", ()),
        ("s", ()),
        ("A: b\n", ()),
        ("s\n\nA: b", (("A", "b"),)),
        ("\n\ns\n\nA: b\n", (("A", "b"),)),
        ("s\n\nA: b\n\nText.\n", ()),
        ("s\r\n\r\nA: b\r\nC: d\r\n", (("A", "b"), ("C", "d"))),
        ("s\n\nA: b\n c\n\td\n", (("A", "b c d"),)),
        ("s\n\nA:\n", (("A", ""),)),
        ("s\n\nA: b\n---\nC: d\n", ()),
        ("s\n\nA: ü\u2028<é>\n", (("A", "ü\u2028<é>"),)),
        ("s\n\nA: b\x01c\n", (("A", "b\x01c"),)),
        ("s\n\nSigned-off-by: x\ntext\n", (("Signed-off-by", "x"),)),
    ],
)
def test_trailers(history: History, message: str, trailers: tuple[tuple[str, str], ...]) -> None:
    found = only(history, message)
    assert tuple((each.key, each.value) for each in found.trailers) == trailers
    assert found.message == message


def test_bytes_that_are_no_text(history: History) -> None:
    found = only(history, b"caf\xe9 \x1b[31m\n\nA: \xff\n")
    assert found.message == "caf\\xe9 \x1b[31m\n\nA: \\xff\n"
    assert found.trailers == (Trailer("A", "\\xff"),)


def test_another_encoding(history: History) -> None:
    assert only(history, b"caf\xe9\n", encoding="ISO-8859-1").message == "café\n"


def test_nul_ends_a_message_as_it_does_for_git(history: History) -> None:
    assert only(history, b"one\n\0two\n").message == "one\n"


def test_the_repository_does_not_say_what_a_trailer_is(history: History) -> None:
    history.git("config", "trailer.separators", "#")
    history.git("config", "core.commentChar", "C")
    history.git("config", "i18n.logOutputEncoding", "ISO-8859-1")
    history.git("config", "log.showSignature", "true")
    found = only(history, "é\n\nCo-authored-by: X <x@y>\n")
    assert found.message.startswith("é")
    assert found.trailers == (Trailer("Co-authored-by", "X <x@y>"),)


def test_mailmap_and_replacements_change_nothing(history: History) -> None:
    other = history.commit("other\n", by="Eve <eve@x.org>")
    oid = history.commit("mine\n")
    history.git("replace", oid, other)
    (found,) = commits(git(history), [], [oid])
    assert found.author.email == "ada@example.org"


def test_sha256(tmp_path) -> None:
    history = new(tmp_path / "long", "sha256")
    assert len(only(history, "x\n").rev) == 64


def test_nothing_is_no_answer(history: History) -> None:
    with pytest.raises(UsageError, match="no commit was named"):
        commits(git(history), [], [])
    for rev in ("HEAD", "--all", "", "^main", "^^" + "0" * 40):
        with pytest.raises(UsageError, match="not an object id"):
            commits(git(history), [], [rev])
    tip = history.commit("x\n")
    tree = history.tree()
    for exclude, include in (([], "1" * 40), (["1" * 40], tip), ([], tree), ([tree], tip)):
        with pytest.raises(GitError):
            commits(git(history), exclude, [include])
    assert these(git(history), []) == ()


def test_a_limit(history: History) -> None:
    tip = ""
    for number in range(5):
        tip = history.commit(f"{number}\n", [tip] if tip else [])
    assert len(commits(git(history), [], [tip], 5)) == 5
    with pytest.raises(TooMany, match="more than 4 commits"):
        commits(git(history), [], [tip], 4)


def test_history_that_is_cut_off_is_told(history: History, tmp_path) -> None:
    base = history.commit("one\n")
    tip = history.commit("two\n", [base])
    history.point(tip)
    clone = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--bare", "--depth=1", f"file://{history.top}", str(clone)],
        check=True,
    )
    with pytest.raises(GitError, match="cut off at " + tip):
        commits(Git(str(clone)), [], [tip])
    with pytest.raises(GitError, match="cut off"):
        these(Git(str(clone)), [tip])
