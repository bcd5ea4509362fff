from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guard.errors import GitError, UsageError
from guard.git import Git, find_top


def git_at(repo, **environ: str) -> Git:
    return Git(str(repo.top), {**repo.environ, **environ})


def paths(entries) -> list[str]:
    return [entry[-1] for entry in entries]


def test_top_of_a_file_of_a_worktree_and_of_nothing(repo, tmp_path: Path):
    repo.write("a/b/c.py")
    repo.commit()
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert find_top(str(repo.top / "a" / "b")) == str(repo.top)
    assert find_top(str(tmp_path / "linked" / "a")) == str(tmp_path / "linked")
    assert find_top(str(tmp_path / "home")) is None


def test_a_bare_repository_is_its_own_top(repo, tmp_path: Path):
    repo.write("a.py")
    commit = repo.commit()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    bare = Git(str(tmp_path / "bare.git"), repo.environ)
    assert find_top(str(tmp_path / "bare.git" / "refs")) == str(tmp_path / "bare.git")
    assert bare.resolve("main") == commit
    assert paths(bare.ls_tree(commit)) == ["a.py"]
    assert paths([change[:1] for change in bare.changed(bare.empty_tree(), commit)]) == ["a.py"]


def test_resolve_names_of_all_kinds(repo):
    repo.write("a.py")
    commit = repo.commit()
    repo.git("tag", "-a", "v1", "-m", "one")
    git = git_at(repo)
    for rev in ("HEAD", "main", "v1", commit, commit[:10], "HEAD~0"):
        assert git.resolve(rev) == commit


@pytest.mark.parametrize("rev", ["", "--all", "-h", "no-such-branch", "a\nb", "HEAD\0", "HEAD~5"])
def test_what_is_no_commit_is_a_usage_error(repo, rev: str):
    repo.write("a.py")
    repo.commit()
    with pytest.raises(UsageError):
        git_at(repo).resolve(rev)


def test_a_branch_with_a_dash_in_front_cannot_be_an_option(repo):
    repo.write("a.py")
    commit = repo.commit()
    repo.git("update-ref", "refs/heads/--output=owned", commit)
    with pytest.raises(UsageError):
        git_at(repo).resolve("--output=owned")
    assert git_at(repo).resolve("refs/heads/--output=owned") == commit
    assert not (repo.top / "owned").exists()


def test_unborn_head(repo):
    git = git_at(repo)
    assert git.head() is None
    repo.write("a.py")
    repo.git("add", "a.py")
    assert paths(git.ls_index()) == ["a.py"]
    assert [change[0] for change in git.changed(git.empty_tree())] == ["a.py"]


def test_index_tree_and_work_tree_of_odd_paths(repo):
    names = ["new\nline.py", "tab\tx.py", 'quote".py', "ü.py", "-dash.py", "*.py", ":(top)x.py"]
    for name in names:
        repo.write(name)
    with open(os.fsencode(repo.top) + b"/caf\xe9.py", "wb") as file:
        file.write(b"y = 2\n")
    odd = [*names, "caf\udce9.py"]
    repo.commit()
    git = git_at(repo)
    assert sorted(paths(git.ls_index())) == sorted(odd)
    assert sorted(paths(git.ls_tree("HEAD"))) == sorted(odd)
    assert sorted(path for _, path in git.ls_files()[0]) == sorted(odd)
    listing = git.tree_listing("HEAD")
    index = git.index_listing()
    for name in odd:
        assert listing.get(name) == index.get(name) is not None
    assert listing.get("x.py") is None
    assert listing.get("line.py") is None
    assert index.get("") is None


def test_submodules_and_links_are_told_apart(make_repo):
    inner = make_repo("inner")
    inner.write("i.py")
    inner.commit()
    outer = make_repo("outer")
    outer.git("submodule", "--quiet", "add", str(inner.top), "sub")
    (outer.top / "link.py").symlink_to("a.py")
    outer.write("a.py")
    outer.commit()
    git = git_at(outer)
    modes = {path: mode for mode, _, path in git.ls_tree("HEAD")}
    assert modes["sub"] == "160000"
    assert modes["link.py"] == "120000"
    assert git.tree_listing("HEAD").submodules() == ["sub"]
    assert git.index_listing().submodules() == ["sub"]
    assert find_top(str(outer.top / "sub")) == str(outer.top / "sub")
    assert paths(Git(str(outer.top / "sub"), outer.environ).ls_index()) == ["i.py"]


