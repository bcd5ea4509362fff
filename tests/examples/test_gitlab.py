"""The recipe for GitLab: its job, run as it stands there, against recorded answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.forge.kit import ROBOT, Hub, hub

TOP = Path(__file__).parents[2]
RECIPE = TOP / "examples" / "gitlab"
TOKEN = "glpat-0123456789"
JUDGE = ("gate", "--door", "merge-queue", "--facts")
Change = Callable[[dict[str, Any]], None]
PROJECT = "projects.7."
APPROVALS = PROJECT + "merge_requests.1.approvals"


@dataclass
class Server:
    """Serves the recorded answers; a test may put others in their place."""

    answers: dict[str, Any]
    status: dict[str, int] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    """Answers without a word about further pages."""
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Each path, with the host that the token was sent to."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        at = urlsplit(handler.path)
        name = at.path.removeprefix("/api/v4/").replace("/", ".").replace("%2F", "-")
        page = int(parse_qs(at.query).get("page", ["1"])[0])
        key = name if page == 1 else f"{name}.{page}"
        self.asked.append((key, handler.headers["Host"]))
        code = self.status.get(key, 200 if key in self.answers else 404)
        if handler.headers["PRIVATE-TOKEN"] != TOKEN:
            code = 401
        handler.send_response(code)
        if isinstance(self.answers.get(key), list) and key not in self.bare:
            more = f"{name}.{page + 1}" in {*self.answers, *self.status}
            handler.send_header("X-Next-Page", str(page + 1) if more else "")
        if code == 302:
            handler.send_header("Location", f"http://localhost:{self.port}/api/v4/elsewhere")
        handler.end_headers()
        handler.wfile.write(json.dumps(self.answers.get(key)).encode())


@dataclass
class Train:
    """A project with a merge train of two, and the server that knows of it."""

    hub: Hub
    server: Server
    folder: Path
    car: int = 2
    known: dict[str, str] = field(default_factory=dict)
    """The names of objects, for the recorded answers."""

    def asks(self, change: Change | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Ask GitLab again, where the job has run, and let the gate judge what it says now."""
        (git,) = self.files("git.json")
        facts = self.folder / "facts.json"
        self.server.answers = recorded(self.known)
        if change is not None:
            change(self.server.answers)
        steps = ([RECIPE / "gitlab_facts.py", git, facts], ["-P", "-m", "guard", *JUDGE, facts])
        for step in steps:
            done = subprocess.run(
                [sys.executable, *step],
                cwd=git.parent / "clone",
                env=self.environ() | more,
                capture_output=True,
                text=True,
                check=False,
            )
            assert TOKEN not in done.stdout + done.stderr
            if done.returncode != 0:
                break
        return done

    def job(self, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the script of the job ``gate`` for the last merge request of the train."""
        home = self.folder / "home"
        (home / "venv" / "bin").mkdir(parents=True, exist_ok=True)
        (home / "source").unlink(missing_ok=True)
        (home / "source").symlink_to(TOP)
        for name, words in {"guard": "-P -m guard", "python": ""}.items():
            program = home / "venv" / "bin" / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            program.chmod(0o755)
        (self.folder / "tmp").mkdir(exist_ok=True)
        script = "\n".join(workflow()["gate"]["script"])
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environ() | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert TOKEN not in done.stdout + done.stderr
        return done

    def environ(self) -> dict[str, str]:
        """The variables of the job."""
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "NO_COLOR": "1",
            "NO_PROXY": "*",
            "TMPDIR": str(self.folder / "tmp"),
            "GUARD_HOME": str(self.folder / "home"),
            "GUARD_CACHE_DIR": str(self.folder / "cache"),
            "CI_REPOSITORY_URL": str(self.hub.bare),
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_IID": str(self.car),
            "CI_COMMIT_SHA": self.hub.rev(f"train-{self.car}"),
            "CI_API_V4_URL": f"http://127.0.0.1:{self.server.port}/api/v4",
            "CI_PROJECT_ID": "7",
            "GUARD_GITLAB_TOKEN": TOKEN,
        }

    def files(self, name: str) -> list[Path]:
        """The files of this name that the job made."""
        return [*(self.folder / "tmp").glob(f"*/{name}")]

    def merges(self, *names: str) -> None:
        """Make the train of these branches, a merge commit for each, as GitLab does."""
        git = self.hub.git
        git("checkout", "-q", "--detach", "main")
        self.known = known = {"BASE": self.hub.rev("main")}
        for number, name in enumerate(names, 1):
            git("merge", "-q", "--no-ff", "-m", f"Merge branch '{name}' into 'main'", name)
            git("tag", "-f", f"train-{number}")
            self.hub.push(f"HEAD:refs/merge-requests/{number}/train", name)
            known |= {f"HEAD-{number}": self.hub.rev(name), f"TRAIN-{number}": self.hub.rev("HEAD")}
        git("checkout", "-q", "main", "--")
        self.server.answers = recorded(known)


def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((RECIPE / ".gitlab-ci.yml").read_text())
    return found


def recorded(known: dict[str, str]) -> dict[str, Any]:
    """The recorded answers, with the names of objects that the test's repository has."""

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: named(each) for key, each in value.items()}
        if isinstance(value, list):
            return [named(each) for each in value]
        return known.get(value, value) if isinstance(value, str) else value

    files = sorted((RECIPE / "recorded").glob("*.json"))
    return {path.stem: named(json.loads(path.read_text())) for path in files}


