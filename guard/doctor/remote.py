"""The facts that GitHub's settings show, read over its API.

Paths and shapes are those of GitHub's REST description ("Rules", "Branch protection", "GitHub
Actions permissions") and of its GraphQL schema (``Repository.mergeQueue``). What a token may not
read, and an answer of another shape, is ``Unknown``, never a setting that is fine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from guard.change import Unknown
from guard.doctor.facts import Actions, Branch, Bypass, Protection, Queue, Required, Rules, Settings
from guard.errors import GuardError, UsageError

T = TypeVar("T")
ADMIN_ROLE = 5
"""The id of the repository role admin among the actors that may bypass a ruleset."""
_QUEUE = """query($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    mergeQueue(branch: $branch) {
      configuration { mergeMethod mergingStrategy maximumEntriesToMerge }
    }
  }
}"""


class Api(Protocol):
    """What is needed of ``guard.github.client.Client``."""

    def get(self, path: str) -> Any:
        """What is at a REST path, ``None`` for 404. Raises ``GuardError``."""

    def pages(self, path: str) -> list[Any]:
        """All items of a REST list. Raises ``GuardError``."""

    def graphql(self, query: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The data of a query. Raises ``GuardError``."""


class _Odd(Exception):
    """The answer has another shape than GitHub documents."""


def read_settings(api: Api, repository: str, targets: tuple[str, ...]) -> Settings:
    """The settings of ``OWNER/NAME`` for its protected branches, the default branch if none.

    Raises ``UsageError`` for a repository that the token cannot see.
    """
    about = api.get(f"/repos/{repository}")
    if about is None:
        raise UsageError(f"GitHub shows no repository {repository} to this token")
    try:
        branches = targets or (_field(about, "default_branch", str),)
        rights = about.get("permissions")
        is_admin = isinstance(rights, dict) and rights.get("admin") is True
    except _Odd as error:
        raise UsageError(f"GitHub says of {repository}: {error}") from error
    reader = _Reader(api, repository, is_admin)
    return Settings(repository, tuple(map(reader.branch, branches)), reader.actions())


