"""The token: in no log, no file and no argument of a process, whatever GitHub answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github.fake import Fault, Kind
from tests.github.runner import Ran, Runner
from tests.github.scripted import Asked, Say, scripted
from tests.github.stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


@pytest.fixture
def runner(stage: Stage, tmp_path: Path) -> Runner:
    made = Runner(stage, tmp_path / "runner")
    made.checkout()
    return made


def spellings(token: str) -> tuple[str, ...]:
    """How the token could be shown."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return token, token[4:], basic, token.encode().hex()


def check(token: str, *texts: str) -> None:
    for text in texts:
        for each in spellings(token):
            assert each.casefold() not in text.casefold(), text


def said(ran: Ran) -> tuple[str, ...]:
    return ran.out, ran.err, ran.summary, ran.output


def test_it_is_in_no_argument_and_no_output(stage: Stage, runner: Runner) -> None:
    log = runner.record_git()
    ada = stage.world.accounts["ada"]
    pull = stage.propose("one", ada, {"app/one.py": "ONE = 1\n"})
    stage.propose("two", stage.agent, {"app/two.py": "TWO = 2\n"})
    for name in ("pull_request", "push"):
        ran = runner.on(name, runner.last(name), "--debug", "--verbose")
        check(stage.token, *said(ran))
    check(stage.token, *said(runner.reconcile()))
    for form in ("json", "text"):
        check(stage.token, *said(runner.reconcile("--format", form)))
    git = log.read_text()
    assert "ls-remote" in git
    assert "push" in git
    check(stage.token, git)
    shown = json.dumps([run.__dict__ for run in _runs(stage, pull.head)], default=str)
    check(stage.token, shown)


def _runs(stage: Stage, sha: str) -> list[object]:
    return [run for suite in stage.world.checks.suites(sha) for run in suite.runs]


def echo(asked: Asked, status: int) -> Say:
    """Say back all that the client said, as plain text and as an error of GitHub's."""
    told = " ".join(asked.headers.values())
    if "git" in asked.headers.get("user-agent", "") and ".git/" in asked.path:
        basic = asked.headers.get("authorization", "").rpartition(" ")[2]
        told += " " + base64.b64decode(basic).decode()
        return Say(told.encode(), status, (("Content-Type", "text/plain"),))
    body = {"message": told, "errors": [{"type": told, "message": told}], "data": None}
    return Say(json.dumps(body).encode(), status, (("Content-Type", "application/json"),))


@pytest.mark.parametrize("status", [200, 401, 403, 404, 422, 500])
def test_an_error_that_says_it_back(stage: Stage, runner: Runner, status: int) -> None:
    stage.propose("one", stage.world.accounts["ada"], {"app/one.py": "ONE = 1\n"})
    payload = runner.last("pull_request")
    with scripted(lambda asked: echo(asked, status)) as server:
        asked: dict[str, dict[str, str | None]] = {
            "api": {"GITHUB_API_URL": server.url, "GITHUB_GRAPHQL_URL": f"{server.url}/graphql"},
            "git": {"GITHUB_SERVER_URL": server.url},
        }
        for env in asked.values():
            ran = runner.on("pull_request", payload, "--debug", code=NO_SLEEP, **env)
            assert ran.code == 3, ran.log
            assert "guard: error: " in ran.err
            check(stage.token, *said(ran))
        assert any(".git/" in each.path for each in server.asked)
        assert any("graphql" in each.path for each in server.asked)


NO_SLEEP = "import time; time.sleep = lambda seconds: None"


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.TRUNCATE, Kind.RESET, Kind.STATUS])
def test_an_outage(stage: Stage, runner: Runner, kind: Kind) -> None:
    stage.propose("one", stage.world.accounts["ada"], {"app/one.py": "ONE = 1\n"})
    stage.server.faults.append(Fault(kind, times=9, path="graphql"))
    ran = runner.on("pull_request", runner.last("pull_request"), "--debug", code=NO_SLEEP)
    assert ran.code == 3
    assert "Traceback" in ran.err
    assert ran.output == ""
    check(stage.token, *said(ran))


@pytest.mark.parametrize("token", ["", "a b", "ghs_\nX-Evil: 1", "ghs_é", "ghs_\x1b[31m"])
def test_a_token_that_is_none_is_not_shown(runner: Runner, stage: Stage, token: str) -> None:
    stage.propose("one", stage.world.accounts["ada"], {"app/one.py": "ONE = 1\n"})
    ran = runner.on("pull_request", runner.last("pull_request"), GITHUB_TOKEN=token)
    assert ran.code == 2
    assert ran.err == ("guard: error: no usable token for GitHub; set GITHUB_TOKEN (or GH_TOKEN)\n")
    assert stage.server.requests[-1].path != "/graphql"
