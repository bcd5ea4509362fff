"""Whatever becomes of GitHub's examples: the event reader refuses it, or takes it as harmless."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guard.github.event import (
    EVENTS,
    BadEvent,
    Deploying,
    Event,
    GroupMade,
    PullChanged,
    is_branch,
    read_event,
)
from tests.github.examples import examples

READ = [(name, json.dumps(payload)) for name, payload in examples() if name in EVENTS]
SOUND = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
REPO = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
KEYS = (
    ("action",),
    ("repository", "full_name"),
    *(("pull_request", key) for key in ("number", "state", "base", "head")),
    ("pull_request", "base", "ref"),
    ("pull_request", "head", "sha"),
    *(("merge_group", key) for key in ("head_ref", "head_sha", "base_ref", "base_sha")),
    *(("deployment", key) for key in ("sha", "environment", "creator")),
)
"""What is read. Most keys are not, and would seldom be hit."""
PARTS = ["-", "--upload-pack=", "..", "/", "\n", "\0", "@{", ".lock", ":", "*", "~", "é", "\u202e"]
NAMES = st.lists(st.sampled_from([*PARTS, "main", "a", ".", "@", " ", "\x7f"]), max_size=5).map(
    "".join
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=8),
    NAMES,
    NAMES.map("refs/heads/".__add__),
    NAMES.map(lambda name: f"refs/heads/gh-readonly-queue/{name}/pr-1-{'a' * 40}"),
    st.sampled_from(["a" * 40, "a" * 64, "A" * 40, "closed", "destroyed", "checks_requested"]),
    st.builds(list),
    st.builds(dict),
)


@functools.cache
def known_to_git(name: str) -> bool:
    done = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
    return done.returncode == 0


def harmless(made: Event) -> None:
    """Nothing that git would take for an option, or for more than one name."""
    assert REPO.fullmatch(made.repo.path)
    branches, oids, numbers = [], [], []
    if isinstance(made, PullChanged):
        branches, oids, numbers = [made.target], [made.head], [made.number]
    if isinstance(made, GroupMade):
        branches = [made.target, made.ref.removeprefix("refs/heads/")]
        oids, numbers = [made.base, made.head], [made.number]
        assert re.fullmatch("[0-9a-f]{40,64}", made.named)
    if isinstance(made, Deploying):
        oids = [made.rev]
        assert (made.environment + made.by.login).encode()
        assert 0 < len(made.environment) <= 255
    for each in branches:
        assert not each.startswith("-")
        assert known_to_git(each), each
    assert all(map(SOUND.fullmatch, oids))
    assert all(0 < each < 2**31 for each in numbers)


def put(payload: Any, keys: tuple[str, ...], value: Any, gone: bool) -> None:
    """Change the value there; where the way is cut, the last that is there."""
    holder = payload
    for number, key in enumerate(keys):
        within = holder.get(key)
        if number == len(keys) - 1 or not isinstance(within, dict):
            holder[key] = value
            if gone:
                del holder[key]
            return
        holder = within


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, len(READ) - 1),
    st.lists(st.tuples(st.sampled_from(KEYS), VALUES, st.booleans()), min_size=1, max_size=3),
    st.sampled_from([*EVENTS, ""]),
)
def test_changed_values(number: int, changes: list[Any], other: str) -> None:
    name, text = READ[number]
    payload = json.loads(text)
    for keys, value, gone in changes:
        put(payload, keys, value, gone and not value)
    for each in {name, other} - {""}:
        try:
            harmless(read_event(each, json.dumps(payload).encode()))
        except BadEvent:
            pass


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, len(READ) - 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.binary(max_size=6),
)
def test_changed_bytes(number: int, start: float, length: float, new: bytes) -> None:
    name, text = READ[number]
    data = text.encode()
    at = int(start * len(data))
    cut = data[:at] + new + data[at + int(length**4 * len(data)) :]
    try:
        harmless(read_event(name, cut, "Codertocat/Hello-World"))
    except BadEvent:
        pass


@settings(deadline=None, max_examples=200)
@given(st.one_of(NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=6)))
@example("@")
@example("HEAD")
@example("a.lock/b")
def test_a_branch_is_what_git_takes_for_one(name: str) -> None:
    known = "\0" not in name and known_to_git(name)
    assert is_branch(name) == (known and not name.startswith("-") and name != "@")
