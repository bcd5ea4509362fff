"""What a change does to that which judges it: the policy, hooks, workflows, the guard's own pin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guard.baseline import parse_baseline
from guard.change import FileChange, PolicyEdit
from guard.config import POLICY_NAME, default_policy, parse_policy
from guard.config.compare import weaker
from guard.errors import GuardError, PolicyError
from guard.forge.rulebook import MISNAMED, Rulebook, read_policy_file
from guard.globs import Globs
from guard.repository import Repository

WATCHED = (
    f"/{POLICY_NAME}",
    *(f"/{name}" for name in MISNAMED),
    "/guard-tests/",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    "/.github/workflows/",
    "/.github/actions/",
    "/.gitlab-ci.yml",
    "/.gitlab/ci/",
    "/.circleci/",
    "/.buildkite/",
    "/.woodpecker/",
    "/.woodpecker.yml",
    "/.forgejo/workflows/",
    "/.gitea/workflows/",
    "/.travis.yml",
    "/.drone.yml",
    "/azure-pipelines.yml",
    "/bitbucket-pipelines.yml",
    "/Jenkinsfile",
    "/.githooks/",
    "/.husky/",
    "/lefthook.yml",
    "CODEOWNERS",
)
"""What runs the guard, or says who must look. Patterns as in ``guard.globs``."""

_PINNED = Globs(
    (
        "pyproject.toml",
        "setup.cfg",
        "setup.py",
        "Pipfile",
        "*requirements*.txt",
        "*constraints*.txt",
        "requirements/",
        "constraints/",
        "*.lock",
        "environment.yml",
        "environment.yaml",
        "pylock*.toml",
    )
)
_MOST = 1 << 20
_NAME = r"premerge[-_.]guard"
_PINS = (
    re.compile(rf"{_NAME}(?:\[[^\]\n]*\])?['\"]?\s*(?:==|>=|~=|@|=)\s*['\"]?v?(\d[\w.!+-]*)", re.I),
    re.compile(rf"name\s*=\s*['\"]{_NAME}['\"]\s*\n\s*version\s*=\s*['\"]v?(\d[\w.!+-]*)", re.I),
    re.compile(rf"repo:\s*\S*{_NAME}\S*\s*\n\s*rev:\s*['\"]?v?(\d[\w.!+-]*)", re.I),
)
_RUNS = re.compile(r"\bguard (?:check|smoke|gate|test|validate)\b|\bid:\s*guard-\w+|" + _NAME, re.I)
_PASSES = re.compile(r"continue-on-error:\s*true|allow_failure:\s*true|\|\|\s*(?:true|:)(?:\s|$)")
_TREES = Globs(WATCHED)


@dataclass(frozen=True, slots=True)
class Sides:
    """The commits before and after, and what differs."""

    base: str
    result: str
    files: tuple[FileChange, ...]


def policy_edit(git: Repository, book: Rulebook, sides: Sides) -> PolicyEdit:
    """What the change from ``sides.base``, whose policy is ``book``, does to its judges.

    Raises ``GitError``.
    """
    baseline = book.policy.baseline
    watched = [f for f in sides.files if _TREES.matches(f.path) or f.path == baseline]
    pinned = [f for f in sides.files if f not in watched and _PINNED.matches(f.path)]
    texts = _Texts(git, [*watched, *pinned])
    touched = [f.path for f in watched]
    touched += [f.path for f in pinned if _pins(texts.old(f)) != _pins(texts.new(f))]
    found: list[str] = []
    for file in (*watched, *pinned):
        if file.path == POLICY_NAME or (file.path in MISNAMED):
            continue
        found += [f"{file.path}: {words}" for words in _weaker(file, texts, file in watched)]
    if any(f.path == POLICY_NAME or f.path in MISNAMED for f in watched):
        found += [f"{POLICY_NAME}: {words}" for words in _policy(git, book, sides)]
    if baseline is not None and baseline in touched:
        (file,) = (f for f in watched if f.path == baseline)
        found += [f"{baseline}: {words}" for words in _accepts(baseline, file, texts)]
    return PolicyEdit(tuple(sorted(touched)), tuple(found))


def _policy(git: Repository, book: Rulebook, sides: Sides) -> Iterator[str]:
    try:
        found = read_policy_file(git, sides.result)
        if found is None:
            yield "is gone: the defaults would hold"
            after = default_policy(book.rules)
        else:
            after = parse_policy(found[1], POLICY_NAME, book.rules)
    except PolicyError as error:
        first = error.problems[0] if error.problems else "no reason is given"
        yield f"cannot be read any more: nothing could land after this ({first})"
        return
    yield from weaker(book.policy, after)


def _accepts(name: str, file: FileChange, texts: _Texts) -> Iterator[str]:
    sides = []
    for data in (texts.old(file), texts.new(file)):
        try:
            sides.append(
                {e.id: e.count for e in parse_baseline(data, name).entries} if data else {}
            )
        except GuardError:
            sides.append({})
    more = sum(max(0, count - sides[0].get(key, 0)) for key, count in sides[1].items())
    if more:
        yield f"accepts {more} more finding{'s' if more > 1 else ''}"


def _weaker(file: FileChange, texts: _Texts, watched: bool) -> Iterator[str]:
    old, new = texts.old(file), texts.new(file)
    if watched and not file.new:
        yield "is deleted"
        return
    before, after = _pins(old), _pins(new)
    if before and not after:
        yield "no longer pins the guard"
    elif before and after and min(map(_order, after)) < min(map(_order, before)):
        yield f"pins the guard at {min(after, key=_order)}, before at {min(before, key=_order)}"
    if not watched:
        return
    gone = _counts(_RUNS, old) - _counts(_RUNS, new)
    if gone > 0:
        yield "has fewer steps that run the guard"
    if _counts(_PASSES, new) > _counts(_PASSES, old):
        yield "lets a step pass that fails"


def _pins(data: bytes) -> tuple[str, ...]:
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return tuple(sorted(match[1] for pin in _PINS for match in pin.finditer(text)))


def _order(version: str) -> tuple[int, ...]:
    """The release of a version (PEP 440); of two with one release neither is the older here."""
    release = re.match(r"\d+(?:\.\d+)*", version.rpartition("!")[2])
    parts = [int(part[:9]) for part in release[0].split(".")] if release else []
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _counts(pattern: re.Pattern[str], data: bytes) -> int:
    lines = data.decode("utf-8", "replace").splitlines()
    return sum(1 for line in lines if not line.lstrip().startswith("#") and pattern.search(line))


class _Texts:
    """The contents of files, before and after, read by one process."""

    def __init__(self, git: Repository, files: Iterable[FileChange]) -> None:
        wanted = {oid: None for file in files for oid in (file.old, file.new) if oid}
        self._found = {
            oid: data if isinstance(data, bytes) else b""
            for oid, data in git.read_blobs(wanted, _MOST)
        }

    def old(self, file: FileChange) -> bytes:
        """Empty for none, and for one that is larger than a hand writes."""
        return self._found.get(file.old, b"")

    def new(self, file: FileChange) -> bytes:
        return self._found.get(file.new, b"")
