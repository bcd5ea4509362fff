"""The event reader: GitHub's own examples, and the file that a runner leaves."""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
from collections import Counter
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
from tests.github.examples import PACKED, encoded, examples, put, sample

TOP = Path(__file__).resolve().parents[2]
HELLO = "Codertocat/Hello-World"
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