class _Reader:
    def __init__(self, api: Api, repository: str, is_admin: bool) -> None:
        self._api = api
        self._path = f"/repos/{repository}"
        self._owner, self._name = repository.split("/")
        self._is_admin = is_admin

    def branch(self, name: str) -> Branch:
        return Branch(
            name,
            _tried(lambda: self._rules(name)),
            _tried(lambda: self._protection(name)),
            _tried(lambda: self._queue(name)),
        )

    def actions(self) -> Actions:
        def asked(path: str, key: str, kind: type[T]) -> T:
            answer = self._api.get(f"{self._path}/actions/permissions{path}")
            if answer is None:
                raise _Odd("the token may not read it (404)")
            return _field(answer, key, kind)

        default = _tried(lambda: asked("/workflow", "default_workflow_permissions", str))
        return Actions(
            _tried(lambda: asked("", "enabled", bool)),
            default if isinstance(default, Unknown) else default != "read",
            _tried(lambda: asked("/workflow", "can_approve_pull_request_reviews", bool)),
        )

    def _queue(self, branch: str) -> Queue | None:
        names = {"owner": self._owner, "name": self._name, "branch": branch}
        repository = _field(self._api.graphql(_QUEUE, names), "repository", dict)
        if "mergeQueue" not in repository:
            raise _Odd("no 'mergeQueue' in the answer")
        if repository["mergeQueue"] is None:
            return None
        said = _field(repository["mergeQueue"], "configuration", dict)
        return Queue(
            _field(said, "mergeMethod", str),
            _field(said, "mergingStrategy", str),
            _field(said, "maximumEntriesToMerge", int),
        )

    def _rules(self, branch: str) -> Rules:
        found = self._api.pages(f"{self._path}/rules/branches/{quote(branch, safe='')}")
        sources: dict[int, str] = {}
        required: list[Required] = []
        strict = dismisses = False
        for rule in found:
            kind = _field(rule, "type", str)
            number = _field(rule, "ruleset_id", int)
            sources[number] = f"ruleset {number} of {_field(rule, 'ruleset_source', str)}"
            given = rule.get("parameters") or {}
            if kind == "required_status_checks":
                strict |= _field(given, "strict_required_status_checks_policy", bool)
                for check in _field(given, "required_status_checks", list):
                    app = _app(check.get("integration_id"))
                    required.append(Required(_field(check, "context", str), app, sources[number]))
            elif kind == "pull_request":
                dismisses |= _field(given, "dismiss_stale_reviews_on_push", bool)
        bypass: list[Bypass] = []
        unread: list[str] = []
        for number, source in sources.items():
            actors = _tried(partial(self._actors, number, source))
            if isinstance(actors, Unknown):
                unread.append(f"{source}: {actors.reason}")
            else:
                bypass += actors
        kinds = frozenset(rule["type"] for rule in found)
        return Rules(kinds, tuple(required), strict, dismisses, tuple(bypass), tuple(unread))

    def _actors(self, number: int, source: str) -> tuple[Bypass, ...]:
        ruleset = self._api.get(f"{self._path}/rulesets/{number}")
        if ruleset is None or ruleset.get("bypass_actors") is None:
            raise _Odd("GitHub shows this to those who may edit it")
        found = []
        for actor in _field(ruleset, "bypass_actors", list):
            kind, number = _field(actor, "actor_type", str), actor.get("actor_id")
            is_role = kind == "RepositoryRole"
            is_admin = kind == "OrganizationAdmin" or (is_role and number == ADMIN_ROLE)
            who = "the admins" if is_admin else f"{kind} {number}" if number else kind
            found.append(Bypass(who, actor.get("bypass_mode") or "always", is_admin, source))
        return tuple(found)

    def _protection(self, branch: str) -> Protection | None:
        said = self._api.get(f"{self._path}/branches/{quote(branch, safe='')}/protection")
        if said is None:
            if self._is_admin:
                return None
            raise _Odd("404, which a token without admin rights gets for a protected branch too")
        checks = said.get("required_status_checks") or {}
        reviews = said.get("required_pull_request_reviews")
        free = (reviews or {}).get("bypass_pull_request_allowances") or {}
        via = "branch protection"
        names = [
            *(user["login"] for user in free.get("users", ())),
            *(f"team {team['slug']}" for team in free.get("teams", ())),
            *(f"app {app['slug']}" for app in free.get("apps", ())),
        ]
        return Protection(
            required=_contexts(checks),
            strict=bool(checks.get("strict", False)),
            reviewed=reviews is not None,
            dismisses=bool((reviews or {}).get("dismiss_stale_reviews", False)),
            admins=_enabled(said, "enforce_admins"),
            restricted=said.get("restrictions") is not None,
            force=_enabled(said, "allow_force_pushes"),
            delete=_enabled(said, "allow_deletions"),
            bypass=tuple(Bypass(name, "pull_request", False, via) for name in names),
        )


def _contexts(checks: dict[str, Any]) -> tuple[Required, ...]:
    via = "branch protection"
    pinned = {_field(c, "context", str): _app(c.get("app_id")) for c in checks.get("checks") or ()}
    names = dict.fromkeys((*pinned, *(checks.get("contexts") or ())))
    return tuple(Required(name, pinned.get(name), via) for name in names)


def _app(number: object) -> int | None:
    """The app that must report a check; -1 and null stand for any."""
    return number if isinstance(number, int) and number > 0 else None


def _enabled(said: dict[str, Any], key: str) -> bool:
    return _field(_field(said, key, dict), "enabled", bool)


def _field(answer: Any, key: str, kind: type[T]) -> T:
    value = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _Odd(f"no {key!r} as GitHub documents it")
    return value


def _tried(ask: Callable[[], T]) -> T | Unknown:
    try:
        return ask()
    except (_Odd, GuardError) as error:
        return Unknown(str(error))
    except (AttributeError, KeyError, TypeError) as error:
        return Unknown(f"an answer of another shape than GitHub documents ({error})")