@contextmanager
def serving() -> Iterator[Server]:
    found = Server({})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.answer(self)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        found.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield found
        http.shutdown()
        thread.join()


def branch(found: Hub, name: str, words: str, path: str = "") -> None:
    found.branch(name)
    found.commit({path or f"{name.replace('-', '_')}.py": f"# {name}\n"}, f"Edit\n\n{words}")
    found.git("checkout", "-q", "main", "--")


def a_train(folder: Path, server: Server) -> Train:
    """Two merge requests: one of an AI, approved, and one of a human."""
    found = Train(hub(folder / "hub"), server, folder)
    branch(found.hub, "retry-upload", ROBOT)
    branch(found.hub, "say-hello", "By hand.")
    found.merges("retry-upload", "say-hello")
    return found


@pytest.fixture(name="train")
def _train(tmp_path: Path) -> Iterator[Train]:
    with serving() as server:
        yield a_train(tmp_path, server)


@pytest.fixture(name="parked", scope="module")
def _parked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Train]:
    """A train whose job has run: for what depends on GitLab's answers alone."""
    with serving() as server:
        found = a_train(tmp_path_factory.mktemp("parked"), server)
        assert found.job().returncode == 0
        yield found


@pytest.fixture(name="ran")
def _ran(parked: Train) -> Train:
    parked.server.status, parked.server.bare, parked.server.asked = {}, set(), []
    return parked


def test_an_approved_ai_merge_request_and_a_humans_may_land(train: Train) -> None:
    done = train.job()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "no findings (1 change checked" in done.stdout


def test_what_gitlab_knows_is_in_the_facts(ran: Train) -> None:
    ran.asks()
    facts = json.loads((ran.folder / "facts.json").read_text())
    assert [unit["id"] for unit in facts["units"]] == ["!1", "!2"]
    assert facts["opener"] == {"login": "ada", "id": 11, "bot": False}
    assert facts["pusher"]["login"] == "ada"
    assert (facts["id"], facts["title"], facts["branch"]) == (
        "!2",
        "Retry the upload",
        "retry-upload",
    )
    assert facts["labels"] == ["backend"]
    (review,) = facts["reviews"]
    assert (review["by"]["login"], review["tree"]) == ("bob", ran.hub.tree("retry-upload"))
    assert review["may_write"] is True


