"""A server that says what a test tells it to, and the product's client to ask it with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from guard.github.client import Client, Endpoints

TOKEN = "ghs_" + "5eCret" * 6


@dataclass(frozen=True)
class Say:
    body: bytes = b"{}"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""


@dataclass
class Scripted:
    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def scripted(answer: Callable[[Asked], Say]) -> Iterator[Scripted]:
    found = Scripted("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {key.lower(): value for key, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers)
            found.asked.append(asked)
            said = answer(asked)
            self.send_response(said.status)
            for key, value in said.headers:
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            del args

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class Waits(list[float]):
    """Sleeps for no time, and remembers for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@contextmanager
def speaking(url: str, waits: Waits | None = None, **more: Any) -> Iterator[Client]:
    """The product's client, with all addresses below ``url``."""
    more = {"token": TOKEN, "timeout": 5.0, **more}
    token = more.pop("token")
    sleep = Waits() if waits is None else waits
    client = Client(token, Endpoints(url, f"{url}/graphql", url), sleep=sleep, **more)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def told(answer: Callable[[Asked], Say]) -> Iterator[Client]:
    """The client of a server that answers so."""
    with scripted(answer) as server, speaking(server.url) as client:
        yield client