def test_intent_to_add_is_not_in_the_next_commit_but_an_empty_file_is(repo):
    repo.write("a.py")
    repo.commit()
    repo.write("announced.py", "")
    repo.write("empty.py", "")
    repo.git("add", "-N", "announced.py")
    repo.git("add", "empty.py")
    assert paths(git_at(repo).ls_index()) == ["a.py", "empty.py"]
    assert [change[0] for change in git_at(repo).changed("HEAD")] == ["empty.py"]


def test_an_unmerged_index_is_a_clear_error(repo):
    repo.write("a.py", "x = 0\n")
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.write("a.py", "x = 1\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a.py", "x = 2\n")
    repo.commit()
    repo.git("merge", "other", check=False)
    for call in (git_at(repo).ls_index, lambda: git_at(repo).changed("HEAD")):
        with pytest.raises(GitError, match=r"unmerged paths.*a\.py"):
            call()


def test_changed_between_commits_and_the_index(repo):
    repo.write("same.py")
    repo.write("gone.py", "gone = 1\n" * 20)
    repo.write("edit.py", "x = 1\n")
    first = repo.commit()
    (repo.top / "gone.py").rename(repo.top / "moved.py")
    repo.write("edit.py", "x = 2\n")
    repo.git("add", "-A")
    git = git_at(repo)
    staged = git.changed(first)
    second = repo.commit()
    assert git.changed(first, second) == staged
    kinds = {path: (old is not None, new is not None) for path, old, new in staged}
    assert kinds == {
        "edit.py": (True, True),
        "gone.py": (True, False),
        "moved.py": (False, True),
    }


def test_a_file_that_becomes_a_link_has_gone(repo):
    repo.write("a.py")
    repo.write("b.py", "y = 2\n")
    first = repo.commit()
    (repo.top / "a.py").unlink()
    (repo.top / "a.py").symlink_to("b.py")
    second = repo.commit()
    [(path, old, new)] = git_at(repo).changed(first, second)
    assert (path, old is None, new is None) == ("a.py", False, True)


def test_a_top_below_the_repository_sees_its_own_part(repo):
    repo.write("other/x.py")
    repo.write("part/pkg/a.py")
    first = repo.commit()
    repo.write("other/x.py", "x = 5\n")
    repo.write("part/pkg/a.py", "x = 5\n")
    repo.write("part/new.py")
    second = repo.commit()
    git = Git(str(repo.top / "part"), repo.environ)
    assert paths(git.ls_tree(second)) == ["new.py", "pkg/a.py"]
    assert paths(git.ls_index()) == ["new.py", "pkg/a.py"]
    assert sorted(path for _, path in git.ls_files()[0]) == ["new.py", "pkg/a.py"]
    assert [change[0] for change in git.changed(first, second)] == ["new.py", "pkg/a.py"]


def test_blobs_come_in_order_with_the_large_and_the_missing_marked(repo):
    repo.write("a.py", "a\n")
    repo.write("empty.py", "")
    repo.write("large.py", b"x" * 300_000)
    repo.write("nul.py", b"\0\n\0" * 1000)
    repo.commit()
    git = git_at(repo)
    ids = {path: oid for _, oid, path in git.ls_tree("HEAD")}
    asked = [ids["large.py"], ids["a.py"], "1" * 40, ids["empty.py"], ids["nul.py"], ids["a.py"]]
    answers = list(git.read_blobs(asked, limit=200_000))
    assert [oid for oid, _ in answers] == asked
    assert [data for _, data in answers] == [300_000, b"a\n", None, b"", b"\0\n\0" * 1000, b"a\n"]
    assert list(git.read_blobs([])) == []
    assert git.read_blob(ids["large.py"]) == b"x" * 300_000
    with pytest.raises(GitError, match="missing"):
        git.read_blob("1" * 40)
    with pytest.raises(UsageError):
        list(git.read_blobs(["--all"]))


def test_many_blobs_stream(repo):
    texts = {f"f{n}.py": f"{n}\n" * (n % 700) for n in range(600)}
    for name, text in texts.items():
        repo.write(name, text)
    repo.commit()
    git = git_at(repo)
    entries = git.ls_tree("HEAD")
    found = dict(zip(paths(entries), git.read_blobs([oid for _, oid, _ in entries]), strict=True))
    assert {path: data for path, (_, data) in found.items()} == {
        path: text.encode() for path, text in texts.items()
    }


