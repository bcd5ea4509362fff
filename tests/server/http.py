"""Smart HTTP by git's own http-backend, behind Python's http.server with basic authentication.

A user's password is the user's name. git-http-backend(1); RFC 3875 for what it is handed.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.server.servers import Server


@contextmanager
def served(server: Server) -> Iterator[str]:
    """Serve the repositories below ``server.home``; ``host:port``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                self._answer(b"".join(_chunks(self.rfile)))
            else:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answer(self, body: bytes) -> None:
            login = _login(self.headers.get("Authorization", ""))
            path, _, query = self.path.partition("?")
            if not login:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            env = server.environ(
                **server.env,
                REQUEST_METHOD=self.command,
                PATH_INFO=path,
                QUERY_STRING=query,
                REMOTE_USER=login,
                REMOTE_ADDR=self.client_address[0],
                CONTENT_TYPE=self.headers.get("Content-Type", ""),
                CONTENT_LENGTH=str(len(body)),
                HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                GIT_PROTOCOL=self.headers.get("Git-Protocol", ""),
                GIT_PROJECT_ROOT=str(server.home),
                GIT_HTTP_EXPORT_ALL="1",
                GUARD_TEST_JUDGES=server.judges,
            )
            done = subprocess.run(
                [str(_backend())], input=body, env=env, capture_output=True, check=False
            )
            head, _, rest = done.stdout.partition(b"\r\n\r\n")
            lines = [line.partition(b": ") for line in head.split(b"\r\n")]
            fields = {key.decode(): value.decode() for key, _, value in lines}
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for key, value in fields.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest)

        def log_message(self, *args: object) -> None:
            del args

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _backend() -> Path:
    said = subprocess.run(["git", "--exec-path"], capture_output=True, check=True)
    return Path(os.fsdecode(said.stdout.strip())) / "git-http-backend"


def _login(header: str) -> str:
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    login, _, password = base64.b64decode(text).decode().partition(":")
    return login if login == password else ""


def _chunks(stream: object) -> Iterator[bytes]:
    while True:
        size = int(stream.readline().split(b";")[0], 16)  # type: ignore[attr-defined]
        data = stream.read(size)  # type: ignore[attr-defined]
        stream.readline()  # type: ignore[attr-defined]
        if not size:
            return
        yield data
