"""The event reader: GitHub's own examples, and what nobody should send."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from guard.cli._github import event
from guard.cli._surroundings import Surroundings
from guard.github.event import (
    EVENTS,
    MAX_BYTES,
    BadEvent,
    Deploying,
    GroupMade,
    Moved,
    Nothing,
    PullChanged,
    read_event,
)
from guard.github.survey import Repo
from tests.github.examples import PACKED, examples

TOP = Path(__file__).resolve().parents[2]
HELLO = "Codertocat/Hello-World"
OID = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
KINDS = {
    "deployment": {"Deploying": 4},
    "deployment_status": {"Moved": 4},
    "merge_group": {"GroupMade": 2},
    "pull_request": {"Moved": 2, "PullChanged": 27},
    "pull_request_review": {"PullChanged": 4},
    "push": {"Moved": 7},
    "workflow_dispatch": {"Moved": 2},
    "workflow_run": {"Moved": 5},
}


def encoded(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def sample(name: str, **wanted: Any) -> dict[str, Any]:
    """A copy of the first example of an event that has these values."""
    for each, payload in examples():
        if each == name and all(payload.get(key) == value for key, value in wanted.items()):
            return deepcopy(payload)
    raise LookupError(name)


def put(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *keys, last = path.split(".")
    holder: Any = payload
    for key in keys:
        holder = holder[key]
    if value is KeyError:
        del holder[last]
    else:
        holder[last] = value
    return payload


# GitHub's examples


def test_each_example_is_read_or_refused_by_name() -> None:
    found: dict[str, Counter[str]] = {}
    refused: Counter[str] = Counter()
    for name, payload in examples():
        if name in EVENTS:
            kind = type(read_event(name, encoded(payload))).__name__
            found.setdefault(name, Counter())[kind] += 1
        else:
            with pytest.raises(BadEvent, match=f"the event '{name}' is none that"):
                read_event(name, encoded(payload))
            refused[name] += 1
    assert {name: dict(counted) for name, counted in found.items()} == KINDS
    assert (len(refused), refused.total(), len(examples())) == (50, 272, 329)


def test_what_is_read_is_what_the_example_says() -> None:
    for name, payload in examples():
        if name not in EVENTS:
            continue
        made = read_event(name, encoded(payload))
        assert made.repo.path == payload["repository"]["full_name"]
        pull = payload.get("pull_request")
        if isinstance(made, PullChanged):
            assert (made.number, made.target) == (pull["number"], pull["base"]["ref"])
            assert made.head == pull["head"]["sha"]
        if pull and pull["state"] == "closed":
            assert isinstance(made, Moved)
        if isinstance(made, Deploying):
            said = payload["deployment"]
            assert (made.rev, made.environment) == (said["sha"], said["environment"])
            assert made.by.login == said["creator"]["login"]


def test_a_merge_group() -> None:
    payload = sample("merge_group")
    group = payload["merge_group"]
    made = read_event("merge_group", encoded(payload))
    assert isinstance(made, GroupMade)
    assert made.target == group["base_ref"].removeprefix("refs/heads/")
    assert (made.base, made.head, made.ref) == (
        group["base_sha"],
        group["head_sha"],
        group["head_ref"],
    )
    assert f"/pr-{made.number}-{made.named}" in made.ref


@pytest.mark.parametrize("reason", ["merged", "invalidated", "dequeued"])
def test_a_group_that_is_gone_is_for_the_reconciler(reason: str) -> None:
    payload = {**sample("merge_group"), "action": "destroyed", "reason": reason}
    made = read_event("merge_group", encoded(payload))
    assert isinstance(made, Moved)


def test_a_schedule_has_a_payload_of_nothing_but_the_schedule() -> None:
    payload = encoded({"schedule": "*/5 * * * *"})
    assert read_event("schedule", payload, "octo/project") == Moved(
        Repo("octo", "project"), "schedule"
    )
    with pytest.raises(BadEvent, match="no repository"):
        read_event("schedule", payload)


def test_pull_request_target_is_a_pull_request() -> None:
    payload = encoded(sample("pull_request", action="opened"))
    made = read_event("pull_request_target", payload, HELLO)
    assert made == read_event("pull_request", payload, HELLO)
    assert isinstance(made, PullChanged)


def test_a_closed_pull_request_is_for_the_reconciler() -> None:
    payload = put(sample("pull_request"), "pull_request.state", "closed")
    assert isinstance(read_event("pull_request", encoded(put(payload, "action", "closed"))), Moved)


def test_who_labels_a_closed_pull_request_asks_nothing() -> None:
    payload = put(sample("pull_request"), "pull_request.state", "closed")
    found = read_event("pull_request", encoded(put(payload, "action", "labeled")))
    assert isinstance(found, Nothing)


# What nobody should send


NO_BRANCH = [
    "",
    "-",
    "--upload-pack=touch /tmp/x",
    "-c",
    "main\n",
    "main\nrefs/heads/evil",
    "a\0b",
    "a\x7fb",
    "a\x1b[31m",
    "..",
    "../../etc/passwd",
    "a..b",
    "a b",
    "a~1",
    "a^",
    "a:b",
    "+a:refs/heads/main",
    "a?",
    "a*",
    "a[b",
    "a\\b",
    "/a",
    "a/",
    "a//b",
    ".a",
    "a/.b",
    "a.",
    "a.lock",
    "a.lock/b",
    "@",
    "@{-1}",
    "a@{1}",
    "x" * 1001,
    "x" * 1_000_000,
    "half \ud800",
    "half\udc80",
    1,
    None,
    True,
    ["main"],
    {"main": 1},
    1e308,
    KeyError,
]


@pytest.mark.parametrize("name", NO_BRANCH, ids=lambda name: f"{name!r:.30}")
def test_what_is_no_branch(name: Any) -> None:
    payload = put(sample("pull_request"), "pull_request.base.ref", name)
    with pytest.raises(BadEvent, match="the event pull_request: ") as caught:
        read_event("pull_request", encoded(payload))
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()
    if isinstance(name, str):
        group = put(sample("merge_group"), "merge_group.base_ref", f"refs/heads/{name}")
        ref = f"refs/heads/gh-readonly-queue/{name}/pr-1-{OID}"
        with pytest.raises(BadEvent, match="the event merge_group: "):
            read_event("merge_group", encoded(put(group, "merge_group.head_ref", ref)))


@pytest.mark.parametrize(
    "name", ["main", "a/b", "release-1.x", "ünï", "a@b", "x" * 255, "a{b", "(", "'\"$`;&|<>", "=a"]
)
def test_a_strange_name_of_a_branch_is_one(name: str) -> None:
    payload = put(sample("pull_request"), "pull_request.base.ref", name)
    made = read_event("pull_request", encoded(payload))
    assert isinstance(made, PullChanged)
    assert made.target == name


NO_OID = ["", "HEAD", "-n", OID[:-1], OID + "0", OID.upper(), OID + "\n", "0x" + OID[2:], None, 7]
FIELDS = [
    ("pull_request", "pull_request.head.sha"),
    ("merge_group", "merge_group.base_sha"),
    ("merge_group", "merge_group.head_sha"),
    ("deployment", "deployment.sha"),
]


@pytest.mark.parametrize("oid", NO_OID, ids=lambda oid: f"{oid!r:.20}")
@pytest.mark.parametrize(("name", "path"), FIELDS)
def test_what_names_no_object(name: str, path: str, oid: Any) -> None:
    with pytest.raises(BadEvent, match=f"the event {name}: {path}"):
        read_event(name, encoded(put(sample(name), path, oid)))


@pytest.mark.parametrize(
    ("name", "path", "value", "said"),
    [
        ("pull_request", "pull_request.number", value, "no number of a pull request")
        for value in (0, -1, 2**31, 10**300, 1.0, "1", True, None, [1], KeyError)
    ]
    + [
        ("pull_request", "repository", KeyError, "repository.full_name is missing"),
        ("pull_request", "repository", "octo/project", "repository.full_name is missing"),
        ("push", "repository.full_name", "octo", "no repository"),
        ("push", "repository.full_name", "octo/..", "no repository"),
        ("push", "repository.full_name", "octo/a/b", "no repository"),
        ("push", "repository.full_name", "octo/a\n", "no repository"),
        ("push", "repository.full_name", "-o/--x y", "no repository"),
        ("merge_group", "action", "made_up", "action 'made_up' is not known"),
        ("merge_group", "action", KeyError, "action is missing"),
        ("merge_group", "merge_group", None, "head_ref is missing"),
        ("merge_group", "merge_group.base_ref", "refs/tags/main", "is no branch"),
        ("merge_group", "merge_group.head_ref", "refs/heads/main", "does not name the queue"),
        ("merge_group", "merge_group.head_ref", "--upload-pack=x", "does not name the queue"),
        ("deployment", "deployment.environment", "", "environment is missing"),
        ("deployment", "deployment.environment", "x" * 256, "has 256 characters"),
        ("deployment", "deployment.environment", 5, "environment is missing"),
    ],
)
def test_what_is_missing_or_odd_is_said(name: str, path: str, value: Any, said: str) -> None:
    with pytest.raises(BadEvent, match=said) as caught:
        read_event(name, encoded(put(sample(name), path, value)))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b'"x"', b"1", b"NaN", b"[" * 100_000, b"9" * 5000],
)
def test_what_is_no_object_of_json(data: bytes) -> None:
    for name in EVENTS:
        with pytest.raises(BadEvent, match=f"the event {name}: "):
            read_event(name, data, "octo/project")


def test_a_payload_of_another_repository() -> None:
    payload = encoded(sample("pull_request"))
    assert read_event("pull_request", payload, HELLO.upper())
    with pytest.raises(BadEvent, match=f"it is about '{HELLO}', and this runs for octo/project"):
        read_event("pull_request", payload, "octo/project")


@pytest.mark.parametrize("name", ["", "issues", "PUSH", "push\n::error::x", "x" * 999])
def test_an_event_that_is_not_answered(name: str) -> None:
    with pytest.raises(BadEvent, match="none that the guard answers: deployment, ") as caught:
        read_event(name, b"{}")
    assert str(caught.value).isprintable()


# The file of a runner


def of_file(path: str, name: str = "push") -> Any:
    environ = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": path, "GITHUB_REPOSITORY": HELLO}
    return event(Surroundings(environ=environ))


def test_the_event_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(encoded(sample("push")))
    assert of_file(str(file)) == Moved(Repo("Codertocat", "Hello-World"), "push")
    for path in ("", str(tmp_path / "none"), str(tmp_path)):
        with pytest.raises(BadEvent, match=r"GITHUB_EVENT_PATH .*: cannot be read"):
            of_file(path)


def test_a_huge_event_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    with file.open("wb") as stream:
        stream.truncate(33 << 20)
    with pytest.raises(BadEvent, match=f"more than the {MAX_BYTES} bytes"):
        of_file(str(file))


if FOLDER := os.environ.get("GUARD_WEBHOOK_EXAMPLES"):

    @pytest.mark.slow
    def test_the_examples_are_githubs(tmp_path: Path) -> None:
        """The script writes beside the copy of itself that is run."""
        copy = tmp_path / "scripts" / "pack_webhook_examples.py"
        copy.parent.mkdir()
        copy.write_text((TOP / "scripts" / copy.name).read_text())
        made = tmp_path / PACKED.relative_to(TOP)
        made.parent.mkdir(parents=True)
        subprocess.run([sys.executable, str(copy), str(FOLDER)], check=True)
        assert lzma.decompress(made.read_bytes()) == lzma.decompress(PACKED.read_bytes())
