from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import pytest

from guard.globs import Globs, problem

PATHS = (
    "a.py",
    "build/a.py",
    "build/x/y.py",
    "build.py",
    "src/build/a.py",
    "src/app/a.py",
    "src/app/deep/er/a.py",
    "src/appendix/b.py",
    "tests/test_a.py",
    "x[1].py",
    "x1.py",
    "x^.py",
    "odd\nname.py",
)

PATTERNS = (
    "*.py", "a.py", "/a.py", "build", "build/", "/build/", "src/build", "src/*/a.py", "src/**/a.py",
    "**/a.py", "src/**", "**", "src/app", "src/app*", "te?ts/*", "x[0-9].py", "x[!0-9].py",
    "x[[].py", "x[^a].py", "app", "src/*", "**/build/**", "odd?name.py", "*/deep", "x[1]*",
)  # fmt: skip


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("repo")
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    return top


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_it_means_to_git(repo: Path, pattern: str) -> None:
    (repo / ".gitignore").write_text(pattern + "\n")
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=repo,
        input="\0".join(PATHS).encode(),
        capture_output=True,
        check=False,
    )
    ignored = set(done.stdout.decode().split("\0")) - {""}
    assert problem(pattern) == ""
    globs = Globs([pattern])
    assert {path for path in PATHS if globs.matches(path)} == ignored


@pytest.mark.parametrize(
    "pattern", ["", "/", " ", "!a", "a\\b", "../a", "./a", "a//b", "a**", "**.py", "a[b", "x[]"]
)
def test_a_pattern_that_is_no_pattern(pattern: str) -> None:
    assert problem(pattern)


def test_no_pattern_matches_nothing() -> None:
    assert not Globs([])
    assert not Globs([]).matches("a.py")


def test_several_patterns_are_alternatives() -> None:
    globs = Globs(["a", "b/"])
    assert [globs.matches(path) for path in ("a", "b/x", "b", "c")] == [True, True, False, False]
    assert pickle.loads(pickle.dumps(globs)) == globs
