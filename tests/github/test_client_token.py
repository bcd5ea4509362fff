"""The client's pages, redirects and token: what is whole, what is kept, and who gets to see it."""

from __future__ import annotations

import json
import logging

import pytest

from guard.errors import UsageError
from guard.github.client import Client, Endpoints, ForgeError
from tests.github.fake import Fault, Kind, Server, World
from tests.github.scripted import TOKEN, Asked, Say, scripted, speaking, told

WHO = "query who { viewer { login } }"
REPO = "/repos/octo/project"


# Pages, and what was got before


def test_what_has_not_changed_is_not_sent_again(
    client: Client, server: Server, world: World
) -> None:
    before = client.get(REPO)
    again = client.get(REPO)
    assert again == before
    assert [(each.status, bool(each.etag)) for each in server.requests] == [
        (200, False),
        (304, True),
    ]
    world.settings.repository["allow_merge_commit"] = False
    assert client.get(REPO)["allow_merge_commit"] is False
    assert server.requests[-1].status == 200
    assert client.get("/repos/octo/none") is None
    assert client.get("/repos/octo/none") is None
    assert server.requests[-1].etag == ""


def test_304_without_being_asked_for_is_an_error() -> None:
    with told(lambda _: Say(b"", 304)) as client, pytest.raises(ForgeError, match="304"):
        client.get("/x")


def test_all_pages_come(client: Client, server: Server, world: World) -> None:
    for _ in range(205):
        world.settings.ruleset()
    found = client.pages(f"{REPO}/rulesets?targets=branch")
    assert len({each["id"] for each in found}) == 205
    assert [each.status for each in server.requests] == [200, 200, 200]
    assert client.pages(f"{REPO}/rulesets?targets=branch") == found
    assert [each.status for each in server.requests[3:]] == [304, 304, 304]


def test_a_page_that_is_missing_makes_all_of_them_missing(
    client: Client, server: Server, world: World
) -> None:
    for _ in range(150):
        world.settings.ruleset()
    server.faults.append(Fault(Kind.STATUS, times=9, skip=1, status=502))
    with pytest.raises(ForgeError, match="it answered 502"):
        client.pages(f"{REPO}/rulesets")
    server.faults[:] = [Fault(Kind.STATUS, status=404)]
    with pytest.raises(ForgeError, match="no list"):
        client.pages(f"{REPO}/rulesets")


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ('</list?page=2>; rel="next"', "more than 100 pages"),
        ('<http://127.0.0.1:9/list>; rel="next"', "the token is not sent"),
        ('<http://x@HERE/list>; rel="next"', "the token is not sent"),
        ('<http://[::1/list>; rel="next"', "no address"),
        ('<//localhost/list>; rel="next"', "the token is not sent"),
    ],
)
def test_a_next_page_that_leads_astray(link: str, said: str) -> None:
    def answer(asked: Asked) -> Say:
        here = link.replace("HERE", asked.headers["host"])
        return Say(b"[1]", 200, (("Link", here),))

    with told(answer) as client, pytest.raises(ForgeError, match=said):
        client.pages("/list")


@pytest.mark.parametrize("link", ["", "garbage", "<>;;;", '; rel="next"', "<x", "a;b=c;d"])
def test_a_link_that_names_no_next_page_is_the_end(link: str) -> None:
    said = Say(b"[1]", 200, (("Link", link),))
    with scripted(lambda _: said) as server, speaking(server.url) as client:
        assert client.pages("/list") == [1]


# Where the token goes


@pytest.mark.parametrize("location", [REPO, "{url}" + REPO])
def test_a_redirect_within_the_host_is_followed(
    client: Client, server: Server, location: str
) -> None:
    where = location.format(url=server.url)
    server.faults.append(Fault(Kind.REDIRECT, path="/rulesets", location=where))
    assert client.get(f"{REPO}/rulesets")["full_name"] == "octo/project"
    server.faults.append(Fault(Kind.REDIRECT, times=9, location=where))
    with pytest.raises(ForgeError, match="302"):
        client.get(f"{REPO}/rulesets")


def test_the_token_does_not_go_to_another_host(server: Server, client: Client) -> None:
    with scripted(lambda _: Say()) as other:
        port = other.url.rpartition(":")[2]
        for where in (
            other.url,
            f"http://localhost:{port}/x",
            f"//127.0.0.1:{port}",
            "http://[",
            "",
        ):
            server.faults[:] = [Fault(Kind.REDIRECT, times=2, location=where)]
            for ask in (lambda: client.get(REPO), lambda: client.graphql(WHO)):
                with pytest.raises(ForgeError):
                    ask()
        assert other.asked == []


@pytest.mark.parametrize(
    "token", ["", " ", "a b", "a\nb", "a\r\nX: y", "é", "a\0b", "a\x7f", "a\t"]
)
def test_a_token_that_is_none(token: str) -> None:
    with (
        pytest.raises(UsageError, match="set GITHUB_TOKEN") as caught,
        speaking("http://x", token=token),
    ):
        pass
    assert not token.strip() or token not in str(caught.value)


def echo(asked: Asked) -> Say:
    """A server that tells the client what it knows of it, in every way."""
    token = asked.headers["authorization"]
    status = int(asked.path.strip("/").partition("/")[0] or 200)
    body = {"message": f"not for {token}", "errors": [{"type": token, "message": token}]}
    text = json.dumps(body).encode() if status != 299 else token.encode()
    if 300 < status < 400:
        return Say(b"", status, (("Location", f"http://{token[7:]}.invalid/{token[7:]}"),))
    return Say(text, 200 if status == 299 else status, (("X-Echo", token),))


def test_no_error_shows_the_token() -> None:
    with scripted(echo) as server:
        for status in (200, 299, 301, 302, 400, 401, 403, 422, 429, 500, 502):
            with speaking(server.url) as client:
                client.endpoints = Endpoints(f"{server.url}/{status}", f"{server.url}/{status}")
                asks = [lambda: client.graphql(WHO), lambda: client.pages("/x")]
                for ask in asks if status >= 300 else asks[:1]:
                    with pytest.raises(ForgeError) as caught:
                        ask()
                    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
                    assert TOKEN.casefold() not in shown.casefold(), status
                assert TOKEN not in repr(client)
                assert len(str(caught.value)) < 600


def test_no_log_shows_the_token(
    client: Client, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    client.graphql(WHO)
    server.faults += [Fault(Kind.RESET), Fault(Kind.HANG, seconds=1), Fault(Kind.STATUS)]
    client.get(REPO)
    assert {each.name.partition(".")[0] for each in caplog.records} == {"httpx", "httpcore"}
    for each in caplog.records:
        assert client.token not in f"{each.getMessage()} {each.args!r} {each.__dict__!r}"
