"""GitHub over HTTP: GraphQL and the few REST calls, or a ``ForgeError``. Never half an answer.

Limits are obeyed as GitHub documents them ("Rate limits and query limits for the GraphQL API",
"Best practices for using the REST API"): ``Retry-After`` first, then ``x-ratelimit-reset`` where
nothing remains, then a minute; who would have to wait for longer is told so and blocked.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from guard import __version__
from guard.errors import GuardError, UsageError

try:
    import httpx
except ImportError as error:  # pragma: no cover - the message is tested in a process of its own
    raise UsageError(
        "this command speaks to GitHub and needs the extra: "
        "pip install 'premerge-guard[github]', from the repository that the guard came from"
    ) from error

T = TypeVar("T")

TRIES = 4
LONGEST_WAIT = 90
"""Seconds. A job that sleeps for an hour helps nobody: it fails, and the next event tries again."""
_MINUTE = 60.0
"""To wait where GitHub does not say for how long."""
_NO_ANSWER = (httpx.TransportError, httpx.StreamError)
_BROKEN = frozenset({500, 502, 503, 504})
_LIMITED = frozenset({403, 429})
_MOVED = frozenset({301, 302, 307, 308})
_MOST_MOVES = 3
_MOST_PAGES = 100


class ForgeError(GuardError):
    """GitHub did not answer, or not with what was asked for."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where GitHub is; on GitHub Enterprise Server ``api`` ends with ``/api/v3``."""

    api: str = "https://api.github.com"
    graphql: str = "https://api.github.com/graphql"
    server: str = "https://github.com"


@dataclass
class Spent:
    """What a run cost."""

    calls: int = 0
    points: int = 0
    """Of GraphQL, as GitHub counts them; only where the query asks for ``rateLimit``."""