def test_sha256_repository(make_repo):
    repo = make_repo("long", "--object-format=sha256")
    repo.write("a.py")
    commit = repo.commit()
    git = git_at(repo)
    assert git.object_format() == "sha256"
    assert len(git.resolve("HEAD")) == 64
    assert git.empty_tree() == repo.git("hash-object", "-t", "tree", "/dev/null")
    assert paths(git.ls_index()) == ["a.py"]
    assert [data for _, data in git.read_blobs([git.ls_tree(commit)[0][1]])] == [b"x = 1\n"]


def test_sha1_repository_knows_its_format_and_empty_tree(repo):
    git = git_at(repo)
    assert git.object_format() == "sha1"
    assert git.empty_tree() == repo.git("hash-object", "-t", "tree", "/dev/null")


def test_a_shallow_clone_lacks_history_and_says_so(repo, tmp_path: Path):
    for number in range(3):
        repo.write("a.py", f"x = {number}\n")
        repo.commit()
    repo.git("clone", "-q", "--depth=1", f"file://{repo.top}", str(tmp_path / "shallow"))
    git = Git(str(tmp_path / "shallow"), repo.environ)
    assert git.is_shallow()
    assert not git_at(repo).is_shallow()
    with pytest.raises(UsageError):
        git.resolve("HEAD~1")
    assert paths(git.ls_tree("HEAD")) == ["a.py"]


def test_merge_base(repo):
    repo.write("a.py")
    base = repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    repo.write("b.py")
    repo.commit()
    repo.git("checkout", "-q", "--orphan", "alone")
    repo.commit()
    git = git_at(repo)
    assert git.merge_base("main", "side") == base
    assert git.merge_base("main", "alone") is None


def hostile(repo, program: Path) -> None:
    """Every setting by which a repository can name a program."""
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "credential.helper",
        "pager.ls-files",
        "pager.diff-tree",
        "gpg.program",
        "alias.ls-files",
    ):
        repo.git("config", key, f"!{program}" if key.startswith("alias") else str(program))
    repo.git("config", "core.hooksPath", str(program.parent))
    repo.write(".gitattributes", "*.py filter=evil diff=evil\n")


def test_hostile_configuration_runs_nothing(repo, tmp_path: Path):
    repo.write("a.py")
    first = repo.commit()
    repo.write("a.py", "x = 2\n")
    second = repo.commit()
    witness = tmp_path / "owned"
    program = tmp_path / "evil" / "post-index-change"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {witness}\ncat\n')
    program.chmod(0o755)
    hostile(repo, program)
    repo.write("a.py", "x = 3\n")
    repo.write("new.py")
    os.utime(repo.top / "a.py", (1, 1))
    git = git_at(repo, GIT_EXTERNAL_DIFF=str(program), GIT_PAGER=str(program), PAGER=str(program))
    git.ls_files()
    git.ls_index()
    git.changed(first, second)
    git.changed(first)
    git.head()
    git.merge_base(first, second)
    list(git.read_blobs([oid for _, oid, _ in git.ls_tree(second)]))
    assert not witness.exists()


def test_replace_refs_do_not_change_what_a_commit_is(repo):
    repo.write("a.py", "good = 1\n")
    repo.commit()
    good = repo.git("rev-parse", "HEAD:a.py")
    bad = repo.git("hash-object", "-w", "--stdin", check=True)
    repo.git("replace", good, bad)
    assert [data for _, data in git_at(repo).read_blobs([good])] == [b"good = 1\n"]


def test_the_index_file_of_a_hook_is_used(repo):
    repo.write("a.py")
    repo.commit()
    repo.write("b.py")
    other = str(repo.top / ".git" / "other-index")
    repo.git("add", "-A", env={"GIT_INDEX_FILE": other})
    text = (
        "import sys\n"
        "from guard.git import Git\n"
        "print([path for *_, path in Git(sys.argv[1]).ls_index()])\n"
    )

    def seen(cwd: Path, **environ: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text, str(repo.top)],
            cwd=cwd,
            env={**repo.environ, "PYTHONPATH": os.getcwd(), **environ},
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    assert seen(repo.top) == "['a.py']"
    assert seen(repo.top, GIT_INDEX_FILE=other) == "['a.py', 'b.py']"
    assert seen(repo.top, GIT_INDEX_FILE=".git/other-index") == "['a.py', 'b.py']"
    assert seen(repo.top, GIT_DIR=".git", GIT_INDEX_FILE=other) == "['a.py', 'b.py']"
    # From elsewhere the variable speaks of another repository.
    assert seen(repo.top.parent, GIT_INDEX_FILE=other) == "['a.py']"