def test_the_first_of_the_train_alone_may_land(train: Train) -> None:
    train.car = 1
    assert train.job().returncode == 0


def without_approval(answers: dict[str, Any]) -> None:
    answers[APPROVALS]["approved_by"] = []


def by_the_opener(answers: dict[str, Any]) -> None:
    answers[APPROVALS]["approved_by"][0]["user"] = answers["users.11"]


def by_a_reporter(answers: dict[str, Any]) -> None:
    answers[PROJECT + "members.all.2"][0]["access_level"] = 20


def by_a_stranger(answers: dict[str, Any]) -> None:
    answers[PROJECT + "members.all.2"] = []


def by_somebody_blocked(answers: dict[str, Any]) -> None:
    answers[PROJECT + "members.all.2"][0]["state"] = "blocked"


def by_a_bot(answers: dict[str, Any]) -> None:
    answers["users.12"]["bot"] = True


def before_the_last_push(answers: dict[str, Any]) -> None:
    answers[PROJECT + "merge_requests.1.versions"][0]["created_at"] = "2027-01-15T06:06:05.726Z"


def with_an_objection(answers: dict[str, Any]) -> None:
    objection = {"user": answers["users.13"], "state": "requested_changes"}
    answers[PROJECT + "merge_requests.1.reviewers"].append(objection)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_approval, "AI change !1 has 0 of 1 approval"),
        (by_the_opener, "ada opened the change and cannot approve it too"),
        (by_a_reporter, "bob may not write to main"),
        (by_a_stranger, "bob may not write to main"),
        (by_somebody_blocked, "bob may not write to main"),
        (by_a_bot, "bob is a bot"),
        (before_the_last_push, "AI change !1 has 0 of 1 approval"),
        (with_an_objection, "cleo asked for changes to AI change !1"),
    ],
)
def test_an_approval_that_does_not_count(ran: Train, change: Change, words: str) -> None:
    done = ran.asks(change)
    assert done.returncode == 1
    assert words in done.stdout


def setting_off(answers: dict[str, Any]) -> None:
    answers[PROJECT + "approvals"]["reset_approvals_on_push"] = False


def without_times(answers: dict[str, Any]) -> None:
    del answers[APPROVALS]["approved_by"][0]["approved_at"]


def pushed_since(answers: dict[str, Any]) -> None:
    answers[PROJECT + "merge_requests.2"]["sha"] = "1" * 40


def left_the_train(answers: dict[str, Any]) -> None:
    del answers[PROJECT + "merge_trains.main"][0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (setting_off, "turn on 'Remove all approvals'"),
        (without_times, "does not say when a merge request was approved"),
        (pushed_since, "merges the head of no merge request in the train"),
        (left_the_train, "merges the head of no merge request in the train"),
    ],
)
def test_what_gitlab_does_not_tell_is_no_pass(ran: Train, change: Change, words: str) -> None:
    done = ran.asks(change)
    assert done.returncode == 3
    assert words in done.stdout


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (PROJECT + "merge_trains.main", 403),
        (PROJECT + "merge_requests.2", 404),
        (PROJECT + "approvals", 401),
        (APPROVALS, 500),
        (PROJECT + "members.all", 429),
        (PROJECT + "members.all.2", 502),
        (PROJECT + "merge_requests.1.versions", 302),
        (PROJECT + "merge_requests.1.reviewers", 500),
        ("users.12", 404),
        ("users.12", 202),
    ],
)
def test_an_error_of_the_api_is_no_pass(ran: Train, key: str, status: int) -> None:
    ran.server.status[key] = status
    done = ran.asks()
    assert done.returncode == 3
    assert str(status) in done.stderr
    assert not (ran.folder / "facts.json").exists()
    assert {host for _, host in ran.server.asked} == {f"127.0.0.1:{ran.server.port}"}


