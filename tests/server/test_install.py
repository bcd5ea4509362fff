"""The hook scripts: written, chained, taken away; what is found wrong with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from guard.errors import UsageError
from guard.server import install
from tests.server.servers import Client, Server, started

Pair = tuple[Server, Client]

FOREIGN = """#!/bin/sh
cat > "$PWD/seen"
grep -q refs/heads/forbidden "$PWD/seen" && exit 1
exit 0
"""


def test_the_scripts_call_the_interpreter_by_its_path(pair: Pair) -> None:
    server, _ = pair
    text = (server.repo / "hooks" / "pre-receive").read_text()
    assert text.startswith("#!/bin/sh\n")
    assert text.endswith(f"{server.home}/python -I -m guard server-hook run pre-receive\n")


def test_without_python_it_is_the_one_that_runs(tmp_path: Path) -> None:
    server = Server(tmp_path).make(hooks=False)
    server.guard("server-hook", "install", str(server.repo))
    assert sys.executable in (server.repo / "hooks" / "post-receive").read_text()


def test_installing_again_changes_nothing(pair: Pair) -> None:
    server, _ = pair
    before = server.git("for-each-ref")
    server.guard("server-hook", "install", str(server.repo), "--python", str(server.python()))
    assert server.git("for-each-ref") == before


def test_the_lanes_of_branches_that_are_there_begin(tmp_path: Path) -> None:
    server = Server(tmp_path).make(hooks=False)
    client = server.client("alice")
    client.git("checkout", "-q", "-b", "main", check=False)
    tip = client.commit("first", guard_dot_yaml="version: 1\nlane: {targets: [main, stable]}\n")
    assert client.push("main", "main:other").ok
    said = server.guard("server-hook", "install", str(server.repo))
    assert f"main: protected; its lane begins after {tip[:12]}" in said
    assert "stable: not there yet" in said
    assert server.ref("refs/guard/lane/main") != ""


def test_a_hook_of_someone_else_is_not_overwritten(tmp_path: Path) -> None:
    server = Server(tmp_path).make(hooks=False)
    hook = server.repo / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(FOREIGN)
    said = server.guard("server-hook", "install", str(server.repo), code=2)
    assert "has hooks of its own: pre-receive. --chain keeps them" in said
    assert hook.read_text() == FOREIGN


def test_a_chained_hook_runs_first_and_has_its_say(tmp_path: Path) -> None:
    server, client = started(tmp_path / "server")
    server.guard("server-hook", "uninstall", str(server.repo))
    hook = server.repo / "hooks" / "pre-receive"
    hook.write_text(FOREIGN)
    hook.chmod(0o755)
    python = str(server.python())
    server.guard("server-hook", "install", str(server.repo), "--chain", "--python", python)
    client.commit()
    assert not client.push("HEAD:refs/heads/forbidden").ok
    assert client.push("main").ok
    assert "refs/heads/main" in (server.repo / "seen").read_text()
    client.commit("refuse this")
    assert not client.push("main").ok
    server.guard("server-hook", "uninstall", str(server.repo))
    assert hook.read_text() == FOREIGN


def test_uninstalling_leaves_nothing_but_records(pair: Pair) -> None:
    server, client = pair
    said = server.guard("server-hook", "uninstall", str(server.repo))
    assert "pre-receive: removed" in said
    assert "there was nothing" in server.guard("server-hook", "uninstall", str(server.repo))
    client.commit("refuse this")
    assert client.push("main").ok


def test_status_says_that_all_is_well(pair: Pair) -> None:
    server, _ = pair
    assert "the hooks are in place" in server.guard("server-hook", "status", str(server.repo))


def test_status_finds_what_is_not_well(pair: Pair) -> None:
    server, _ = pair
    hook = server.repo / "hooks" / "pre-receive"
    hook.chmod(0o644)
    status = ("server-hook", "status", str(server.repo))
    assert "not executable" in server.guard(*status, code=1)
    hook.write_text(hook.read_text() + "# mine\n")
    assert "changed by hand" in server.guard(*status, code=1)
    hook.write_text(install.script("pre-receive", "/nowhere/python"))
    hook.chmod(0o755)
    assert "/nowhere/python, which is gone" in server.guard(*status, code=1)
    hook.unlink()
    assert "pre-receive is missing" in server.guard(*status, code=1)
    server.git("update-ref", "-d", "refs/guard/lane/main")
    assert "the lane into main has no start" in server.guard(*status, code=1)


def test_hooks_that_git_would_not_run_are_not_written(tmp_path: Path) -> None:
    server = Server(tmp_path).make(hooks=False)
    server.git("config", "core.hooksPath", "/elsewhere")
    said = server.guard("server-hook", "install", str(server.repo), code=2)
    assert "core.hooksPath is '/elsewhere' in the local configuration" in said


def test_a_working_tree_is_no_bare_repository(pair: Pair) -> None:
    server, client = pair
    said = server.guard("server-hook", "install", str(client.folder), code=2)
    assert "is no bare repository" in said
    assert str(client.folder / ".git") in said


def test_a_path_with_blanks_and_quotes(tmp_path: Path) -> None:
    server, client = started(tmp_path / "it's a server")
    client.commit("refuse this")
    assert not client.push("main").ok
    client.commit("fine")
    assert client.push("main").ok
    assert "in place" in server.guard("server-hook", "status", str(server.repo))


def test_an_interpreter_is_a_program_with_an_absolute_path(pair: Pair) -> None:
    server, _ = pair
    with pytest.raises(UsageError):
        install.install(str(server.repo), "python3")


@pytest.mark.parametrize(
    "start",
    [["-m", "guard"], ["-c", "import guard.cli.app as a, sys; sys.exit(a.run(sys.argv[1:]))"]],
)
def test_what_the_scripts_call_answers_alike_with_and_without_the_command_line(
    pair: Pair, start: list[str]
) -> None:
    server, _ = pair
    done = subprocess.run(
        [sys.executable, *start, "server-hook", "run", "pre-receive"],
        input="",
        env=server.environ(GIT_DIR="."),
        cwd=server.repo,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("guard: refused: the push\n")
