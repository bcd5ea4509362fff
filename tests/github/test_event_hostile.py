"""What nobody should send to the event reader: each is refused, and the event is named."""

from __future__ import annotations

from typing import Any

import pytest

from guard.github.event import EVENTS, BadEvent, PullChanged, read_event
from tests.github.examples import encoded, put, sample

HELLO = "Codertocat/Hello-World"
OID = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
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
