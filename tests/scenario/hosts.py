"""Real servers around a bare repository with the guard's hooks, by the way that a push comes in.

Each knows the address at which a login finds the repository, and what git needs in the environment.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.server.servers import Server

LIGHTTPD, GITOLITE = "/usr/sbin/lighttpd", "/usr/share/gitolite3/gitolite-shell"


@dataclass
class Host:
    """Where clients push to."""

    server: Server
    address: str
    """``{login}`` is whoever pushes."""
    env: dict[str, str] = field(default_factory=dict)

    def address_of(self, login: str) -> str:
        return self.address.format(login=login)


@contextmanager
def by_path(server: Server) -> Iterator[Host]:
    """No server at all: git runs the hooks itself, the login is in its environment."""
    yield Host(server.make(), f"file://{server.repo}")


def _backend() -> str:
    said = subprocess.run(["git", "--exec-path"], capture_output=True, check=True)
    return os.path.join(os.fsdecode(said.stdout.strip()), "git-http-backend")


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError(f"the server ended with code {process.returncode}")
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not answer")


@contextmanager
def by_lighttpd(server: Server, logins: tuple[str, ...]) -> Iterator[Host]:
    """Smart HTTP: git-http-backend(1) behind lighttpd, basic authentication makes REMOTE_USER."""
    server.make()
    users = server.home / "users"
    users.write_text("".join(f"{login}:pw-{login}\n" for login in logins))
    port = _port()
    config = server.home / "lighttpd.conf"
    variables = server.environ(GIT_PROJECT_ROOT=str(server.home), GIT_HTTP_EXPORT_ALL="1")
    variables["GUARD_TEST_JUDGES"] = server.judges
    told = ",".join(f'"{name}" => "{value}"' for name, value in variables.items())
    config.write_text(
        f"""
server.document-root = "{server.home}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{server.home}/lighttpd.log"
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_setenv", "mod_cgi")
auth.backend = "plain"
auth.backend.plain.userfile = "{users}"
auth.require = ("/git/" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
alias.url = ("/git/" => "{_backend()}/")
cgi.assign = ("" => "")
setenv.add-environment = ({told})
"""
    )
    process = subprocess.Popen([LIGHTTPD, "-D", "-f", str(config)], env=variables)
    try:
        _wait(port, process)
        where = f"http://{{login}}:pw-{{login}}@127.0.0.1:{port}/git/{server.name}"
        yield Host(server, where)
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def by_daemon(server: Server) -> Iterator[Host]:
    """git-daemon(1) with receive-pack: nobody is known by name."""
    server.make()
    port = _port()
    listen = ("--listen=127.0.0.1", f"--port={port}", "--reuseaddr", "--export-all")
    command = ["git", "daemon", *listen, f"--base-path={server.home}", "--enable=receive-pack"]
    env = server.environ(GUARD_TEST_JUDGES=server.judges)
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield Host(server, f"git://127.0.0.1:{port}/{server.name}")
    finally:
        process.terminate()
        process.wait(10)


_SSH = """#!/bin/sh
# What sshd would do: the account is known by its key, here by GL_TEST_USER.
while [ $# -gt 0 ]; do case "$1" in -o|-p) shift 2;; -*) shift;; *) break;; esac; done
shift
HOME={home}; SSH_ORIGINAL_COMMAND="$*"; SSH_CONNECTION="127.0.0.1 1 127.0.0.1 22"
GUARD_TEST_JUDGES={judges}
export HOME SSH_ORIGINAL_COMMAND SSH_CONNECTION GUARD_TEST_JUDGES
exec {shell} "$GL_TEST_USER"
"""
_ACCESS = "repo project\n    RW+ = @all\n    - refs/heads/locked = @all\n"


@contextmanager
def by_gitolite(server: Server) -> Iterator[Host]:
    """gitolite3 with our hooks in the repository; GL_USER is the login. Runs without sshd."""
    home = server.home
    home.mkdir(parents=True)
    # A login is what gitolite says; an older repository has no other first branch.
    (home / ".gitconfig").write_text("[init]\n\tdefaultBranch = master\n")
    env = {**server.environ(), "HOME": str(home)}
    del env["GIT_CONFIG_GLOBAL"]
    subprocess.run(["gitolite", "setup", "-a", "admin"], env=env, check=True, capture_output=True)
    ssh = home / "ssh"
    ssh.write_text(_SSH.format(home=home, shell=GITOLITE, judges=server.judges))
    ssh.chmod(0o755)
    conf = home / ".gitolite/conf/gitolite.conf"
    conf.write_text("repo gitolite-admin\n    RW+ = admin\n" + _ACCESS)
    subprocess.run(["gitolite", "compile"], env=env, check=True, capture_output=True)
    subprocess.run(
        ["gitolite", "trigger", "POST_COMPILE"], env=env, check=True, capture_output=True
    )
    server.name = "repositories/project.git"
    server.git("symbolic-ref", "HEAD", "refs/heads/main")
    server.hook_up()
    yield Host(server, "git@localhost:project", {"GIT_SSH": str(ssh)})


def missing() -> list[str]:
    """The Debian packages that the real servers need and that are not here."""
    wanted = {"lighttpd": LIGHTTPD, "gitolite3": GITOLITE}
    return [name for name, path in wanted.items() if not shutil.which(path)]


def clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
