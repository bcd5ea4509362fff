"""Commits as facts, held to git's own reading of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.change import Trailer
from guard.commits import commits
from guard.errors import UsageError
from guard.repository import Repository

MESSAGES = {
    "none": "Subject\n\nBody.\n",
    "one": "Subject\n\nBody.\n\nCo-authored-by: A <a@b>\n",
    "folded": "Subject\n\nKey: first\n  second\n",
    "quoted": "Subject\n\nCo-authored-by: A <a@b>\n\nThe line above is quoted.\n",
    "cherry-pick": "Subject\n\nA-B: c\n(cherry picked from commit 1234)\n",
    "mixed": "Subject\n\nSigned-off-by: A <a@b>\nno trailer\nKey: v\n",
    "divider": "Subject\n\nText\n---\nKey: v\n",
    "crlf": "Subject\r\n\r\nKey: v\r\n",
    "only a subject": "Key: v\n",
    "unicode": "Sübject\n\nKey: ключ\n",
    "comment": "Subject\n\n# a: b\nKey: v\n",
    "empty": "",
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    top = tmp_path_factory.mktemp("repo")
    subprocess.run(["git", "init", "-q", "-b", "main", top], check=True)
    return Repository(str(top))


def read(repository: Repository, message: str) -> tuple[Trailer, ...]:
    (tree,) = repository.write_trees([[]])
    rev = repository.write_commit(tree, (), message, at=7, by="Ada")
    (found,) = commits(repository, [rev])
    assert (found.rev, found.tree, found.at) == (rev, tree, 7)
    assert found.author.name == "Ada"
    return found.trailers


def by_git(repository: Repository, message: str) -> tuple[Trailer, ...]:
    """What ``git interpret-trailers`` takes for trailers; a message has no patch below it."""
    command = ["git", "-C", repository.top, "interpret-trailers", "--parse", "--no-divider"]
    out = subprocess.run(command, input=message.encode(), check=True, capture_output=True).stdout
    lines = out.decode("utf-8", "backslashreplace").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return tuple(Trailer(key.strip(), value.strip()) for key, _, value in pairs)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_trailers_are_what_git_says(repository: Repository, message: str) -> None:
    assert read(repository, message) == by_git(repository, message)


LINES = st.sampled_from(
    [
        "Key: value",
        "  folded",
        "plain words",
        "",
        "---",
        "Signed-off-by: A <a@b>",
        "# note",
        "(cherry picked from commit 12)",
        "AI-Assisted: yes",
        "a b: c",
        "Other:x",
        ": empty",
    ]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(LINES, max_size=8))
def test_trailers_of_any_message(repository: Repository, lines: list[str]) -> None:
    message = "\n".join(["Subject", "", *lines]) + "\n"
    assert read(repository, message) == by_git(repository, message)


def test_parents_come_first_and_a_limit_shows_that_there_is_more(repository: Repository) -> None:
    (tree,) = repository.write_trees([[]])
    revs: list[str] = []
    for number in range(6):
        parents = revs[-1:]
        revs.append(repository.write_commit(tree, parents, f"number {number}", at=number))
    assert [each.rev for each in commits(repository, revs[-1:], revs[:1])] == revs[1:]
    assert [each.rev for each in commits(repository, revs[-1:], limit=2)] == revs[-3:]
    assert commits(repository, [], []) == ()
    with pytest.raises(UsageError, match="not a commit"):
        commits(repository, ["--all"])


def test_hostile_bytes_do_no_harm(repository: Repository, tmp_path: Path) -> None:
    (tree,) = repository.write_trees([[]])
    text = (
        f"tree {tree}\nauthor \x1b[31m <a> 1 +0000\ncommitter b <c> 2 +0000\n\nS\n\nK: \x1b]0;x\n"
    )
    raw = text.encode() + b"L: \xff\xfe\n"
    made = tmp_path / "commit"
    made.write_bytes(raw)
    rev = repository.run("hash-object", "-w", "-t", "commit", str(made)).decode().strip()
    (found,) = commits(repository, [rev])
    assert found.trailers[1] == Trailer("L", "\\xff\\xfe")
    assert found.author.name == "\x1b[31m"
