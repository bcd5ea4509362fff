from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from guard.errors import GitError, Unreadable, UsageError
from guard.project import Commit, Index, SourceProject, WorkTree
from guard.rule import Project
from tests.ground.kit import TEXT


def open_project(tree, **options) -> SourceProject:
    return SourceProject(tree, **{"cache": False, **options})


def paths_of(top: Path, **options) -> tuple[str, ...]:
    return open_project(WorkTree(str(top)), **options).paths()


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    # The environment of git and of the cache, not our own code.
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GUARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def test_the_three_trees_are_read_alike(repo):
    repo.write("pkg/__init__.py", "")
    repo.write("pkg/a.py", "a = 1\n")
    repo.write("pkg/b.pyi", "b: int\n")
    repo.write("README.md", "no\n")
    commit = repo.commit()
    top = str(repo.top)
    projects: list[Project] = [
        open_project(tree) for tree in (WorkTree(top), Index(top), Commit(top, "HEAD"))
    ]
    labels = [project.label for project in projects]
    assert labels == ["working tree", "index", f"commit {commit[:12]}"]
    for project in projects:
        assert project.paths() == ("pkg/__init__.py", "pkg/a.py", "pkg/b.pyi")
        assert project.read("pkg/a.py") == b"a = 1\n"
        assert project.facts(TEXT)["pkg/a.py"] == (6, "a = 1\n")
        assert project.facts(TEXT, ["pkg/b.pyi"]) == {"pkg/b.pyi": (7, "b: int\n")}
        assert project.unreadable() == {}
        assert project.roots == ("",)


def test_each_tree_has_its_own_contents(repo):
    repo.write("a.py", "committed = 1\n")
    repo.commit()
    repo.write("a.py", "staged = 1\n")
    repo.git("add", "a.py")
    repo.write("a.py", "written = 1\n")
    repo.write("new.py")
    top = str(repo.top)
    seen = {
        tree.label[:5]: (project.paths(), project.read("a.py"))
        for tree in (WorkTree(top), Index(top), Commit(top, "HEAD"))
        for project in [open_project(tree)]
    }
    assert seen == {
        "worki": (("a.py", "new.py"), b"written = 1\n"),
        "index": (("a.py",), b"staged = 1\n"),
        "commi": (("a.py",), b"committed = 1\n"),
    }


def test_the_policy_file_of_the_subject_is_read(repo):
    repo.write("guard.yaml", "version: 1\n")
    repo.commit()
    repo.write("guard.yaml", "version: 2\n")
    top = str(repo.top)
    assert WorkTree(top).read_file("guard.yaml") == b"version: 2\n"
    assert Index(top).read_file("guard.yaml") == b"version: 1\n"
    assert Commit(top, "HEAD").read_file("guard.yaml") == b"version: 1\n"
    for tree in (WorkTree(top), Index(top), Commit(top, "HEAD")):
        assert tree.read_file("nothing.yaml") is None


def test_a_commit_is_read_in_a_bare_repository_and_in_a_worktree(repo, tmp_path: Path):
    repo.write("src/a.py", "a = 1\n")
    repo.write("pyproject.toml", '[project]\nrequires-python = ">=3.9"\n')
    repo.commit()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    for top in ("bare.git", "linked"):
        project = open_project(Commit(str(tmp_path / top), "main"))
        assert project.paths() == ("src/a.py",)
        assert project.facts(TEXT) == {"src/a.py": (6, "a = 1\n")}
        assert (project.target, project.roots) == ((3, 9), ("src", ""))
    assert paths_of(tmp_path / "linked") == ("src/a.py",)


def test_a_bare_repository_has_no_working_tree(repo, tmp_path: Path):
    repo.write("a.py")
    repo.commit()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    with pytest.raises(GitError, match="work tree"):
        paths_of(tmp_path / "bare.git")


def test_an_unborn_branch_has_an_index_but_no_commit(repo):
    repo.write("a.py")
    repo.git("add", "a.py")
    assert open_project(Index(str(repo.top))).paths() == ("a.py",)
    with pytest.raises(UsageError, match="HEAD"):
        Commit(str(repo.top), "HEAD")


