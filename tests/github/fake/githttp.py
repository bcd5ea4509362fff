"""git's own http-backend as a CGI program. git-http-backend(1); RFC 3875 for what it is handed."""

from __future__ import annotations

import base64
import functools
import os
import subprocess
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from tests.github.fake.repo import environment


@dataclass(frozen=True)
class GitRequest:
    method: str
    path: str
    query: str
    headers: Message
    """Upper and lower case are the same in their names."""
    body: bytes

    @property
    def is_write(self) -> bool:
        return "git-receive-pack" in self.path or "service=git-receive-pack" in self.query


@dataclass(frozen=True)
class GitAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


@functools.cache
def _backend() -> str:
    said = subprocess.run(["git", "--exec-path"], capture_output=True, check=True)
    return os.path.join(os.fsdecode(said.stdout.strip()), "git-http-backend")


def run(folder: Path, asked: GitRequest, login: str) -> GitAnswer:
    """Let git answer for a repository below ``folder``."""
    env = {
        **environment(folder),
        "REQUEST_METHOD": asked.method,
        "PATH_INFO": asked.path,
        "QUERY_STRING": asked.query,
        "REMOTE_USER": login,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": asked.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(asked.body)),
        "HTTP_CONTENT_ENCODING": asked.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": asked.headers.get("Git-Protocol", ""),
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_HTTP_EXPORT_ALL": "1",
    }
    done = subprocess.run([_backend()], input=asked.body, env=env, capture_output=True, check=False)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")]
    fields = {key: value for key, _, value in lines}
    return GitAnswer(int(fields.pop("Status", "200").split()[0]), fields, body)


def password(header: str) -> str:
    """The token of ``x-access-token:TOKEN``, or nothing."""
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    login, _, secret = base64.b64decode(text).decode().partition(":")
    return secret if login == "x-access-token" else ""
