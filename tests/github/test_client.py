"""The client's answers: whole or none, after waits that are obeyed."""

from __future__ import annotations

import pytest

from guard.errors import UsageError
from guard.github.client import LONGEST_WAIT, Client, ForgeError
from tests.github.fake import Clock, Fault, Kind, Server
from tests.github.scripted import Asked, Say, Waits, scripted, speaking, told

WHO = "query who { viewer { login } }"
REPO = "/repos/octo/project"
PASSING = [
    *(Fault(Kind.STATUS, status=code) for code in (500, 502, 503, 504)),
    Fault(Kind.RESET),
    Fault(Kind.RESET_AFTER),
    Fault(Kind.LOST),
    Fault(Kind.HANG, seconds=2),
    Fault(Kind.TRUNCATE),
]
IDS = [f"{each.kind.name}-{each.status}" for each in PASSING]


def again(fault: Fault, times: int) -> Fault:
    return Fault(fault.kind, times, status=fault.status, seconds=fault.seconds)


# What goes over


@pytest.mark.parametrize("fault", PASSING, ids=IDS)
def test_what_goes_over_is_tried_again(
    client: Client, server: Server, waits: Waits, fault: Fault
) -> None:
    server.faults.append(again(fault, 2))
    assert client.graphql(WHO) == {"viewer": {"login": "github-actions[bot]"}}
    assert waits == [1.0, 2.0]
    server.faults.append(again(fault, 1))
    assert client.get(REPO)["full_name"] == "octo/project"
    assert client.spent.calls == 5


@pytest.mark.parametrize("fault", PASSING, ids=IDS)
def test_what_does_not_go_over_is_an_error(
    client: Client, server: Server, waits: Waits, fault: Fault
) -> None:
    listed = f"{REPO}/rulesets"
    for ask in (
        lambda: client.graphql(WHO),
        lambda: client.get(REPO),
        lambda: client.pages(listed),
    ):
        waits.clear()
        server.faults[:] = [again(fault, 4)]
        with pytest.raises(ForgeError, match=r"tried 4 times. Nothing is decided") as caught:
            ask()
        assert caught.value.exit_code == 3
        assert waits == [1.0, 2.0, 4.0]


def test_who_is_not_there_is_an_error() -> None:
    waits = Waits()
    with speaking("http://127.0.0.1:9", waits) as client, pytest.raises(ForgeError, match="no ans"):
        client.get(REPO)
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://[::1", "nothing", "http://a b"])
def test_an_address_that_is_none_is_an_error(url: str) -> None:
    with speaking(url) as client, pytest.raises(ForgeError):
        client.get(REPO)


@pytest.mark.parametrize("proxy", ["gopher://127.0.0.1:1", "http://[::1"])
def test_a_proxy_that_is_none_is_an_error(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(UsageError, match="ALL_PROXY"), speaking("http://127.0.0.1:9"):
        pass


# Half an answer


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(Kind.ERROR), "Something went wrong"),
        (Fault(Kind.PARTIAL, field="login"), "RESOURCE_LIMITS_EXCEEDED"),
    ],
)
def test_half_an_answer_is_none(
    client: Client, server: Server, waits: Waits, fault: Fault, said: str
) -> None:
    server.faults.append(fault)
    with pytest.raises(ForgeError, match=said):
        client.graphql(WHO)
    assert waits == []


BAD = [
    b"[]",
    b'"text"',
    b"null",
    b"{}",
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": {}, "errors": [{}]}',
    b'{"data": {}, "errors": [null, 1, "x"]}',
    b'{"data": {}, "errors": {"message": "no list"}}',
    b'{"data": {}, "errors": "no list"}',
    b'{"data": {}, "errors": [{"type": ["a"], "message": {"b": 1}}]}',
]


@pytest.mark.parametrize("body", BAD)
def test_an_answer_of_another_shape_is_an_error(body: bytes) -> None:
    with told(lambda _: Say(body)) as client, pytest.raises(ForgeError, match="GraphQL"):
        client.graphql(WHO)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"[" * 200_000, b"<html>", b"9" * 9999])
