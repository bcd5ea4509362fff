"""kill -9 at every step of both hooks: nothing is lost or there twice, and the next goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from guard.server.spool import Intent, Spool
from guard.server.updates import Update
from tests.server.kit import arrivals, decisions, flush, lane, spool, verdicts
from tests.server.servers import Client, Server, started

PRE = (
    "surveyed",
    "judged",
    "locked",
    "before spool",
    "spool written",
    "spool renamed",
    "before answer",
)
POST = (
    "flush locked",
    "before log",
    "logged",
    "arrivals recorded",
    "lanes recorded",
    "spool emptied",
)
Pair = tuple[Server, Client]
LATER = 700


def test_the_list_of_steps_is_complete(tmp_path: Path) -> None:
    _, client = started(tmp_path / "server")
    client.commit()
    told = tmp_path / "steps"
    assert client.push("main", GUARD_TEST_STEPS=str(told)).ok
    wanted = [f"pre-receive: {each}" for each in PRE] + [f"post-receive: {each}" for each in POST]
    assert told.read_text().splitlines() == wanted


@pytest.mark.parametrize("step", PRE)
def test_a_push_whose_hook_is_killed_does_not_land(pair: Pair, step: str) -> None:
    server, client = pair
    old = server.ref("refs/heads/main")
    new = client.commit()
    now = int(time.time())
    assert not client.push("main", GUARD_TEST_FAULT=f"pre-receive: {step}").ok
    assert server.ref("refs/heads/main") == old
    assert client.push("main").ok
    assert server.ref("refs/heads/main") == new
    assert flush(server, now + LATER) == []
    passed = [each for each in decisions(server) if each.rev == new]
    landed = [each for each in passed if "did not land" not in each.reasons[-1]]
    assert landed == passed  # the same commit did land in the end
    assert len(landed) == (2 if step in PRE[PRE.index("spool renamed") :] else 1)
    assert spool(server, now + LATER).intents == ()
    assert spool(server).broken == ()


@pytest.mark.parametrize("step", PRE)
def test_a_push_whose_git_is_killed_before_it_lands_does_not(pair: Pair, step: str) -> None:
    server, client = pair
    old = server.ref("refs/heads/main")
    new = client.commit()
    assert not client.push("main", GUARD_TEST_FAULT_OF_GIT=f"pre-receive: {step}").ok
    assert server.ref("refs/heads/main") == old
    assert server.git("fsck", "--strict", "--no-dangling") == ""
    done = client.push("main")
    assert done.ok, done.said
    assert server.ref("refs/heads/main") == new
    assert verdicts(server)[-1] == "pass"


@pytest.mark.parametrize("step", POST)
def test_what_landed_stays_and_is_recorded_once_whenever_git_is_killed(
    pair: Pair, step: str
) -> None:
    server, client = pair
    new = client.commit()
    client.push("main", GUARD_TEST_FAULT_OF_GIT=f"post-receive: {step}")
    assert server.ref("refs/heads/main") == new
    later = client.commit()
    assert client.push("main").ok
    for rev in (new, later):
        assert [each.verdict.value for each in decisions(server) if each.rev == rev] == ["pass"]
    assert not spool(server).intents


@pytest.mark.parametrize("step", PRE)
def test_a_refusal_whose_hook_is_killed_is_none_the_less_one(pair: Pair, step: str) -> None:
    server, client = pair
    old = server.ref("refs/heads/main")
    client.commit("refuse this")
    assert not client.push("main", GUARD_TEST_FAULT=f"pre-receive: {step}").ok
    assert server.ref("refs/heads/main") == old
    assert flush(server, int(time.time()) + LATER) == []
    assert set(verdicts(server)) <= {"pass", "fail", "unverified"}
    assert spool(server).intents == ()


@pytest.mark.parametrize("step", POST)
def test_what_a_killed_post_receive_left_the_next_one_writes_once(pair: Pair, step: str) -> None:
    server, client = pair
    new = client.commit()
    client.push("main", GUARD_TEST_FAULT=f"post-receive: {step}")
    assert server.ref("refs/heads/main") == new
    assert flush(server, int(time.time())) == []
    assert flush(server, int(time.time())) == []
    assert [each.rev for each in decisions(server)].count(new) == 1
    assert [each.rev for each in arrivals(server)].count(new) == 1
    assert [each.kind.value for each in lane(server)] == ["started"]
    assert spool(server).intents == ()


@pytest.mark.parametrize("step", POST)
def test_the_first_push_whose_post_receive_is_killed_gets_its_lane(
    tmp_path: Path, step: str
) -> None:
    server = Server(tmp_path / "server").make()
    client = server.client("alice")
    client.git("checkout", "-q", "-b", "main", check=False)
    new = client.commit("first", app_dot_py="VALUE = 1\n")
    client.push("main", GUARD_TEST_FAULT=f"post-receive: {step}")
    assert flush(server, int(time.time())) == []
    assert [(each.kind.value, each.rev) for each in lane(server)] == [("started", new)]


def test_a_push_that_passed_and_never_landed_is_told_as_one(pair: Pair) -> None:
    server, client = pair
    new = client.commit()
    assert not client.push("main", GUARD_TEST_FAULT="pre-receive: before answer").ok
    now = int(time.time())
    assert flush(server, now) == []
    assert len(spool(server).intents) == 1  # it may be about to land
    assert flush(server, now + LATER) == []
    last = decisions(server)[-1]
    assert (last.rev, last.reasons[-1]) == (new, "server: it passed, and did not land")
    assert spool(server).intents == ()


def aside(server: Server) -> list[str]:
    folder = server.repo / "guard" / "spool" / "aside"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("keep", [0, 1, 40, 200])
def test_a_file_that_lost_its_end_is_set_aside_and_told(pair: Pair, keep: int) -> None:
    server, client = pair
    client.commit("refuse this")
    assert not client.push("main").ok
    (file,) = (server.repo / "guard" / "spool").iterdir()
    file.write_bytes(file.read_bytes()[:keep])
    client.commit("fine")
    assert client.push("main").ok
    assert aside(server) == [file.name]
    told = [reason for each in decisions(server) for reason in each.reasons]
    assert any(file.name in reason and "set aside" in reason for reason in told)
    assert verdicts(server).count("unverified") == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.txt", b"mine"),
        ("000000000001-x.json", b"[]"),
        ("000000000001-y.json", b'{"version": 1, "more": true}'),
        ("000000000001-z.json", b"\xff\x00"),
        ("000000000001-deep.json", b"[" * 100_000),
    ],
)
def test_foreign_files_are_set_aside(pair: Pair, name: str, data: bytes) -> None:
    server, client = pair
    (server.repo / "guard" / "spool" / name).write_bytes(data)
    client.commit()
    assert client.push("main").ok
    assert aside(server) == [name]


def test_an_intent_under_another_name_is_foreign(pair: Pair) -> None:
    server, client = pair
    client.commit("refuse this")
    assert not client.push("main").ok
    (file,) = (server.repo / "guard" / "spool").iterdir()
    value = json.loads(file.read_text())
    file.with_name("000000000001-copy.json").write_text(json.dumps(value))
    assert flush(server, int(time.time())) == []
    assert aside(server) == ["000000000001-copy.json"]
    assert verdicts(server).count("fail") == 1


def test_a_half_written_file_is_left_to_its_writer_for_a_while(tmp_path: Path) -> None:
    box = Spool(str(tmp_path))
    (tmp_path / "objects").mkdir()
    box.prepare()
    half = Path(box.folder) / "000000000001-x.json.new"
    half.write_text("{")
    now = int(half.stat().st_mtime)
    assert box.read(now + 10).broken == ()
    ((name, reason),) = box.read(now + LATER).broken
    assert (name, "the push was refused" in reason) == (half.name, True)


def test_the_spool_gives_back_what_was_put_in(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    box = Spool(str(tmp_path))
    one = Intent("b" * 16, 20, "al\udcffice", True, (Update("refs/heads/\udcfe", "", "1" * 40),))
    two = Intent("a" * 16, 3, "", False, ())
    box.write(one)
    box.write(two)
    assert box.read(0).intents == (two, one)
    box.remove(two)
    box.remove(two)
    assert box.read(0).intents == (one,)
