"""The REST paths that we read. Questions and answers are both held to GitHub's OpenAPI schema."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema

from tests.github.fake.events import user
from tests.github.fake.state import Token
from tests.github.fake.world import World

SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "rest.json"
ADMIN = "Resource not accessible by integration"
OLD_NAMES = {"maintain": "write", "triage": "read"}
"""``permission`` knows four words; ``role_name`` says which it is."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@functools.cache
def _spec() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text())
    return found


@functools.cache
def _validator(path: str, *where: str) -> jsonschema.Draft202012Validator:
    found = _spec()["paths"][path]
    for part in where:
        found = found[part]
    return jsonschema.Draft202012Validator({**found, "$defs": _spec()["$defs"]})


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    found = [(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), path) for path in _spec()["paths"]]
    return [(re.compile(pattern), path) for pattern, path in found]


def answer(world: World, token: Token, target: str, server: str) -> Answer:
    """What ``GET target`` gives; ``server`` is the base of the links to other pages."""
    raw, _, query = target.partition("?")
    for pattern, path in _patterns():
        match = pattern.fullmatch(raw)
        if match:
            named = {key: unquote(value) for key, value in match.groupdict().items()}
            asked = dict(parse_qsl(query, strict_parsing=True)) if query else {}
            _check_query(path, asked)
            if f"{named['owner']}/{named['repo']}" != world.repo.name:
                return _missing()
            made = _ANSWERS[path](world, token, named)
            made = _paged(made, raw, asked, server)
            _check_answer(path, made)
            return made
    raise LookupError(f"the fake answers no GET {raw}")


def _check_query(path: str, asked: dict[str, str]) -> None:
    known = _spec()["paths"][path]["query"]
    for name, value in asked.items():
        assert name in known, f"GET {path} has no {name}"
        is_number = known[name].get("type") == "integer"
        _validator(path, "query", name).validate(int(value) if is_number else value)
    assert int(asked.get("per_page", 1)) <= 100


def _check_answer(path: str, made: Answer) -> None:
    described = _spec()["paths"][path]["answers"]
    if str(made.status) in described:
        _validator(path, "answers", str(made.status)).validate(made.body)


def _paged(made: Answer, path: str, asked: dict[str, str], server: str) -> Answer:
    """A list in pages of ``per_page``, with a link to the next (RFC 8288)."""
    if not isinstance(made.body, list):
        return made
    size, number = int(asked.get("per_page", 30)), int(asked.get("page", 1))
    part = made.body[(number - 1) * size : number * size]
    headers = {}
    if number * size < len(made.body):
        headers["Link"] = f'<{server}{path}?per_page={size}&page={number + 1}>; rel="next"'
    return Answer(made.status, part, headers)


def _missing(text: str = "Not Found") -> Answer:
    return Answer(404, {"message": text, "documentation_url": "https://docs.github.com/rest"})


def _forbidden() -> Answer:
    return Answer(403, {"message": ADMIN, "documentation_url": "https://docs.github.com/rest"})


def _is_admin(token: Token) -> bool:
    return token.writes and token.account.permission == "admin"


def _repository(world: World, token: Token, named: dict[str, str]) -> Answer:
    """GitHub's own example with our names."""
    text = json.dumps(_spec()["repository"]).replace("octocat/Hello-World", world.repo.name)
    owner, _, name = world.repo.name.partition("/")
    made = {
        **json.loads(text),
        "name": name,
        "default_branch": "main",
        "language": "Python",  # the example lacks it, and the schema wants it
        "id": world.repo_id(world.repo.name),
    }
    made["owner"] = {**made["owner"], "login": owner}
    level = token.account.permission
    order = ("read", "triage", "write", "maintain", "admin")
    reach = order.index(level) if level in order else -1
    names = ("pull", "triage", "push", "maintain", "admin")
    made["permissions"] = {each: n <= reach for n, each in enumerate(names)}
    settings = world.settings.repository
    if not token.can_push:
        # Who cannot push is not told how pull requests are merged.
        made = {key: value for key, value in made.items() if key not in settings}
        return Answer(200, made)
    return Answer(200, {**made, **settings})


def _rules(world: World, token: Token, named: dict[str, str]) -> Answer:
    return Answer(200, world.settings.rules(named["branch"]))


def _visible(ruleset: dict[str, Any], token: Token) -> dict[str, Any]:
    """Who cannot write is not told who may bypass (REST, "Get a repository ruleset")."""
    hidden = () if token.can_push else ("bypass_actors",)
    return {key: value for key, value in ruleset.items() if key not in hidden}


def _rulesets(world: World, token: Token, named: dict[str, str]) -> Answer:
    """The list is without conditions and rules."""
    short = ("conditions", "rules", "bypass_actors")
    found = [
        {key: value for key, value in each.items() if key not in short}
        for each in world.settings.rulesets
    ]
    return Answer(200, found)


def _ruleset(world: World, token: Token, named: dict[str, str]) -> Answer:
    for each in world.settings.rulesets:
        if str(each["id"]) == named["ruleset_id"]:
            return Answer(200, _visible(each, token))
    return _missing()


def _protection(world: World, token: Token, named: dict[str, str]) -> Answer:
    if not _is_admin(token):
        return _forbidden()
    found = world.settings.protection.get(named["branch"])
    return Answer(200, found) if found is not None else _missing("Branch not protected")


def _actions(world: World, token: Token, named: dict[str, str]) -> Answer:
    return Answer(200, world.settings.actions) if _is_admin(token) else _forbidden()


def _workflow(world: World, token: Token, named: dict[str, str]) -> Answer:
    return Answer(200, world.settings.workflow) if _is_admin(token) else _forbidden()


def _permission(world: World, token: Token, named: dict[str, str]) -> Answer:
    """Anybody may read a public repository."""
    login = named["username"].removesuffix("[bot]")
    found = world.accounts.get(login)
    if found is None or found.gone or found.full_login != named["username"]:
        return _missing()
    role = "read" if found.permission == "none" else found.permission
    made = {
        **json.loads(json.dumps(_spec()["repository"]["owner"])),
        **user(found),
        "role_name": role,
    }
    body = {"permission": OLD_NAMES.get(role, role), "role_name": role, "user": made}
    return Answer(200, body)


_REPO = "/repos/{owner}/{repo}"
_ANSWERS = {
    _REPO: _repository,
    f"{_REPO}/rules/branches/{{branch}}": _rules,
    f"{_REPO}/rulesets": _rulesets,
    f"{_REPO}/rulesets/{{ruleset_id}}": _ruleset,
    f"{_REPO}/branches/{{branch}}/protection": _protection,
    f"{_REPO}/actions/permissions": _actions,
    f"{_REPO}/actions/permissions/workflow": _workflow,
    f"{_REPO}/collaborators/{{username}}/permission": _permission,
}