def test_deleted_files_are_not_in_the_working_tree(repo):
    repo.write("a.py")
    repo.write("b.py")
    repo.commit()
    (repo.top / "a.py").unlink()
    project = open_project(WorkTree(str(repo.top)))
    assert project.paths() == ("b.py",)
    assert project.unreadable() == {}


def test_odd_names(repo):
    repo.write("new\nline.py")
    with open(os.fsencode(repo.top) + b"/caf\xe9.py", "wb") as file:
        file.write(b"y = 2\n")
    repo.commit()
    top = str(repo.top)
    for tree in (WorkTree(top), Index(top), Commit(top, "HEAD")):
        project = open_project(tree)
        assert project.paths() == ("caf\udce9.py", "new\nline.py")
        assert project.facts(TEXT)["caf\udce9.py"] == (6, "y = 2\n")


def links(top: Path) -> None:
    (top / "out.py").symlink_to("/etc/hostname")
    (top / "up.py").symlink_to("../../escape.py")
    (top / "inside.py").symlink_to("pkg/a.py")
    (top / "broken.py").symlink_to("none.py")
    (top / "loop.py").symlink_to("loop.py")
    (top / "folder.py").symlink_to("pkg")
    (top / "script.py").symlink_to("script")
    (top / "linked").symlink_to("pkg")


def test_links_are_never_followed(repo):
    repo.write("pkg/a.py")
    repo.write("script", "s = 1\n")
    links(repo.top)
    repo.commit()
    top = str(repo.top)
    for tree in (WorkTree(top), Index(top), Commit(top, "HEAD")):
        project = open_project(tree)
        assert project.paths() == ("pkg/a.py",), tree.label
        assert set(project.facts(TEXT)) == {"pkg/a.py"}
        reasons = dict(project.unreadable())
        assert "inside.py" not in reasons  # what it points to is checked itself
        assert set(reasons) == {
            "out.py", "up.py", "broken.py", "loop.py", "folder.py", "script.py",
        }  # fmt: skip
        assert "out of the project" in reasons["out.py"]
        assert "script" in reasons["script.py"]


def test_tracked_files_below_a_folder_that_became_a_link_are_gone(repo, tmp_path: Path):
    repo.write("pkg/a.py")
    repo.write("b.py")
    repo.commit()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.py").write_text("secret = 1\n")
    (repo.top / "pkg" / "a.py").unlink()
    (repo.top / "pkg").rmdir()
    (repo.top / "pkg").symlink_to(elsewhere)
    assert paths_of(repo.top) == ("b.py",)


def test_pipes_folders_and_large_files(repo):
    repo.write("pipe.py")
    repo.write("dir.py/inner.py")
    repo.write("large.py", b"#" * 20_000_001)
    repo.commit()
    (repo.top / "pipe.py").unlink()
    os.mkfifo(repo.top / "pipe.py")
    project = open_project(WorkTree(str(repo.top)))
    assert project.paths() == ("dir.py/inner.py", "large.py")
    assert set(project.facts(TEXT)) == {"dir.py/inner.py"}
    assert project.unreadable() == {
        "pipe.py": "not a regular file",
        "large.py": "too large: 20 MB, the limit is 20 MB",
    }
    commit = open_project(Commit(str(repo.top), "HEAD"))
    assert set(commit.facts(TEXT)) == {"dir.py/inner.py", "pipe.py"}
    assert list(commit.unreadable()) == ["large.py"]
    for either in (project, commit):
        with pytest.raises(Unreadable, match="too large"):
            either.read("large.py")


def test_a_file_that_vanishes_or_turns_into_a_pipe_during_the_run(repo):
    for name in ("a.py", "b.py", "c.py", "d.py"):
        repo.write(name)
    repo.commit()
    project = open_project(WorkTree(str(repo.top)))
    assert len(project.paths()) == 4
    (repo.top / "a.py").unlink()
    (repo.top / "b.py").unlink()
    os.mkfifo(repo.top / "b.py")
    (repo.top / "c.py").unlink()
    (repo.top / "c.py").symlink_to("/etc/hostname")
    assert set(project.facts(TEXT)) == {"d.py"}
    reasons = dict(project.unreadable())
    assert set(reasons) == {"a.py", "b.py", "c.py"}
    assert reasons["a.py"] == "vanished during the check"
    with pytest.raises(Unreadable):
        project.read("a.py")


