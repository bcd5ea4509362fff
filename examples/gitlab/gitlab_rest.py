"""GitLab's REST API, as much of it as ``gitlab_facts.py`` needs: read alone, and all or nothing."""

from __future__ import annotations

import http.client
import json
from datetime import datetime
from typing import Any
from urllib import error, parse, request

TOKEN = "GUARD_GITLAB_TOKEN"
"""The variable that holds the token. It is never printed, and goes to no other host."""
PER_PAGE, MOST_PAGES, MOST_BYTES, SECONDS = 100, 1000, 32 << 20, 30


class Stop(Exception):
    """Something could not be had: one sentence for the log."""


class _Stay(request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect is an error, for the token is meant for one host."""


class GitLab:
    """The REST API of one project. Whatever is no whole answer raises ``Stop``."""

    def __init__(self, root: str, project: str, token: str) -> None:
        at = parse.urlsplit(root)
        if at.scheme != "https" and at.hostname not in ("localhost", "127.0.0.1"):
            raise Stop("CI_API_V4_URL must begin with https://, or others could read the token")
        if not (project.isascii() and project.isdecimal()):
            raise Stop("CI_PROJECT_ID must be the number of the project")
        if not token or not all("!" <= char <= "~" for char in token):
            raise Stop(f"{TOKEN} is empty, or holds what is in no token")
        self.project = f"projects/{project}"
        self._root, self._token = root.rstrip("/"), token
        self._opener = request.build_opener(_Stay)
        self._people: dict[int, dict[str, Any]] = {}

    def one(self, path: str) -> dict[str, Any]:
        """The one object at ``path``."""
        answer, _ = self._get(path)
        found: dict[str, Any] = checked(answer, dict, path)
        return found

    def all(self, path: str, **query: str) -> list[Any]:
        """The objects at ``path``, of all pages (GitLab docs, "Offset-based pagination")."""
        found: list[Any] = []
        for page in range(1, MOST_PAGES + 1):
            part, following = self._get(path, **query, per_page=str(PER_PAGE), page=str(page))
            found += checked(part, list, path)
            if following == "":
                return found
            if following != str(page + 1):
                raise Stop(f"{path}: page {page} does not say whether there is another one")
        raise Stop(f"{path}: more than {MOST_PAGES} pages")

    def person(self, user: object) -> dict[str, Any]:
        """The account that an answer names, and whether it is a bot's."""
        number = need(user, "id", int)
        if number not in self._people:
            path = f"users/{number}"
            found = self.one(path)
            bot = need(found, "bot", bool)
            self._people[number] = {"login": need(found, "username", str), "id": number, "bot": bot}
        return self._people[number]

    def _get(self, path: str, **query: str) -> tuple[Any, str | None]:
        url = f"{self._root}/{path}" + (f"?{parse.urlencode(query)}" if query else "")
        asked = request.Request(url, headers={"PRIVATE-TOKEN": self._token})
        try:
            with self._opener.open(asked, timeout=SECONDS) as answer:
                status, following = answer.status, answer.headers.get("X-Next-Page")
                data = answer.read(MOST_BYTES + 1)
        except error.HTTPError as problem:
            raise Stop(f"{path}: GitLab answers with {problem.code}") from None
        except (OSError, http.client.HTTPException) as problem:
            raise Stop(f"{path}: {problem!r:.200}") from None
        if status != 200 or len(data) > MOST_BYTES:
            raise Stop(f"{path}: status {status}, {len(data)} bytes")
        try:
            return json.loads(data), following
        except (ValueError, RecursionError):
            raise Stop(f"{path}: the answer is no JSON") from None


def checked(value: Any, kind: type, where: str) -> Any:
    """``value``, which must be of exactly this type: true is no number."""
    if type(value) is not kind:
        raise Stop(f"{where}: must be of type {kind.__name__}, not {type(value).__name__}")
    return value


def need(value: Any, key: str, kind: type) -> Any:
    """A field that an answer must have."""
    return checked(checked(value, dict, key).get(key), kind, key)


def when(text: str) -> float:
    """Seconds since 1970 of a time as GitLab writes it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(f"{text!r:.40} is no time") from None
    if found.tzinfo is None:
        raise Stop(f"{text!r:.40} has no time zone")
    return found.timestamp()
