"""Whatever happens to a project, what is said from memory equals what a fresh run says."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ground.conftest import Repo, clean_environ
from tests.replay.kit import QUIET, Seat

GUARD = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from decimal import Decimal\n"
TEXTS = (
    "x = 1\n",
    "x = 2\n",
    GUARD,
    GUARD + "print(Decimal)\n",
    "from pkg.mod import Decimal\n",
    "def broken(:\n",
)
NAMES = ("a.py", "b.py", "pkg/mod.py", "pkg/__init__.py", "new/deep/c.py", "ignored/d.py")
IGNORES = ("", "ignored/\n", "*.py\n!a.py\n", "pkg\n")
POLICIES = (
    "version: 1\n",
    "version: 1\nexclude: [pkg]\n",
    "version: 1\nrules:\n  type-checking-cross-module: {level: warning}\n",
    "version: 1\ntarget-version: '3.14'\n",
    "version: nonsense\n",
)
PROJECTS = ("[project]\nrequires-python = '>=3.9'\n", "[project]\nrequires-python = '>=3.13'\n")
CALLS = (
    ("check",),
    ("check",),
    ("check", "pkg"),
    ("check", "--staged"),
    ("check", "-q", "--select", "type-checking-runtime-use"),
    ("check", "--since", "HEAD"),
    ("check", "--format", "github"),
)


def put(file: Path, text: str) -> None:
    for folder in reversed(file.parents):
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.is_symlink() or not file.is_dir():
        file.unlink(missing_ok=True) if file.is_symlink() else None
        file.write_text(text)


def put_and_restore_times(file: Path, text: str) -> None:
    known = file.stat() if file.is_file() else None
    put(file, text)
    if known is not None:
        os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))


def move_folder(repo: Repo) -> None:
    """The package lies elsewhere, a link stands in its place: the files are the same ones."""
    package = repo.top / "pkg"
    if package.is_dir() and not package.is_symlink() and not (repo.top / "ignored/pkg").exists():
        (repo.top / "ignored").mkdir(exist_ok=True)
        package.rename(repo.top / "ignored/pkg")
        package.symlink_to("ignored/pkg")


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def apply(repo: Repo, how: str, name: str, text: str) -> None:
    file = repo.top / name
    if how == "write":
        put(file, text)
    elif how == "restore times":
        put_and_restore_times(file, text)
    elif how == "append" and file.is_file():
        file.write_text(file.read_text() + text)
        repo.git("add", "-A", check=False)
    elif how == "delete":
        remove(file)
    elif how == "chmod" and file.is_file():
        file.chmod(0o600 if file.stat().st_mode & 0o044 else 0o644)
    elif how == "touch" and file.is_file():
        os.utime(file)
    elif how == "swap" and name != "a.py" and file.is_file() and (repo.top / "a.py").is_file():
        aside = repo.top / "aside"
        file.rename(aside)
        (repo.top / "a.py").rename(file)
        aside.rename(repo.top / "a.py")
    elif how == "link" and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(repo.top / "a.py")
    elif how == "move folder":
        move_folder(repo)
    elif how == "environment":
        (repo.top / "new").mkdir(exist_ok=True)
        put(repo.top / "new/pyvenv.cfg", "")
    elif how.startswith("git"):
        repo.git(*how.split()[1:], check=False)


FILE = st.sampled_from(NAMES)
APPEND = st.tuples(
    st.just("append"),
    st.sampled_from((*NAMES[:4], "README", "pyproject.toml")),
    st.sampled_from(("# more\n", "y = 2\n", "import os\n", "print(Decimal)\n", GUARD)),
)
EDIT = st.one_of(
    st.tuples(
        st.sampled_from(
            ("write", "write", "restore times", "delete", "chmod", "touch", "swap", "link")
        ),
        FILE,
        st.sampled_from(TEXTS),
    ),
    APPEND,
    APPEND,
    st.tuples(st.just("write"), st.just(".gitignore"), st.sampled_from(IGNORES)),
    st.tuples(st.just("write"), st.just(".git/info/exclude"), st.sampled_from(IGNORES)),
    st.tuples(st.just("write"), st.just("guard.yaml"), st.sampled_from(POLICIES)),
    st.tuples(st.just("write"), st.just("pyproject.toml"), st.sampled_from(PROJECTS)),
    st.tuples(st.just("delete"), st.sampled_from(("guard.yaml", ".gitignore", "pkg")), st.just("")),
    st.tuples(
        st.sampled_from(
            (
                "git add -A",
                "git commit -q -m change",
                "git checkout -q -f main",
                "git checkout -q -f side",
                "git rm -q --cached a.py",
                "git mv a.py moved.py",
                "git add -f ignored",
                "move folder",
                "environment",
            )
        ),
        st.just("a.py"),
        st.just(""),
    ),
    st.tuples(st.just("nothing"), st.just("a.py"), st.just("")),
    st.tuples(st.just("nothing"), st.just("a.py"), st.just("")),
)
STEP = st.tuples(EDIT, st.sampled_from(CALLS), st.booleans())


def check(base: Path, steps: list, with_git: bool) -> Seat:
    base.mkdir(exist_ok=True)
    top = base / "top"
    top.mkdir()
    repo = Repo(top, clean_environ(base))
    put(top / "a.py", TEXTS[0])
    put(top / "pkg/mod.py", TEXTS[2])
    if with_git:
        repo.git("init", "-q", "-b", "main")
        repo.git("add", "-A")
        repo.git("commit", "-q", "-m", "first")
        repo.git("branch", "side")
    seat = Seat(top, base / "cache", repo.environ)
    for (how, name, text), argv, settled in steps:
        if with_git or "git" not in f"{how}{name}":
            apply(repo, how, name, text)
        if settled:
            time.sleep(QUIET / 1e9 + 0.02)
        for _ in range(1 + settled):
            assert seat.remembering(*argv) == seat.fresh(*argv), (how, name, argv)
    return seat


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(STEP, min_size=2, max_size=12), with_git=st.booleans())
def test_memory_equals_a_fresh_run(tmp_path_factory, steps, with_git) -> None:
    check(tmp_path_factory.mktemp("edits"), steps, with_git)


SMALL = st.tuples(
    st.just("append"),
    st.sampled_from(("a.py", "pkg/mod.py", "README")),
    st.sampled_from(("# more\n", "y = 2\n", "def double(x):\n    return 2 * x\n")),
)
COMMIT = st.tuples(
    st.sampled_from(("git commit -q -m change", "git commit -q -m change", "git checkout -q side")),
    st.just("a.py"),
    st.just(""),
)
STAGED = st.tuples(
    st.one_of(SMALL, SMALL, SMALL, COMMIT, APPEND, EDIT),
    st.just(("check", "--staged")),
    st.just(True),
)


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(STAGED, min_size=3, max_size=12))
def test_memory_equals_a_fresh_run_on_what_is_staged(tmp_path_factory, steps) -> None:
    check(tmp_path_factory.mktemp("staged"), steps, True)
