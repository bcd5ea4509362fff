"""Hostile text of a change, on its way to the log, the annotations, the summary and the comment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.github.fake.state import Pull
from tests.github.inert import (
    EVIL,
    LINES,
    MARK,
    check_log,
    check_markdown,
    check_title,
    commands,
)
from tests.github.runner import Ran, Runner
from tests.github.stage import POLICY, Stage, staged

RULES = """\
  missing-rollback-plan:
    paths: ["migrations/**"]
  undeclared-ai-change: error
"""
TEXT = POLICY.replace("  missing-rollback-plan: off\n", RULES) + "github:\n  comment: true\n"
PATH = f"migrations/{LINES.replace('/', '_')}.sql".replace("\0", "")
BRANCH = f"x/{MARK}/@octocat#1`|<img>\u202e\u2028;$(x)##GH-1,%0A"
DENIED = (
    f"{LINES}\n\nAI-Assisted: no {EVIL}\nCo-authored-by: Claude {EVIL} <noreply@anthropic.com>\n"
)


def quoted(path: str) -> str:
    """A path as git-fast-import(1) reads it, whatever is in it."""
    parts = [
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in path.encode()
    ]
    return f'"{"".join(parts)}"'


@dataclass
class Played:
    """What was said, wherever it was said."""

    stage: Stage
    runner: Runner
    ran: dict[str, Ran] = field(default_factory=dict)
    pulls: list[Pull] = field(default_factory=list)

    def propose(self, branch: str, files: dict[str, str], **more: Any) -> Pull:
        """A pull request of claude's, all of whose texts are hostile."""
        world, agent = self.stage.world, self.stage.agent
        made = world.commit(files, by=agent, message=more.pop("message", LINES), **more)
        world.direct_push(branch, made, agent)
        pull = world.open_pull(branch, by=agent, title=LINES, body=LINES)
        world.label(pull, EVIL)
        world.review(pull, world.accounts["bob"], "CHANGES_REQUESTED", body=LINES)
        world.comment(pull, agent, f"<!-- premerge-guard -->\n{LINES}")
        world.report_check(pull.head, EVIL, app=EVIL)
        self.pulls.append(pull)
        return pull

    def gate(self, name: str, event: str = "pull_request", **more: Any) -> None:
        self.ran[name] = self.runner.on(event, self.runner.last(event), **more)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("inert")
    with staged(folder, TEXT) as stage:
        world = stage.world
        made = Played(stage, Runner(stage, folder / "runner"))
        made.runner.checkout()
        first = world.repo.tip("main")
        world.direct_push("main", world.commit({quoted(PATH): "1\n"}))
        world.report_check(world.repo.tip("main"), EVIL, "FAILURE")
        made.propose(BRANCH, {quoted(PATH): "2\n"}, message=DENIED)
        made.gate("change")
        made.propose("policy", {"guard.yaml": TEXT.replace("30m", "1m") + f"# {MARK}\n"})
        made.gate("policy")
        world.direct_push("clash", world.commit({quoted(PATH): "3\n"}, first, by=stage.agent))
        made.pulls.append(world.open_pull("clash", by=stage.agent, title=LINES, body=LINES))
        made.ran["reconcile"] = made.runner.reconcile()
        made.gate("conflict")
        world.deploy(EVIL, world.repo.tip("main"), state="SUCCESS")
        payload = {
            "action": "created",
            "deployment": {
                "sha": world.repo.tip("main"),
                "environment": EVIL[:250],
                "creator": {"login": EVIL},
            },
            "repository": {"full_name": "octo/project"},
        }
        made.ran["deployment"] = made.runner.on("deployment", payload)
        yield made


def test_the_hostile_text_is_shown(played: Played) -> None:
    """Else the other tests would prove nothing."""
    codes = {name: ran.code for name, ran in played.ran.items()}
    assert codes == {"change": 1, "policy": 1, "conflict": 3, "reconcile": 0, "deployment": 1}
    for name in ("change", "conflict", "deployment"):
        assert MARK in played.ran[name].out, played.ran[name].out
        assert MARK in played.ran[name].summary
    assert MARK in played.ran["reconcile"].out
    assert sum(MARK in each.summary for each in runs(played)) >= 2
    assert sum(MARK in body for body in comments(played)) >= 1


def runs(played: Played) -> list[Any]:
    return [
        run
        for pull in played.pulls
        for suite in played.stage.world.checks.suites(pull.head)
        for run in suite.runs
        if run.name == "guard/main"
    ]


def comments(played: Played) -> list[str]:
    """Those that the guard wrote."""
    return [
        each.body
        for pull in played.pulls
        for each in pull.comments
        if each.by.login == "github-actions"
    ]


def test_no_line_of_the_log_is_a_command_of_the_change(played: Played) -> None:
    for ran in played.ran.values():
        check_log(ran.out)
        check_log(ran.err)
        assert "Traceback" not in ran.log
    found = [each for ran in played.ran.values() for each in commands(ran.log)]
    assert {kind for kind, _, _ in found} <= {"error", "warning", "notice"}
    assert any(values.get("file", "").startswith("migrations/") for _, values, _ in found)


def test_nothing_in_a_summary_is_live(played: Played) -> None:
    for name, ran in played.ran.items():
        if name != "reconcile":
            check_markdown(ran.summary)
    for run in runs(played):
        check_markdown(run.summary)
        check_title(run.title)


def test_nothing_in_a_comment_is_live(played: Played) -> None:
    for body in comments(played):
        first, _, rest = body.partition("\n")
        assert first == "<!-- premerge-guard -->"
        check_markdown(rest, "**guard**: ")


def test_the_output_is_one_word(played: Played) -> None:
    said = {name: ran.output for name, ran in played.ran.items()}
    assert said == {
        "change": "verdict=fail\n",
        "policy": "verdict=fail\n",
        "conflict": "verdict=unverified\n",
        "reconcile": "",
        "deployment": "verdict=fail\n",
    }


def first_change(played: Played) -> dict[str, Any]:
    return next(
        payload
        for name, payload in played.stage.world.events
        if name == "pull_request" and payload["number"] == 1
    )


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "sarif", "junit", "markdown"])
def test_no_format_commands_the_runner(played: Played, form: str) -> None:
    ran = played.runner.on("pull_request", first_change(played), "--format", form)
    assert ran.code == 1
    assert MARK in ran.out
    assert commands(ran.log) == []
    check_log(ran.out)


RAISING = f"""
import guard.plugins
def load_rules():
    raise ValueError({LINES!r})
guard.plugins.load_rules = load_rules
"""


def test_a_traceback_commands_nobody(played: Played) -> None:
    payload = {"repository": {"full_name": LINES}}
    for name, args in ((EVIL.replace("\0", ""), ()), ("push", ("--debug",))):
        ran = played.runner.on(name, payload, *args)
        assert ran.code == 2
        assert commands(ran.log) == []
        check_log(ran.log)
    payload = first_change(played)
    ran = played.runner.on("pull_request", payload, code=RAISING)
    assert ran.code == 3
    assert MARK in ran.err
    check_log(ran.log)
    assert commands(ran.log) == []
