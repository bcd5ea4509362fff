"""Whatever happens to the files, the cached facts equal fresh ones."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.project import SourceProject, WorkTree
from tests.ground.kit import TEXT

QUIET = 20_000_000
NAMES = ("a.py", "b.py", "pkg/c.py", "pkg/__init__.py")
TEXTS = ("x = 1\n", "x = 2\n", "longer = 1\n")
FILE, TEXT_OF = st.sampled_from(NAMES), st.sampled_from(TEXTS)
EDIT = st.one_of(
    st.tuples(st.just("write"), FILE, TEXT_OF),
    st.tuples(st.just("write, times restored"), FILE, TEXT_OF),
    st.tuples(st.just("rename over"), FILE, FILE),
    st.tuples(st.just("replace"), FILE, TEXT_OF),
    st.tuples(st.just("replace, times restored"), FILE, TEXT_OF),
    st.tuples(st.just("swap"), FILE, FILE),
    st.tuples(st.just("delete"), FILE, st.none()),
    st.tuples(st.just("link"), FILE, FILE),
    st.tuples(st.just("chmod"), FILE, st.sampled_from([0o600, 0o644, 0o755])),
    st.tuples(st.just("touch"), FILE, st.integers(0, 4_000_000_000)),
    st.tuples(st.just("append in place"), FILE, TEXT_OF),
    st.tuples(st.just("pause"), st.none(), st.none()),
    st.tuples(st.just("settled run"), st.none(), st.none()),
    st.tuples(st.just("settled run"), st.none(), st.none()),
)


def put(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    if file.is_symlink():
        file.unlink()
    file.write_text(text)


def restored(file: Path, change) -> None:
    stat = file.stat() if file.is_file() and not file.is_symlink() else None
    change()
    if stat is not None:
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace(file: Path, text: str) -> None:
    new = file.with_name("new.tmp")
    put(new, text)
    new.replace(file)


def apply(top: Path, edit: tuple[str, str | None, object]) -> None:
    how, name, what = edit
    if how in ("pause", "settled run"):
        time.sleep(QUIET / 1e9 + 0.02)
    if name is None:
        return
    file = top / name
    other = top / what if isinstance(what, str) and what in NAMES else None
    if how == "write":
        put(file, str(what))
    elif how == "write, times restored":
        restored(file, lambda: put(file, str(what)))
    elif how == "replace":
        replace(file, str(what))
    elif how == "replace, times restored":
        restored(file, lambda: replace(file, str(what)))
    elif how == "append in place" and file.is_file():
        put(file, file.read_text() + str(what))
    elif how == "delete":
        file.unlink(missing_ok=True)
    elif how == "chmod" and file.is_file():
        file.chmod(int(str(what)))
    elif how == "touch" and file.is_file():
        os.utime(file, (int(str(what)), int(str(what))))
    elif other is not None and other != file and other.is_file():
        if how == "rename over":
            other.replace(file)
        elif how == "swap" and file.is_file():
            aside = top / "aside.tmp"
            file.replace(aside)
            other.replace(file)
            aside.replace(other)
        elif how == "link":
            file.unlink(missing_ok=True)
            file.symlink_to(other)


def view(top: Path, cache: Path | None) -> tuple[dict[str, object], dict[str, str], dict[str, str]]:
    tree = WorkTree(str(top), quiet_ns=QUIET)
    project = SourceProject(tree, cache=cache is not None, cache_dir=cache and str(cache))
    return project.facts(TEXT), project.keys(), dict(project.unreadable())


@settings(max_examples=35, deadline=None)
@given(edits=st.lists(EDIT, min_size=3, max_size=25))
def test_cached_facts_equal_fresh_facts(tmp_path_factory, edits):
    base = tmp_path_factory.mktemp("edits")
    top, cache = base / "top", base / "cache"
    (top / "pkg").mkdir(parents=True)
    for name in NAMES:
        put(top / name, "x = 1\n")
    for edit in edits:
        apply(top, edit)
        if edit[0] != "pause":
            assert view(top, cache) == view(top, None), edit
