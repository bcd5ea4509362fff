"""A staged change that no rule can notice is passed without asking the rules."""

from __future__ import annotations

import pytest

from tests.replay.conftest import GUARD, Bench

STAGED = ("check", "--staged")


@pytest.fixture
def staged(repo: Bench) -> Bench:
    """A repository in which one change was judged and committed."""
    repo.write("a.py", GUARD + "x = 1\n")
    repo.git("add", "-A")
    assert not repo.replays(*STAGED)
    return repo


def change(repo: Bench, name: str, text: str) -> bool:
    repo.write(name, text)
    repo.git("add", "-A")
    return repo.replays(*STAGED)


def test_the_body_of_a_function(staged: Bench) -> None:
    staged.git("commit", "-q", "-m", "first")
    assert change(staged, "a.py", GUARD + "x = 2\n\n\ndef double(y):\n    return y * 2\n")
    assert change(staged, "pkg/mod.py", GUARD + "# more\n")
    staged.git("commit", "-q", "-m", "second")
    assert change(staged, "a.py", GUARD + "x = 3\n")
    assert staged.seat.replayed == 3


def test_an_old_finding_stays_old(repo: Bench) -> None:
    repo.write("old.py", GUARD + "print(Decimal)\n")
    repo.commit()
    change(repo, "a.py", GUARD + "x = 1\n")
    assert repo.seat.remembering(*STAGED).code == 0
    assert change(repo, "a.py", GUARD + "x = 2\n")
    assert repo.seat.remembering("check").code == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", GUARD + "print(Decimal)\n"),
        ("a.py", "from pkg.mod import Decimal\n"),
        ("a.py", GUARD + "x = (\n"),
        ("a.py", GUARD + "x = 1  # guard: ignore[type-checking-runtime-use] why\n"),
        ("new.py", "x = 1\n"),
        ("guard.yaml", "version: 1\n"),
        ("pyproject.toml", "[project]\nrequires-python = '>=3.14'\n"),
    ],
)
def test_what_a_rule_may_notice(staged: Bench, name: str, text: str) -> None:
    assert not change(staged, name, text)


def test_what_no_rule_knows_of(staged: Bench) -> None:
    assert change(staged, "README", "words\n")
    assert change(staged, "data/words.txt", "words\n")


def test_a_file_that_goes(staged: Bench) -> None:
    (staged.top / "pkg/mod.py").unlink()
    staged.git("add", "-A")
    assert not staged.replays(*STAGED)


def test_a_file_that_becomes_a_link(staged: Bench) -> None:
    (staged.top / "pkg/mod.py").unlink()
    (staged.top / "pkg/mod.py").symlink_to("../a.py")
    staged.git("add", "-A")
    assert not staged.replays(*STAGED)


def test_nothing_is_staged_any_more(staged: Bench) -> None:
    staged.git("commit", "-q", "-m", "first")
    assert not staged.replays(*STAGED)
    staged.git("update-index", "--chmod=+x", "a.py")
    assert not staged.replays(*STAGED)


def test_another_branch(staged: Bench) -> None:
    staged.git("commit", "-q", "-m", "first")
    staged.git("checkout", "-q", "-b", "other", "HEAD~1")
    assert change(staged, "pkg/mod.py", GUARD + "# other\n")