def without_privileges(answer) -> str:
    """What ``answer`` returns in a copy of this process that is not root."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            os.write(write, answer().encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    with open(read, "rb") as pipe:
        return pipe.read().decode()


def test_tracked_files_in_a_closed_folder(make_repo):
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        top.chmod(0o755)
        subprocess.run(["git", "init", "-q", folder], check=True)
        for name in ("a.py", "closed/b.py", "shut/c.py"):
            (top / name).parent.mkdir(exist_ok=True)
            (top / name).write_text("x = 1\n")
        subprocess.run(["git", "-C", folder, "add", "a.py", "closed"], check=True)
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "65534", folder], check=True)
        (top / "closed").chmod(0)
        (top / "shut").chmod(0)

        def answer() -> str:
            project = open_project(WorkTree(folder))
            assert list(project.facts(TEXT)) == ["a.py"]
            return repr(sorted(project.unreadable()))

        assert without_privileges(answer) == repr(["closed", "closed/b.py", "shut"])


LATIN = (
    "import os, sys\n"
    "assert sys.getfilesystemencoding() == 'ascii', sys.getfilesystemencoding()\n"
    "from guard.project import SourceProject, WorkTree\n"
    "from tests.ground.kit import TEXT\n"
    "for top in sys.argv[1:]:\n"
    "    project = SourceProject(WorkTree(top), cache=False)\n"
    "    assert not project.unreadable()\n"
    "    print(ascii(sorted(project.facts(TEXT).items())))\n"
)


def test_a_locale_that_is_not_utf8_hides_no_file(repo, tmp_path: Path):
    plain = tmp_path / "plain-ü"
    for top in (repo.top, plain):
        (top / "dé").mkdir(parents=True)
        (top / "dé" / "ü.py").write_text("x = 1\n")
        with open(os.fsencode(top) + b"/caf\xe9.py", "wb") as file:
            file.write(b"y = 2\n")
    repo.git("add", "-A")
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", LATIN, str(repo.top), str(plain)],
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]}
        | {"PYTHONPATH": os.getcwd(), "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    expected = ascii([("caf\udce9.py", (6, "y = 2\n")), ("dé/ü.py", (6, "x = 1\n"))])
    assert done.stdout.decode().splitlines() == [expected, expected], done.stderr


def test_files_and_folders_without_permission():
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        top.chmod(0o755)
        (top / "a.py").write_text("a = 1\n")
        (top / "closed").mkdir()
        (top / "a.py").chmod(0)
        (top / "closed").chmod(0)

        def answer() -> str:
            project = open_project(WorkTree(folder))
            assert project.facts(TEXT) == {}
            return repr(sorted(project.unreadable().items()))

        assert without_privileges(answer) == repr(
            [("a.py", "permission denied"), ("closed", "folder: permission denied")]
        )


def test_submodules_are_noted(make_repo):
    inner = make_repo("inner")
    inner.write("i.py")
    inner.commit()
    outer = make_repo("outer")
    outer.git("submodule", "--quiet", "add", str(inner.top), "sub.py")
    outer.write("a.py")
    outer.commit()
    top = str(outer.top)
    for tree in (WorkTree(top), Index(top), Commit(top, "HEAD")):
        project = open_project(tree)
        assert project.paths() == ("a.py",)
        assert project.unreadable() == {}
        assert any("submodule" in note for note in project.notes)


def test_a_repository_within_is_noted(make_repo):
    repo = make_repo("outer")
    repo.write("a.py")
    repo.commit()
    repo.git("init", "-q", "inner")
    repo.write("inner/b.py")
    repo.git("-C", "inner", "add", "b.py")
    repo.git("-C", "inner", "commit", "-q", "-m", "x")
    project = open_project(WorkTree(str(repo.top)))
    assert project.paths() == ("a.py",)
    assert project.notes == ("inner/ is a repository of its own and is not checked",)


def test_untracked_environments_are_left_out_and_tracked_folders_are_not(repo):
    repo.write("node_modules/tracked/a.py")
    repo.write("lib/build/b.py")
    repo.commit()
    repo.write(".venv/lib/x.py")
    repo.write("node_modules/tracked/untracked.py")
    repo.write("myenv/pyvenv.cfg", "")
    repo.write("myenv/lib/y.py")
    repo.write("pkg/build/__init__.py")
    repo.write("dist/z.py")
    assert paths_of(repo.top) == (
        "lib/build/b.py",
        "node_modules/tracked/a.py",
        "pkg/build/__init__.py",
    )


def test_a_folder_outside_of_git_is_walked(tmp_path: Path):
    top = tmp_path / "plain"
    for name in (
        "a.py", "pkg/__init__.py", "pkg/build/__init__.py", "build/x.py", ".hidden/x.py",
        "__pycache__/x.py", "site-packages/x.py", "env/pyvenv.cfg", "env/x.py", "deep/er/b.pyi",
    ):  # fmt: skip
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (top / "around").symlink_to(top)
    project = open_project(WorkTree(str(top)))
    assert project.paths() == ("a.py", "deep/er/b.pyi", "pkg/__init__.py", "pkg/build/__init__.py")


def test_where_nothing_marks_a_project_only_what_belongs_to_the_selection_is_read(tmp_path: Path):
    top = tmp_path / "site"
    for name in ("a.py", "b.py", "one/__init__.py", "one/deep/c.py", "two/__init__.py"):
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert paths_of(top, selection=["one/deep"]) == ("one/__init__.py", "one/deep/c.py")
    assert paths_of(top, selection=["a.py"]) == ("a.py", "b.py")
    everything = paths_of(top)
    assert len(everything) == 5
    (top / "setup.py").touch()
    assert paths_of(top, selection=["one"]) == (
        "a.py",
        "b.py",
        *everything[2:4],
        "setup.py",
        everything[4],
    )


def test_an_exclusion_takes_files_and_their_reasons_away(repo):
    repo.write("pkg/a.py")
    repo.write("gen/b.py")
    repo.write("gen/deep/c_pb2.py")
    repo.write("d_pb2.py")
    (repo.top / "gen" / "link.py").symlink_to("/etc/hostname")
    repo.commit()
    assert paths_of(repo.top, exclude=["gen/**"]) == ("d_pb2.py", "pkg/a.py")
    assert paths_of(repo.top, exclude=["*_pb2.py"]) == ("gen/b.py", "pkg/a.py")
    project = open_project(WorkTree(str(repo.top)), exclude=["gen"])
    assert project.unreadable() == {}


def test_a_selection_limits_the_report_and_not_the_project(repo):
    repo.write("pkg/a.py")
    repo.write("pkgs/b.py")
    repo.commit()
    project = open_project(WorkTree(str(repo.top)), selection=["pkg/"])
    assert project.paths() == ("pkg/a.py", "pkgs/b.py")
    assert [project.selected(path) for path in project.paths()] == [True, False]
    for everything in ((), ("",)):
        project = open_project(WorkTree(str(repo.top)), selection=everything)
        assert not project.has_selection
        assert project.selected("pkgs/b.py")


def test_what_the_user_names_is_checked_even_when_git_ignores_it(repo):
    repo.write(".gitignore", "out/\n")
    repo.write("a.py")
    repo.write("tool", "#!/usr/bin/env python\n")
    repo.commit()
    repo.write("out/x.py")
    repo.write("out/y.txt")
    top = str(repo.top)
    assert paths_of(repo.top, selection=["out"]) == ("a.py", "out/x.py")
    assert paths_of(repo.top, selection=["tool"]) == ("a.py", "tool")
    for tree in (Index(top), Commit(top, "HEAD")):
        project = open_project(tree, selection=["tool"])
        assert project.paths() == ("a.py", "tool")
        assert "tool" in project.facts(TEXT)
    for tree in (WorkTree(top), Index(top), Commit(top, "HEAD")):
        with pytest.raises(UsageError, match="none"):
            open_project(tree, selection=["none.py"]).paths()


def test_a_named_link_is_reported(repo):
    repo.write("a.py")
    (repo.top / "link").symlink_to("a.py")
    repo.commit()
    top = str(repo.top)
    for tree in (WorkTree(top), Index(top)):
        project = open_project(tree, selection=["link"])
        assert project.paths() == ("a.py",)
        assert "link" in project.unreadable()


def test_layout_comes_from_the_subject_and_can_be_overridden(repo):
    repo.write("pyproject.toml", '[project]\nrequires-python = ">=3.9"\n')
    repo.write("src/pkg/__init__.py")
    repo.commit()
    repo.write("pyproject.toml", '[project]\nrequires-python = ">=3.12"\n')
    top = str(repo.top)
    assert open_project(WorkTree(top)).target == (3, 12)
    assert open_project(Index(top)).target == (3, 9)
    project = open_project(WorkTree(top), target=(3, 14), roots=("src/",))
    assert (project.target, project.roots) == ((3, 14), ("src",))
    assert project.modules.find("pkg") == "src/pkg/__init__.py"


def test_a_packaging_file_that_is_a_link_is_not_followed(repo):
    repo.write("a.py")
    (repo.top / "pyproject.toml").symlink_to("/etc/hostname")
    repo.commit()
    for tree in (WorkTree(str(repo.top)), Index(str(repo.top))):
        project = open_project(tree)
        assert project.roots == ("",)
        assert any("pyproject.toml" in note for note in project.notes)


def test_shared_computes_once(repo):
    project = open_project(WorkTree(str(repo.top)))
    made = []
    for _ in range(2):
        assert project.shared("key", lambda: made.append(1) or len(made)) == 1


def test_keys_are_the_blob_ids_of_git_and_the_fingerprint_follows_them(repo):
    repo.write("a.py", "a = 1\n")
    repo.write("b.py", "")
    repo.commit()
    top = str(repo.top)
    ids = {path: repo.git("rev-parse", f"HEAD:{path}") for path in ("a.py", "b.py")}
    projects = [open_project(tree) for tree in (WorkTree(top), Index(top), Commit(top, "HEAD"))]
    assert [project.keys() for project in projects] == [ids] * 3
    assert len({project.fingerprint() for project in projects}) == 1
    repo.write("a.py", "a = 2\n")
    assert open_project(WorkTree(top)).fingerprint() != projects[0].fingerprint()


def test_keys_in_a_sha256_repository(make_repo):
    repo = make_repo("long", "--object-format=sha256")
    repo.write("a.py", "a = 1\n")
    repo.commit()
    top = str(repo.top)
    expected = {"a.py": repo.git("rev-parse", "HEAD:a.py")}
    for tree in (WorkTree(top), Index(top), Commit(top, "HEAD")):
        project = open_project(tree)
        assert project.facts(TEXT) == {"a.py": (6, "a = 1\n")}
        assert project.keys() == expected


def test_an_empty_folder_is_an_empty_project(tmp_path: Path):
    project = open_project(WorkTree(str(tmp_path / "cache")))
    assert project.paths() == ()
    assert project.unreadable() == {".": "folder: vanished during the check"}


HEAVY = (
    "dataclasses inspect typing subprocess click pluggy yaml importlib.metadata libcst tempfile"
    " signal threading json tomllib configparser fnmatch concurrent.futures multiprocessing"
    " logging pathlib shutil argparse enum"
).split()


@pytest.mark.parametrize(
    "module", ["guard.project", "guard.facts", "guard.git", "guard.layout", "guard.modules"]
)
def test_imports_are_light(module: str):
    text = f"import sys; import {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", text],
        env={"PYTHONPATH": os.getcwd()},
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == b""


def test_a_warm_run_stays_light(repo, tmp_path: Path):
    repo.write("pyproject.toml", '[project]\nrequires-python = ">=3.9"\n')
    repo.write("pkg/a.py")
    repo.commit()
    text = (
        "import sys\n"
        "from guard.project import SourceProject, WorkTree\n"
        "class Extractor:\n"
        "    name, version, params = 'size', '1', ()\n"
        "    extract = staticmethod(len)\n"
        "project = SourceProject(WorkTree(sys.argv[1]))\n"
        "assert project.facts(Extractor) == {'pkg/a.py': 6}, project.facts(Extractor)\n"
        "assert project.target == (3, 9)\n"
        "assert project.modules.find('pkg.a') == 'pkg/a.py'\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    seen = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-S", "-c", text, str(repo.top)],
            env={**repo.environ, "PYTHONPATH": os.getcwd(), "GUARD_CACHE_DIR": str(tmp_path / "c")},
            capture_output=True,
            check=True,
        )
        seen.append(done.stdout.decode().split())
    assert "tomllib" in seen[0]
    assert seen[1] == []
