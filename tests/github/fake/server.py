"""GitHub's doors on 127.0.0.1: REST and GraphQL below ``api``, git below ``url``."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.github.fake import githttp, graph, rest
from tests.github.fake.faults import Fault, Kind, damaged
from tests.github.fake.resolve import Context
from tests.github.fake.state import ACTIONS, Token
from tests.github.fake.world import World

HOUR = 3600
LIMIT, LIMIT_OF_WORKFLOWS = 5000, 1000
"""Points an hour (docs.github.com, "Rate limits and query limits for the GraphQL API")."""
GIT = re.compile(
    r"(?P<repo>/[^/]+/[^/]+?)(\.git)?/(?P<what>info/refs|git-upload-pack|git-receive-pack)"
)
"""GitHub takes the address of a repository with and without ``.git``."""


@dataclass
class Request:
    """What was asked, for a test to count and to look through."""

    method: str
    path: str
    query: str = ""
    """The name of the GraphQL operation, or of its first field."""
    points: int = 0
    is_mutation: bool = False
    login: str = ""
    """Whose token it was; empty without a token that is known."""
    host: str = ""
    authorization: str = ""
    etag: str = ""
    """What the client had already."""
    status: int = 0


@dataclass
class Reply:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = False
    """Send nothing, and close the connection."""


def as_json(status: int, body: Any, *headers: tuple[str, str]) -> Reply:
    kind = ("Content-Type", "application/json; charset=utf-8")
    return Reply(status, json.dumps(body).encode(), (kind, *headers))


class Server:
    """Serves a world. ``faults`` befall requests, ``requests`` remembers them all, ``bugs`` what
    the fake itself did wrong: a test must find it empty.
    """

    def __init__(self, world: World, limit: int | None = None) -> None:
        self.world = world
        self.limit = limit
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.bugs: list[str] = []
        self.ending = threading.Event()
        self._used: dict[tuple[str, str, int], int] = {}
        """Points, or calls, by token, resource and hour."""
        self.url = ""

    @property
    def api(self) -> str:
        return self.url

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"

    @property
    def points(self) -> int:
        """All points that GraphQL took."""
        return sum(each.points for each in self.requests)

    @contextmanager
    def running(self) -> Iterator[Server]:
        owner = self

        class Handler(_Handler):
            server_of = owner

        httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{httpd.server_address[1]}"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ending.set()
            httpd.shutdown()
            httpd.server_close()
            thread.join()
        assert not self.bugs, self.bugs

    # One request

    def answer(self, asked: githttp.GitRequest) -> Reply:
        """The whole way of a request."""
        headers = asked.headers
        signs = headers.get_all("Authorization", [])
        note = Request(asked.method, asked.path, host=headers.get("Host", ""))
        note.authorization, note.etag = ", ".join(signs), headers.get("If-None-Match", "")
        self.requests.append(note)
        try:
            if len(signs) > 1:
                reply = Reply(400, b'Duplicate header: "Authorization"\n')
            elif match := GIT.fullmatch(asked.path):
                named = replace(asked, path=f"{match['repo']}.git/{match['what']}")
                reply = self._git(named, note)
            else:
                reply = self._api(asked, note)
        except Exception as error:  # noqa: BLE001 - a bug of the fake, shown by the test
            self.bugs.append(f"{asked.method} {asked.path}: {error!r}")
            reply = as_json(500, {"message": f"the fake is at fault: {error!r}"})
        note.status = reply.status
        return reply

    def _fault(self, note: Request) -> Fault | None:
        return next((f for f in self.faults if f.befalls(note.path, note.query)), None)

    def _git(self, asked: githttp.GitRequest, note: Request) -> Reply:
        token = self.world.tokens.get(githttp.password(note.authorization))
        if token is None:
            return Reply(401, b"", (("WWW-Authenticate", 'Basic realm="GitHub"'),))
        note.login = token.account.full_login
        fault = self._fault(note)
        before = self._instead(fault, token, note) if fault else None
        if before:
            return before
        name = asked.path.lstrip("/").partition(".git/")[0]
        if name not in self.world.repos:
            return Reply(404, b"Repository not found.\n")
        owns = name.startswith(f"{token.account.login}/")
        if asked.is_write and not (token.can_push or owns):
            return Reply(403, b"Write access to repository not granted.\n")
        done = githttp.run(self.world.folder, asked, note.login)
        if asked.is_write and asked.method == "POST":
            with self.world.lock:
                self.world.sync(token.account)
        reply = Reply(done.status, done.body, tuple(done.headers.items()))
        return self._after(fault, reply, None) if fault else reply

    def _api(self, asked: githttp.GitRequest, note: Request) -> Reply:
        kind, _, text = note.authorization.partition(" ")
        token = self.world.tokens.get(text) if kind.lower() in {"bearer", "token"} else None
        if token is None:
            return as_json(401, {"message": "Bad credentials"})
        note.login = token.account.full_login
        is_graphql = asked.path == "/graphql"
        query = graph.read(json.loads(asked.body)) if is_graphql else None
        if isinstance(query, graph.Asked):
            note.query, note.is_mutation = query.name, query.is_mutation
        fault = self._fault(note)
        before = self._instead(fault, token, note) if fault else None
        if before:
            return before
        with self.world.lock:
            if query is None:
                body, reply = None, self._rest(asked, token)
            else:
                body = self._graphql(query, token, note)
                reply = as_json(200, body)
        if fault:
            reply = self._after(fault, reply, body)
        resource = "graphql" if is_graphql else "core"
        return Reply(
            reply.status, reply.body, (*reply.headers, *self._limits(token, resource)), reply.close
        )

    def _graphql(self, query: graph.Asked | dict[str, Any], token: Token, note: Request) -> Any:
        if isinstance(query, dict):
            return query
        points = query.cost.points
        used = self._spend(token, "graphql", points)
        if used > self.limit_of(token):
            return _exceeded()
        note.points = points
        reset = self._hour() * HOUR + HOUR
        context = Context(self.world, token, query.cost, used, reset, self.limit_of(token))
        return graph.answer(query, context)

    def _rest(self, asked: githttp.GitRequest, token: Token) -> Reply:
        if asked.method != "GET":
            raise LookupError(f"the fake answers no {asked.method} {asked.path}")
        if self._spend(token, "core", 1) > self.limit_of(token):
            return as_json(403, {"message": "API rate limit exceeded"})
        target = asked.path + (f"?{asked.query}" if asked.query else "")
        made = rest.answer(self.world, token, target, self.url)
        reply = as_json(made.status, made.body, *made.headers.items())
        if made.status != 200:
            return reply
        # What has not changed is told in a word, and costs nothing (docs.github.com, "Best
        # practices for using the REST API").
        etag = f'W/"{hashlib.sha256(reply.body).hexdigest()}"'
        if asked.headers.get("If-None-Match") == etag:
            self._spend(token, "core", -1)
            return Reply(304, b"", (("ETag", etag),))
        return Reply(200, reply.body, (*reply.headers, ("ETag", etag)))

    # Limits

    def limit_of(self, token: Token) -> int:
        """Of a token, each hour; a workflow's own has less."""
        is_own = token.app is not None and token.app.slug == ACTIONS
        return self.limit or (LIMIT_OF_WORKFLOWS if is_own else LIMIT)

    def _hour(self) -> int:
        return self.world.now // HOUR

    def _spend(self, token: Token, resource: str, points: int) -> int:
        key = (token.text, resource, self._hour())
        self._used[key] = self._used.get(key, 0) + points
        return self._used[key]

    def _limits(self, token: Token, resource: str) -> tuple[tuple[str, str], ...]:
        limit = self.limit_of(token)
        used = min(self._used.get((token.text, resource, self._hour()), 0), limit)
        return (
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", str(limit - used)),
            ("X-RateLimit-Used", str(used)),
            ("X-RateLimit-Reset", str(self._hour() * HOUR + HOUR)),
            ("X-RateLimit-Resource", resource),
        )

    # Faults

    def _instead(self, fault: Fault, token: Token, note: Request) -> Reply | None:
        """What a fault answers before anything was done; None if it comes later."""
        kind = fault.kind
        if kind is Kind.MEANWHILE:
            assert fault.action is not None
            with self.world.lock:
                fault.action()
        if kind is Kind.STATUS:
            return Reply(fault.status, b"<html>Unicorn!</html>", (("Content-Type", "text/html"),))
        if kind is Kind.RESET:
            return Reply(0, close=True)
        if kind is Kind.HANG:
            self.ending.wait(fault.seconds)
            return Reply(0, close=True)
        if kind is Kind.REDIRECT:
            return Reply(302, b"", (("Location", fault.location),))
        if kind is Kind.SECONDARY:
            text = "You have exceeded a secondary rate limit. Please wait a few minutes."
            wait = () if fault.seconds is None else (("Retry-After", str(int(fault.seconds))),)
            return as_json(fault.status, {"message": text}, *wait)
        if kind is Kind.PRIMARY:
            resource = "graphql" if note.path == "/graphql" else "core"
            self._spend(token, resource, self.limit_of(token))
            said = _exceeded() if resource == "graphql" else {"message": "API rate limit exceeded"}
            status = 200 if resource == "graphql" else 403
            return as_json(status, said, *self._limits(token, resource))
        return None

    def _after(self, fault: Fault, reply: Reply, body: Any) -> Reply:
        kind = fault.kind
        if kind is Kind.MEANWHILE:
            return reply
        if kind is Kind.LOST:
            return Reply(fault.status, b"<html>Unicorn!</html>", (("Content-Type", "text/html"),))
        if kind is Kind.RESET_AFTER:
            return Reply(0, close=True)
        if kind is Kind.TRUNCATE:
            return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)
        return as_json(200, damaged(fault, body))


def _exceeded() -> dict[str, Any]:
    """The primary limit of GraphQL comes with status 200."""
    return {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer in one piece: head and body apart wait for the client's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server_of: Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            self._answer(b"".join(self._chunks()))
        else:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        asked = githttp.GitRequest(self.command, path, query, self.headers, body)
        reply = self.server_of.answer(asked)
        if reply.close:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for key, value in reply.headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *args: object) -> None:
        del args