def test_a_list_that_may_have_more_pages_is_no_pass(ran: Train) -> None:
    ran.server.bare.add(PROJECT + "members.all")
    done = ran.asks()
    assert done.returncode == 3
    assert "does not say whether there is another one" in done.stderr
    assert not (ran.folder / "facts.json").exists()


def boolean(answers: dict[str, Any]) -> None:
    answers[PROJECT + "approvals"]["reset_approvals_on_push"] = "true"


def botless(answers: dict[str, Any]) -> None:
    del answers["users.12"]["bot"]


def authorless(answers: dict[str, Any]) -> None:
    answers[PROJECT + "merge_requests.1"]["author"] = None


def timeless(answers: dict[str, Any]) -> None:
    answers[APPROVALS]["approved_by"][0]["approved_at"] = "yesterday"


def truth(answers: dict[str, Any]) -> None:
    answers[PROJECT + "members.all.2"][0]["access_level"] = True


@pytest.mark.parametrize("change", [boolean, botless, authorless, timeless, truth])
def test_an_answer_of_another_shape_is_no_pass(ran: Train, change: Change) -> None:
    done = ran.asks(change)
    assert done.returncode == 3
    assert not (ran.folder / "facts.json").exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GUARD_GITLAB_TOKEN", "", "GUARD_GITLAB_TOKEN is empty"),
        ("GUARD_GITLAB_TOKEN", TOKEN + "\n", "holds what is in no token"),
        ("GUARD_GITLAB_TOKEN", "another", "answers with 401"),
        ("CI_API_V4_URL", "http://gitlab.example.com/api/v4", "must begin with https://"),
        ("CI_PROJECT_ID", "7/../8", "must be the number"),
    ],
)
def test_without_its_variables_it_stops(ran: Train, name: str, value: str, words: str) -> None:
    done = ran.asks(**{name: value})
    assert done.returncode == 3
    assert words in done.stderr


def test_two_ai_merge_requests_in_one_train_may_not_land(train: Train) -> None:
    branch(train.hub, "second", ROBOT)
    train.merges("retry-upload", "second")
    answers = train.server.answers
    answers[PROJECT + "merge_requests.2.approvals"] = answers[APPROVALS]
    done = train.job()
    assert done.returncode == 1
    assert "2 AI changes for lane other at once: !1, !2" in done.stdout


def test_two_humans_merge_requests_may_land(train: Train) -> None:
    branch(train.hub, "by-hand", "By hand.")
    train.merges("by-hand", "say-hello")
    train.server.answers[APPROVALS]["approved_by"] = []
    done = train.job()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("description", "Generated with [Claude Code](https://claude.com/claude-code)"),
        ("source_branch", "codex/by-hand"),
    ],
)
def test_a_sign_that_only_gitlab_shows_is_no_pass(ran: Train, key: str, text: str) -> None:
    def change(answers: dict[str, Any]) -> None:
        answers[PROJECT + "merge_requests.2"][key] = text

    done = ran.asks(change)
    assert done.returncode == 1
    assert "2 AI changes for lane other at once: !1, !2" in done.stdout


def test_of_an_ai_that_only_gitlab_shows_nobody_knows_who_waits(train: Train) -> None:
    branch(train.hub, "by-hand", "By hand.")
    train.merges("by-hand")
    train.car = 1
    train.server.answers[PROJECT + "merge_requests.1"]["source_branch"] = "codex/by-hand"
    done = train.job()
    assert done.returncode == 3
    assert "no AI change is judged, so nobody looked at what else is open" in done.stdout


def test_what_git_knows_to_be_an_ais_stays_one(ran: Train) -> None:
    (git,) = ran.files("git.json")
    before = git.read_text()
    facts = json.loads(before)
    facts["units"][1]["provenance"] = facts["units"][0]["provenance"]
    try:
        git.write_text(json.dumps(facts))
        done = ran.asks()
    finally:
        git.write_text(before)
    assert done.returncode == 1
    assert "2 AI changes for lane other at once: !1, !2" in done.stdout