def test_what_is_no_json_is_an_error(body: bytes) -> None:
    with scripted(lambda _: Say(body)) as server, speaking(server.url) as client:
        for ask in (client.graphql, client.get):
            with pytest.raises(ForgeError, match="no JSON"):
                ask("/x")


@pytest.mark.parametrize("status", [201, 204, 304, 400, 401, 403, 404, 409, 410, 422, 451, 501])
def test_another_status_is_an_error(status: int) -> None:
    def refuse(asked: Asked) -> Say:
        del asked
        return Say(b'{"message": "because"}' if status >= 400 else b"", status)

    with scripted(refuse) as server, speaking(server.url) as client:
        with pytest.raises(ForgeError):
            client.graphql(WHO)
        with pytest.raises(ForgeError):
            client.pages("/list")
        if status == 404:
            assert client.get("/none") is None
        else:
            with pytest.raises(ForgeError):
                client.get("/none")


# Limits


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(("seconds", "wait"), [(7, 7.0), (0, 0.0), (None, 60.0)])
def test_the_secondary_limit(
    client: Client, server: Server, waits: Waits, status: int, seconds: float | None, wait: float
) -> None:
    server.faults.append(Fault(Kind.SECONDARY, status=status, seconds=seconds))
    client.graphql(WHO)
    assert waits == [wait]


@pytest.mark.parametrize("status", [403, 429])
def test_nobody_waits_for_longer_than_a_job_may(
    client: Client, server: Server, waits: Waits, status: int
) -> None:
    server.faults.append(Fault(Kind.SECONDARY, times=9, status=status, seconds=LONGEST_WAIT + 1))
    with pytest.raises(ForgeError, match="it asks to wait for 91 s"):
        client.graphql(WHO)
    assert waits == []
    server.faults[:] = [Fault(Kind.SECONDARY, times=9, status=status, seconds=50)]
    with pytest.raises(ForgeError, match="it asks to wait for 50 s"):
        client.graphql(WHO)
    assert waits == [50.0]


def test_the_primary_limit_is_waited_for_if_the_hour_is_soon_over(
    client: Client, server: Server, clock: Clock, waits: Waits
) -> None:
    clock.now = 1_700_000_000 // 3600 * 3600 + 3600 - 40

    class Passing(Waits):
        def __call__(self, seconds: float) -> None:
            super().__call__(seconds)
            clock.forward(int(seconds))

    client.sleep = passing = Passing()
    for ask in (lambda: client.graphql(WHO), lambda: client.get(REPO)):
        server.faults.append(Fault(Kind.PRIMARY))
        ask()
        clock.now -= 40
        server._used.clear()
    assert passing == [40.0, 40.0]


def test_the_primary_limit_is_an_error_if_not(client: Client, server: Server, waits: Waits) -> None:
    for ask in (lambda: client.graphql(WHO), lambda: client.get(REPO)):
        server.faults.append(Fault(Kind.PRIMARY))
        with pytest.raises(ForgeError, match=r"rate limit is used up, tried 1 times.*2800 s"):
            ask()
    assert waits == []


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "nan"}, 60.0),
        ({"Retry-After": "-5"}, 60.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60.0),
        ({"Retry-After": "inf"}, 60.0),
        ({"X-RateLimit-Remaining": "0"}, 60.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "nan"}, 60.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, 1.0),
        ({"X-RateLimit-Remaining": "0", "Retry-After": "3"}, 3.0),
    ],
)
def test_a_limit_that_does_not_say_for_how_long(headers: dict[str, str], wait: float) -> None:
    said = [Say(b"{}", 403, tuple(headers.items())), Say(b"[]")]
    waits = Waits()
    with scripted(lambda _: said.pop(0)) as server, speaking(server.url, waits) as client:
        assert client.get("/x") == []
    assert waits == [wait]


def test_a_refusal_is_no_limit(client: Client, waits: Waits) -> None:
    with pytest.raises(ForgeError, match="403: Resource not accessible by integration"):
        client.get(f"{REPO}/actions/permissions")
    assert waits == []