def test_a_hook_of_one_repository_can_look_at_another(make_repo):
    one, two = make_repo("one"), make_repo("two")
    one.write("one.py")
    one.commit()
    two.write("two.py")
    two.commit()
    git = git_at(two, GIT_DIR=str(one.top / ".git"), GIT_INDEX_FILE=str(one.top / ".git/index"))
    assert paths(git.ls_index()) == ["two.py"]


@pytest.mark.parametrize(
    "how", [("commit", "-q", "-a", "-m", "x"), ("commit", "-q", "-m", "x", "b.py")]
)
def test_inside_a_real_pre_commit_hook(repo, how: tuple[str, ...]):
    repo.write("a.py", "a = 1\n")
    repo.write("b.py", "b = 1\n")
    repo.commit()
    hook = repo.top / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    text = (
        "from guard.git import Git; g = Git('.'); print([p for p, _, _ in g.changed('HEAD')],"
        " file=open('seen', 'w'))"
    )
    hook.write_text(f'#!/bin/sh\nPYTHONPATH={os.getcwd()} exec {sys.executable} -c "{text}"\n')
    hook.chmod(0o755)
    repo.write("a.py", "a = 2\n")
    repo.git("add", "a.py")
    repo.write("b.py", "b = 2\n")
    repo.git(*how)
    expected = "['a.py', 'b.py']" if "-a" in how else "['b.py']"
    assert (repo.top / "seen").read_text().strip() == expected


def test_quarantined_objects_are_seen_in_pre_receive(repo, tmp_path: Path):
    repo.write("a.py")
    repo.commit()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "server.git"))
    hook = tmp_path / "server.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    seen = tmp_path / "seen"
    program = tmp_path / "hook.py"
    program.write_text(
        "import sys\n"
        "from guard.git import Git\n"
        "old, new, ref = sys.stdin.read().split()\n"
        "git = Git('.')\n"
        f"open({str(seen)!r}, 'w').write(repr([path for path, _, _ in git.changed(old, new)]))\n"
    )
    hook.write_text(f"#!/bin/sh\nPYTHONPATH={os.getcwd()} exec {sys.executable} {program}\n")
    hook.chmod(0o755)
    repo.write("pushed.py")
    repo.commit()
    repo.git("push", "-q", str(tmp_path / "server.git"), "main")
    assert seen.read_text() == "['pushed.py']"


def test_no_git_on_the_path_is_an_error(repo, tmp_path: Path):
    with pytest.raises(GitError, match="not installed"):
        Git(str(repo.top), {**repo.environ, "PATH": str(tmp_path)})


def test_a_git_in_the_repository_is_not_run(repo):
    repo.write("a.py")
    repo.commit()
    trap = repo.write("git", "#!/bin/sh\ntouch owned\n")
    trap.chmod(0o755)
    where = os.pathsep.join(("", ".", repo.environ["PATH"]))
    assert paths(git_at(repo, PATH=where).ls_index()) == ["a.py"]
    assert not (repo.top / "owned").exists()


def test_a_broken_repository_is_an_error_that_says_what_git_said(repo):
    repo.write("a.py")
    repo.commit()
    (repo.top / ".git" / "index").write_bytes(b"DIRCgarbage")
    for call in (git_at(repo).ls_index, git_at(repo).ls_files):
        with pytest.raises(GitError, match="index"):
            call()


def test_safe_directories_of_the_environment_are_passed_on(repo):
    repo.write("a.py")
    repo.commit()
    git = git_at(
        repo,
        GIT_CONFIG_COUNT="2",
        GIT_CONFIG_KEY_0="safe.directory",
        GIT_CONFIG_VALUE_0=str(repo.top),
        GIT_CONFIG_KEY_1="core.fsmonitor",
        GIT_CONFIG_VALUE_1="touch owned",
    )
    assert git.run("config", "--get-all", "safe.directory").decode().strip() == str(repo.top)
    git.ls_files()
    assert not (repo.top / "owned").exists()


def test_ignored_files_are_left_out_unless_tracked(repo):
    repo.write(".gitignore", "build/\n*.gen.py\n")
    repo.write("build/tracked.py")
    repo.git("add", "-f", "build/tracked.py")
    repo.commit()
    repo.write("build/untracked.py")
    repo.write("x.gen.py")
    repo.write("new.py")
    found, said = git_at(repo).ls_files(suffixes=(".py",))
    assert sorted(found) == [("?", "new.py"), ("H", "build/tracked.py")]
    assert said == ""