def test_an_agent_of_the_policy_that_opens_one_is_seen(train: Train) -> None:
    policy = (train.hub.clone / "guard.yaml").read_text()
    agents = "provenance: {agents: [{name: ours, logins: [cleo]}]}\n"
    train.hub.commit({"guard.yaml": policy + agents}, "Name our agent")
    train.hub.push("main")
    branch(train.hub, "by-hand", "By hand.")
    train.merges("retry-upload", "by-hand")
    done = train.job()
    assert done.returncode == 1
    assert "AI change !2 has 0 of 1 approval" in done.stdout


def test_a_commit_of_nobodys_merge_request_is_no_pass(train: Train) -> None:
    train.hub.git("checkout", "-q", "train-1")
    train.hub.commit({"extra.py": "# extra\n"}, "Slip in")
    train.hub.git("merge", "-q", "--no-ff", "-m", "Merge branch 'say-hello'", "say-hello")
    train.hub.git("tag", "-f", "train-2")
    train.hub.push("HEAD:refs/merge-requests/2/train")
    done = train.job()
    assert done.returncode == 3
    assert "merges the head of no merge request in the train" in done.stdout


def test_edits_in_the_merge_itself_are_seen(train: Train) -> None:
    train.hub.git("checkout", "-q", "--detach", "main")
    train.hub.git("merge", "-q", "--no-ff", "--no-commit", "retry-upload")
    train.hub.commit({"evil.py": "# evil\n"}, "Merge branch 'retry-upload' into 'main'")
    train.hub.git("tag", "-f", "train-1")
    train.hub.push("HEAD:refs/merge-requests/1/train")
    train.car = 1
    done = train.job()
    assert done.returncode == 1
    assert "the merge itself has edits" in done.stdout


@pytest.mark.parametrize(("login", "code"), [("ada", 0), ("cleo", 1)])
def test_the_roles_of_the_policy_count(train: Train, login: str, code: int) -> None:
    policy = (train.hub.clone / "guard.yaml").read_text()
    train.hub.branch("looser")
    loose = policy + "rules: {missing-human-approval: warning}\n"
    train.hub.commit({"guard.yaml": loose}, "Loosen")
    train.hub.git("commit", "-q", "--amend", "--no-edit", "--author=Dan <dan@example.org>")
    train.hub.git("checkout", "-q", "main", "--")
    dan = {"GIT_COMMITTER_NAME": "Dan", "GIT_COMMITTER_EMAIL": "dan@example.org"}
    train.hub.git("checkout", "-q", "looser", "--")
    train.hub.git("commit", "-q", "--amend", "--no-edit", env=dan)
    train.hub.git("checkout", "-q", "main", "--")
    train.merges("looser")
    train.car = 1
    answers = train.server.answers
    answers[PROJECT + "merge_requests.1"]["author"] = answers["users.12"]
    number = {"ada": 11, "cleo": 13}[login]
    answers[APPROVALS]["approved_by"][0]["user"] = answers[f"users.{number}"]
    done = train.job()
    assert done.returncode == code, done.stdout + done.stderr


def test_the_pipeline_is_valid_by_gitlabs_schema() -> None:
    program = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))
    assert program, "check-jsonschema is missing: it comes with the extra `test`"
    given = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    done = subprocess.run(
        [program, *given, RECIPE / ".gitlab-ci.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_job_has_the_token_or_the_code_never_both() -> None:
    jobs = {name: job for name, job in workflow().items() if "script" in job}
    assert {name for name, job in jobs.items() if "environment" in job} == {"gate"}
    assert jobs["gate"]["variables"] == {"GIT_STRATEGY": "none"}
    assert "pip" not in "\n".join(jobs["gate"]["script"])
    assert not any(
        key in job for job in jobs.values() for key in ("allow_failure", "when", "cache")
    )