class _Again(Exception):
    """An attempt that may be repeated after ``wait`` seconds (``None``: soon)."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass
class Client:
    """Speaks for one token. ``sleep`` and ``clock`` come from outside for the tests' sake."""

    token: str = field(repr=False)
    endpoints: Endpoints = field(default_factory=Endpoints)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    timeout: float = 30.0
    spent: Spent = field(default_factory=Spent)

    def __post_init__(self) -> None:
        # What a header cannot hold would be quoted in the error about it.
        if not (self.token and self.token.isascii() and self.token.isprintable()) or (
            " " in self.token
        ):
            raise UsageError("no usable token for GitHub; set GITHUB_TOKEN (or GH_TOKEN)")
        self._kept: dict[str, tuple[str, tuple[Any, str]]] = {}
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": f"premerge-guard/{__version__}",
        }
        timeout = httpx.Timeout(self.timeout, connect=min(10.0, self.timeout))
        try:
            self._http = httpx.Client(timeout=timeout, follow_redirects=False, headers=headers)
        except (httpx.InvalidURL, ImportError, ValueError) as error:
            raise UsageError(f"HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: {error}") from None

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def graphql(self, query: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The ``data`` of a query or mutation, whole. Raises ``ForgeError``.

        A mutation may be sent again after an answer that was lost: send only such as do no harm.
        """
        body = {"query": query, "variables": dict(variables or {})}

        def once() -> dict[str, Any]:
            response = self._send("POST", self.endpoints.graphql, body)
            return self._data(self._parsed(response), response.headers)

        return self._patiently(once, "GraphQL")

    def get(self, path: str) -> Any:
        """What is at a REST path such as ``/repos/o/r``; ``None`` for 404. Raises ``ForgeError``.

        What was got before is asked for with its ETag, and costs no rate limit if unchanged.
        """
        return self._patiently(lambda: self._got(self.endpoints.api + path)[0], path)

    def pages(self, path: str) -> list[Any]:
        """All items of a REST list, or none of them: ``ForgeError``. 404 is an error here."""
        mark = "&" if "?" in path else "?"
        url, found = f"{self.endpoints.api}{path}{mark}per_page=100", list[Any]()
        for _ in range(_MOST_PAGES):
            items, after = self._patiently(partial(self._got, url), path)
            if not isinstance(items, list):
                raise ForgeError(f"GitHub: {path}: no list is there")
            found += items
            if not after:
                return found
            url = self._same_host(url, after)
        raise ForgeError(f"GitHub: {path}: more than {_MOST_PAGES} pages")

    def _got(self, url: str) -> tuple[Any, str]:
        """The answer to a GET, and the address of the next page."""
        etag, kept = self._kept.get(url, ("", (None, "")))
        at, response = url, self._send("GET", url, etag=etag)
        for _ in range(_MOST_MOVES):
            if response.status_code not in _MOVED:
                break
            at = self._same_host(at, response.headers.get("Location", ""))
            response = self._send("GET", at, etag=etag)
        if response.status_code == 304 and etag:
            return kept
        if response.status_code == 404:
            return None, ""
        found = self._parsed(response), response.links.get("next", {}).get("url", "")
        if "ETag" in response.headers:
            self._kept[url] = (response.headers["ETag"], found)
        return found

    def _same_host(self, asked: str, target: str) -> str:
        """``target``, if it is at the host that was asked: the token goes nowhere else."""
        one = httpx.URL(asked)
        try:
            other = one.join(target)
        except (httpx.InvalidURL, ValueError):
            raise ForgeError(
                f"GitHub: {one.host} sends us on to {self._harmless(target)!r:.80}: no address"
            ) from None
        same = (one.scheme, one.netloc, one.userinfo) == (
            other.scheme,
            other.netloc,
            other.userinfo,
        )
        if not target or not same:
            raise ForgeError(
                f"GitHub: {one.host} sends us on to {self._harmless(other.host)!r:.80}; the token "
                "is not sent to another address. Check that of the API (GITHUB_API_URL)"
            )
        return str(other)

    def _send(
        self, method: str, url: str, body: Mapping[str, object] | None = None, etag: str = ""
    ) -> httpx.Response:
        self.spent.calls += 1
        headers = {"If-None-Match": etag} if etag else {}
        try:
            return self._http.request(method, url, json=body, headers=headers)
        except _NO_ANSWER as error:
            said = self._harmless(str(error))
            raise _Again(f"no answer ({type(error).__name__}: {said})") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ForgeError(f"GitHub: {self._harmless(str(error))}") from None

    def _parsed(self, response: httpx.Response) -> Any:
        """The JSON of a sound answer."""
        code = response.status_code
        if code in _LIMITED:
            self._check_limits(response)
        if code in _BROKEN:
            raise _Again(f"it answered {code}")
        if not 200 <= code < 300:
            raise ForgeError(f"GitHub: {_endpoint(response)}: {code}: {self._message(response)}")
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            raise _Again("its answer is no JSON, or cut short") from None

    def _check_limits(self, response: httpx.Response) -> None:
        """Raise ``_Again`` where a limit was hit; a 403 can also be a refusal."""
        headers = response.headers
        if "Retry-After" in headers:
            wait = _number(headers["Retry-After"])
            raise _Again("its rate limit is hit", _MINUTE if wait is None else wait)
        if headers.get("x-ratelimit-remaining") == "0":
            raise _Again("its rate limit is used up", self._until_reset(headers))
        if response.status_code == 429 or "secondary rate limit" in response.text.casefold():
            raise _Again("its secondary rate limit is hit", _MINUTE)

    def _until_reset(self, headers: Mapping[str, str]) -> float:
        """Seconds until the primary limit is over."""
        at = _number(headers.get("x-ratelimit-reset", ""))
        return _MINUTE if at is None else max(at - self.clock(), 1.0)

    def _data(self, answer: Any, headers: Mapping[str, str]) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise ForgeError("GitHub: GraphQL: the answer is no object")
        errors = answer.get("errors")
        if errors:
            listed = errors if isinstance(errors, list) else [errors]
            kinds = {str(each.get("type")) for each in listed if isinstance(each, dict)}
            if kinds & {"RATE_LIMITED", "RATE_LIMIT"}:  # the primary limit, with status 200
                raise _Again("its rate limit is used up", self._until_reset(headers))
            said = "; ".join(_words(each) for each in listed[:3])
            raise ForgeError(f"GitHub: GraphQL: {self._harmless(said)}")
        data = answer.get("data")
        if not isinstance(data, dict):
            raise ForgeError("GitHub: GraphQL: an answer without data")
        limit = data.get("rateLimit")
        if isinstance(limit, dict) and isinstance(limit.get("cost"), int):
            self.spent.points += limit["cost"]
        return data

    def _patiently(self, once: Callable[[], T], what: str) -> T:
        """``once``, again where that may help, and not for longer than anyone would wait."""
        waited = 0.0
        for number in range(1, TRIES + 1):
            try:
                return once()
            except _Again as error:
                wait = error.wait if error.wait is not None else float(2 ** (number - 1))
                if number == TRIES or waited + wait > LONGEST_WAIT:
                    later = f"; it asks to wait for {wait:.0f} s" if error.wait else ""
                    raise ForgeError(
                        f"GitHub: {what}: {error}, tried {number} times{later}. Nothing is decided "
                        "on half an answer: run it again later"
                    ) from None
                self.sleep(wait)
                waited += wait
        raise AssertionError("a loop that returns or raises")

    def _message(self, response: httpx.Response) -> str:
        try:
            said = json.loads(response.content).get("message", "")
        except (ValueError, AttributeError, RecursionError):
            said = response.reason_phrase
        return self._harmless(str(said))[:300]

    def _harmless(self, text: str) -> str:
        return re.sub(re.escape(self.token), "***", text, flags=re.IGNORECASE)


def _endpoint(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url.path}"


def _number(text: str) -> float | None:
    """Seconds; ``None`` for what is none, such as a date."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


def _words(error: Any) -> str:
    if not isinstance(error, dict):
        return "an error without words"
    kind = f"{error['type']}: " if isinstance(error.get("type"), str) else ""
    return f"{kind}{error.get('message', 'no message')}"[:300]
